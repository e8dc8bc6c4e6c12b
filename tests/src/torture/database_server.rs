//! A database server of a test's own, with durable settings, on a port that it keeps: to be killed, stopped, frozen and
//! started again.

mod mariadb;
mod postgres;
mod process;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};
use tempfile::TempDir;

use crate::database::{Engine, migrate};
use crate::torture::fleet::free_port;

use process::{Account, Process};

/// How long a server may take to start, recovery included.
const START: Duration = Duration::from_secs(60);
/// The database, and whom the product signs in as: nobody special.
const NAME: &str = "florin";
/// Whoever may do everything, and everybody's password.
const ADMINISTRATOR: &str = "administrator";
const PASSWORD: &str = "florin";

/// Which program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    MariaDb,
    Postgres,
}

/// A server. It ends with this value, and its folder with it, unless that was given.
#[derive(Debug)]
pub struct DatabaseServer {
    kind: Kind,
    account: Account,
    /// What belongs to the server.
    home: PathBuf,
    /// Where its log of changes is, when that has to have room though the data has none (PostgreSQL).
    log_folder: Option<PathBuf>,
    port: u16,
    process: Option<Process>,
    folder: Option<TempDir>,
}

impl DatabaseServer {
    /// One of the engine of `TEST_DATABASE`, with a migrated database in a folder of its own.
    ///
    /// # Panics
    /// On SQLite, which has no server; when the server's programs are not installed, or it does not start.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("florin-server-").tempdir().expect("a temporary folder");
        let home = folder.path().to_path_buf();
        let mut server = Self::start_in(&home, None).await;
        server.folder = Some(folder);
        server
    }

    /// The same in a folder that is given, which has to be empty; PostgreSQL's write-ahead log in another one.
    ///
    /// # Panics
    /// Those of [`Self::start`].
    pub async fn start_in(home: &Path, log_folder: Option<&Path>) -> Self {
        let kind = match Engine::chosen() {
            Engine::Sqlite => panic!("SQLite has no server"),
            Engine::MySql(_) => Kind::MariaDb,
            Engine::Postgres(_) => Kind::Postgres,
        };
        let account = Account::of(if kind == Kind::MariaDb { "mysql" } else { "postgres" });
        account.take(home);
        if let Some(log_folder) = log_folder {
            account.take(log_folder);
        }
        let mut server = Self {
            kind,
            account,
            home: home.to_path_buf(),
            log_folder: log_folder.map(Path::to_path_buf),
            port: free_port(),
            process: None,
            folder: None,
        };
        match kind {
            Kind::MariaDb => mariadb::install(&server),
            Kind::Postgres => postgres::install(&server),
        }
        server.restart().await;
        if kind == Kind::Postgres {
            let first = server.reach(ADMINISTRATOR, "postgres").await.expect("the new server answers");
            for sql in postgres::FIRST {
                first.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            first.close().await.expect("the connection closes");
        }
        migrate(&server.url()).await;
        server
    }

    /// The address that the product is given.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The same by another port, where somebody stands in between.
    #[must_use]
    pub fn url_at(&self, port: u16) -> String {
        self.url_of(NAME, NAME, port)
    }

    /// The port that it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    fn url_of(&self, user: &str, database: &str, port: u16) -> String {
        let scheme = if self.kind == Kind::MariaDb { "mysql" } else { "postgres" };
        format!("{scheme}://{user}:{PASSWORD}@127.0.0.1:{port}/{database}")
    }

    async fn reach(&self, user: &str, database: &str) -> Result<DatabaseConnection, sea_orm::DbErr> {
        let mut options = ConnectOptions::new(self.url_of(user, database, self.port));
        let second = Duration::from_secs(1);
        options.max_connections(1).sqlx_logging(false).connect_timeout(second).acquire_timeout(second);
        sea_orm::Database::connect(options).await
    }

    /// Runs a statement as its administrator.
    ///
    /// # Panics
    /// When it fails.
    pub async fn execute(&self, sql: &str) {
        let administrator = self.reach(ADMINISTRATOR, NAME).await.unwrap_or_else(|error| panic!("{error}"));
        administrator.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        administrator.close().await.expect("the connection closes");
    }

    /// Every one of its processes is killed, as when its machine ends.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        self.process.take().expect("the server runs").kill();
    }

    /// One process that serves a connection is killed, and the server recovers by itself (PostgreSQL).
    ///
    /// # Panics
    /// When it does not run, or serves nobody.
    pub fn kill_one_backend(&self) {
        let process = self.process.as_ref().expect("the server runs");
        process.kill_one(|command| command.contains(&format!("{NAME} {NAME} ")));
    }

    /// It ends as its administrator ends it: sessions are ended, not waited for.
    ///
    /// # Panics
    /// When it does not run, or does not end.
    pub fn stop(&mut self) {
        let signal = if self.kind == Kind::MariaDb { "TERM" } else { "INT" };
        self.process.take().expect("the server runs").end(signal);
    }

    /// It does nothing any more, and closes nothing.
    ///
    /// # Panics
    /// When it does not run.
    pub fn freeze(&self) {
        self.process.as_ref().expect("the server runs").freeze();
    }

    /// It goes on where it was.
    ///
    /// # Panics
    /// When it does not run.
    pub fn thaw(&self) {
        self.process.as_ref().expect("the server runs").thaw();
    }

    /// Whether it runs; not so when it ended by itself.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::is_running)
    }

    /// Starts it again after it ended. Returns how long it took until it answered.
    ///
    /// # Panics
    /// When it does not.
    pub async fn restart(&mut self) -> Duration {
        if let Some(mut ended) = self.process.take() {
            assert!(!ended.is_running(), "the server ended before");
        }
        let began = Instant::now();
        let command = match self.kind {
            Kind::MariaDb => mariadb::command(self),
            Kind::Postgres => postgres::command(self),
        };
        let log = self.home.join("log");
        let mut process = self.account.start(&command, &log);
        // On PostgreSQL the first time there is only the database that comes with it.
        let database = if self.kind == Kind::MariaDb { NAME } else { "postgres" };
        loop {
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(process.is_running(), "the server ended: {}", said());
            assert!(began.elapsed() < START, "the server does not answer: {}", said());
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && let Ok(connection) = self.reach(ADMINISTRATOR, database).await
            {
                connection.close().await.expect("the connection closes");
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.process = Some(process);
        began.elapsed()
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.thaw();
            // At once, but so that it gives back shared memory.
            process.end(if self.kind == Kind::MariaDb { "KILL" } else { "QUIT" });
        }
        drop(self.folder.take());
    }
}
