//! Log-in sessions, refresh tokens and one-time codes.
//!
//! Rotations of one session come after one another: each writes the session's row first. Whoever reads a token's row after
//! that write sees what the rotations before it did.

pub(super) mod code;
mod device;
mod rotation;

use std::collections::HashMap;

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{SessionId, UserId};
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::receipt::Receipt;
use florin_domain::repository::{CodeState, NewCode, Result, SessionRepository};
use florin_domain::session::{
    Access, CodePurpose, Device, LiveSession, NewRefreshToken, NewSession, Principal, Proof, Rotation, SecretHash,
};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QueryTrait,
};

use crate::db::{Database, Failure, Gather, failed};
use crate::entity::{refresh_token, session, user_login};
use crate::id_allocator::{IdAllocator, Sequence};

use super::account::{account_of, hold_enabled, password};
use super::batch::padded;
use super::{audit, receipt, sign_up};

pub(super) use device::goes_on;

/// Sessions and one-time codes in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlSessionRepository {
    database: Database,
    ids: IdAllocator,
    holders: Gather<i64, user_login::Model>,
}

impl SqlSessionRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let holders = Gather::new(database.read().clone(), |pool, sessions| Box::pin(holders(pool, sessions)));
        Self { ids: IdAllocator::new(database.clone()), holders, database }
    }

    /// The session of a token, live or not.
    async fn session_of(&self, token: &SecretHash) -> Result<Option<session::Model>> {
        let mut found = session::Entity::find();
        QueryTrait::query(&mut found).inner_join(
            refresh_token::Entity,
            Expr::col((refresh_token::Entity, refresh_token::Column::SessionId))
                .equals((session::Entity, session::Column::Id)),
        );
        let of_token = Expr::col((refresh_token::Entity, refresh_token::Column::Hash)).eq(token.to_vec());
        found.filter(of_token).one(self.database.read()).await.map_err(failed)
    }
}

/// The accounts behind those of the sessions that go on, by session.
async fn holders(
    pool: DatabaseConnection,
    sessions: Vec<i64>,
) -> std::result::Result<HashMap<i64, user_login::Model>, DbErr> {
    let mut found = HashMap::with_capacity(sessions.len());
    for list in padded(&sessions) {
        for row in pool.query_all(&holders_of(list)).await? {
            let account = user_login::Model::from_query_result(&row, "")?;
            let revoked_at: Option<i64> = row.try_get("", "revoked_at")?;
            if revoked_at.is_none() && account.disabled_at.is_none() {
                found.insert(row.try_get("", "session_id")?, account);
            }
        }
    }
    Ok(found)
}

/// Selects the accounts behind these sessions. Whether they go on is not asked in the statement: that nearly all do is not known
/// to a database that has counted nothing yet, which then took the index of revoked sessions for the shortest way.
pub(in crate::repository) fn holders_of(sessions: Vec<i64>) -> SelectStatement {
    let mut holder = user_login::Entity::find();
    let of_session = |column| Expr::col((session::Entity, column));
    QueryTrait::query(&mut holder)
        .expr_as(of_session(session::Column::Id), "session_id")
        .expr_as(of_session(session::Column::RevokedAt), "revoked_at")
        .inner_join(
            session::Entity,
            of_session(session::Column::UserId).equals((user_login::Entity, user_login::Column::Id)),
        );
    holder.filter(session::Column::Id.is_in(sessions)).into_query()
}

#[async_trait]
impl SessionRepository for SqlSessionRepository {
    async fn log_in(&self, new: &NewSession, proof: &Proof) -> Result<Option<SessionId>> {
        let session = SessionId(self.ids.next(Sequence::Session).await?);
        let event = self.ids.next(Sequence::LoginEvent).await?;
        self.database
            .write(|tx| async move {
                let (user, at) = (new.user, new.token.issued_at);
                if !hold_enabled(&tx, user).await? {
                    return Ok(None);
                }
                let holds = match proof {
                    Proof::Password(hash) => password::hold(&tx, user, hash).await?,
                    Proof::Code(purpose, hash) => code::consume(&tx, user, *purpose, hash, at).await?,
                };
                if !holds {
                    return Ok(None);
                }
                insert_session(&tx, session, new).await?;
                let noted = NewLoginEvent::new(Some(user), at, EventKind::LogIn, EventOutcome::Ok, &new.device);
                audit::insert(&tx, event, &noted).await?;
                Ok(Some(session))
            })
            .await
    }

    async fn principal(&self, session: SessionId, user: UserId) -> Result<Option<Principal>> {
        let row = self.holders.get(session.0).await.map_err(failed)?.filter(|row| row.id == user.0);
        let account = row.map(account_of).transpose()?;
        Ok(account.map(|account| Principal { access: Access::Session(session), account }))
    }

    async fn rotate(&self, old: &SecretHash, new: &NewRefreshToken, device: &Device) -> Result<Rotation> {
        // Which session a token belongs to, and when that was opened, never change, so they may be read before.
        let found = self.session_of(old).await?;
        let user = found.as_ref().map(|found| UserId(found.user_id));
        let next = match found {
            Some(found) => {
                let (session, user) = (SessionId(found.id), UserId(found.user_id));
                let live = self.principal(session, user).await?.is_some();
                new.within(Timestamp(found.created_at)).filter(|_| live).map(|new| (session, user, new))
            }
            None => None,
        };
        let next = &next;
        let event = self.ids.next(Sequence::LoginEvent).await?;
        self.database
            .write(|tx| async move {
                let rotation = match next {
                    Some((session, user, new)) => rotation::rotate(&tx, *session, *user, old, new).await?,
                    None => Rotation::Invalid,
                };
                let outcome = match rotation {
                    Rotation::Rotated { .. } => EventOutcome::Ok,
                    Rotation::Reused { .. } | Rotation::Invalid => EventOutcome::Failed,
                };
                let noted = NewLoginEvent::new(user, new.issued_at, EventKind::Refresh, outcome, device);
                audit::insert(&tx, event, &noted).await?;
                Ok(rotation)
            })
            .await
    }

    async fn close_by_token(&self, token: &SecretHash, at: Timestamp, device: &Device) -> Result<Option<UserId>> {
        let Some(found) = self.session_of(token).await? else { return Ok(None) };
        let (id, user) = (SessionId(found.id), UserId(found.user_id));
        let event = self.ids.next(Sequence::LoginEvent).await?;
        self.database
            .write(|tx| async move {
                if !end(&tx, id, at).await? {
                    return Ok(None);
                }
                let noted = NewLoginEvent::new(Some(user), at, EventKind::LogOut, EventOutcome::Ok, device);
                audit::insert(&tx, event, &noted).await?;
                Ok(Some(user))
            })
            .await
    }

    async fn close_all(&self, user: UserId, except: Option<SessionId>, at: Timestamp) -> Result<()> {
        self.database.write(|tx| async move { end_all(&tx, user, except, at).await }).await
    }

    async fn put_code(&self, code: &NewCode, event: &NewLoginEvent) -> Result<()> {
        let id = self.ids.next(Sequence::LoginEvent).await?;
        self.database
            .write(|tx| async move {
                if code.purpose == CodePurpose::Verify {
                    sign_up::bind(&tx, code.user, &code.hash, code.expires_at).await?;
                }
                code::put(&tx, code.user, code.purpose, &code.hash, code.at, code.expires_at).await?;
                audit::insert(&tx, id, event).await
            })
            .await
    }

    async fn live(&self, user: UserId, now: Timestamp, limit: u64) -> Result<Vec<LiveSession>> {
        device::live(&self.database, user, now, limit).await
    }

    async fn close(
        &self,
        user: UserId,
        session: SessionId,
        at: Timestamp,
        event: &NewLoginEvent,
        receipt: Option<Receipt>,
    ) -> Result<bool> {
        let event_id = self.ids.next(Sequence::LoginEvent).await?;
        let receipt = receipt.as_ref();
        self.database
            .write(|tx| async move {
                if !receipt::may_follow(&tx, user, receipt).await?
                    || !device::close(&tx, user, session, at, event_id, event).await?
                {
                    return Ok(false);
                }
                receipt::insert_any(&tx, user, receipt, at).await?;
                Ok(true)
            })
            .await
    }

    async fn spend_guess(&self, user: UserId, purpose: CodePurpose, at: Timestamp) -> Result<Option<CodeState>> {
        self.database.write(|tx| async move { code::spend_guess(&tx, user, purpose, at).await }).await
    }
}

/// Opens a session of that identifier with its first token.
pub(super) async fn insert_session(
    tx: &DatabaseTransaction,
    id: SessionId,
    new: &NewSession,
) -> std::result::Result<(), Failure> {
    let NewSession { user, device, token } = new;
    let opened = session::ActiveModel {
        id: Set(id.0),
        user_id: Set(user.0),
        created_at: Set(token.issued_at.0),
        last_used_at: Set(token.issued_at.0),
        revoked_at: Set(None),
        ip: Set(device.ip.clone()),
        user_agent: Set(device.user_agent.clone()),
    };
    session::Entity::insert(opened).exec_without_returning(tx).await?;
    insert_token(tx, id, token).await
}

async fn insert_token(
    tx: &DatabaseTransaction,
    session: SessionId,
    token: &NewRefreshToken,
) -> std::result::Result<(), Failure> {
    let row = refresh_token::ActiveModel {
        hash: Set(token.hash.to_vec()),
        session_id: Set(session.0),
        issued_at: Set(token.issued_at.0),
        expires_at: Set(token.expires_at.0),
        used_at: Set(None),
        successor: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Ends a session; whether it was live.
async fn end(tx: &DatabaseTransaction, session: SessionId, at: Timestamp) -> std::result::Result<bool, Failure> {
    let ended = session::Entity::update_many()
        .set(session::ActiveModel { revoked_at: Set(Some(at.0)), ..Default::default() })
        .filter(session::Column::Id.eq(session.0))
        .filter(session::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    Ok(ended.rows_affected == 1)
}

/// Ends all sessions of a user, except one.
pub(super) async fn end_all(
    tx: &DatabaseTransaction,
    user: UserId,
    except: Option<SessionId>,
    at: Timestamp,
) -> std::result::Result<(), Failure> {
    let mut ended = session::Entity::update_many()
        .set(session::ActiveModel { revoked_at: Set(Some(at.0)), ..Default::default() })
        .filter(session::Column::UserId.eq(user.0))
        .filter(session::Column::RevokedAt.is_null());
    if let Some(SessionId(kept)) = except {
        ended = ended.filter(session::Column::Id.ne(kept));
    }
    ended.exec(tx).await?;
    Ok(())
}

#[cfg(test)]
impl SqlSessionRepository {
    /// Opens a session, whatever it was proved by, unless the account was erased.
    pub(in crate::repository) async fn open(
        &self,
        user: UserId,
        device: &Device,
        token: &NewRefreshToken,
    ) -> Result<SessionId> {
        let id = SessionId(self.ids.next(Sequence::Session).await?);
        let new = &NewSession { user, device: device.clone(), token: token.clone() };
        self.database
            .write(|tx| async move {
                if !super::account::hold_present(&tx, user).await? {
                    return Err(florin_domain::repository::RepositoryError::Erased.into());
                }
                insert_session(&tx, id, new).await
            })
            .await?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests;
