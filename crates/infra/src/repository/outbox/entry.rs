//! Deliveries as operators see them.

use florin_domain::calendar::Timestamp;
use florin_domain::id::{DeliveryId, NotificationId, UserId};
use florin_domain::notification::delivery::{OutboxEntry, State};
use florin_domain::notification::{Channel, Kind};
use florin_domain::repository::{OutboxFilter, Page, RepositoryError, Result};
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use crate::db::failed;
use crate::entity::notification;
use crate::entity::notification_delivery::{Column, Entity, Model};

use super::SqlOutboxRepository;

impl SqlOutboxRepository {
    pub(super) async fn page(
        &self,
        filter: OutboxFilter,
        before: Option<DeliveryId>,
        limit: u64,
    ) -> Result<Page<OutboxEntry>> {
        let wanted = Condition::all()
            .add_option(filter.state.map(|state| Column::State.eq(state.code())))
            .add_option(filter.channel.map(|channel| Column::Channel.eq(channel.as_str())))
            .add_option(before.map(|before| Column::Id.lt(before.0)));
        let mut rows = self.selected(wanted, Some(limit.saturating_add(1))).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(Page { rows, more })
    }

    /// The newest first.
    pub(super) async fn selected(&self, condition: impl IntoCondition, limit: Option<u64>) -> Result<Vec<OutboxEntry>> {
        let mut found = Entity::find().filter(condition).order_by_desc(Column::Id).limit(limit);
        QueryTrait::query(&mut found).inner_join(
            notification::Entity,
            Expr::col((notification::Entity, notification::Column::Id)).equals((Entity, Column::NotificationId)),
        );
        let rows = found.select_also(notification::Entity).all(self.database.read()).await.map_err(failed)?;
        rows.into_iter().map(|(delivery, told)| entry_of(delivery, told.map(|told| told.kind))).collect()
    }
}

fn entry_of(row: Model, kind: Option<String>) -> Result<OutboxEntry> {
    let id = row.id;
    let unreadable = || RepositoryError::Internal(format!("notification_delivery {id} cannot be read").into());
    let state = State::from_code(row.state).ok_or_else(unreadable)?;
    Ok(OutboxEntry {
        id: DeliveryId(id),
        notification: NotificationId(row.notification_id),
        user: UserId(row.user_id),
        kind: kind.as_deref().and_then(Kind::parse).ok_or_else(unreadable)?,
        channel: Channel::parse(&row.channel).ok_or_else(unreadable)?,
        state,
        attempts: u32::try_from(row.attempts).unwrap_or_default(),
        created_at: Timestamp(row.created_at),
        next_at: (state == State::Pending).then_some(Timestamp(row.next_at)),
        settled_at: row.settled_at.map(Timestamp),
        last_error: row.last_error,
    })
}
