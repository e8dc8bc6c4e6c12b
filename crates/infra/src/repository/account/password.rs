//! Changing a password, and holding one still.

use florin_domain::id::UserId;
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::repository::PasswordChange;
use florin_domain::session::Proof;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter};

use super::super::audit;
use super::super::session::{code, end_all};
use super::write_password;
use crate::db::{self, Failure};
use crate::entity::{personal_token, user_cred};

/// Keeps a password from being changed until the end of the transaction, if it is the one of that hash; whether it is.
pub(in crate::repository) async fn hold(tx: &DatabaseTransaction, user: UserId, hash: &str) -> Result<bool, Failure> {
    let row = Condition::all().add(user_cred::Column::UserId.eq(user.0)).add(user_cred::Column::PasswordHash.eq(hash));
    Ok(db::hold::<user_cred::Entity>(tx, user_cred::Column::UpdatedAt, row).await? == 1)
}

/// Replaces a password; whether what it was proved by still held. Nothing is written before that is known.
pub(super) async fn change(tx: &DatabaseTransaction, event: i64, change: &PasswordChange) -> Result<bool, Failure> {
    let PasswordChange { user, at, .. } = *change;
    let (holds, kind) = match &change.proof {
        Proof::Password(hash) => (hold(tx, user, hash).await?, EventKind::PasswordChange),
        Proof::Code(purpose, hash) => (code::consume(tx, user, *purpose, hash, at).await?, EventKind::PasswordReset),
    };
    if !holds {
        return Ok(false);
    }
    write_password(tx, user, &change.password_hash, at).await?;
    end_all(tx, user, change.keep, at).await?;
    if kind == EventKind::PasswordReset {
        personal_token::Entity::update_many()
            .set(personal_token::ActiveModel { revoked_at: Set(Some(at.0)), ..Default::default() })
            .filter(personal_token::Column::UserId.eq(user.0))
            .filter(personal_token::Column::RevokedAt.is_null())
            .exec(tx)
            .await?;
    }
    let changed = NewLoginEvent::new(Some(user), at, kind, EventOutcome::Ok, &change.device);
    audit::insert(tx, event, &changed).await?;
    Ok(true)
}
