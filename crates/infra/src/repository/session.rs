//! Log-in sessions, refresh tokens and one-time codes.
//!
//! Rotations of one session come after one another: each writes the session's row first. Whoever reads a token's row after
//! that write sees what the rotations before it did.

mod code;
mod rotation;

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{SessionId, UserId};
use florin_domain::repository::{CodeState, Result, SessionRepository};
use florin_domain::session::{Access, CodePurpose, Device, NewRefreshToken, Principal, Rotation, SecretHash};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryTrait};

use crate::db::{Database, Failure, failed};
use crate::entity::{refresh_token, session, user_login};
use crate::id_allocator::{IdAllocator, Sequence};

use super::account::account_of;

/// Sessions and one-time codes in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlSessionRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlSessionRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
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

#[async_trait]
impl SessionRepository for SqlSessionRepository {
    async fn open(&self, user: UserId, device: &Device, token: &NewRefreshToken) -> Result<SessionId> {
        let id = self.ids.next(Sequence::Session).await?;
        self.database
            .write(|tx| async move {
                let opened = session::ActiveModel {
                    id: Set(id),
                    user_id: Set(user.0),
                    created_at: Set(token.issued_at.0),
                    last_used_at: Set(token.issued_at.0),
                    revoked_at: Set(None),
                    ip: Set(device.ip.clone()),
                    user_agent: Set(device.user_agent.clone()),
                };
                session::Entity::insert(opened).exec_without_returning(&*tx).await?;
                insert_token(&tx, SessionId(id), token).await
            })
            .await?;
        Ok(SessionId(id))
    }

    async fn principal(&self, session: SessionId, user: UserId) -> Result<Option<Principal>> {
        let mut holder = user_login::Entity::find();
        QueryTrait::query(&mut holder).inner_join(
            session::Entity,
            Expr::col((session::Entity, session::Column::UserId)).equals((user_login::Entity, user_login::Column::Id)),
        );
        let row = holder
            .filter(session::Column::Id.eq(session.0))
            .filter(session::Column::UserId.eq(user.0))
            .filter(session::Column::RevokedAt.is_null())
            .filter(user_login::Column::DisabledAt.is_null())
            .one(self.database.read())
            .await
            .map_err(failed)?;
        let account = row.map(account_of).transpose()?;
        Ok(account.map(|account| Principal { access: Access::Session(session), account }))
    }

    async fn rotate(&self, old: &SecretHash, new: &NewRefreshToken) -> Result<Rotation> {
        // Which session a token belongs to never changes, so it may be read before. A token that nobody has costs no write.
        let Some(found) = self.session_of(old).await? else { return Ok(Rotation::Invalid) };
        let (id, user) = (SessionId(found.id), UserId(found.user_id));
        if self.principal(id, user).await?.is_none() {
            return Ok(Rotation::Invalid);
        }
        self.database.write(|tx| async move { rotation::rotate(&tx, id, user, old, new).await }).await
    }

    async fn close_by_token(&self, token: &SecretHash, at: Timestamp) -> Result<Option<UserId>> {
        let Some(found) = self.session_of(token).await? else { return Ok(None) };
        let (id, user) = (SessionId(found.id), UserId(found.user_id));
        let ended = self.database.write(|tx| async move { end(&tx, id, at).await }).await?;
        Ok(ended.then_some(user))
    }

    async fn close_all(&self, user: UserId, except: Option<SessionId>, at: Timestamp) -> Result<()> {
        self.database
            .write(|tx| async move {
                let mut ended = session::Entity::update_many()
                    .set(session::ActiveModel { revoked_at: Set(Some(at.0)), ..Default::default() })
                    .filter(session::Column::UserId.eq(user.0))
                    .filter(session::Column::RevokedAt.is_null());
                if let Some(SessionId(kept)) = except {
                    ended = ended.filter(session::Column::Id.ne(kept));
                }
                ended.exec(&*tx).await?;
                Ok(())
            })
            .await
    }

    async fn put_code(
        &self,
        user: UserId,
        purpose: CodePurpose,
        hash: &SecretHash,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()> {
        self.database.write(|tx| async move { code::put(&tx, user, purpose, hash, at, expires_at).await }).await
    }

    async fn spend_guess(&self, user: UserId, purpose: CodePurpose, at: Timestamp) -> Result<Option<CodeState>> {
        self.database.write(|tx| async move { code::spend_guess(&tx, user, purpose, at).await }).await
    }

    async fn consume_code(&self, user: UserId, purpose: CodePurpose, hash: &SecretHash, at: Timestamp) -> Result<bool> {
        self.database.write(|tx| async move { code::consume(&tx, user, purpose, hash, at).await }).await
    }
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

#[cfg(test)]
mod tests;
