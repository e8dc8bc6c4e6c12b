//! Bringing the schema up to date, one process at a time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use florin_domain::repository::RepositoryError;
use florin_migration::sea_orm_migration::{MigratorTrait, SchemaManager, seaql_migrations};
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait};

use super::connect::{is_galera, sqlx_failed};
use super::deadline::PATIENT;
use super::{Database, DatabaseError, Failure, failed};
use crate::crash::{Migrations, crash_point};

/// How long one process waits for another one's migrations, in seconds.
const LOCK_SECONDS: u32 = 60;
/// How long a process at another node of a cluster may take for one migration, before it is taken for dead.
const ELSEWHERE: Duration = Duration::from_secs(20);
/// The key of the lock on PostgreSQL: "florin" in ASCII. It is one per database.
const LOCK_KEY: i64 = 0x66_6c_6f_72_69_6e;

/// How the database's schema compares with what this program needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// Nothing was ever migrated.
    Missing,
    /// Migrations are missing.
    Older {
        /// Their names, in order.
        pending: Vec<String>,
    },
    /// It is what this program needs.
    Current,
    /// A later version of this program migrated it.
    Newer,
}

impl std::fmt::Display for SchemaState {
    /// What is wrong with it, and what to do about it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => f.write_str("the database is migrated"),
            Self::Missing => f.write_str("the database is not migrated; run `florin-api migrate`"),
            Self::Older { pending } => {
                write!(f, "the database lacks migrations ({}); run `florin-api migrate`", pending.join(", "))
            }
            Self::Newer => f.write_str("the database was migrated by a later version of this program"),
        }
    }
}

/// Applied and known migrations, compared.
struct Comparison {
    any_applied: bool,
    /// Known but not applied, in order.
    pending: Vec<String>,
    /// The last one that is applied but not known.
    unknown: Option<String>,
}

impl Database {
    /// How the schema compares with what this program needs. Changes nothing.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn schema_state(&self) -> Result<SchemaState, DatabaseError> {
        let compared = |pool| async move { compare(&pool, SchemaManager::new(&pool)).await };
        let comparison = self.inner.probe.run(compared).await.map_err(failed)?;
        Ok(match comparison {
            Comparison { unknown: Some(_), .. } => SchemaState::Newer,
            Comparison { any_applied: false, .. } => SchemaState::Missing,
            Comparison { pending, .. } if pending.is_empty() => SchemaState::Current,
            Comparison { pending, .. } => SchemaState::Older { pending },
        })
    }

    /// Applies the migrations that are missing and returns their names. Any number of processes may call it at once: one
    /// migrates, the others wait and find nothing left to do. At several nodes of a Galera cluster they may share the work; who
    /// had to wait for another then returns no names.
    ///
    /// # Errors
    /// [`DatabaseError::Newer`], with nothing touched, when a later version migrated it; [`DatabaseError::Locked`] when
    /// another process has been migrating for a minute.
    pub async fn migrate(&self) -> Result<Vec<String>, DatabaseError> {
        match self.backend() {
            DbBackend::MySql => self.migrate_mysql().await,
            DbBackend::Postgres => self.migrate_postgres().await,
            _ => self.migrate_sqlite().await,
        }
    }

    /// All in one transaction, which is the lock too. Its DDL is transactional.
    async fn migrate_sqlite(&self) -> Result<Vec<String>, DatabaseError> {
        let started = Instant::now();
        let tx = loop {
            match self.begin(self.deadline(PATIENT)).await.map_err(Failure::Database) {
                Ok(tx) => break tx,
                Err(failure) if !failure.is_contention() => return Err(DatabaseError::Repository(failure.into())),
                Err(_) if started.elapsed() > Duration::from_secs(u64::from(LOCK_SECONDS)) => {
                    return Err(DatabaseError::Locked);
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let comparison = compare(&tx, SchemaManager::new(&tx)).await.map_err(failed)?;
        if let Some(name) = comparison.unknown {
            return Err(DatabaseError::Newer(name));
        }
        Migrations::up(&tx, None).await.map_err(failed)?;
        crash_point("migration.before_commit");
        tx.commit().await.map_err(failed)?;
        Ok(comparison.pending)
    }

    /// The lock belongs to a connection of its own, which is outside the pool and is closed at the end, and the lock with
    /// it, however this ends.
    async fn migrate_mysql(&self) -> Result<Vec<String>, DatabaseError> {
        let options = self.inner.write.get_mysql_connection_pool().connect_options();
        let mut lock = options.connect().await.map_err(sqlx_failed)?;
        // Names of locks belong to the whole server and have at most 64 characters.
        let taken: Option<i64> = sqlx::query_scalar("SELECT GET_LOCK(CONCAT('florin ', SHA1(DATABASE())), ?)")
            .bind(LOCK_SECONDS)
            .fetch_one(&mut lock)
            .await
            .map_err(sqlx_failed)?;
        if taken != Some(1) {
            return Err(DatabaseError::Locked);
        }
        let is_galera = is_galera(&mut lock).await.map_err(sqlx_failed)?;
        let done = match self.migrate_locked().await {
            Err(DatabaseError::Repository(error)) if is_galera => self.migrated_elsewhere(error).await,
            done => done,
        };
        lock.close().await.map_err(sqlx_failed)?;
        done
    }

    /// On a Galera cluster the lock is one node's alone. But every change of the schema is made at all nodes in one order, so
    /// that each has one winner: who fails, because the table is there already, waits for the one who made it. Several may have
    /// been in each other's way, so that all of them wait: who has seen nobody go on for a while goes on.
    async fn migrated_elsewhere(&self, error: RepositoryError) -> Result<Vec<String>, DatabaseError> {
        tracing::info!(%error, "a migration failed; perhaps a process at another node of the cluster applies it: waiting for that");
        let (mut left, mut since) = (usize::MAX, Instant::now());
        let mut turn = since + self::turn();
        while since.elapsed() < ELSEWHERE {
            match self.schema_state().await {
                Ok(SchemaState::Current) => return Ok(Vec::new()),
                Ok(SchemaState::Older { pending }) if pending.len() < left => {
                    (left, since) = (pending.len(), Instant::now());
                    turn = since + self::turn();
                }
                _ if Instant::now() >= turn => {
                    match self.migrate_locked().await {
                        Err(DatabaseError::Repository(error)) => tracing::info!(%error, "a migration failed once more"),
                        done => return done.map(|_| Vec::new()),
                    }
                    turn = Instant::now() + self::turn();
                }
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        Err(error.into())
    }

    async fn migrate_postgres(&self) -> Result<Vec<String>, DatabaseError> {
        let options = self.inner.write.get_postgres_connection_pool().connect_options();
        let mut lock = options.connect().await.map_err(sqlx_failed)?;
        let started = Instant::now();
        loop {
            let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
                .bind(LOCK_KEY)
                .fetch_one(&mut lock)
                .await
                .map_err(sqlx_failed)?;
            if taken {
                break;
            }
            if started.elapsed() > Duration::from_secs(u64::from(LOCK_SECONDS)) {
                return Err(DatabaseError::Locked);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let done = self.migrate_locked().await;
        lock.close().await.map_err(sqlx_failed)?;
        done
    }

    async fn migrate_locked(&self) -> Result<Vec<String>, DatabaseError> {
        let connection = &self.inner.write;
        let comparison = compare(connection, SchemaManager::new(connection)).await.map_err(failed)?;
        if let Some(name) = comparison.unknown {
            return Err(DatabaseError::Newer(name));
        }
        Migrations::up(connection, None).await.map_err(failed)?;
        Ok(comparison.pending)
    }
}

/// How long to wait for the others until it is one's own turn, of random length so that there is one who goes first.
fn turn() -> Duration {
    Duration::from_millis(500 + getrandom::u64().unwrap_or_default() % 2500)
}

async fn compare<C: ConnectionTrait>(connection: &C, schema: SchemaManager<'_>) -> Result<Comparison, DbErr> {
    let applied: BTreeSet<String> = if schema.has_table("seaql_migrations").await? {
        seaql_migrations::Entity::find().all(connection).await?.into_iter().map(|row| row.version).collect()
    } else {
        BTreeSet::new()
    };
    let known: Vec<String> = Migrations::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    Ok(Comparison {
        any_applied: !applied.is_empty(),
        unknown: applied.iter().rev().find(|name| !known.contains(name)).cloned(),
        pending: known.into_iter().filter(|name| !applied.contains(name)).collect(),
    })
}
