//! Sessions as their owner sees them: the devices that are logged in.

use florin_domain::calendar::Timestamp;
use florin_domain::id::{SessionId, UserId};
use florin_domain::login_event::NewLoginEvent;
use florin_domain::repository::Result;
use florin_domain::session::{Device, LiveSession};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::{Database, Failure, failed};
use crate::entity::{refresh_token, session};
use crate::repository::audit;

/// What holds for the rows of sessions that can still be prolonged.
pub(in crate::repository) fn goes_on(now: Timestamp) -> Condition {
    let refresh = Query::select()
        .column(refresh_token::Column::SessionId)
        .from(refresh_token::Entity)
        .and_where(
            Expr::col((refresh_token::Entity, refresh_token::Column::SessionId))
                .equals((session::Entity, session::Column::Id)),
        )
        .and_where(refresh_token::Column::ExpiresAt.gt(now.0))
        .take();
    Condition::all().add(session::Column::RevokedAt.is_null()).add(Expr::exists(refresh))
}

pub(super) async fn live(database: &Database, user: UserId, now: Timestamp, limit: u64) -> Result<Vec<LiveSession>> {
    let rows = session::Entity::find()
        .filter(session::Column::UserId.eq(user.0))
        .filter(goes_on(now))
        .order_by_desc(session::Column::LastUsedAt)
        .order_by_desc(session::Column::Id)
        .limit(limit)
        .all(database.read())
        .await
        .map_err(failed)?;
    let read = |row: session::Model| LiveSession {
        id: SessionId(row.id),
        created_at: Timestamp(row.created_at),
        last_used_at: Timestamp(row.last_used_at),
        device: Device { ip: row.ip, user_agent: row.user_agent },
    };
    Ok(rows.into_iter().map(read).collect())
}

pub(super) async fn close(
    tx: &DatabaseTransaction,
    user: UserId,
    session: SessionId,
    at: Timestamp,
    event_id: i64,
    event: &NewLoginEvent,
) -> std::result::Result<bool, Failure> {
    let ended = session::Entity::update_many()
        .set(session::ActiveModel { revoked_at: Set(Some(at.0)), ..Default::default() })
        .filter(session::Column::Id.eq(session.0))
        .filter(session::Column::UserId.eq(user.0))
        .filter(session::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    if ended.rows_affected == 1 {
        audit::insert(tx, event_id, event).await?;
    }
    Ok(ended.rows_affected == 1)
}

#[cfg(test)]
mod tests;
