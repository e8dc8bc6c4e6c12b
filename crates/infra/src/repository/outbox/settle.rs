//! Settling: what became of tries, and of notifications that nobody is to hear any more.

use florin_domain::calendar::Timestamp;
use florin_domain::id::DeliveryId;
use florin_domain::notification::delivery::{Outcome, State};
use florin_domain::repository::Result;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, UpdateMany,
};

use crate::db::{self, Failure};
use crate::entity::notification;
use crate::entity::notification_delivery::{Column, Entity};

use super::super::batch::padded;
use super::{SqlOutboxRepository, under_leases};

/// The most characters of a reason that are kept.
const MOST_REASON: usize = 200;

impl SqlOutboxRepository {
    pub(super) async fn settle_all(&self, ended: &[(DeliveryId, i64, Outcome)], at: Timestamp) -> Result<()> {
        if ended.is_empty() {
            return Ok(());
        }
        self.database.write(|tx| async move { write(&tx, ended, at).await }).await
    }
}

/// Those of the same outcome by one statement.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    ended: &[(DeliveryId, i64, Outcome)],
    at: Timestamp,
) -> std::result::Result<(), Failure> {
    let mut ended: Vec<_> = ended.iter().collect();
    ended.sort_unstable_by_key(|(id, _, _)| id.0);
    let cancelled: Vec<(i64, i64)> = leases_of(&ended, &Outcome::Cancelled);
    // Held before any delivery is written: of two that cancel the last deliveries of one notification at once, the second
    // sees what the first did.
    let notifications = hold_notifications(tx, &cancelled).await?;
    let mut outcomes: Vec<&Outcome> = Vec::new();
    for (_, _, outcome) in &ended {
        if !outcomes.contains(&outcome) {
            outcomes.push(outcome);
        }
    }
    for outcome in outcomes {
        for list in padded(&leases_of(&ended, outcome)) {
            set(outcome, at).filter(under_leases(&list)).exec(tx).await?;
        }
    }
    cancel_notifications(tx, &notifications, at).await
}

fn leases_of(ended: &[&(DeliveryId, i64, Outcome)], outcome: &Outcome) -> Vec<(i64, i64)> {
    ended.iter().filter(|(_, _, other)| other == outcome).map(|(id, fence, _)| (id.0, *fence)).collect()
}

fn set(outcome: &Outcome, at: Timestamp) -> UpdateMany<Entity> {
    let settled = |state: State| {
        Entity::update_many()
            .col_expr(Column::State, Expr::value(state.code()))
            .col_expr(Column::SettledAt, Expr::value(at.0))
    };
    let reason = |reason: &str| Expr::value(reason.chars().take(MOST_REASON).collect::<String>());
    match outcome {
        Outcome::Delivered => settled(State::Delivered),
        Outcome::Again { at, reason: why } => {
            Entity::update_many().col_expr(Column::NextAt, Expr::value(at.0)).col_expr(Column::LastError, reason(why))
        }
        Outcome::Dead { reason: why } => settled(State::Dead).col_expr(Column::LastError, reason(why)),
        Outcome::Cancelled => settled(State::Cancelled),
        Outcome::Released { at } => Entity::update_many()
            .col_expr(Column::NextAt, Expr::value(at.0))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).sub(1))
            // Reported again, after a COMMIT of unknown outcome, it takes nothing off once more.
            .col_expr(Column::Fence, Expr::col(Column::Fence).add(1_i64)),
    }
}

/// The notifications of these deliveries, held in order.
async fn hold_notifications(tx: &DatabaseTransaction, leases: &[(i64, i64)]) -> std::result::Result<Vec<i64>, Failure> {
    let mut notifications = Vec::new();
    for list in padded(leases) {
        let found = Entity::find().select_only().column(Column::NotificationId).filter(under_leases(&list));
        notifications.extend(found.order_by_asc(Column::NotificationId).into_tuple::<i64>().all(tx).await?);
    }
    notifications.sort_unstable();
    notifications.dedup();
    for list in padded(&notifications) {
        let rows = Condition::all().add(notification::Column::Id.is_in(list));
        db::hold::<notification::Entity>(tx, notification::Column::CreatedAt, rows).await?;
    }
    Ok(notifications)
}

/// Cancels those of these notifications that nobody hears of any more, and gives their keys back.
async fn cancel_notifications(
    tx: &DatabaseTransaction,
    notifications: &[i64],
    at: Timestamp,
) -> std::result::Result<(), Failure> {
    for list in padded(notifications) {
        let renamed = Func::cust("CONCAT")
            .arg(Expr::col(notification::Column::DedupeKey))
            .arg(Expr::cust("'#'"))
            .arg(Expr::col(notification::Column::Id));
        notification::Entity::update_many()
            .col_expr(notification::Column::CancelledAt, Expr::value(at.0))
            .col_expr(notification::Column::DedupeKey, renamed.into())
            .filter(notification::Column::Id.is_in(list))
            .filter(notification::Column::CancelledAt.is_null())
            .filter(Expr::exists(not_cancelled()).not())
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// The deliveries of the notification of the outer statement that are not cancelled.
fn not_cancelled() -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::NotificationId)).equals((notification::Entity, notification::Column::Id)))
        .and_where(Expr::col((Entity, Column::State)).ne(State::Cancelled.code()))
        .take()
}
