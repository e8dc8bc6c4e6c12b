//! The head row of a user's log, as those write it who do not append to the log.

use florin_domain::id::UserId;
use florin_domain::ledger::{GENESIS, Head};
use florin_domain::repository::RepositoryError;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::db::{self, Failure};
use crate::entity::last_user_action;

/// Makes the head of a log without actions, unless there is one.
pub(super) async fn insert_head(tx: &DatabaseTransaction, user: UserId) -> Result<(), Failure> {
    last_user_action::Entity::insert(last_user_action::ActiveModel {
        user_id: Set(user.0),
        seq: Set(0),
        hash: Set(GENESIS.to_vec()),
        last_ordinary: Set(0),
        next_undo: Set(None),
        taxonomy_version: Set(0),
    })
    .on_conflict(
        OnConflict::column(last_user_action::Column::UserId)
            .do_nothing_on([last_user_action::Column::UserId])
            .to_owned(),
    )
    .exec_without_returning(tx)
    .await?;
    Ok(())
}

/// Counts a change of the user's categories, keywords or currency, which makes every plan stale that was made before. Also
/// the first statement of such a change: it keeps the user's other writes out until the end of the transaction.
///
/// # Errors
/// `Erased` when the head is sealed.
pub(super) async fn bump_taxonomy(tx: &DatabaseTransaction, user: UserId) -> Result<(), Failure> {
    // A user without a head gets one; who has one waits for no other row.
    for _ in 0..2 {
        let next = Expr::col(last_user_action::Column::TaxonomyVersion).add(1_i64);
        let bumped = last_user_action::Entity::update_many()
            .col_expr(last_user_action::Column::TaxonomyVersion, next)
            .filter(last_user_action::Column::UserId.eq(user.0))
            .filter(last_user_action::Column::TaxonomyVersion.ne(Head::SEALED))
            .exec(tx)
            .await?;
        if bumped.rows_affected == 1 {
            return Ok(());
        }
        insert_head(tx, user).await?;
    }
    // There is one now, and it takes no change.
    Err(RepositoryError::Erased.into())
}

/// Makes every plan stale for ever, and refuses whatever would be planned from now on. Also keeps the user's other writes
/// out until the end of the transaction.
pub(super) async fn seal(tx: &DatabaseTransaction, user: UserId) -> Result<(), Failure> {
    insert_head(tx, user).await?;
    last_user_action::Entity::update_many()
        .col_expr(last_user_action::Column::TaxonomyVersion, Expr::value(Head::SEALED))
        .filter(last_user_action::Column::UserId.eq(user.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Keeps the user's other writes out until the end of the transaction, if the taxonomy is still the one of that version.
///
/// # Errors
/// `Stale` when it is not; it never is when the head is sealed.
pub(super) async fn hold_taxonomy(tx: &DatabaseTransaction, user: UserId, version: i64) -> Result<(), Failure> {
    if version == Head::SEALED {
        return Err(RepositoryError::Erased.into());
    }
    // Once more after the head was made, by this or by another write: accounts are made with theirs, but one may have lost it.
    for last_try in [false, true] {
        let row = Condition::all()
            .add(last_user_action::Column::UserId.eq(user.0))
            .add(last_user_action::Column::TaxonomyVersion.eq(version));
        if db::hold::<last_user_action::Entity>(tx, last_user_action::Column::Seq, row).await? == 1 {
            return Ok(());
        }
        if last_try || version != 0 {
            break;
        }
        insert_head(tx, user).await?;
    }
    Err(RepositoryError::Stale.into())
}
