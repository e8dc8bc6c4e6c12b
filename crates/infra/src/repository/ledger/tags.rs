//! The tags of a change set. Only live expenses have rows in `tag_map`; names are never removed from `tags`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use florin_domain::ledger::{Change, ChangeSet};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::db::Failure;
use crate::entity::{tag, tag_map};
use crate::id_allocator::Sequence;
use crate::repository::batch::{padded, pieces};

use super::SqlLedgerRepository;
use super::apply::Prepared;

/// The tags that a change set touches, as known before its transaction begins.
#[derive(Default)]
pub(super) struct Labels {
    /// Identifiers of those that are stored, by name.
    pub(super) known: HashMap<String, i64>,
    /// Identifiers for those that are not.
    new: BTreeMap<String, i64>,
}

/// The tags that a change takes from its expense and gives to it.
fn moves(change: &Change) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let before: BTreeSet<&str> = change.before.iter().flat_map(|state| &state.tags).map(String::as_str).collect();
    let after: BTreeSet<&str> = change.after.iter().flat_map(|state| &state.tags).map(String::as_str).collect();
    (before.difference(&after).copied().collect(), after.difference(&before).copied().collect())
}

impl SqlLedgerRepository {
    pub(super) async fn labels(&self, change_set: &ChangeSet) -> Result<Labels, Failure> {
        let names: BTreeSet<&str> = change_set
            .changes
            .iter()
            .flat_map(|change| {
                let (taken, given) = moves(change);
                taken.into_iter().chain(given)
            })
            .collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let known = stored(self.database.read(), change_set.user.0, &names).await?;
        let unknown: Vec<String> = names.into_iter().filter(|name| !known.contains_key(name)).collect();
        let ids = if unknown.is_empty() { Vec::new() } else { self.ids.reserve(Sequence::Tag, unknown.len()).await? };
        Ok(Labels { known, new: unknown.into_iter().zip(ids).collect() })
    }
}

impl Prepared<'_> {
    /// Makes tags and takes them from expenses; the rows of those that are given to expenses, to be inserted after it.
    pub(super) async fn write_tags(&self, tx: &DatabaseTransaction) -> Result<Vec<tag_map::ActiveModel>, Failure> {
        let made = self.make(tx).await?;
        let id = |name: &str| self.known_tags().get(name).or_else(|| made.get(name)).copied();
        let mut added = Vec::new();
        for change in &self.change_set.changes {
            let (taken, given) = moves(change);
            if !taken.is_empty() {
                let ids: Vec<i64> = taken.into_iter().filter_map(id).collect();
                for list in padded(&ids) {
                    let rows = Condition::all()
                        .add(tag_map::Column::ExpenseId.eq(change.expense.0))
                        .add(tag_map::Column::TagId.is_in(list));
                    tag_map::Entity::delete_many().filter(rows).exec(tx).await?;
                }
            }
            for name in given {
                let tag = id(name).ok_or_else(|| Failure::internal("a tag was not made"))?;
                added.push(tag_map::ActiveModel { expense_id: Set(change.expense.0), tag_id: Set(tag) });
            }
        }
        Ok(added)
    }

    /// Makes the tags that were not stored. Another write of the same user may have made them since, under another
    /// identifier.
    async fn make(&self, tx: &DatabaseTransaction) -> Result<HashMap<String, i64>, Failure> {
        let user = self.change_set.user.0;
        if self.labels.new.is_empty() {
            return Ok(HashMap::new());
        }
        let new = self.labels.new.iter();
        let rows = new.map(|(name, id)| tag::ActiveModel { id: Set(*id), user_id: Set(user), name: Set(name.clone()) });
        for rows in pieces(rows.collect()) {
            tag::Entity::insert_many(rows)
                .on_conflict(
                    OnConflict::columns([tag::Column::UserId, tag::Column::Name])
                        .do_nothing_on([tag::Column::Id])
                        .to_owned(),
                )
                .exec_without_returning(tx)
                .await?;
        }
        let names: Vec<String> = self.labels.new.keys().cloned().collect();
        stored(tx, user, &names).await
    }
}

/// The identifiers of those of a user's tags that are stored, by name.
async fn stored<C: ConnectionTrait>(
    connection: &C,
    user: i64,
    names: &[String],
) -> Result<HashMap<String, i64>, Failure> {
    let mut found = HashMap::with_capacity(names.len());
    for list in padded(names) {
        let rows = tag::Entity::find()
            .filter(tag::Column::UserId.eq(user))
            .filter(tag::Column::Name.is_in(list))
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.name, row.id)));
    }
    Ok(found)
}
