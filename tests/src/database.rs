//! A migrated database for each test, on the engine that `TEST_DATABASE` names.

mod dump;
mod schema;
mod server;
mod sqlite;

use std::path::PathBuf;
use std::sync::OnceLock;

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};
use tempfile::TempDir;

pub(crate) use dump::rows;
pub use schema::schema;

/// A row of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Whose.
    pub user: Option<i64>,
    /// Kind and outcome, as `login ok`.
    pub what: String,
    /// The client's address.
    pub ip: String,
    /// Its `User-Agent`.
    pub user_agent: String,
}

/// What `TEST_DATABASE` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// A file of its own for each test.
    Sqlite,
    /// MySQL or MariaDB at this address.
    MySql(String),
    /// PostgreSQL at this address.
    Postgres(String),
}

impl Engine {
    /// The engine of this run.
    ///
    /// # Panics
    /// When `TEST_DATABASE` is none of those known.
    #[must_use]
    pub fn chosen() -> &'static Self {
        static CHOSEN: OnceLock<Engine> = OnceLock::new();
        CHOSEN.get_or_init(|| {
            let named = std::env::var("TEST_DATABASE").unwrap_or_default();
            let chosen = Self::named(&named);
            chosen.expect("TEST_DATABASE must be sqlite, or the address of a mysql:// or postgres:// server")
        })
    }

    fn named(name: &str) -> Option<Self> {
        match name.split_once("://").map(|(scheme, _)| scheme) {
            None if name.is_empty() || name == "sqlite" => Some(Self::Sqlite),
            Some("mysql" | "mariadb") => Some(Self::MySql(name.to_owned())),
            Some("postgres" | "postgresql") => Some(Self::Postgres(name.to_owned())),
            _ => None,
        }
    }

    /// All of them, for what compares them: SQLite, and the servers that `TEST_MARIADB_URL` and `TEST_POSTGRES_URL` name.
    ///
    /// # Panics
    /// When one of them is not named.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let server = |variable| {
            let url = std::env::var(variable).ok().and_then(|url| Self::named(&url));
            url.unwrap_or_else(|| panic!("{variable} must name a server: run this inside tests/servers.sh"))
        };
        vec![Self::Sqlite, server("TEST_MARIADB_URL"), server("TEST_POSTGRES_URL")]
    }

    /// Its short name, for messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::MySql(_) => "mysql",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// A database that goes away with this value.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    folder: Option<TempDir>,
}

impl TestDatabase {
    /// A migrated one with nobody in it.
    pub async fn migrated() -> Self {
        Self::migrated_on(Engine::chosen()).await
    }

    /// The same on an engine that need not be the chosen one.
    pub async fn migrated_on(engine: &Engine) -> Self {
        match engine {
            Engine::Sqlite => sqlite::migrated().await,
            Engine::MySql(address) | Engine::Postgres(address) => {
                Self { url: server::create(address, true).await, folder: None }
            }
        }
    }

    /// One with nothing in it at all. On SQLite not even the file is there.
    pub async fn empty() -> Self {
        match Engine::chosen() {
            Engine::Sqlite => sqlite::empty(),
            Engine::MySql(address) | Engine::Postgres(address) => {
                Self { url: server::create(address, false).await, folder: None }
            }
        }
    }

    /// Its address, as `database.url` takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection past the server, for what only an operator or an intruder can do.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await.unwrap_or_else(|error| panic!("the test's database: {error}"))
    }

    /// Runs a statement and returns how many rows it touched.
    pub async fn execute(&self, sql: &str) -> u64 {
        let connection = self.connect().await;
        let done = connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        connection.close().await.expect("the connection closes");
        done.rows_affected()
    }

    /// The first column of the first row, a 64-bit integer.
    pub async fn number(&self, sql: &str) -> i64 {
        let connection = self.connect().await;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let number = row.expect("a row").try_get_by_index(0);
        connection.close().await.expect("the connection closes");
        number.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let connection = self.connect().await;
        let found = texts(&connection, sql, 0).await;
        connection.close().await.expect("the connection closes");
        found
    }

    /// The audit trail, in the order of its identifiers.
    pub async fn events(&self) -> Vec<Event> {
        let connection = self.connect().await;
        let sql = "SELECT user_id, event, outcome, ip, user_agent FROM login_event ORDER BY id";
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(statement).await.expect("the trail");
        connection.close().await.expect("the connection closes");
        let text = |row: &QueryResult, n| row.try_get_by_index::<String>(n).expect("a text");
        let read = |row: &QueryResult| Event {
            user: row.try_get_by_index(0).expect("an id"),
            what: format!("{} {}", text(row, 1), text(row, 2)),
            ip: text(row, 3),
            user_agent: text(row, 4),
        };
        rows.iter().map(read).collect()
    }

    /// All that is stored, as an intruder with a copy of the database has it. On SQLite: the bytes of the files. On servers:
    /// a line a row, in which what is not text stands in hexadecimal.
    pub async fn dump(&self) -> Vec<u8> {
        match &self.folder {
            Some(folder) => dump::files(folder.path()),
            None => {
                let connection = self.connect().await;
                let rows = dump::rows(&connection).await;
                connection.close().await.expect("the connection closes");
                rows
            }
        }
    }

    /// The tables and columns in which a text stands anywhere, as an intruder with a copy of the database would look for
    /// it. On SQLite: the files.
    pub async fn find_text(&self, text: &str) -> Vec<String> {
        if let Some(folder) = &self.folder {
            let files =
                std::fs::read_dir(folder.path()).expect("the folder").map(|entry| entry.expect("a file").path());
            let holds = |path: &PathBuf| {
                let bytes = std::fs::read(path).expect("a readable file");
                bytes.windows(text.len()).any(|window| window == text.as_bytes())
            };
            return files.filter(holds).map(|path| path.display().to_string()).collect();
        }
        let connection = self.connect().await;
        let schema = match connection.get_database_backend() {
            DbBackend::MySql => "DATABASE()",
            _ => "current_schema()",
        };
        let sql = format!(
            "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = {schema} \
             AND data_type IN ('varchar', 'longtext', 'text', 'character varying')"
        );
        let mut found = Vec::new();
        for column in texts(&connection, &sql, 0).await {
            let (table, name) = column.split_once('.').expect("table.column");
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE {name} LIKE '%{text}%'");
            let statement = Statement::from_string(connection.get_database_backend(), sql);
            let row = connection.query_one_raw(statement).await.expect("a count").expect("a row");
            if row.try_get_by_index::<i64>(0).expect("a count") > 0 {
                found.push(column);
            }
        }
        found
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.folder.is_none() {
            server::remove(&self.url);
        }
    }
}

pub(crate) async fn connect(url: &str) -> Result<DatabaseConnection, sea_orm::DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await
}

/// Text columns of every row.
async fn texts(connection: &DatabaseConnection, sql: &str, column: usize) -> Vec<String> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.try_get_by_index(column).unwrap_or_else(|error| panic!("{sql}: {error}"))).collect()
}

/// Whether a query's first column is true or 1.
async fn is_true(connection: &DatabaseConnection, sql: &str) -> bool {
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await;
    let row = row.unwrap_or_else(|error| panic!("{sql}: {error}")).expect("a row");
    match backend {
        DbBackend::Postgres => row.try_get_by_index(0).expect("a boolean"),
        _ => row.try_get_by_index::<Option<i64>>(0).expect("an integer") == Some(1),
    }
}

/// Migrates with the product's own migrator and closes every connection again. A SQLite file is made.
///
/// # Panics
/// When it fails.
pub async fn migrate(url: &str) {
    use florin_infra::db::{Database, DatabaseOptions};
    let options = DatabaseOptions { create: true, ..DatabaseOptions::default() };
    let database = Database::connect(url, &options).await.unwrap_or_else(|error| panic!("{error}"));
    database.migrate().await.unwrap_or_else(|error| panic!("the migrations fail: {error:?}"));
    database.close().await;
}
