//! The database: connecting, transactions with retries, errors, migrations. Everything that differs between SQLite,
//! MariaDB/MySQL and PostgreSQL is in this module and nowhere else.

mod checkpoint;
mod connect;
pub(crate) mod deadline;
mod detached;
#[cfg(test)]
mod explain;
mod failure;
mod gather;
mod hold;
mod inserts;
mod losses;
mod migrate;
mod room;
mod transaction;
mod writers;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use florin_domain::repository::RepositoryError;
use sea_orm::sea_query::{Expr, ExprTrait, Func, IntoIden};
use sea_orm::{DatabaseConnection, DbBackend};
use tokio::sync::Mutex;

use crate::id_allocator::{Remainder, Sequence};

use checkpoint::Checkpoints;
use deadline::{PATIENT, PROBE, PROMPT};
use losses::Losses;
use room::Room;
use writers::Writers;

pub(crate) use connect::is_exposed;
pub(crate) use detached::{Reads, detached};
pub(crate) use failure::{Failure, failed};
pub(crate) use gather::Gather;
pub(crate) use hold::hold;
pub(crate) use inserts::Inserts;
pub use migrate::SchemaState;

/// On a server, how many transactions of shared writes are under way at once: while one waits for its commit to reach the
/// disk, another one works.
const SERVER_WRITERS: usize = 2;

/// How to connect.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// The most connections: of a server in all, of a SQLite file for reading (one more writes).
    pub max_connections: u32,
    /// Whether a SQLite file, and the folder that it is in, are made when they are missing.
    pub create: bool,
    /// How long a request waits for a free connection before it fails with `Unavailable`.
    pub acquire_timeout: Duration,
    /// Whether writes of the ledger that come at the same time share a transaction. Each is acknowledged after the commit in
    /// any case.
    pub group_commit: bool,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self { max_connections: 16, create: false, acquire_timeout: Duration::from_millis(2500), group_commit: true }
    }
}

/// Why a database cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The address is of no kind that is known.
    #[error("the database address must start with sqlite://, mysql://, mariadb:// or postgres://")]
    UnknownScheme,
    /// The address cannot be read. The reason is left out: it could quote a password.
    #[error("the database address is malformed")]
    MalformedAddress,
    /// There is no such SQLite file.
    #[error("there is no database file {0}; create it by migrating")]
    MissingFile(String),
    /// The folder of a SQLite file cannot be made.
    #[error("the folder of the database file cannot be made")]
    Folder(#[source] std::io::Error),
    /// It was migrated by a later version of this program.
    #[error("the database was migrated by a later version of this program (to {0}); nothing was changed")]
    Newer(String),
    /// Another process has been migrating for too long.
    #[error("another process is migrating the database")]
    Locked,
    /// The database failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// A database, with its pools. Cloning is cheap and shares them.
#[derive(Debug, Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// All connections of a server; the one writing connection of a SQLite file.
    write: DatabaseConnection,
    /// The same pool for a server; connections that refuse to write for a SQLite file.
    read: Reads,
    /// The same connections, for statements that may take longer.
    read_patiently: Reads,
    /// The same connections, to see whether the database can be used.
    probe: Reads,
    losses: Losses,
    room: Room,
    checkpoints: Checkpoints,
    writers: Writers,
    group_commit: bool,
    remainders: HashMap<Sequence, Mutex<Remainder>>,
}

impl Database {
    /// Connects to `sqlite://path` (relative, or absolute with a third slash), `mysql://`, `mariadb://` or `postgres://`.
    /// A SQLite file is opened at once; servers are first reached by the first use, so that a server that is away for a
    /// while does not keep this process from starting.
    ///
    /// # Errors
    /// Every [`DatabaseError`] except `Newer` and `Locked`.
    pub async fn connect(url: &str, options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let losses = Losses::new();
        let connect::Pools { write, read, checkpoint } = connect::pools(url, options, &losses).await?;
        let remainders = Sequence::ALL.into_iter().map(|sequence| (sequence, Mutex::default())).collect();
        let writers = if write.get_database_backend() == DbBackend::Sqlite { 1 } else { SERVER_WRITERS };
        Ok(Self {
            inner: Arc::new(Inner {
                checkpoints: Checkpoints::new(checkpoint, &write),
                write,
                read: Reads::new(read.clone(), PROMPT, losses.clone()),
                read_patiently: Reads::new(read.clone(), PATIENT, losses.clone()),
                probe: Reads::new(read, PROBE, losses.clone()),
                losses,
                room: Room::default(),
                writers: Writers::new(writers),
                group_commit: options.group_commit,
                remainders,
            }),
        })
    }

    /// As the settings want it; `create` makes the file and folder of an embedded one.
    ///
    /// # Errors
    /// Those of [`Self::connect`].
    pub async fn of(settings: &crate::settings::Settings, create: bool) -> Result<Self, DatabaseError> {
        let options = DatabaseOptions {
            max_connections: settings.database.max_connections,
            create,
            acquire_timeout: Duration::from_millis(settings.database.acquire_timeout_ms),
            group_commit: settings.database.group_commit,
        };
        Self::connect(secrecy::ExposeSecret::expose_secret(&settings.database.url), &options).await
    }

    /// Reaches the database once.
    ///
    /// # Errors
    /// `Unavailable` when it does not answer.
    pub async fn ping(&self) -> Result<(), RepositoryError> {
        self.inner.probe.run(|pool| Box::pin(async move { pool.ping().await })).await.map_err(failed)
    }

    /// What kind of database it is: `sqlite`, `mysql` or `postgres`.
    #[must_use]
    pub fn backend_name(&self) -> &'static str {
        match self.backend() {
            DbBackend::Sqlite => "sqlite",
            DbBackend::MySql => "mysql",
            DbBackend::Postgres => "postgres",
            _ => "unknown",
        }
    }

    /// Closes all connections, after those in use have been given back.
    pub async fn close(&self) {
        self.inner.checkpoints.close().await;
        for pool in [self.inner.read.pool(), &self.inner.write] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::warn!(%error, "closing a database pool failed");
            }
        }
    }

    /// After much was removed for good: has SQLite bring its write-ahead log home and empty it, for the pages as they were
    /// still stand there. As far as nobody reads from it just now; else a later write does so in its time.
    pub(crate) async fn forget_removed(&self) {
        let checkpoints = self.inner.checkpoints.clone();
        let emptied = detached(async move { checkpoints.truncate().await });
        match emptied.await {
            Ok(true) => {}
            Ok(false) => {
                tracing::info!("somebody reads from the write-ahead log: what was removed stands there for a while")
            }
            Err(error) => tracing::debug!(%error, "the write-ahead log was not emptied"),
        }
    }

    /// The failure of a write as it is to be told: who waited in vain behind a full disk learns of the disk.
    pub(crate) fn told(&self, failure: Failure) -> Failure {
        self.inner.room.told(failure)
    }

    /// Notes that so many changes of the ledger were committed.
    pub(crate) fn note_changes(&self, changes: usize) {
        self.inner.checkpoints.note(changes);
    }

    /// The connections to read with. They see what was committed before. A server that has not answered after some seconds is
    /// not waited for any longer.
    pub(crate) fn read(&self) -> &Reads {
        &self.inner.read
    }

    /// The same for statements over many rows, which a server may take a minute for.
    pub(crate) fn read_patiently(&self) -> &Reads {
        &self.inner.read_patiently
    }

    /// The connections to write with, for tests that go behind the ledger's back.
    #[cfg(test)]
    pub(crate) fn writing(&self) -> &DatabaseConnection {
        &self.inner.write
    }

    pub(crate) fn remainder(&self, sequence: Sequence) -> Option<&Mutex<Remainder>> {
        self.inner.remainders.get(&sequence)
    }

    fn backend(&self) -> DbBackend {
        self.inner.write.get_database_backend()
    }

    /// The sum of an integer column, as a 64-bit integer on every database; NULL over no rows.
    pub(crate) fn sum(&self, column: impl Into<Expr>) -> Expr {
        // SUM(BIGINT) is DECIMAL on MySQL and NUMERIC on PostgreSQL.
        self.integer(column.into().sum())
    }

    /// How many bytes a text has, as a 64-bit integer; NULL for NULL.
    pub(crate) fn bytes(&self, column: impl Into<Expr>) -> Expr {
        self.integer(Func::cust("OCTET_LENGTH").arg(column.into()))
    }

    /// Whether writes that come at the same time may share a transaction.
    pub(crate) fn groups_commits(&self) -> bool {
        self.inner.group_commit
    }

    /// How many transactions of shared writes may be under way at once.
    pub(crate) fn writers(&self) -> usize {
        self.inner.writers.count()
    }

    /// Runs the work of that writer on its thread, which serves no requests.
    pub(crate) fn spawn_writer(&self, writer: usize, work: impl Future<Output = ()> + Send + 'static) {
        self.inner.writers.spawn(writer, work);
    }

    fn integer(&self, value: impl ExprTrait) -> Expr {
        // MySQL names the type differently in a cast.
        value.cast_as(if self.backend() == DbBackend::MySql { "SIGNED" } else { "BIGINT" })
    }
}

/// In an upsert, the value that the row would have been inserted with.
pub(crate) fn given(backend: DbBackend, column: impl IntoIden) -> Expr {
    match backend {
        DbBackend::MySql => Func::cust("VALUES").arg(Expr::col(column)).into(),
        _ => Expr::col(("excluded", column)),
    }
}
