//! Sign-ups whose address is not proved yet.
//!
//! Whatever is done to the sign-ups of an account writes its `user_login` row first, and only while that one is unproved: so
//! sign-ups and the proof of one address come after one another, and none comes after the proof.

use async_trait::async_trait;
use florin_domain::account::Role;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{SessionId, SignUpId, UserId};
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::repository::{
    Confirmation, MAX_SIGN_UPS, NewAccount, NewSignUp, RepositoryError, Result, SignUpRepository, SignedUp, UniqueKey,
    WaitingSignUp,
};
use florin_domain::session::{CODE_LIFETIME_MILLIS, CodePurpose, NewSession};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::crash::crash_point;
use crate::db::{Database, Failure, failed};
use crate::entity::sign_up::{self, ActiveModel, Column, Entity};
use crate::entity::user_login;
use crate::id_allocator::{IdAllocator, Sequence};

use super::session::{code, insert_session};
use super::{account, audit};

/// How often a sign-up is tried that meets another one of the same new address.
const TRIES: u32 = 3;

/// Sign-ups in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlSignUpRepository {
    database: Database,
    ids: IdAllocator,
}

/// The identifiers that a sign-up may need. They are taken for one of a taken address too, as work to match.
#[derive(Debug, Clone, Copy)]
struct Ids {
    user: i64,
    sign_up: i64,
    event: i64,
}

impl SqlSignUpRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }
}

#[async_trait]
impl SignUpRepository for SqlSignUpRepository {
    async fn put(&self, new: &NewSignUp) -> Result<SignedUp> {
        let ids = Ids {
            user: self.ids.next(Sequence::User).await?,
            sign_up: self.ids.next(Sequence::SignUp).await?,
            event: self.ids.next(Sequence::LoginEvent).await?,
        };
        for _ in 0..TRIES {
            match self.database.try_write(|tx| async move { put(&tx, ids, new).await }).await {
                Ok(done) => {
                    crash_point("sign_up.committed");
                    return Ok(done);
                }
                // Another one of the same address was first, and is found now.
                Err(failure) if failure.violates("email") => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(RepositoryError::Taken(UniqueKey::Email))
    }

    async fn waiting(&self, user: UserId, at: Timestamp) -> Result<Vec<WaitingSignUp>> {
        let rows = Entity::find()
            .filter(Column::UserId.eq(user.0))
            .filter(Column::CodeExpiresAt.gt(at.0))
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Id)
            .all(self.database.read())
            .await
            .map_err(failed)?;
        let read = |row: sign_up::Model| {
            let code_hash = row.code_hash.try_into().map_err(|_| odd("the hash of a code is not of 32 bytes"))?;
            let sent_at = Timestamp(row.code_expires_at).plus_millis(-CODE_LIFETIME_MILLIS);
            Ok(WaitingSignUp { id: SignUpId(row.id), code_hash, sent_at })
        };
        rows.into_iter().map(read).collect()
    }

    async fn confirm(&self, confirmation: &Confirmation) -> Result<Option<SessionId>> {
        let session = SessionId(self.ids.next(Sequence::Session).await?);
        let event = self.ids.next(Sequence::LoginEvent).await?;
        let done = self.database.write(|tx| async move { confirm(&tx, session, event, confirmation).await }).await;
        match done {
            Ok(()) => Ok(Some(session)),
            Err(RepositoryError::Stale) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn odd(what: &str) -> RepositoryError {
    RepositoryError::Internal(what.to_owned().into())
}

async fn put(tx: &DatabaseTransaction, ids: Ids, new: &NewSignUp) -> std::result::Result<SignedUp, Failure> {
    let event = |user: UserId, outcome| NewLoginEvent::new(Some(user), new.at, EventKind::SignUp, outcome, &new.device);
    let verify = CodePurpose::Verify;
    let by_address = user_login::Entity::find().filter(user_login::Column::Email.eq(new.email.as_str()));
    let user = match by_address.one(tx).await? {
        None => {
            account::insert(tx, ids.user, &unproved(new)).await?;
            crash_point("sign_up.account");
            UserId(ids.user)
        }
        Some(row) if !account::hold_unproved(tx, UserId(row.id)).await? => {
            let owner = UserId(row.id);
            code::put(tx, new.decoy, verify, &new.code_hash, new.at, new.expires_at).await?;
            audit::insert(tx, ids.event, &event(owner, EventOutcome::Failed)).await?;
            return Ok(SignedUp::Taken(owner));
        }
        Some(row) => {
            account::write_password(tx, UserId(row.id), &new.password_hash, new.at).await?;
            UserId(row.id)
        }
    };
    insert(tx, ids.sign_up, user, new).await?;
    code::put(tx, user, verify, &new.code_hash, new.at, new.expires_at).await?;
    audit::insert(tx, ids.event, &event(user, EventOutcome::Ok)).await?;
    Ok(SignedUp::Waiting(user))
}

/// The account of an address that nobody has proved: it has the password of the latest sign-up, for a log-in to be told
/// that the address comes first, and no name. Currency and zone it must have; until the first expense both can be changed.
fn unproved(new: &NewSignUp) -> NewAccount {
    NewAccount {
        email: new.email.clone(),
        name: String::new(),
        role: Role::User,
        currency: new.currency,
        zone: new.zone,
        password_hash: new.password_hash.clone(),
        created_at: new.at,
        verified_at: None,
    }
}

/// Adds a sign-up to those that wait, and forgets the oldest of too many.
async fn insert(tx: &DatabaseTransaction, id: i64, user: UserId, new: &NewSignUp) -> std::result::Result<(), Failure> {
    let row = ActiveModel {
        id: Set(id),
        user_id: Set(user.0),
        code_hash: Set(new.code_hash.to_vec()),
        code_expires_at: Set(new.expires_at.0),
        created_at: Set(new.at.0),
        name: Set(new.name.clone()),
        currency: Set(new.currency.code().to_owned()),
        timezone: Set(new.zone.name().to_owned()),
        password_hash: Set(new.password_hash.clone()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    let newest_first: Vec<i64> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::UserId.eq(user.0))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .into_tuple()
        .all(tx)
        .await?;
    for old in newest_first.into_iter().skip(MAX_SIGN_UPS) {
        Entity::delete_by_id(old).exec(tx).await?;
    }
    Ok(())
}

/// Binds a code that is sent again to the sign-up of a user that waits, if it is the only one. Of several none is chosen: who
/// asked for the code is not known to have made any of them.
pub(super) async fn bind(
    tx: &DatabaseTransaction,
    user: UserId,
    code_hash: &[u8; 32],
    expires_at: Timestamp,
) -> std::result::Result<(), Failure> {
    account::hold_unproved(tx, user).await?;
    let of_user = || Column::UserId.eq(user.0);
    let waiting: Vec<i64> =
        Entity::find().select_only().column(Column::Id).filter(of_user()).limit(2).into_tuple().all(tx).await?;
    if let [only] = waiting[..] {
        Entity::update_many()
            .col_expr(Column::CodeHash, Expr::value(code_hash.to_vec()))
            .col_expr(Column::CodeExpiresAt, Expr::value(expires_at.0))
            .filter(Column::Id.eq(only))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// `Stale` when the code does not hold any more.
async fn confirm(
    tx: &DatabaseTransaction,
    session: SessionId,
    event: i64,
    confirmation: &Confirmation,
) -> std::result::Result<(), Failure> {
    let NewSession { user, device, token } = &confirmation.session;
    let (user, at) = (*user, token.issued_at);
    let stale = || Failure::from(RepositoryError::Stale);
    if !account::hold_unproved(tx, user).await? {
        return Err(stale());
    }
    let mut login = user_login::ActiveModel { verified_at: Set(Some(at.0)), ..Default::default() };
    let password_hash = match confirmation.sign_up {
        Some(SignUpId(id)) => {
            let bound = Entity::find_by_id(id)
                .filter(Column::UserId.eq(user.0))
                .filter(Column::CodeHash.eq(confirmation.code_hash.to_vec()))
                .filter(Column::CodeExpiresAt.gt(at.0));
            let chosen = bound.one(tx).await?.ok_or_else(stale)?;
            login.name = Set(chosen.name);
            login.currency = Set(chosen.currency);
            login.timezone = Set(chosen.timezone);
            chosen.password_hash
        }
        None => String::new(),
    };
    let consumed = match confirmation.sign_up {
        // The guess was counted at the latest code, which need not be this one; both are used up together.
        Some(_) => code::consume_any(tx, user, CodePurpose::Verify, at).await?,
        None => code::consume(tx, user, CodePurpose::Verify, &confirmation.code_hash, at).await?,
    };
    if !consumed {
        return Err(stale());
    }
    let its_row = user_login::Column::Id.eq(user.0);
    user_login::Entity::update_many().set(login).filter(its_row).exec(tx).await?;
    account::write_password(tx, user, &password_hash, at).await?;
    Entity::delete_many().filter(Column::UserId.eq(user.0)).exec(tx).await?;
    insert_session(tx, session, &confirmation.session).await?;
    crash_point("sign_up.confirming");
    let verified = NewLoginEvent::new(Some(user), at, EventKind::Verify, EventOutcome::Ok, device);
    audit::insert(tx, event, &verified).await
}

#[cfg(test)]
mod tests;
