//! Leasing: choosing what is due, taking it by one conditional statement, reading back what was got.

use florin_domain::calendar::Timestamp;
use florin_domain::id::DeliveryId;
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Leased, Outcome, State};
use florin_domain::repository::Result;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use crate::db::{Failure, failed};
use crate::entity::notification;
use crate::entity::notification_delivery::{Column, Entity, Model};

use super::super::batch::padded;
use super::super::notification::notification_of;
use super::{SqlOutboxRepository, address, settle, stored, under_leases};

/// The most that are leased at once: one statement's list.
const MOST: u64 = 256;
/// Among how many times as many those that are leased are chosen, so that those who lease at once mostly choose others.
const SPREAD: u64 = 5;

type Row = (Model, Option<notification::Model>);

impl SqlOutboxRepository {
    pub(super) async fn lease_due(
        &self,
        channel: Channel,
        now: Timestamp,
        until: Timestamp,
        limit: u64,
    ) -> Result<Vec<Leased>> {
        let ids = self.candidates(channel, now, limit).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let lessee = lessee();
        self.database
            .write(|tx| {
                let still_due = still_due(&ids, now);
                let ids = &ids;
                async move {
                    take(&tx, still_due, lessee, until, true).await?;
                    read_leased(&tx, ids, lessee, now).await
                }
            })
            .await
    }

    pub(super) async fn lease_uncounted(
        &self,
        channel: Channel,
        now: Timestamp,
        until: Timestamp,
        limit: u64,
    ) -> Result<Vec<(DeliveryId, i64)>> {
        let ids = self.candidates(channel, now, limit).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let lessee = lessee();
        let leased = self.database.write(|tx| {
            let still_due = still_due(&ids, now);
            let ids = &ids;
            async move {
                take(&tx, still_due, lessee, until, false).await?;
                let got = Entity::find().select_only().column(Column::Id).column(Column::Fence);
                Ok(got.filter(got_by(ids, lessee)).into_tuple::<(i64, i64)>().all(&*tx).await?)
            }
        });
        Ok(leased.await?.into_iter().map(|(id, fence)| (DeliveryId(id), fence)).collect())
    }

    pub(super) async fn lease_handed(
        &self,
        handed: &[(DeliveryId, i64)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Leased>> {
        let lists: Vec<Vec<(i64, i64)>> = padded(&stored(handed)).collect();
        let mut leased = Vec::new();
        for list in &lists {
            let lessee = lessee();
            let ids: Vec<i64> = list.iter().map(|(id, _)| *id).collect();
            let ids = &ids;
            let got = self.database.write(|tx| async move {
                take(&tx, under_leases(list), lessee, until, true).await?;
                read_leased(&tx, ids, lessee, now).await
            });
            leased.extend(got.await?);
        }
        Ok(leased)
    }

    /// Deliveries that are due, as many as are wanted if there are, from a random one of the first on; padded.
    async fn candidates(&self, channel: Channel, now: Timestamp, limit: u64) -> Result<Vec<i64>> {
        let limit = Ord::min(limit, MOST);
        let mut due: Vec<i64> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Channel.eq(channel.as_str()))
            .filter(Column::State.eq(State::Pending.code()))
            .filter(Column::NextAt.lte(now.0))
            .order_by_asc(Column::NextAt)
            .order_by_asc(Column::Id)
            .limit(limit.saturating_mul(SPREAD))
            .into_tuple()
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let beyond = u64::try_from(due.len().saturating_sub(limit)).unwrap_or_default();
        let first = usize::try_from(getrandom::u64().unwrap_or_default() % (beyond + 1)).unwrap_or_default();
        due.drain(..first);
        due.truncate(limit);
        due.sort_unstable();
        Ok(padded(&due).next().unwrap_or_default())
    }
}

/// A number that names one call. Nobody else has it, for all that matters.
fn lessee() -> i64 {
    getrandom::u64().unwrap_or_default().cast_signed()
}

fn still_due(ids: &[i64], now: Timestamp) -> Condition {
    Condition::all()
        .add(Column::Id.is_in(ids.iter().copied()))
        .add(Column::State.eq(State::Pending.code()))
        .add(Column::NextAt.lte(now.0))
}

fn got_by(ids: &[i64], lessee: i64) -> Condition {
    Condition::all().add(Column::Id.is_in(ids.iter().copied())).add(Column::LeasedBy.eq(lessee))
}

/// The statement that decides who gets what.
async fn take(
    tx: &DatabaseTransaction,
    condition: Condition,
    lessee: i64,
    until: Timestamp,
    is_try: bool,
) -> std::result::Result<(), Failure> {
    Entity::update_many()
        .col_expr(Column::Fence, Expr::col(Column::Fence).add(1_i64))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(i32::from(is_try)))
        .col_expr(Column::LeasedBy, Expr::value(lessee))
        .col_expr(Column::NextAt, Expr::value(until.0))
        .filter(condition)
        .exec(tx)
        .await?;
    Ok(())
}

/// What that call got, in the order of identifiers. What cannot be read is given up here.
async fn read_leased(
    tx: &DatabaseTransaction,
    ids: &[i64],
    lessee: i64,
    at: Timestamp,
) -> std::result::Result<Vec<Leased>, Failure> {
    let mut got = Entity::find().filter(got_by(ids, lessee)).order_by_asc(Column::Id);
    QueryTrait::query(&mut got).left_join(
        notification::Entity,
        Expr::col((notification::Entity, notification::Column::Id)).equals((Entity, Column::NotificationId)),
    );
    let rows = got.select_also(notification::Entity).all(tx).await?;
    let addresses = address::of(tx, rows.iter().map(|(delivery, _)| delivery)).await?;
    let (mut leased, mut unreadable) = (Vec::new(), Vec::new());
    for row in rows {
        let lease = (DeliveryId(row.0.id), row.0.fence);
        match read(row, &addresses) {
            Some(read) => leased.push(read),
            None => unreadable.push((lease.0, lease.1, Outcome::Dead { reason: "it cannot be read".to_owned() })),
        }
    }
    if !unreadable.is_empty() {
        tracing::error!(deliveries = ?unreadable.iter().map(|(id, _, _)| id.0).collect::<Vec<_>>(), "cannot be read");
        settle::write(tx, &unreadable, at).await?;
    }
    Ok(leased)
}

fn read((delivery, told): Row, addresses: &address::Addresses) -> Option<Leased> {
    let channel = Channel::parse(&delivery.channel)?;
    Some(Leased {
        id: DeliveryId(delivery.id),
        fence: delivery.fence,
        attempt: u32::try_from(delivery.attempts).ok()?,
        channel,
        address: addresses.address(channel, delivery.user_id, delivery.target),
        notification: notification_of(told?).ok()?,
    })
}
