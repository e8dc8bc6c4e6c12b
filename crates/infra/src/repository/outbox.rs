//! The outbox, as far as admins look at it.

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{DeliveryId, NotificationId, UserId};
use florin_domain::notification::delivery::{Leased, OutboxEntry, Outcome, State};
use florin_domain::notification::{Channel, Kind};
use florin_domain::repository::{OutboxFilter, OutboxRepository, Page, RepositoryError, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::{Database, failed};
use crate::entity::notification;
use crate::entity::notification_delivery::{ActiveModel, Column, Entity, Model};

use super::batch::padded;
use super::export::page;

/// Deliveries in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlOutboxRepository {
    database: Database,
}

impl SqlOutboxRepository {
    /// On that database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Rows with the kind of what they deliver.
    async fn with_kinds(&self, rows: Vec<Model>) -> Result<Vec<OutboxEntry>> {
        let ids: Vec<i64> = rows.iter().map(|row| row.notification_id).collect();
        let mut kinds = std::collections::HashMap::new();
        for list in padded(&ids) {
            let found = notification::Entity::find().filter(notification::Column::Id.is_in(list));
            let columns = found.select_only().column(notification::Column::Id).column(notification::Column::Kind);
            let found: Vec<(i64, String)> = columns.into_tuple().all(self.database.read()).await.map_err(failed)?;
            kinds.extend(found);
        }
        // One whose notification was erased since is left out.
        let known = rows.into_iter().filter_map(|row| Some((kinds.get(&row.notification_id)?.clone(), row)));
        known.map(|(kind, row)| entry_of(&kind, row)).collect()
    }
}

fn entry_of(kind: &str, row: Model) -> Result<OutboxEntry> {
    let unreadable = || RepositoryError::Internal(format!("delivery {} cannot be read", row.id).into());
    let state = State::from_code(row.state).ok_or_else(unreadable)?;
    Ok(OutboxEntry {
        id: DeliveryId(row.id),
        notification: NotificationId(row.notification_id),
        user: UserId(row.user_id),
        kind: Kind::parse(kind).ok_or_else(unreadable)?,
        channel: Channel::parse(&row.channel).ok_or_else(unreadable)?,
        state,
        attempts: u32::try_from(row.attempts).map_err(|_| unreadable())?,
        created_at: Timestamp(row.created_at),
        next_at: (state == State::Pending).then_some(Timestamp(row.next_at)),
        settled_at: row.settled_at.map(Timestamp),
        last_error: row.last_error,
    })
}

fn not_here<T>() -> Result<T> {
    Err(RepositoryError::Internal("not here".into()))
}

#[async_trait]
impl OutboxRepository for SqlOutboxRepository {
    async fn lease(&self, _: Channel, _: Timestamp, _: Timestamp, _: u64) -> Result<Vec<Leased>> {
        not_here()
    }

    async fn take_over(&self, _: DeliveryId, _: i64, _: Timestamp) -> Result<Option<Leased>> {
        not_here()
    }

    async fn still_true(&self, _: &[Leased]) -> Result<Vec<DeliveryId>> {
        not_here()
    }

    async fn settle(&self, _: &[(DeliveryId, i64, Outcome)], _: Timestamp) -> Result<()> {
        not_here()
    }

    async fn next_due(&self, _: Channel) -> Result<Option<Timestamp>> {
        not_here()
    }

    async fn counts(&self) -> Result<Vec<(Channel, State, u64)>> {
        not_here()
    }

    async fn entries(&self, filter: OutboxFilter, before: Option<DeliveryId>, limit: u64) -> Result<Page<OutboxEntry>> {
        let mut wanted = Condition::all();
        if let Some(state) = filter.state {
            wanted = wanted.add(Column::State.eq(state.code()));
        }
        if let Some(channel) = filter.channel {
            wanted = wanted.add(Column::Channel.eq(channel.as_str()));
        }
        if let Some(before) = before {
            wanted = wanted.add(Column::Id.lt(before.0));
        }
        let newest_first = Entity::find().filter(wanted).order_by_desc(Column::Id).limit(limit.saturating_add(1));
        let Page { rows, more } = page(newest_first.all(self.database.read()).await.map_err(failed)?, limit);
        Ok(Page { rows: self.with_kinds(rows).await?, more })
    }

    async fn entry(&self, delivery: DeliveryId) -> Result<Option<OutboxEntry>> {
        let row = Entity::find_by_id(delivery.0).one(self.database.read()).await.map_err(failed)?;
        Ok(self.with_kinds(row.into_iter().collect()).await?.pop())
    }

    async fn revive(&self, delivery: DeliveryId, at: Timestamp) -> Result<bool> {
        self.database
            .write(|tx| async move {
                let again = ActiveModel {
                    state: Set(State::Pending.code()),
                    attempts: Set(0),
                    leased_by: Set(None),
                    next_at: Set(at.0),
                    settled_at: Set(None),
                    ..Default::default()
                };
                let dead = Column::Id.eq(delivery.0).and(Column::State.eq(State::Dead.code()));
                Ok(Entity::update_many().set(again).filter(dead).exec(&*tx).await?.rows_affected == 1)
            })
            .await
    }

    async fn of_notification(&self, notification: NotificationId) -> Result<Vec<OutboxEntry>> {
        let rows = Entity::find().filter(Column::NotificationId.eq(notification.0)).order_by_asc(Column::Id);
        self.with_kinds(rows.all(self.database.read()).await.map_err(failed)?).await
    }
}
