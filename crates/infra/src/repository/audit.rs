//! The audit trail.

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{LoginEventId, UserId};
use florin_domain::login_event::{EventKind, EventOutcome, LoginEvent, NewLoginEvent};
use florin_domain::repository::{AuditRepository, EventCursor, EventFilter, Page, RepositoryError, Result};
use florin_domain::session::Device;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::{Database, Failure, failed};
use crate::entity::login_event::{ActiveModel, Column, Entity, Model};
use crate::id_allocator::{IdAllocator, Sequence};

use super::account::hold_present;

/// Whom no account belongs to.
const NOBODY: UserId = UserId(0);

/// The audit trail in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlAuditRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlAuditRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }
}

/// Notes an event in the transaction of what it tells of. `id` is one of [`Sequence::LoginEvent`].
pub(super) async fn insert(
    tx: &DatabaseTransaction,
    id: i64,
    event: &NewLoginEvent,
) -> std::result::Result<(), Failure> {
    let row = ActiveModel {
        id: Set(id),
        user_id: Set(event.user.map(|user| user.0)),
        actor_id: Set(event.actor.map(|actor| actor.0)),
        at: Set(event.at.0),
        event: Set(event.kind.as_str().to_owned()),
        outcome: Set(event.outcome.as_str().to_owned()),
        ip: Set(event.device.ip.clone()),
        user_agent: Set(event.device.user_agent.clone()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

#[async_trait]
impl AuditRepository for SqlAuditRepository {
    async fn note(&self, event: &NewLoginEvent) -> Result<()> {
        let id = self.ids.next(Sequence::LoginEvent).await?;
        self.database
            .write(|tx| async move {
                // Where nobody has the address, for nobody: so that it takes as long.
                let present = hold_present(&tx, event.user.unwrap_or(NOBODY)).await?;
                if present || event.user.is_none() {
                    return insert(&tx, id, event).await;
                }
                // Of somebody who was erased meanwhile, not where the request came from.
                insert(&tx, id, &NewLoginEvent { device: Device::default(), ..event.clone() }).await
            })
            .await
    }

    async fn events(&self, filter: EventFilter, after: Option<EventCursor>, limit: u64) -> Result<Page<LoginEvent>> {
        let mut wanted = Condition::all();
        if let Some(user) = filter.user {
            wanted = wanted.add(Column::UserId.eq(user.0));
        }
        if let Some(kind) = filter.kind {
            wanted = wanted.add(Column::Event.eq(kind.as_str()));
        }
        if let Some(EventCursor { at, id }) = after {
            let same_instant = Condition::all().add(Column::At.eq(at.0)).add(Column::Id.lt(id.0));
            wanted = wanted.add(Condition::any().add(Column::At.lt(at.0)).add(same_instant));
        }
        let newest_first = Entity::find().filter(wanted).order_by_desc(Column::At).order_by_desc(Column::Id);
        let rows = newest_first.limit(limit.saturating_add(1)).all(self.database.read()).await.map_err(failed)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        Ok(Page { rows: rows.into_iter().take(limit).map(read).collect::<Result<_>>()?, more })
    }

    async fn prune(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let old: Vec<i64> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::At.lt(before.0))
            .order_by_asc(Column::At)
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(self.database.read_patiently())
            .await
            .map_err(failed)?;
        let mut removed = 0;
        for ids in super::batch::padded(&old) {
            let ids = &ids;
            let done = self.database.write(|tx| async move {
                Ok(Entity::delete_many().filter(Column::Id.is_in(ids.iter().copied())).exec(&*tx).await?)
            });
            removed += done.await?.rows_affected;
        }
        Ok(removed)
    }
}

fn read(row: Model) -> Result<LoginEvent> {
    let unknown =
        |what: &str, value: &str| RepositoryError::Internal(format!("login_event has {what} {value:?}").into());
    Ok(LoginEvent {
        id: LoginEventId(row.id),
        event: NewLoginEvent {
            user: row.user_id.map(UserId),
            actor: row.actor_id.map(UserId),
            at: Timestamp(row.at),
            kind: EventKind::parse(&row.event).ok_or_else(|| unknown("event", &row.event))?,
            outcome: EventOutcome::parse(&row.outcome).ok_or_else(|| unknown("outcome", &row.outcome))?,
            device: Device { ip: row.ip, user_agent: row.user_agent },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::account::tests::{Place, START};

    #[tokio::test]
    async fn rows_come_newest_first_page_by_page_and_the_old_ones_go() {
        let place = Place::new().await;
        let audit = SqlAuditRepository::new(place.database.clone());
        let user = place.somebody().await;
        let device = Device { ip: "2001:db8::1".to_owned(), user_agent: "tests/1 ✓".to_owned() };
        for n in 0..7 {
            // Two of each instant: the identifier decides between them.
            let at = START.plus_millis(n / 2);
            let owner = (n != 3).then_some(user);
            audit.note(&NewLoginEvent::new(owner, at, EventKind::LogIn, EventOutcome::Failed, &device)).await.unwrap();
        }
        let filter = EventFilter { user: Some(user), kind: None };
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = audit.events(filter, after, 4).await.unwrap();
            after = page.rows.last().map(|row| EventCursor { at: row.event.at, id: row.id });
            seen.extend(page.rows);
            if !page.more {
                break;
            }
        }
        let order: Vec<_> = seen.iter().map(|row| (row.event.at, row.id)).collect();
        let mut sorted = order.clone();
        sorted.sort_by(|a, b| b.cmp(a));
        assert_eq!(order, sorted);
        assert_eq!(seen.len(), 6, "each once, nobody else's");
        assert_eq!(seen[0].event.device, device);
        let others = EventFilter { user: None, kind: Some(EventKind::SignUp) };
        assert!(audit.events(others, None, 10).await.unwrap().rows.is_empty());
        assert_eq!(audit.prune(START.plus_millis(2), 3).await.unwrap(), 3);
        assert_eq!(audit.prune(START.plus_millis(2), 30).await.unwrap(), 1);
        assert_eq!(audit.events(EventFilter::default(), None, 10).await.unwrap().rows.len(), 3);
    }
}
