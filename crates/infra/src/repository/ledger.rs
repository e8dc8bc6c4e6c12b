//! The ledger: change sets applied, the log read and verified.

mod action;
mod apply;
mod expenses;
mod links;
mod pages;
mod payload;
mod queue;
mod tags;
mod verify;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use florin_domain::id::{Seq, UserId};
use florin_domain::ledger::{Action, ChangeSet, Effect, Head, OperationId, Verified};
use florin_domain::repository::{Applied, LedgerRepository, Page, RepositoryError, Result, UniqueKey};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::crash::crash_point;
use crate::db::deadline::{Deadline, PROMPT};
use crate::db::{Database, Failure, Gather, failed};
use crate::entity::{last_user_action, user_action};
use crate::id_allocator::IdAllocator;

use super::batch::padded;
use pages::fitting;
pub(super) use pages::of_log as pages_of_log;
use queue::Queue;

/// How often an operation whose outcome is unknown is looked up, and the first pause; each further one is twice as long.
const LOOK_UPS: u32 = 5;
const FIRST_LOOK_UP: Duration = Duration::from_millis(50);
/// How long at least a server is asked for it, however late it is.
const LAST_LOOK_UP: Duration = Duration::from_millis(500);
/// How many changes are written in the time that a client waits for an ordinary write, and what each further one adds. The
/// longest payloads that are taken are then waited for for little more than a minute.
const ORDINARY: usize = 100;
const PER_CHANGE: Duration = Duration::from_millis(5);
/// The most actions that are read by their numbers at once: payloads may be large.
const AT_ONCE: usize = 16;

/// The ledger in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlLedgerRepository {
    database: Database,
    ids: IdAllocator,
    queue: Queue,
    heads: Gather<i64, last_user_action::Model>,
}

impl SqlLedgerRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self {
            ids: IdAllocator::new(database.clone()),
            queue: Queue::new(database.clone()),
            heads: Gather::new(database.read().clone(), |pool, users| Box::pin(heads(pool, users))),
            database,
        }
    }

    async fn write(&self, change_set: &ChangeSet, deadline: Deadline) -> std::result::Result<Seq, Failure> {
        let prepared = self.prepare(change_set).await?;
        let seq = if self.database.groups_commits() && prepared.may_share() {
            self.queue.write(prepared.into_owned(), deadline).await?
        } else {
            let prepared = &prepared;
            // On the heap: the rare way would else make the usual one's future as large as itself.
            let alone = self.database.try_write_until(deadline, |tx| async move { apply::apply(&tx, prepared).await });
            let seq = Box::pin(alone).await?;
            self.database.note_changes(change_set.changes.len());
            seq
        };
        crash_point("ledger.committed");
        Ok(seq)
    }

    async fn seq_of(&self, user: UserId, operation: &OperationId) -> Result<Option<Seq>> {
        let found = user_action::Entity::find()
            .select_only()
            .column(user_action::Column::Seq)
            .column(user_action::Column::Operation)
            .filter(user_action::Column::UserId.eq(user.0))
            .filter(user_action::Column::Operation.eq(operation.0.as_str()))
            .into_tuple::<(i64, String)>()
            .one(self.database.read())
            .await
            .map_err(failed)?;
        // MySQL and MariaDB take trailing blanks for nothing when they compare.
        Ok(found.filter(|(_, stored)| *stored == operation.0).map(|(seq, _)| Seq(seq)))
    }

    /// COMMIT was sent and its answer lost. The operation is stored by the same transaction: if it is there, it happened.
    pub(super) async fn resolve(&self, change_set: &ChangeSet, lost: Failure, deadline: Deadline) -> Result<Applied> {
        let deadline = deadline.at_least(LAST_LOOK_UP);
        let mut pause = FIRST_LOOK_UP;
        for _ in 0..LOOK_UPS {
            tokio::time::sleep(deadline.left(pause)).await;
            pause *= 2;
            match deadline.bound(self.seq_of(change_set.user, &change_set.operation)).await {
                Ok(Ok(Some(seq))) => return Ok(Applied { seq }),
                Ok(Ok(None)) => {}
                Ok(Err(error)) => tracing::debug!(%error, "looking an operation up failed"),
                // The time is over, or the server has nothing to say.
                Err(error) => {
                    tracing::debug!(%error, "an operation could not be looked up");
                    break;
                }
            }
        }
        Err(lost.into())
    }

    /// A second attempt of an operation that was applied already may fail on what the first one left before it reaches
    /// the operation's own key.
    async fn refine(&self, change_set: &ChangeSet, error: RepositoryError) -> Result<Applied> {
        let may_be_applied = matches!(error, RepositoryError::Stale | RepositoryError::Taken(UniqueKey::ExternalId));
        if may_be_applied && self.seq_of(change_set.user, &change_set.operation).await?.is_some() {
            return Err(RepositoryError::Taken(UniqueKey::Operation));
        }
        Err(error)
    }

    async fn some_actions(
        &self,
        user: UserId,
        select: impl FnOnce(sea_orm::Select<user_action::Entity>) -> sea_orm::Select<user_action::Entity>,
    ) -> std::result::Result<Vec<Action>, Failure> {
        let of_user = user_action::Entity::find().filter(user_action::Column::UserId.eq(user.0));
        select(of_user).all(self.database.read()).await?.into_iter().map(action::read).collect()
    }
}

/// How long a server may take to apply it.
fn patience(change_set: &ChangeSet) -> Duration {
    let further = change_set.changes.len().saturating_sub(ORDINARY);
    PROMPT + PER_CHANGE * u32::try_from(further).unwrap_or(u32::MAX)
}

/// The heads of these users, by user.
async fn heads(
    pool: DatabaseConnection,
    users: Vec<i64>,
) -> std::result::Result<HashMap<i64, last_user_action::Model>, DbErr> {
    let mut found = HashMap::with_capacity(users.len());
    for list in padded(&users) {
        let rows =
            last_user_action::Entity::find().filter(last_user_action::Column::UserId.is_in(list)).all(&pool).await?;
        found.extend(rows.into_iter().map(|row| (row.user_id, row)));
    }
    Ok(found)
}

/// The last action of the user's before that one whose flag is set.
pub(super) fn flagged(user: UserId, flag: user_action::Column, before: Option<Seq>) -> Select<user_action::Entity> {
    user_action::Entity::find()
        .select_only()
        .column(user_action::Column::Seq)
        .filter(user_action::Column::UserId.eq(user.0))
        // Spelled out, as the index of redoable actions has it: it holds no others.
        .filter(Expr::col((user_action::Entity, flag)).eq(Expr::cust("1")))
        .filter(user_action::Column::Seq.lt(before.map_or(i64::MAX, |seq| seq.0)))
        .order_by_desc(user_action::Column::Seq)
        .limit(1)
}

#[async_trait]
impl LedgerRepository for SqlLedgerRepository {
    async fn head(&self, user: UserId) -> Result<Head> {
        let row = self.heads.get(user.0).await.map_err(failed)?;
        Ok(row.map_or(Ok(Head::EMPTY), |row| action::head(&row))?)
    }

    async fn apply(&self, change_set: &ChangeSet) -> Result<Applied> {
        let deadline = self.database.deadline(patience(change_set));
        match self.write(change_set, deadline.clone()).await {
            Ok(seq) => Ok(Applied { seq }),
            Err(lost @ Failure::OutcomeUnknown(_)) => self.resolve(change_set, lost, deadline).await,
            Err(failure) => self.refine(change_set, failure.into()).await,
        }
    }

    async fn action(&self, user: UserId, seq: Seq) -> Result<Option<Action>> {
        let mut found = self.some_actions(user, |select| select.filter(user_action::Column::Seq.eq(seq.0))).await?;
        Ok(found.pop())
    }

    async fn actions(&self, user: UserId, seqs: &[Seq]) -> Result<Vec<Action>> {
        let seqs: Vec<i64> = seqs.iter().map(|seq| seq.0).collect();
        let mut found = Vec::with_capacity(seqs.len());
        for list in seqs.chunks(AT_ONCE).flat_map(padded) {
            found.extend(self.some_actions(user, |select| select.filter(user_action::Column::Seq.is_in(list))).await?);
        }
        found.sort_unstable_by_key(|action: &Action| action.seq);
        found.dedup_by_key(|action| action.seq);
        Ok(found)
    }

    async fn actions_before(&self, user: UserId, before: Option<Seq>, limit: u64) -> Result<Page<Action>> {
        let before = before.map_or(i64::MAX, |seq| seq.0);
        let newest_first = |select: Select<user_action::Entity>| {
            select.filter(user_action::Column::Seq.lt(before)).order_by_desc(user_action::Column::Seq)
        };
        let of_user = user_action::Entity::find().filter(user_action::Column::UserId.eq(user.0));
        let sizes = newest_first(of_user).limit(limit.saturating_add(1));
        let sizes = pages::sizes(&self.database, self.database.read(), sizes).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = fitting(&sizes[..sizes.len().min(limit)]);
        let (Some((newest, _)), Some((oldest, _))) = (page.first(), page.last()) else {
            return Ok(Page { rows: Vec::new(), more: !sizes.is_empty() });
        };
        let of_page = |select| newest_first(select).filter(user_action::Column::Seq.between(*oldest, *newest));
        let rows = self.some_actions(user, of_page).await?;
        Ok(Page { more: sizes.len() > page.len(), rows })
    }

    async fn latest_in_effect(&self, user: UserId, effect: Effect, before: Option<Seq>) -> Result<Option<Seq>> {
        let flag = match effect {
            Effect::Original => user_action::Column::Undoable,
            Effect::Undo => user_action::Column::Redoable,
            Effect::Redo => return Ok(None),
        };
        let found = flagged(user, flag, before).into_tuple::<i64>().one(self.database.read()).await.map_err(failed)?;
        Ok(found.map(Seq))
    }

    async fn verify(&self, user: UserId) -> Result<Verified> {
        Ok(self.walk(user).await?)
    }
}
