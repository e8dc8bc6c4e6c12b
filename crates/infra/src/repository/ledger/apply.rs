//! Applying a change set: one transaction, of which the bump of the head row is the first statement. It orders the writes
//! of one user; everything after it is conditional on what the plan was made on.

use std::collections::HashMap;

use florin_domain::id::Seq;
use florin_domain::ledger::{ChangeSet, Effect, Hash, Head, Header, Mark, Posting, action_hash, payload_hash};
use florin_domain::repository::{RepositoryError, UniqueKey};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::crash::crash_point;
use crate::db::Failure;
use crate::db::deadline::Deadline;
use crate::entity::{last_user_action, monthly_expense, user_action};
use crate::repository::head::insert_head;
use crate::repository::receipt;

use super::tags::Labels;
use super::{SqlLedgerRepository, action, payload};

/// The most bytes of a stored payload. MariaDB takes no statement above 16 MiB (`max_allowed_packet`) unless it is told to;
/// the bound is the same on every database. Some 15,000 ordinary expenses fit.
const MAX_PAYLOAD: usize = 12 * 1024 * 1024;
/// The same of a reversal. It holds what later actions made of the expenses, which may be longer than what they were: an
/// action that was stored should not be one that cannot be taken back.
const MAX_REVERSAL: usize = 15 * 1024 * 1024;

/// A change set with all that is worked out before its transaction begins.
pub(super) struct Prepared<'a> {
    pub(super) change_set: &'a ChangeSet,
    pub(super) labels: Labels,
    payload: String,
    payload_hash: Hash,
}

impl SqlLedgerRepository {
    pub(super) async fn write(&self, change_set: &ChangeSet, deadline: Deadline) -> Result<Seq, Failure> {
        let payload = payload::encode(&change_set.changes, &change_set.links)
            .map_err(|error| Failure::from(RepositoryError::Internal(error.into())))?;
        let most = if change_set.effect == Effect::Original { MAX_PAYLOAD } else { MAX_REVERSAL };
        if payload.len() > most {
            return Err(RepositoryError::TooLarge.into());
        }
        let prepared = &Prepared {
            change_set,
            labels: self.labels(change_set).await?,
            payload,
            payload_hash: payload_hash(&change_set.salt, &change_set.changes, &change_set.links),
        };
        let write = self.database.try_write_until(deadline, |tx| async move { prepared.apply(&tx).await });
        let seq = write.await?;
        crash_point("ledger.committed");
        Ok(seq)
    }
}

impl Prepared<'_> {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Seq, Failure> {
        let head = self.bump(tx).await?;
        let seq = head.seq;
        crash_point("ledger.bumped");
        self.write_expenses(tx, seq).await?;
        crash_point("ledger.expenses");
        self.write_tags(tx).await?;
        self.move_totals(tx).await?;
        crash_point("ledger.totals");
        self.write_links(tx, seq).await?;
        for mark in &self.change_set.marks {
            self.mark(tx, mark, seq).await?;
        }
        let hash = self.append(tx, &head).await?;
        crash_point("ledger.appended");
        if let Some(receipt) = &self.change_set.receipt {
            receipt::insert(tx, self.change_set.user, receipt, self.change_set.at).await?;
        }
        self.finish(tx, &head, hash).await?;
        crash_point("ledger.before_commit");
        Ok(seq)
    }

    /// Moves the head to the action's number, if the guard holds, and reads it back.
    async fn bump(&self, tx: &DatabaseTransaction) -> Result<Head, Failure> {
        let user = self.change_set.user;
        if !self.try_bump(tx).await? {
            // Accounts are made with their head. One that lost it gets it here; another write may have made it since.
            match last_user_action::Entity::find_by_id(user.0).one(tx).await? {
                None => insert_head(tx, user).await?,
                Some(row) if row.taxonomy_version == Head::SEALED => return Err(RepositoryError::Erased.into()),
                Some(_) => {}
            }
            if !self.try_bump(tx).await? {
                return Err(RepositoryError::Stale.into());
            }
        }
        let row = last_user_action::Entity::find_by_id(user.0).one(tx).await?;
        action::head(&row.ok_or_else(|| Failure::internal("the head row is gone"))?)
    }

    async fn try_bump(&self, tx: &DatabaseTransaction) -> Result<bool, Failure> {
        let guard = self.change_set.guard;
        if guard.taxonomy_version == Head::SEALED {
            return Ok(false);
        }
        let mut bump = last_user_action::Entity::update_many()
            .col_expr(last_user_action::Column::Seq, Expr::col(last_user_action::Column::Seq).add(1_i64))
            .filter(last_user_action::Column::UserId.eq(self.change_set.user.0))
            .filter(last_user_action::Column::TaxonomyVersion.eq(guard.taxonomy_version));
        if let Some(seq) = guard.seq {
            bump = bump.filter(last_user_action::Column::Seq.eq(seq.0));
        }
        Ok(bump.exec(tx).await?.rows_affected == 1)
    }

    async fn move_totals(&self, tx: &DatabaseTransaction) -> Result<(), Failure> {
        // Sorted by month and category: writers lock the totals in one order.
        for Posting { month, category, amount } in &self.change_set.postings {
            let total = Expr::col((monthly_expense::Entity, monthly_expense::Column::Total)).add(*amount);
            monthly_expense::Entity::insert(monthly_expense::ActiveModel {
                user_id: Set(self.change_set.user.0),
                month: Set(month.yyyymm()),
                category_id: Set(category.0),
                total: Set(*amount),
            })
            .on_conflict(
                OnConflict::columns([
                    monthly_expense::Column::UserId,
                    monthly_expense::Column::Month,
                    monthly_expense::Column::CategoryId,
                ])
                .value(monthly_expense::Column::Total, total)
                .to_owned(),
            )
            .exec_without_returning(tx)
            .await?;
        }
        Ok(())
    }

    /// Takes an older action back, or frees it, if it still is what it was.
    async fn mark(&self, tx: &DatabaseTransaction, mark: &Mark, seq: Seq) -> Result<(), Failure> {
        let flag_if = |wanted: Effect| {
            if mark.reversed {
                return Expr::value(0_i16);
            }
            Expr::case(Expr::col(user_action::Column::Effect).eq(wanted.code()), Expr::value(1_i16))
                .finally(Expr::value(0_i16))
                .into()
        };
        let from = mark.from.map_or_else(
            || user_action::Column::ReversedBy.is_null(),
            |from| user_action::Column::ReversedBy.eq(from.0),
        );
        let done = user_action::Entity::update_many()
            .col_expr(user_action::Column::ReversedBy, Expr::value(mark.reversed.then_some(seq.0)))
            .col_expr(user_action::Column::Undoable, flag_if(Effect::Original))
            .col_expr(user_action::Column::Redoable, flag_if(Effect::Undo))
            .filter(user_action::Column::UserId.eq(self.change_set.user.0))
            .filter(user_action::Column::Seq.eq(mark.seq.0))
            .filter(from)
            .exec(tx)
            .await?;
        if done.rows_affected == 1 { Ok(()) } else { Err(RepositoryError::Stale.into()) }
    }

    /// Adds the action to the log and returns its hash.
    async fn append(&self, tx: &DatabaseTransaction, head: &Head) -> Result<Hash, Failure> {
        let ChangeSet { user, at, kind, effect, reverses, .. } = *self.change_set;
        let header = Header { user, seq: head.seq, at, kind, reverses, payload: self.payload_hash };
        let hash = action_hash(&head.hash, &header);
        let (undoable, redoable) = action::flags(effect.code(), None);
        let appended = user_action::Entity::insert(user_action::ActiveModel {
            user_id: Set(user.0),
            seq: Set(head.seq.0),
            kind: Set(kind.as_str().to_owned()),
            at: Set(at.0),
            reverses: Set(reverses.map(|seq| seq.0)),
            reversed_by: Set(None),
            root: Set(self.change_set.root.unwrap_or(head.seq).0),
            effect: Set(effect.code()),
            undoable: Set(undoable),
            redoable: Set(redoable),
            operation: Set(self.change_set.operation.0.clone()),
            salt: Set(Some(self.change_set.salt.to_vec())),
            payload: Set(Some(self.payload.clone())),
            payload_hash: Set(self.payload_hash.to_vec()),
            hash: Set(hash.to_vec()),
        })
        .exec_without_returning(tx)
        .await
        .map_err(Failure::from);
        match appended {
            Ok(_) => Ok(hash),
            Err(failure) if failure.violates("operation") => Err(RepositoryError::Taken(UniqueKey::Operation).into()),
            Err(failure) => Err(failure),
        }
    }

    async fn finish(&self, tx: &DatabaseTransaction, head: &Head, hash: Hash) -> Result<(), Failure> {
        let user = self.change_set.user.0;
        let (last_ordinary, next_undo) = if self.change_set.effect == Effect::Original {
            (head.seq, Some(head.seq.0))
        } else {
            let latest = user_action::Entity::find()
                .select_only()
                .column(user_action::Column::Seq)
                .filter(user_action::Column::UserId.eq(user))
                .filter(user_action::Column::Undoable.eq(1_i16))
                .order_by_desc(user_action::Column::Seq)
                .limit(1)
                .into_tuple::<i64>()
                .one(tx)
                .await?;
            (head.last_ordinary, latest)
        };
        let taxonomy_version = head.taxonomy_version + i64::from(!self.change_set.links.is_empty());
        last_user_action::Entity::update_many()
            .set(last_user_action::ActiveModel {
                hash: Set(hash.to_vec()),
                last_ordinary: Set(last_ordinary.0),
                next_undo: Set(next_undo),
                taxonomy_version: Set(taxonomy_version),
                ..Default::default()
            })
            .filter(last_user_action::Column::UserId.eq(user))
            .exec(tx)
            .await?;
        Ok(())
    }

    /// The identifiers of tags that were there before, by name.
    pub(super) const fn known_tags(&self) -> &HashMap<String, i64> {
        &self.labels.known
    }
}
