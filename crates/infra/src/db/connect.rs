//! Pools, set so that the three databases behave alike.

use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPoolOptions, MySqlSslMode};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions, PgSslMode};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Pool, Row};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxError};

use super::hold::note_galera;
use super::losses::Losses;
use super::{DatabaseError, DatabaseOptions, Failure, failed};

/// A connection that was idle for longer is tried before it is used.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(30);
/// One that is idle for about this long is closed, before a server does so (see [`MYSQL_SESSION`]).
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a connection that was given back may take to show that it can be lent again.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long SQLite waits for another process's transaction: no longer than a unit of work may take with all its tries.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// The pages that the writing connection of SQLite keeps in memory: 16 MiB, in units of -1 KiB.
const WRITER_CACHE: &str = "-16384";
/// The pages that a reading connection keeps: 256 KiB. Each change of the file makes it let go of them all.
const READER_CACHE: &str = "-256";
/// After how many pages of the write-ahead log (of 4 KiB) a commit brings them home, which takes longer than the commit
/// itself. Mostly it was done before, by a connection of its own ([`super::checkpoint`]).
const CHECKPOINT_PAGES: &str = "16000";
/// Prepared statements kept per connection. Lists are padded to powers of two, so that there are not many.
const STATEMENTS: usize = 250;

/// How the sessions of MySQL and MariaDB are set, whatever the server's defaults: errors instead of truncated values, no
/// row that can be read only once, no lock waited for longer than a client waits. And a transaction whose client is gone
/// without having said so, with its machine or the network, does not hold its locks for hours: MariaDB ends it after ten
/// seconds; elsewhere its connection ends after three minutes of silence.
const MYSQL_SESSION: [&str; 2] = [
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
     NO_ENGINE_SUBSTITUTION', SESSION innodb_lock_wait_timeout = 3, SESSION wait_timeout = 180\
     /*M!100302 , SESSION idle_transaction_timeout = 10 */",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
];
/// On a node of a Galera cluster: what was acknowledged at any node is there when a statement or a transaction begins. A node
/// applies the commits of the others a little later than they are acknowledged, and would answer from before them.
///
/// 1 is for reads and for BEGIN. Waiting before writes (2 and 4) would add nothing: inside a transaction, which every write is
/// in, no statement waits again, and what was missed there fails when it is certified.
const GALERA_SESSION: &str = "SET SESSION wsrep_sync_wait = 1";
/// How the sessions of PostgreSQL are set.
const POSTGRES_SESSION: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
                                SET lock_timeout = '3s'; SET timezone = 'UTC'; \
                                SET idle_in_transaction_session_timeout = '10s'";

/// The pools of a database.
pub(super) struct Pools {
    /// To write with.
    pub(super) write: DatabaseConnection,
    /// To read with; for a server the same.
    pub(super) read: DatabaseConnection,
    /// For a file, to bring home what its write-ahead log holds.
    pub(super) checkpoint: Option<DatabaseConnection>,
}

/// The pools of the database of that address.
pub(super) async fn pools(url: &str, options: &DatabaseOptions, losses: &Losses) -> Result<Pools, DatabaseError> {
    let of_server = |pool: DatabaseConnection| Pools { write: pool.clone(), read: pool, checkpoint: None };
    let (scheme, rest) = url.split_once("://").ok_or(DatabaseError::UnknownScheme)?;
    match scheme {
        "sqlite" => sqlite(rest, options).await,
        "mysql" | "mariadb" => Ok(of_server(mysql(&format!("mysql://{rest}"), options, losses)?.into())),
        "postgres" | "postgresql" => Ok(of_server(postgres(url, options, losses)?.into())),
        _ => Err(DatabaseError::UnknownScheme),
    }
}

/// Whether connections lead to another machine without TLS that checks who it is, as the drivers read the address. One that
/// they cannot read leads nowhere.
pub(crate) fn is_exposed(url: &str) -> bool {
    let (host, is_verified) = match url.split_once("://") {
        Some(("mysql" | "mariadb", rest)) => {
            let Ok(connect) = format!("mysql://{rest}").parse::<MySqlConnectOptions>() else { return false };
            let is_verified = matches!(connect.get_ssl_mode(), MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity);
            (connect.get_socket().is_none().then(|| connect.get_host().to_owned()), is_verified)
        }
        Some(("postgres" | "postgresql", _)) => {
            let Ok(connect) = url.parse::<PgConnectOptions>() else { return false };
            let is_verified = matches!(connect.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull);
            let by_path = connect.get_socket().is_some() || connect.get_host().starts_with('/');
            ((!by_path).then(|| connect.get_host().to_owned()), is_verified)
        }
        _ => return false,
    };
    let is_elsewhere = |host: String| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        !(host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback()))
    };
    !is_verified && host.is_some_and(is_elsewhere)
}

async fn sqlite(path: &str, options: &DatabaseOptions) -> Result<Pools, DatabaseError> {
    if path.is_empty() || path.contains('?') || path == ":memory:" {
        return Err(DatabaseError::MalformedAddress);
    }
    let file = Path::new(path);
    if options.create {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(DatabaseError::Folder)?;
        }
    } else if !file.is_file() {
        return Err(DatabaseError::MissingFile(path.to_owned()));
    }

    let common = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    // FULL: a commit that was acknowledged outlives a power cut.
    let writing = common
        .clone()
        .create_if_missing(options.create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // One that writes walks through every index of what it writes.
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        // What is removed is overwritten: an erased person is not to be found in the file's free pages.
        .pragma("secure_delete", "ON");
    let checkpointing = common.clone().synchronous(SqliteSynchronous::Full).pragma("wal_autocheckpoint", "0");
    let reading = common.pragma("query_only", "ON").pragma("cache_size", READER_CACHE);

    // Opened at once: switching a new file to WAL is not for readers to do. Two processes that start together are in each
    // other's way at that.
    let mut tries = 0;
    let writers = loop {
        let pool = sqlite_pool(options).max_connections(1).connect_with(writing.clone()).await;
        match pool.map_err(|error| Failure::Database(DbErr::Conn(RuntimeErr::SqlxError(error.into())))) {
            Ok(pool) => break pool,
            Err(failure) if failure.is_contention() && tries < 50 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(failure) => return Err(DatabaseError::Repository(failure.into())),
        }
    };
    let readers = sqlite_pool(options).max_connections(options.max_connections).connect_lazy_with(reading);
    let checkpoint = sqlite_pool(options).max_connections(1).connect_lazy_with(checkpointing);
    Ok(Pools { write: writers.into(), read: readers.into(), checkpoint: Some(checkpoint.into()) })
}

fn sqlite_pool(options: &DatabaseOptions) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .acquire_timeout(options.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // After SQLITE_FULL the transaction is gone, but sqlx still counts it; every later BEGIN would fail.
        .after_release(|connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
}

/// What both servers' pools have in common. A connection that has been idle is tried before it is used; one that was idle when
/// another one was lost is not used again.
macro_rules! server_pool {
    ($options:ty, $given:expr, $losses:expr) => {{
        let losses: Losses = $losses.clone();
        let abandoned: Losses = losses.clone();
        <$options>::new()
            .max_connections($given.max_connections)
            .acquire_timeout($given.acquire_timeout)
            .idle_timeout(IDLE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let is_lost = losses.concern(meta.idle_for);
                Box::pin(async move {
                    if is_lost {
                        return Ok(false);
                    }
                    if meta.idle_for >= TEST_AFTER_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_release(move |connection, _| {
                let is_abandoned = abandoned.may_be_abandoned();
                Box::pin(async move {
                    if is_abandoned {
                        return Ok(false);
                    }
                    let clean = tokio::time::timeout(RELEASE_TIMEOUT, is_clean(connection));
                    Ok(clean.await.unwrap_or(Ok(false)).unwrap_or(false))
                })
            })
    }};
}

/// Whether a connection that was given back may be lent again; otherwise it is closed.
///
/// sqlx gives a connection back inside an open transaction when a future is dropped while it waits for BEGIN: whoever got
/// it next would write into that transaction, and lose it. And it gives one back out of step with its server when a
/// future is dropped between the parts of a statement: the next one would read the answers to older questions, or wait
/// for ever. Both are looked for here, whatever else is done to prevent them.
trait Lent: Connection {
    async fn is_clean(&mut self) -> Result<bool, SqlxError>;
}

impl Lent for MySqlConnection {
    async fn is_clean(&mut self) -> Result<bool, SqlxError> {
        static QUESTIONS: AtomicU64 = AtomicU64::new(0);
        // Only a connection that is in step answers with this question's number.
        let number = QUESTIONS.fetch_add(1, Ordering::Relaxed);
        let question = AssertSqlSafe(format!("ROLLBACK; SELECT 'question {number}'"));
        let answer = self.fetch_all(question).await?;
        let texts = answer.iter().map(|row| row.try_get::<String, _>(0)).collect::<Result<Vec<_>, _>>()?;
        Ok(texts == [format!("question {number}")])
    }
}

impl Lent for PgConnection {
    async fn is_clean(&mut self) -> Result<bool, SqlxError> {
        // The first statement of a transaction starts with it; one inside an open transaction starts later. (ROLLBACK
        // outside a transaction would put a warning into the server's log each time.)
        let row = self.fetch_one("SELECT transaction_timestamp() = statement_timestamp()").await?;
        row.try_get(0)
    }
}

async fn is_clean(connection: &mut impl Lent) -> Result<bool, SqlxError> {
    connection.is_clean().await
}

fn mysql(url: &str, options: &DatabaseOptions, losses: &Losses) -> Result<Pool<sea_orm::sqlx::MySql>, DatabaseError> {
    let connect = url
        .parse::<MySqlConnectOptions>()
        .map_err(|_| DatabaseError::MalformedAddress)?
        .charset("utf8mb4")
        .collation("utf8mb4_bin")
        .timezone(Some("+00:00".to_owned()))
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let pool = server_pool!(MySqlPoolOptions, options, losses).after_connect(|connection, _| {
        Box::pin(async move {
            for statement in MYSQL_SESSION {
                connection.execute(statement).await?;
            }
            if is_galera(connection).await? {
                note_galera();
                connection.execute(GALERA_SESSION).await?;
            }
            Ok(())
        })
    });
    Ok(pool.connect_lazy_with(connect))
}

/// Whether the server is a node of a Galera cluster. One that never heard of clusters has no such variable, and others say OFF.
pub(super) async fn is_galera(connection: &mut MySqlConnection) -> Result<bool, SqlxError> {
    let answer = connection.fetch_optional("SHOW VARIABLES LIKE 'wsrep_on'").await?;
    let value = answer.map(|row| row.try_get::<String, _>(1)).transpose()?;
    Ok(value.is_some_and(|value| value.eq_ignore_ascii_case("on")))
}

fn postgres(
    url: &str,
    options: &DatabaseOptions,
    losses: &Losses,
) -> Result<Pool<sea_orm::sqlx::Postgres>, DatabaseError> {
    let connect = url
        .parse::<PgConnectOptions>()
        .map_err(|_| DatabaseError::MalformedAddress)?
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let pool = server_pool!(PgPoolOptions, options, losses).after_connect(|connection, _| {
        Box::pin(async move {
            connection.execute(POSTGRES_SESSION).await?;
            Ok(())
        })
    });
    Ok(pool.connect_lazy_with(connect))
}

/// The repository's error for an error of sqlx.
pub(super) fn sqlx_failed(error: SqlxError) -> DatabaseError {
    DatabaseError::Repository(failed(DbErr::Query(RuntimeErr::SqlxError(error.into()))))
}
