//! Applying change sets: one transaction for one, or for several of different people. It begins by locking the heads of their
//! logs, which orders the writes of each person; everything after it is conditional on what the plans were made on.

use std::borrow::Cow;
use std::collections::HashMap;

use florin_domain::id::Seq;
use florin_domain::ledger::{ChangeSet, Effect, Hash, Head, Header, Mark, Posting, action_hash, payload_hash};
use florin_domain::repository::{RepositoryError, UniqueKey};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use crate::crash::crash_point;
use crate::db::{self, Failure, Inserts};
use crate::entity::{last_user_action, monthly_expense, user_action};
use crate::repository::batch::padded;
use crate::repository::head::insert_head;
use crate::repository::receipt;

use super::expenses::taken;
use super::tags::Labels;
use super::{SqlLedgerRepository, action, payload};

/// The most bytes of a stored payload. MariaDB takes no statement above 16 MiB (`max_allowed_packet`) unless it is told to;
/// the bound is the same on every database. Some 15,000 ordinary expenses fit.
const MAX_PAYLOAD: usize = 12 * 1024 * 1024;
/// The same of a reversal. It holds what later actions made of the expenses, which may be longer than what they were: an
/// action that was stored should not be one that cannot be taken back.
const MAX_REVERSAL: usize = 15 * 1024 * 1024;
/// What is above this writes alone: it would have the others wait.
const MAX_SHARED_CHANGES: usize = 16;
const MAX_SHARED_PAYLOAD: usize = 16 * 1024;

static EXPENSES: Inserts = Inserts::new();
static TAG_MAP: Inserts = Inserts::new();
static TOTALS: Inserts = Inserts::new();
static ACTIONS: Inserts = Inserts::new();
static HEADS: Inserts = Inserts::new();

/// A change set with all that is worked out before its transaction begins.
pub(super) struct Prepared<'a> {
    pub(super) change_set: Cow<'a, ChangeSet>,
    pub(super) labels: Labels,
    payload: String,
    payload_hash: Hash,
}

/// What became of one of several change sets.
pub(super) enum Verdict {
    /// It was applied, as the action of that number.
    Applied(Seq),
    /// It was not: what it was planned on is no more.
    Refused(RepositoryError),
    /// It was not: somebody else is writing for this person just now. To be applied alone, which waits.
    Waits,
}

/// A change set, and the head of its owner's log as it will be; still with the hash of the action before.
type Member<'a> = (&'a Prepared<'a>, Head);

impl SqlLedgerRepository {
    pub(super) async fn prepare<'a>(&self, change_set: &'a ChangeSet) -> Result<Prepared<'a>, Failure> {
        let payload = payload::encode(&change_set.changes, &change_set.links)
            .map_err(|error| Failure::from(RepositoryError::Internal(error.into())))?;
        let most = if change_set.effect == Effect::Original { MAX_PAYLOAD } else { MAX_REVERSAL };
        if payload.len() > most {
            return Err(RepositoryError::TooLarge.into());
        }
        Ok(Prepared {
            change_set: Cow::Borrowed(change_set),
            labels: self.labels(change_set).await?,
            payload,
            payload_hash: payload_hash(&change_set.salt, &change_set.changes, &change_set.links),
        })
    }
}

/// Applies one change set, after whoever writes for its owner just now.
///
/// # Errors
/// `Stale` and `Erased` when the guard does not hold, `Taken`; what the database failed with.
pub(super) async fn apply(tx: &DatabaseTransaction, prepared: &Prepared<'_>) -> Result<Seq, Failure> {
    let user = prepared.change_set.user;
    let mut rows = heads(tx, &[user.0], None).await?;
    if rows.is_empty() {
        // Accounts are made with their head. One that lost it gets it here; another write may have made it since.
        insert_head(tx, user).await?;
        rows = heads(tx, &[user.0], None).await?;
    }
    let row = rows.get(&user.0).ok_or_else(|| Failure::internal("the head row is gone"))?;
    let head = prepared.next(action::head(row)?)?;
    let seq = head.seq;
    write(tx, &[(prepared, head)]).await?;
    Ok(seq)
}

/// Applies several, each of another person's. Those whose guard does not hold are left out.
///
/// # Errors
/// `Stale` and `Taken` when one of them could not be applied after all; nothing may be committed then. What the database
/// failed with.
pub(super) async fn apply_all(tx: &DatabaseTransaction, all: &[&Prepared<'_>]) -> Result<Vec<Verdict>, Failure> {
    let mut users: Vec<i64> = all.iter().map(|prepared| prepared.change_set.user.0).collect();
    users.sort_unstable();
    let rows = heads(tx, &users, Some(LockBehavior::SkipLocked)).await?;
    let mut verdicts = Vec::with_capacity(all.len());
    let mut members = Vec::with_capacity(all.len());
    for prepared in all {
        verdicts.push(match rows.get(&prepared.change_set.user.0) {
            None => Verdict::Waits,
            Some(row) => match prepared.next(action::head(row)?) {
                Err(error) => Verdict::Refused(error),
                Ok(head) => {
                    let seq = head.seq;
                    members.push((*prepared, head));
                    Verdict::Applied(seq)
                }
            },
        });
    }
    write(tx, &members).await?;
    Ok(verdicts)
}

/// Locks the heads of these users in ascending order and reads them; there are fewer when some do not exist or, if so told,
/// are locked by others.
async fn heads(
    tx: &DatabaseTransaction,
    users: &[i64],
    behavior: Option<LockBehavior>,
) -> Result<HashMap<i64, last_user_action::Model>, Failure> {
    let mut found = HashMap::with_capacity(users.len());
    for list in padded(users) {
        let mut select = last_user_action::Entity::find()
            .filter(last_user_action::Column::UserId.is_in(list))
            .order_by_asc(last_user_action::Column::UserId);
        // SQLite has no such locks, and no need of them: who writes is alone.
        match behavior {
            Some(behavior) => QueryTrait::query(&mut select).lock_with_behavior(LockType::Update, behavior),
            None => QueryTrait::query(&mut select).lock(LockType::Update),
        };
        found.extend(select.all(tx).await?.into_iter().map(|row| (row.user_id, row)));
    }
    Ok(found)
}

/// Writes what they change, each kind of row of all of them together.
async fn write(tx: &DatabaseTransaction, members: &[Member<'_>]) -> Result<(), Failure> {
    crash_point("ledger.bumped");
    write_expenses(tx, members).await?;
    crash_point("ledger.expenses");
    write_tags(tx, members).await?;
    move_totals(tx, members).await?;
    crash_point("ledger.totals");
    for (prepared, head) in members {
        prepared.write_links(tx, head.seq).await?;
        for mark in &prepared.change_set.marks {
            prepared.mark(tx, mark, head.seq).await?;
        }
    }
    let hashes = append(tx, members).await?;
    crash_point("ledger.appended");
    let sets = members.iter().map(|(prepared, _)| &prepared.change_set);
    let receipts = sets.filter_map(|set| set.receipt.as_ref().map(|receipt| (set.user, receipt, set.at)));
    receipt::insert_all(tx, receipts.collect()).await?;
    finish(tx, members, hashes).await?;
    crash_point("ledger.before_commit");
    Ok(())
}

async fn write_expenses(tx: &DatabaseTransaction, members: &[Member<'_>]) -> Result<(), Failure> {
    let mut new = Vec::new();
    for (prepared, head) in members {
        // Stored ones first: a change set that moves an external id from one expense to a new one frees it before.
        new.extend(prepared.write_stored_expenses(tx, head.seq).await?);
    }
    EXPENSES.insert(tx, new, || None).await.map_err(|error| taken(error.into()))
}

async fn write_tags(tx: &DatabaseTransaction, members: &[Member<'_>]) -> Result<(), Failure> {
    let mut added = Vec::new();
    for (prepared, _) in members {
        added.extend(prepared.write_tags(tx).await?);
    }
    Ok(TAG_MAP.insert(tx, added, || None).await?)
}

async fn move_totals(tx: &DatabaseTransaction, members: &[Member<'_>]) -> Result<(), Failure> {
    let rows = members.iter().flat_map(|(prepared, _)| {
        let user = prepared.change_set.user.0;
        prepared.change_set.postings.iter().map(move |Posting { month, category, amount }| {
            monthly_expense::ActiveModel {
                user_id: Set(user),
                month: Set(month.yyyymm()),
                category_id: Set(category.0),
                total: Set(*amount),
            }
        })
    });
    let total = monthly_expense::Column::Total;
    let moved = || {
        let moved = Expr::col((monthly_expense::Entity, total)).add(db::given(tx.get_database_backend(), total));
        let key = OnConflict::columns([
            monthly_expense::Column::UserId,
            monthly_expense::Column::Month,
            monthly_expense::Column::CategoryId,
        ]);
        Some(key.to_owned().value(total, moved).to_owned())
    };
    Ok(TOTALS.insert(tx, rows.collect(), moved).await?)
}

/// Adds the actions to the logs and returns their hashes.
async fn append(tx: &DatabaseTransaction, members: &[Member<'_>]) -> Result<Vec<Hash>, Failure> {
    let (hashes, rows): (Vec<Hash>, Vec<_>) = members.iter().map(|(prepared, head)| prepared.action(head)).unzip();
    match ACTIONS.insert(tx, rows, || None).await.map_err(Failure::from) {
        Ok(()) => {}
        Err(failure) if failure.violates("operation") => {
            return Err(RepositoryError::Taken(UniqueKey::Operation).into());
        }
        Err(failure) => return Err(failure),
    }
    Ok(hashes)
}

/// Writes the heads as they are after the actions.
async fn finish(tx: &DatabaseTransaction, members: &[Member<'_>], hashes: Vec<Hash>) -> Result<(), Failure> {
    let mut rows = Vec::with_capacity(members.len());
    for ((prepared, head), hash) in members.iter().zip(hashes) {
        let user = prepared.change_set.user.0;
        let (last_ordinary, next_undo) = if prepared.change_set.effect == Effect::Original {
            (head.seq, Some(head.seq.0))
        } else {
            (head.last_ordinary, latest_undoable(tx, user).await?)
        };
        rows.push(last_user_action::ActiveModel {
            user_id: Set(user),
            seq: Set(head.seq.0),
            hash: Set(hash.to_vec()),
            last_ordinary: Set(last_ordinary.0),
            next_undo: Set(next_undo),
            taxonomy_version: Set(head.taxonomy_version + i64::from(!prepared.change_set.links.is_empty())),
        });
    }
    // They are there, and locked: this only ever updates them.
    let updated = || {
        let columns = [
            last_user_action::Column::Seq,
            last_user_action::Column::Hash,
            last_user_action::Column::LastOrdinary,
            last_user_action::Column::NextUndo,
            last_user_action::Column::TaxonomyVersion,
        ];
        Some(OnConflict::column(last_user_action::Column::UserId).update_columns(columns).to_owned())
    };
    Ok(HEADS.insert(tx, rows, updated).await?)
}

async fn latest_undoable(tx: &DatabaseTransaction, user: i64) -> Result<Option<i64>, Failure> {
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
    Ok(latest)
}

#[cfg(test)]
impl Prepared<'static> {
    /// One that writes nothing, for the tests of the queue.
    pub(super) fn empty(change_set: Cow<'static, ChangeSet>) -> Self {
        Self { change_set, labels: Labels::default(), payload: String::new(), payload_hash: [0; 32] }
    }
}

impl Prepared<'_> {
    /// Whether it may share its transaction with others.
    pub(super) fn may_share(&self) -> bool {
        self.change_set.changes.len() <= MAX_SHARED_CHANGES
            && self.change_set.links.is_empty()
            && self.payload.len() <= MAX_SHARED_PAYLOAD
    }

    /// The same with a change set of its own.
    pub(super) fn into_owned(self) -> Prepared<'static> {
        let Self { change_set, labels, payload, payload_hash } = self;
        Prepared { change_set: Cow::Owned(change_set.into_owned()), labels, payload, payload_hash }
    }

    /// The head moved to the action's number, if the guard holds.
    fn next(&self, head: Head) -> Result<Head, RepositoryError> {
        let guard = self.change_set.guard;
        if head.is_sealed() {
            return Err(RepositoryError::Erased);
        }
        if guard.taxonomy_version != head.taxonomy_version || guard.seq.is_some_and(|seq| seq != head.seq) {
            return Err(RepositoryError::Stale);
        }
        Ok(Head { seq: head.seq.next(), ..head })
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

    /// The action's hash and its row of the log.
    fn action(&self, head: &Head) -> (Hash, user_action::ActiveModel) {
        let ChangeSet { user, at, kind, effect, reverses, .. } = *self.change_set;
        let header = Header { user, seq: head.seq, at, kind, reverses, payload: self.payload_hash };
        let hash = action_hash(&head.hash, &header);
        let (undoable, redoable) = action::flags(effect.code(), None);
        let row = user_action::ActiveModel {
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
        };
        (hash, row)
    }

    /// The identifiers of tags that were there before, by name.
    pub(super) const fn known_tags(&self) -> &HashMap<String, i64> {
        &self.labels.known
    }
}
