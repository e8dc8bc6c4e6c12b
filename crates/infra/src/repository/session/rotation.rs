//! Exchanging a refresh token for the next one.

use florin_domain::id::{SessionId, UserId};
use florin_domain::session::{NewRefreshToken, REFRESH_GRACE_MILLIS, Rotation, SecretHash};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::db::Failure;
use crate::entity::{refresh_token, session};

use super::{end, insert_token};

/// Exchanges `old`, a token of `session`, for `new`.
///
/// A session has one line of tokens, each the successor of the one before, of which at most the last is unused. A used
/// token that is forgiven gets another successor in place of the unused one, which is removed: should its holder show it
/// after all, it is a token that nobody has. Forgiving does not prolong the time in which it can be done again.
pub(super) async fn rotate(
    tx: &DatabaseTransaction,
    session: SessionId,
    user: UserId,
    old: &SecretHash,
    new: &NewRefreshToken,
) -> Result<Rotation, Failure> {
    let now = new.issued_at;
    let rotated = Rotation::Rotated { session, user, expires_at: new.expires_at };
    // First of all, for the order of rotations.
    let live = session::Entity::update_many()
        .set(session::ActiveModel { last_used_at: Set(now.0), ..Default::default() })
        .filter(session::Column::Id.eq(session.0))
        .filter(session::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    if live.rows_affected != 1 {
        return Ok(Rotation::Invalid);
    }

    let used = refresh_token::Entity::update_many()
        .set(refresh_token::ActiveModel {
            used_at: Set(Some(now.0)),
            successor: Set(Some(new.hash.to_vec())),
            ..Default::default()
        })
        .filter(refresh_token::Column::Hash.eq(old.to_vec()))
        .filter(refresh_token::Column::UsedAt.is_null())
        .filter(refresh_token::Column::ExpiresAt.gt(now.0))
        .exec(tx)
        .await?;
    if used.rows_affected == 1 {
        insert_token(tx, session, new).await?;
        return Ok(rotated);
    }

    match refresh_token::Entity::find_by_id(old.to_vec()).one(tx).await? {
        Some(refresh_token::Model { used_at: Some(used_at), successor: Some(successor), expires_at, .. })
            if expires_at > now.0 =>
        {
            let in_time = now.0.saturating_sub(used_at) <= REFRESH_GRACE_MILLIS;
            if in_time && replace_successor(tx, old, successor, new).await? {
                insert_token(tx, session, new).await?;
                Ok(rotated)
            } else {
                end(tx, session, now).await?;
                Ok(Rotation::Reused { session, user })
            }
        }
        _ => Ok(Rotation::Invalid),
    }
}

/// Removes the successor of `old` if it is unused, and notes `new` in its place; whether it was so.
async fn replace_successor(
    tx: &DatabaseTransaction,
    old: &SecretHash,
    successor: Vec<u8>,
    new: &NewRefreshToken,
) -> Result<bool, Failure> {
    let removed = refresh_token::Entity::delete_many()
        .filter(refresh_token::Column::Hash.eq(successor.clone()))
        .filter(refresh_token::Column::UsedAt.is_null())
        .exec(tx)
        .await?;
    if removed.rows_affected != 1 {
        return Ok(false);
    }
    let replaced = refresh_token::Entity::update_many()
        .set(refresh_token::ActiveModel { successor: Set(Some(new.hash.to_vec())), ..Default::default() })
        .filter(refresh_token::Column::Hash.eq(old.to_vec()))
        .filter(refresh_token::Column::Successor.eq(successor))
        .exec(tx)
        .await?;
    if replaced.rows_affected == 1 { Ok(true) } else { Err(Failure::internal("two rotations of one session at once")) }
}
