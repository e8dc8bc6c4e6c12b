//! The expenses of a change set: new ones inserted, others written if their version is the one planned on.

use std::collections::BTreeMap;

use florin_domain::categorizer::Categorization;
use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, Seq};
use florin_domain::ledger::Change;
use florin_domain::repository::{RepositoryError, UniqueKey};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::db::Failure;
use crate::entity::expense;
use crate::repository::batch::padded;
use crate::repository::expense::row;

use super::apply::Prepared;

impl Prepared<'_> {
    /// Writes those that are stored already; the rows of the new ones, to be inserted after it.
    pub(super) async fn write_stored_expenses(
        &self,
        tx: &DatabaseTransaction,
        seq: Seq,
    ) -> Result<Vec<expense::ActiveModel>, Failure> {
        let (user, at) = (self.change_set.user, self.change_set.at);
        self.free_external_ids(tx).await?;
        let mut new = Vec::new();
        let mut moved: BTreeMap<(i64, CategoryId, Option<&Categorization>), Vec<i64>> = BTreeMap::new();
        for change in &self.change_set.changes {
            match (&change.after, change.version) {
                (Some(after), 0) => new.push(row::new_row(user, change.expense, after, at, seq)),
                (None, 0) => return Err(Failure::internal("a change set deletes an expense that was never stored")),
                (_, version) => match only_moved_to(change) {
                    Some((category, why)) => moved.entry((version, category, why)).or_default().push(change.expense.0),
                    None => self.rewrite(tx, change, seq).await?,
                },
            }
        }
        for ((version, category, why), ids) in moved {
            let mut columns = why.map_or_else(expense::ActiveModel::default, row::why_columns);
            columns.category_id = Set(category.0);
            self.recategorize(tx, &ids, version, columns, seq).await?;
        }
        Ok(new)
    }

    /// An external id may move from one expense to another. Whoever gets one must find it free, whichever is written first:
    /// so those that are given up go before anything else.
    async fn free_external_ids(&self, tx: &DatabaseTransaction) -> Result<(), Failure> {
        let stored = || self.change_set.changes.iter().filter(|change| change.version > 0);
        let is_new = |change: &&Change| key(&change.before) != key(&change.after);
        if !stored().any(|change| is_new(&change) && key(&change.after).is_some()) {
            return Ok(());
        }
        // A deletion alone gives nothing up.
        let given_up = stored().filter(|change| change.uncreated || (change.after.is_some() && is_new(change)));
        let ids: Vec<i64> = given_up.map(|change| change.expense.0).collect();
        for list in padded(&ids) {
            expense::Entity::update_many()
                .set(expense::ActiveModel { external_id: Set(None), ..Default::default() })
                .filter(expense::Column::UserId.eq(self.change_set.user.0))
                .filter(expense::Column::Id.is_in(list))
                .exec(tx)
                .await?;
        }
        Ok(())
    }

    /// Puts many expenses into a category in few statements, for one reason, if all are of the version planned on.
    async fn recategorize(
        &self,
        tx: &DatabaseTransaction,
        ids: &[i64],
        version: i64,
        columns: expense::ActiveModel,
        seq: Seq,
    ) -> Result<(), Failure> {
        let mut written = 0;
        for list in padded(ids) {
            let done = expense::Entity::update_many()
                .set(expense::ActiveModel {
                    version: Set(version + 1),
                    updated_at: Set(self.change_set.at.0),
                    last_action: Set(seq.0),
                    ..columns.clone()
                })
                .filter(expense::Column::Id.is_in(list))
                .filter(expense::Column::UserId.eq(self.change_set.user.0))
                .filter(expense::Column::Version.eq(version))
                .exec(tx)
                .await?;
            written += done.rows_affected;
        }
        if usize::try_from(written) == Ok(ids.len()) { Ok(()) } else { Err(RepositoryError::Stale.into()) }
    }

    async fn rewrite(&self, tx: &DatabaseTransaction, change: &Change, seq: Seq) -> Result<(), Failure> {
        let mut columns = match &change.after {
            Some(after) => row::columns(after),
            // A tombstone keeps what it said.
            None => expense::ActiveModel { live: row::flag(false), ..Default::default() },
        };
        if change.uncreated {
            columns.external_id = Set(None);
        }
        columns.version = Set(change.version + 1);
        columns.updated_at = Set(self.change_set.at.0);
        columns.last_action = Set(seq.0);
        let written = expense::Entity::update_many()
            .set(columns)
            .filter(expense::Column::Id.eq(change.expense.0))
            .filter(expense::Column::UserId.eq(self.change_set.user.0))
            .filter(expense::Column::Version.eq(change.version))
            .exec(tx)
            .await
            .map_err(|error| taken(error.into()))?;
        if written.rows_affected == 1 { Ok(()) } else { Err(RepositoryError::Stale.into()) }
    }
}

fn key(state: &Option<ExpenseState>) -> Option<&str> {
    state.as_ref()?.external_id.as_deref()
}

/// Where a change puts its expense, and why if there is another reason now, when it does nothing else: a merge does that to
/// thousands, and so does categorizing anew.
fn only_moved_to(change: &Change) -> Option<(CategoryId, Option<&Categorization>)> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let (category, why) = (after.category, &after.categorization);
    let moved = ExpenseState { category, categorization: why.clone(), ..before.clone() };
    (moved == *after).then_some((category, (*why != before.categorization).then_some(why)))
}

/// An external id that is held by another expense; an identifier that is there already comes from a plan that was applied
/// before.
pub(super) fn taken(failure: Failure) -> Failure {
    if failure.violates("external_id") {
        RepositoryError::Taken(UniqueKey::ExternalId).into()
    } else if failure.violates("") {
        RepositoryError::Stale.into()
    } else {
        failure
    }
}
