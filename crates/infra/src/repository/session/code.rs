//! One-time codes. What is compared with a guess is read only after the guess is counted.

use florin_domain::calendar::Timestamp;
use florin_domain::id::UserId;
use florin_domain::repository::CodeState;
use florin_domain::session::{CodePurpose, MAX_CODE_GUESSES, SecretHash};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::db::Failure;
use crate::entity::one_time_code::{ActiveModel, Column, Entity};

/// Puts a code in place of the last one. `created_at` is since when the guesses are counted.
pub(in crate::repository) async fn put(
    tx: &DatabaseTransaction,
    user: UserId,
    purpose: CodePurpose,
    hash: &SecretHash,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), Failure> {
    let row = ActiveModel {
        user_id: Set(user.0),
        purpose: Set(purpose.as_str().to_owned()),
        hash: Set(hash.to_vec()),
        created_at: Set(at.0),
        expires_at: Set(expires_at.0),
        attempts: Set(0),
        consumed_at: Set(None),
    };
    let stored = |column| Expr::col((Entity, column));
    let a_lifetime_ago = at.0 - (expires_at.0 - at.0);
    let goes_on = stored(Column::ConsumedAt).is_null().and(stored(Column::CreatedAt).gt(a_lifetime_ago));
    let kept = |column, anew: Expr| Expr::case(goes_on.clone(), stored(column)).finally(anew);
    let instead = OnConflict::columns([Column::UserId, Column::Purpose])
        // First what depends on the old values: MySQL and MariaDB assign from left to right.
        .value(Column::Attempts, kept(Column::Attempts, Expr::value(0_i32)))
        .value(Column::CreatedAt, kept(Column::CreatedAt, Expr::value(at.0)))
        .update_columns([Column::Hash, Column::ExpiresAt, Column::ConsumedAt])
        .to_owned();
    Entity::insert(row).on_conflict(instead).exec_without_returning(tx).await?;
    Ok(())
}

/// Counts a guess at the code in force, if one is left.
pub(super) async fn spend_guess(
    tx: &DatabaseTransaction,
    user: UserId,
    purpose: CodePurpose,
    at: Timestamp,
) -> Result<Option<CodeState>, Failure> {
    let spent = Entity::update_many()
        .col_expr(Column::Attempts, Column::Attempts.into_expr().add(1))
        .filter(in_force(user, purpose, at))
        .filter(Column::Attempts.lt(MAX_CODE_GUESSES))
        .exec(tx)
        .await?;
    if spent.rows_affected != 1 {
        count_in_vain(tx, user, purpose, at).await?;
        return Ok(None);
    }
    let Some(row) = Entity::find_by_id((user.0, purpose.as_str().to_owned())).one(tx).await? else {
        return Ok(None);
    };
    let hash = row.hash.try_into().map_err(|_| Failure::internal("the hash of a code is not of 32 bytes"))?;
    Ok(Some(CodeState { hash, since: Timestamp(row.created_at) }))
}

/// Writes as much as a guess that is evaluated does: a row of a used code where there is none, else one more attempt, which
/// changes nothing for what was used, has expired, or has no guess left.
async fn count_in_vain(
    tx: &DatabaseTransaction,
    user: UserId,
    purpose: CodePurpose,
    at: Timestamp,
) -> Result<(), Failure> {
    let used = ActiveModel {
        user_id: Set(user.0),
        purpose: Set(purpose.as_str().to_owned()),
        hash: Set(vec![0; 32]),
        created_at: Set(at.0),
        expires_at: Set(at.0),
        attempts: Set(MAX_CODE_GUESSES),
        consumed_at: Set(Some(at.0)),
    };
    let attempts = Expr::col((Entity, Column::Attempts));
    // Never past what the column holds; back and forth above the most, so that the row differs each time.
    let next = Expr::case(attempts.clone().lte(MAX_CODE_GUESSES), attempts.clone().add(1)).finally(attempts.sub(1));
    let instead = OnConflict::columns([Column::UserId, Column::Purpose]).value(Column::Attempts, next).to_owned();
    Entity::insert(used).on_conflict(instead).exec_without_returning(tx).await?;
    Ok(())
}

/// Uses the code of that hash up; whether it was there to be used.
pub(in crate::repository) async fn consume(
    tx: &DatabaseTransaction,
    user: UserId,
    purpose: CodePurpose,
    hash: &SecretHash,
    at: Timestamp,
) -> Result<bool, Failure> {
    let consumed = Entity::update_many()
        .set(ActiveModel { consumed_at: Set(Some(at.0)), ..Default::default() })
        .filter(in_force(user, purpose, at))
        .filter(Column::Hash.eq(hash.to_vec()))
        .exec(tx)
        .await?;
    Ok(consumed.rows_affected == 1)
}

/// Uses up whatever code is in force; whether there was one.
pub(in crate::repository) async fn consume_any(
    tx: &DatabaseTransaction,
    user: UserId,
    purpose: CodePurpose,
    at: Timestamp,
) -> Result<bool, Failure> {
    let consumed = Entity::update_many()
        .set(ActiveModel { consumed_at: Set(Some(at.0)), ..Default::default() })
        .filter(in_force(user, purpose, at))
        .exec(tx)
        .await?;
    Ok(consumed.rows_affected == 1)
}

fn in_force(user: UserId, purpose: CodePurpose, at: Timestamp) -> Condition {
    Condition::all()
        .add(Column::UserId.eq(user.0))
        .add(Column::Purpose.eq(purpose.as_str()))
        .add(Column::ConsumedAt.is_null())
        .add(Column::ExpiresAt.gt(at.0))
}
