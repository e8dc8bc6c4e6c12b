//! Personal access tokens.

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{SessionId, TokenId, UserId};
use florin_domain::login_event::NewLoginEvent;
use florin_domain::personal_token::{NewPersonalToken, PersonalToken, TokenHolder, USE_NOTED_MILLIS};
use florin_domain::receipt::Receipt;
use florin_domain::repository::{RepositoryError, Result, TokenRepository};
use florin_domain::session::{Access, Principal, Scopes, SecretHash};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QueryTrait,
};

use crate::db::{self, Database, Failure, failed};
use crate::entity::personal_token::{ActiveModel, Column, Entity, Model};
use crate::entity::{session, user_login};
use crate::id_allocator::{IdAllocator, Sequence};

use super::account::{account_of, hold_enabled};
use super::{audit, receipt};

/// Personal access tokens in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlTokenRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlTokenRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }
}

#[async_trait]
impl TokenRepository for SqlTokenRepository {
    async fn reserve_id(&self) -> Result<TokenId> {
        self.ids.next(Sequence::PersonalToken).await.map(TokenId)
    }

    async fn create(
        &self,
        new: &NewPersonalToken,
        session: SessionId,
        most: u64,
        event: &NewLoginEvent,
    ) -> Result<Option<TokenId>> {
        let event_id = self.ids.next(Sequence::LoginEvent).await?;
        let made = self.database.write(|tx| async move {
            // Keeps others who would count this person's tokens out, and the account from being disabled.
            if !hold_enabled(&tx, new.user).await? {
                return Err(RepositoryError::Stale.into());
            }
            hold_session(&tx, new.user, session).await?;
            let kept = Entity::find().filter(Column::UserId.eq(new.user.0)).filter(Column::RevokedAt.is_null());
            if kept.count(&*tx).await? >= most {
                return Ok(false);
            }
            let row = ActiveModel {
                id: Set(new.id.0),
                user_id: Set(new.user.0),
                name: Set(new.name.clone()),
                scopes: Set(new.scopes.names().join(" ")),
                hash: Set(new.hash.to_vec()),
                created_at: Set(new.created_at.0),
                expires_at: Set(new.expires_at.map(|at| at.0)),
                last_used_at: Set(None),
                revoked_at: Set(None),
            };
            Entity::insert(row).exec_without_returning(&*tx).await?;
            if let Some(receipt) = &new.receipt {
                receipt::insert(&tx, new.user, receipt, new.created_at).await?;
            }
            audit::insert(&tx, event_id, event).await?;
            Ok(true)
        });
        Ok(made.await?.then_some(new.id))
    }

    async fn tokens(&self, user: UserId) -> Result<Vec<PersonalToken>> {
        let kept = Entity::find().filter(Column::UserId.eq(user.0)).filter(Column::RevokedAt.is_null());
        let newest_first = kept.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
        newest_first.all(self.database.read()).await.map_err(failed)?.into_iter().map(read).collect()
    }

    async fn revoke(
        &self,
        user: UserId,
        token: TokenId,
        at: Timestamp,
        event: &NewLoginEvent,
        receipt: Option<Receipt>,
    ) -> Result<bool> {
        let event_id = self.ids.next(Sequence::LoginEvent).await?;
        let receipt = receipt.as_ref();
        self.database
            .write(|tx| async move {
                if !receipt::may_follow(&tx, user, receipt).await? {
                    return Ok(false);
                }
                let revoked = Entity::update_many()
                    .set(ActiveModel { revoked_at: Set(Some(at.0)), ..Default::default() })
                    .filter(Column::Id.eq(token.0))
                    .filter(Column::UserId.eq(user.0))
                    .filter(Column::RevokedAt.is_null())
                    .exec(&*tx)
                    .await?;
                if revoked.rows_affected == 1 {
                    audit::insert(&tx, event_id, event).await?;
                    receipt::insert_any(&tx, user, receipt, at).await?;
                }
                Ok(revoked.rows_affected == 1)
            })
            .await
    }

    async fn holder(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<TokenHolder>> {
        let of_token = |column| Expr::col((Entity, column));
        let mut holder = user_login::Entity::find();
        QueryTrait::query(&mut holder)
            .expr_as(of_token(Column::Id), "token_id")
            .expr_as(of_token(Column::Scopes), "token_scopes")
            .expr_as(of_token(Column::LastUsedAt), "token_last_used_at")
            .inner_join(Entity, of_token(Column::UserId).equals((user_login::Entity, user_login::Column::Id)));
        let in_time = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now.0));
        let select = holder
            .filter(Column::Hash.eq(hash.to_vec()))
            .filter(Column::RevokedAt.is_null())
            .filter(in_time)
            .filter(user_login::Column::DisabledAt.is_null())
            .filter(user_login::Column::ErasedAt.is_null())
            .into_query();
        let Some(row) = self.database.read().query_one(&select).await.map_err(failed)? else { return Ok(None) };
        let account = account_of(user_login::Model::from_query_result(&row, "").map_err(failed)?)?;
        let id = TokenId(row.try_get("", "token_id").map_err(failed)?);
        let scopes = scopes(&row.try_get::<String>("", "token_scopes").map_err(failed)?)?;
        let last_used_at: Option<i64> = row.try_get("", "token_last_used_at").map_err(failed)?;
        Ok(Some(TokenHolder {
            principal: Principal { access: Access::Token(id, scopes), account },
            last_used_at: last_used_at.map(Timestamp),
        }))
    }

    async fn note_use(&self, token: TokenId, at: Timestamp) -> Result<()> {
        let not_lately = Condition::any()
            .add(Column::LastUsedAt.is_null())
            .add(Column::LastUsedAt.lte(at.plus_millis(-USE_NOTED_MILLIS).0));
        let not_lately = &not_lately;
        self.database
            .write(|tx| async move {
                Entity::update_many()
                    .set(ActiveModel { last_used_at: Set(Some(at.0)), ..Default::default() })
                    .filter(Column::Id.eq(token.0))
                    .filter(not_lately.clone())
                    .exec(&*tx)
                    .await?;
                Ok(())
            })
            .await
    }
}

/// Keeps the session from being ended until the end of the transaction.
async fn hold_session(tx: &DatabaseTransaction, user: UserId, session: SessionId) -> std::result::Result<(), Failure> {
    let row = Condition::all()
        .add(session::Column::Id.eq(session.0))
        .add(session::Column::UserId.eq(user.0))
        .add(session::Column::RevokedAt.is_null());
    let held = db::hold::<session::Entity>(tx, session::Column::CreatedAt, row).await?;
    if held == 1 { Ok(()) } else { Err(RepositoryError::Stale.into()) }
}

/// Revokes all tokens of a user.
pub(super) async fn revoke_all(
    tx: &DatabaseTransaction,
    user: UserId,
    at: Timestamp,
) -> std::result::Result<(), Failure> {
    Entity::update_many()
        .set(ActiveModel { revoked_at: Set(Some(at.0)), ..Default::default() })
        .filter(Column::UserId.eq(user.0))
        .filter(Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

fn scopes(stored: &str) -> Result<Scopes> {
    let unknown = || RepositoryError::Internal(format!("personal_token has scopes {stored:?}").into());
    Scopes::from_stored(stored).ok_or_else(unknown)
}

fn read(row: Model) -> Result<PersonalToken> {
    Ok(PersonalToken {
        id: TokenId(row.id),
        scopes: scopes(&row.scopes)?,
        name: row.name,
        created_at: Timestamp(row.created_at),
        expires_at: row.expires_at.map(Timestamp),
        last_used_at: row.last_used_at.map(Timestamp),
    })
}

#[cfg(test)]
pub(super) mod tests;
