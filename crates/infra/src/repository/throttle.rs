//! Counted attempts. One conditional statement decides each: what it is told depends on no earlier read.

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::repository::{Result, ThrottleRepository};
use florin_domain::session::SecretHash;
use florin_domain::throttle::{Throttle, Verdict};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::{Database, Failure, failed};
use crate::entity::throttle::{ActiveModel, Column, Entity};

/// Throttles in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlThrottleRepository {
    database: Database,
}

impl SqlThrottleRepository {
    /// On that database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// Counts one more attempt of a bucket that is there, if one is left; whether it did.
async fn count(
    tx: &DatabaseTransaction,
    throttle: &Throttle,
    subject: &SecretHash,
    at: Timestamp,
) -> std::result::Result<bool, Failure> {
    // The condition and the new value are those of `Throttle::take`.
    let most = at.0 + (throttle.burst - 1) * throttle.interval_millis;
    let stored = || Expr::col(Column::FullAgainAt);
    let from: Expr = Expr::case(stored().gt(at.0), stored()).finally(Expr::value(at.0)).into();
    let counted = Entity::update_many()
        .col_expr(Column::FullAgainAt, from.add(throttle.interval_millis))
        .filter(Column::Name.eq(throttle.name))
        .filter(Column::Subject.eq(subject.to_vec()))
        .filter(Column::FullAgainAt.lte(most))
        .exec(tx)
        .await?;
    Ok(counted.rows_affected == 1)
}

#[async_trait]
impl ThrottleRepository for SqlThrottleRepository {
    async fn take(&self, throttle: &Throttle, subject: &SecretHash, at: Timestamp) -> Result<Verdict> {
        self.database
            .write(|tx| async move {
                if count(&tx, throttle, subject, at).await? {
                    return Ok(Verdict::Allowed);
                }
                // Full, or never used. An empty bucket in the place of none; how many rows that touched, the databases tell
                // differently, so the same statement decides again.
                let empty = ActiveModel {
                    name: Set(throttle.name.to_owned()),
                    subject: Set(subject.to_vec()),
                    full_again_at: Set(at.0),
                };
                let if_new = OnConflict::columns([Column::Name, Column::Subject])
                    .do_nothing_on([Column::Name, Column::Subject])
                    .to_owned();
                Entity::insert(empty).on_conflict(if_new).exec_without_returning(&*tx).await?;
                if count(&tx, throttle, subject, at).await? {
                    return Ok(Verdict::Allowed);
                }
                let key = (throttle.name.to_owned(), subject.to_vec());
                let full_again_at = Entity::find_by_id(key).one(&*tx).await?.map(|row| Timestamp(row.full_again_at));
                let retry_at = throttle.take(full_again_at, at).err().unwrap_or(at);
                Ok(Verdict::Refused { retry_at })
            })
            .await
    }

    async fn give_back(&self, throttle: &Throttle, subject: &SecretHash) -> Result<()> {
        self.database
            .write(|tx| async move {
                Entity::update_many()
                    .col_expr(Column::FullAgainAt, Expr::col(Column::FullAgainAt).sub(throttle.interval_millis))
                    .filter(Column::Name.eq(throttle.name))
                    .filter(Column::Subject.eq(subject.to_vec()))
                    .exec(&*tx)
                    .await?;
                Ok(())
            })
            .await
    }

    async fn prune(&self, at: Timestamp, limit: u64) -> Result<u64> {
        let idle: Vec<(String, Vec<u8>)> = Entity::find()
            .select_only()
            .column(Column::Name)
            .column(Column::Subject)
            .filter(Column::FullAgainAt.lt(at.0))
            .order_by_asc(Column::FullAgainAt)
            .limit(limit)
            .into_tuple()
            .all(self.database.read_patiently())
            .await
            .map_err(failed)?;
        let mut removed = 0;
        for (name, subject) in &idle {
            let done = self.database.write(|tx| async move {
                let row = Entity::delete_many()
                    .filter(Column::Name.eq(name.as_str()))
                    .filter(Column::Subject.eq(subject.clone()))
                    .filter(Column::FullAgainAt.lt(at.0));
                Ok(row.exec(&*tx).await?)
            });
            removed += done.await?.rows_affected;
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::repository::account::tests::{Place, START, hash};

    const THROTTLE: Throttle = Throttle { name: "test", burst: 5, interval_millis: 1000 };

    #[tokio::test]
    async fn of_many_at_once_no_more_than_allowed_are_counted() {
        let place = Place::new().await;
        let throttles = Arc::new(SqlThrottleRepository::new(place.database.clone()));
        let (one, other) = (hash(), hash());
        let tasks: Vec<_> = (0..40)
            .map(|_| {
                let throttles = Arc::clone(&throttles);
                tokio::spawn(async move { throttles.take(&THROTTLE, &one, START).await.unwrap() })
            })
            .collect();
        let mut allowed = 0;
        for task in tasks {
            match task.await.unwrap() {
                Verdict::Allowed => allowed += 1,
                Verdict::Refused { retry_at } => assert_eq!(retry_at, START.plus_millis(1000)),
            }
        }
        assert_eq!(allowed, 5);
        assert_eq!(throttles.take(&THROTTLE, &other, START).await.unwrap(), Verdict::Allowed);
        throttles.give_back(&THROTTLE, &one).await.unwrap();
        assert_eq!(throttles.take(&THROTTLE, &one, START).await.unwrap(), Verdict::Allowed);
        assert!(matches!(throttles.take(&THROTTLE, &one, START).await.unwrap(), Verdict::Refused { .. }));
        assert_eq!(throttles.take(&THROTTLE, &one, START.plus_millis(1000)).await.unwrap(), Verdict::Allowed);
        assert_eq!(throttles.prune(START.plus_millis(1001), 10).await.unwrap(), 1, "the other one's");
        assert_eq!(throttles.prune(START.plus_millis(60_000), 10).await.unwrap(), 1);
    }
}
