//! The expenses of a change set: new ones inserted, others written if their version is the one planned on.

use florin_domain::id::Seq;
use florin_domain::ledger::Change;
use florin_domain::repository::{RepositoryError, UniqueKey};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::db::Failure;
use crate::entity::expense;
use crate::repository::batch::pieces;
use crate::repository::expense::row;

use super::apply::Prepared;

impl Prepared<'_> {
    pub(super) async fn write_expenses(&self, tx: &DatabaseTransaction, seq: Seq) -> Result<(), Failure> {
        let (user, at) = (self.change_set.user, self.change_set.at);
        let mut new = Vec::new();
        // Stored ones first: a change set that moves an external id from one expense to a new one frees it before.
        for change in &self.change_set.changes {
            match (&change.after, change.version) {
                (Some(after), 0) => new.push(row::new_row(user, change.expense, after, at, seq)),
                (None, 0) => return Err(Failure::internal("a change set deletes an expense that was never stored")),
                _ => self.rewrite(tx, change, seq).await?,
            }
        }
        for rows in pieces(new) {
            let inserted = expense::Entity::insert_many(rows).exec_without_returning(tx).await;
            inserted.map_err(|error| taken(error.into()))?;
        }
        Ok(())
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

/// An external id that is held by another expense; an identifier that is there already comes from a plan that was applied
/// before.
fn taken(failure: Failure) -> Failure {
    if failure.violates("external_id") {
        RepositoryError::Taken(UniqueKey::ExternalId).into()
    } else if failure.violates("") {
        RepositoryError::Stale.into()
    } else {
        failure
    }
}
