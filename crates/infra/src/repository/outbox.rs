//! The outbox. A lease is one conditional statement; what several processes get at once never overlaps.

mod address;
mod entry;
mod lease;
mod settle;
#[cfg(test)]
mod tests;
mod truth;

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{DeliveryId, NotificationId};
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Leased, OutboxEntry, Outcome, State};
use florin_domain::repository::{OutboxFilter, OutboxRepository, Page, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};

use crate::db::{Database, failed};
use crate::entity::notification_delivery::{Column, Entity};

/// The outbox in a SQL database.
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
}

/// These deliveries, each as long as it is pending under that lease.
fn under_leases(leases: &[(i64, i64)]) -> Condition {
    let mut each = Condition::any();
    for (id, fence) in leases {
        each = each.add(Condition::all().add(Column::Id.eq(*id)).add(Column::Fence.eq(*fence)));
    }
    Condition::all().add(Column::State.eq(State::Pending.code())).add(each)
}

/// Identifiers and numbers of leases as they are stored, in order of identifiers, so that two who write the same rows wait for
/// each other and do not deadlock.
fn stored(leases: &[(DeliveryId, i64)]) -> Vec<(i64, i64)> {
    let mut stored: Vec<(i64, i64)> = leases.iter().map(|(id, fence)| (id.0, *fence)).collect();
    stored.sort_unstable();
    stored
}

#[async_trait]
impl OutboxRepository for SqlOutboxRepository {
    async fn lease(&self, channel: Channel, now: Timestamp, until: Timestamp, limit: u64) -> Result<Vec<Leased>> {
        self.lease_due(channel, now, until, limit).await
    }

    async fn hand_over(
        &self,
        channel: Channel,
        now: Timestamp,
        until: Timestamp,
        limit: u64,
    ) -> Result<Vec<(DeliveryId, i64)>> {
        self.lease_uncounted(channel, now, until, limit).await
    }

    async fn take_over(&self, handed: &[(DeliveryId, i64)], now: Timestamp, until: Timestamp) -> Result<Vec<Leased>> {
        self.lease_handed(handed, now, until).await
    }

    async fn hand_back(&self, handed: &[(DeliveryId, i64)], at: Timestamp) -> Result<()> {
        let handed = stored(handed);
        self.database
            .write(|tx| {
                let lists: Vec<_> = super::batch::padded(&handed).collect();
                async move {
                    for list in lists {
                        let due = Entity::update_many().col_expr(Column::NextAt, Expr::value(at.0));
                        due.filter(under_leases(&list)).exec(&*tx).await?;
                    }
                    Ok(())
                }
            })
            .await
    }

    async fn still_true(&self, leased: &[Leased]) -> Result<Vec<DeliveryId>> {
        self.still_true_of(leased).await
    }

    async fn settle(&self, ended: &[(DeliveryId, i64, Outcome)], at: Timestamp) -> Result<()> {
        self.settle_all(ended, at).await
    }

    async fn next_due(&self, channel: Channel) -> Result<Option<Timestamp>> {
        let first: Option<Option<i64>> = Entity::find()
            .select_only()
            .column_as(Expr::col(Column::NextAt).min(), "next_at")
            .filter(Column::Channel.eq(channel.as_str()))
            .filter(Column::State.eq(State::Pending.code()))
            .into_tuple()
            .one(self.database.read())
            .await
            .map_err(failed)?;
        Ok(first.flatten().map(Timestamp))
    }

    async fn counts(&self) -> Result<Vec<(Channel, State, u64)>> {
        let rows: Vec<(String, i16, i64)> = Entity::find()
            .select_only()
            .column(Column::Channel)
            .column(Column::State)
            .column_as(Expr::col(Column::Id).count(), "number")
            .group_by(Column::Channel)
            .group_by(Column::State)
            .into_tuple()
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let known = |(channel, state, number): (String, i16, i64)| {
            Some((Channel::parse(&channel)?, State::from_code(state)?, u64::try_from(number).ok()?))
        };
        let mut counts: Vec<_> = rows.into_iter().filter_map(known).collect();
        counts.sort_unstable_by_key(|(channel, state, _)| (*channel, state.code()));
        Ok(counts)
    }

    async fn entries(&self, filter: OutboxFilter, before: Option<DeliveryId>, limit: u64) -> Result<Page<OutboxEntry>> {
        self.page(filter, before, limit).await
    }

    async fn entry(&self, delivery: DeliveryId) -> Result<Option<OutboxEntry>> {
        Ok(self.selected(Column::Id.eq(delivery.0), None).await?.pop())
    }

    async fn revive(&self, delivery: DeliveryId, at: Timestamp) -> Result<bool> {
        self.database
            .write(|tx| async move {
                let revived = Entity::update_many()
                    .col_expr(Column::State, Expr::value(State::Pending.code()))
                    .col_expr(Column::Attempts, Expr::value(0))
                    // Nothing that is reported of its last lease counts any more.
                    .col_expr(Column::Fence, Expr::col(Column::Fence).add(1_i64))
                    .col_expr(Column::NextAt, Expr::value(at.0))
                    .col_expr(Column::SettledAt, Expr::value(None::<i64>))
                    .filter(Column::Id.eq(delivery.0))
                    .filter(Column::State.eq(State::Dead.code()));
                Ok(revived.exec(&*tx).await?.rows_affected == 1)
            })
            .await
    }

    async fn of_notification(&self, notification: NotificationId) -> Result<Vec<OutboxEntry>> {
        self.selected(Column::NotificationId.eq(notification.0), None).await
    }
}
