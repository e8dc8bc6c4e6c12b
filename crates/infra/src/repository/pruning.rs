//! Removing what has served its time, in small pieces, so that no lock is held for long.

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::repository::{PruningRepository, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use crate::db::deadline::PATIENT;
use crate::db::{Database, failed};
use crate::entity::{idempotency_key, job_run, notification_delivery, one_time_code, refresh_token, session, sign_up};

use super::batch::padded;

/// Pruning in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlPruningRepository {
    database: Database,
}

impl SqlPruningRepository {
    /// On that database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Removes the oldest rows by an indexed column of instants: those up to the instant of the last that is within
    /// `limit`.
    async fn oldest<E: EntityTrait>(&self, instant: E::Column, before: Timestamp, limit: u64) -> Result<u64> {
        let instants: Vec<i64> = E::find()
            .select_only()
            .column(instant)
            .filter(instant.lt(before.0))
            .order_by_asc(instant)
            .limit(limit)
            .into_tuple()
            .all(self.database.read_patiently())
            .await
            .map_err(failed)?;
        let Some(last) = instants.last().copied() else { return Ok(0) };
        let removed = self.database.write_within(PATIENT, |tx| async move {
            Ok(E::delete_many().filter(instant.lte(last)).exec(&*tx).await?.rows_affected)
        });
        removed.await
    }
}

/// The refresh tokens of the session of the outer query.
fn tokens_of_session() -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(refresh_token::Entity)
        .and_where(
            Expr::col((refresh_token::Entity, refresh_token::Column::SessionId))
                .equals((session::Entity, session::Column::Id)),
        )
        .take()
}

#[async_trait]
impl PruningRepository for SqlPruningRepository {
    async fn answers(&self, kept_before: Timestamp, limit: u64) -> Result<u64> {
        self.oldest::<idempotency_key::Entity>(idempotency_key::Column::CreatedAt, kept_before, limit).await
    }

    async fn expired_refresh_tokens(&self, expired_before: Timestamp, limit: u64) -> Result<u64> {
        self.oldest::<refresh_token::Entity>(refresh_token::Column::ExpiresAt, expired_before, limit).await
    }

    async fn refresh_tokens_of_ended_sessions(&self, ended_before: Timestamp, limit: u64) -> Result<u64> {
        let mut found = refresh_token::Entity::find().select_only().column(refresh_token::Column::Hash);
        QueryTrait::query(&mut found).inner_join(
            session::Entity,
            Expr::col((session::Entity, session::Column::Id))
                .equals((refresh_token::Entity, refresh_token::Column::SessionId)),
        );
        let hashes: Vec<Vec<u8>> = found
            .filter(Expr::col((session::Entity, session::Column::RevokedAt)).lt(ended_before.0))
            .limit(limit)
            .into_tuple()
            .all(self.database.read_patiently())
            .await
            .map_err(failed)?;
        let mut removed = 0;
        // A session that has ended does not begin again, so nothing can have changed about these since.
        for list in padded(&hashes) {
            let list = &list;
            let done = self.database.write_within(PATIENT, |tx| async move {
                let these = refresh_token::Column::Hash.is_in(list.iter().cloned());
                Ok(refresh_token::Entity::delete_many().filter(these).exec(&*tx).await?.rows_affected)
            });
            removed += done.await?;
        }
        Ok(removed)
    }

    async fn sessions(&self, ended_before: Timestamp, limit: u64) -> Result<u64> {
        use session::{Column, Entity};
        // Two selections, each by an index of its own.
        let ended = Entity::find().filter(Column::RevokedAt.lt(ended_before.0)).order_by_asc(Column::RevokedAt);
        let lapsed = Entity::find()
            .filter(Column::LastUsedAt.lt(ended_before.0))
            .filter(Column::RevokedAt.is_null())
            .filter(Expr::exists(tokens_of_session()).not())
            .order_by_asc(Column::LastUsedAt);
        let mut removed = 0;
        for old in [ended, lapsed] {
            let left = limit.saturating_sub(removed);
            let ids: Vec<i64> = old
                .select_only()
                .column(Column::Id)
                .limit(left)
                .into_tuple()
                .all(self.database.read_patiently())
                .await
                .map_err(failed)?;
            for list in padded(&ids) {
                let list = &list;
                let done = self.database.write_within(PATIENT, |tx| async move {
                    let of_these = refresh_token::Column::SessionId.is_in(list.iter().copied());
                    refresh_token::Entity::delete_many().filter(of_these).exec(&*tx).await?;
                    let still = Condition::any()
                        .add(Column::RevokedAt.lt(ended_before.0))
                        .add(Column::LastUsedAt.lt(ended_before.0));
                    let these = Entity::delete_many().filter(Column::Id.is_in(list.iter().copied())).filter(still);
                    Ok(these.exec(&*tx).await?.rows_affected)
                });
                removed += done.await?;
            }
        }
        Ok(removed)
    }

    async fn codes(&self, expired_before: Timestamp, limit: u64) -> Result<u64> {
        self.oldest::<one_time_code::Entity>(one_time_code::Column::ExpiresAt, expired_before, limit).await
    }

    async fn sign_ups(&self, made_before: Timestamp, limit: u64) -> Result<u64> {
        self.oldest::<sign_up::Entity>(sign_up::Column::CreatedAt, made_before, limit).await
    }

    async fn deliveries(&self, settled_before: Timestamp, limit: u64) -> Result<u64> {
        use notification_delivery::{Column, Entity};
        self.oldest::<Entity>(Column::SettledAt, settled_before, limit).await
    }

    async fn job_runs(&self, begun_before: Timestamp, limit: u64) -> Result<u64> {
        self.oldest::<job_run::Entity>(job_run::Column::StartedAt, begun_before, limit).await
    }
}
