//! A fresh, migrated database for a test.
//!
//! `TEST_DATABASE` chooses which: `sqlite` (the default), `mariadb` (whose address is in `TEST_MARIADB_URL`), `postgres`
//! (`TEST_POSTGRES_URL`), or an address. One that cannot be reached is a failure, never a reason to skip.

use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, Database as Server, Statement};
use tempfile::TempDir;

use crate::db::{Database, DatabaseOptions};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database that is removed with this value's [`Self::remove`]; a SQLite file in any case.
pub(super) struct TestDatabase {
    pub(super) url: String,
    server: Option<(String, String)>,
    _folder: TempDir,
}

fn chosen() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let address = |name: &str| variable(name).unwrap_or_else(|| panic!("{name} is not set"));
    match variable("TEST_DATABASE").as_deref() {
        None | Some("sqlite") => "sqlite".to_owned(),
        Some("mariadb" | "mysql") => address("TEST_MARIADB_URL"),
        Some("postgres") => address("TEST_POSTGRES_URL"),
        Some(url) if url.contains("://") => url.to_owned(),
        Some(other) => panic!("TEST_DATABASE={other} is no database"),
    }
}

impl TestDatabase {
    /// An empty one.
    pub(super) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = chosen();
        if base == "sqlite" {
            let url = format!("sqlite://{}/florin.db", folder.path().display());
            return Self { url, server: None, _folder: folder };
        }
        let base = base.replace("mariadb://", "mysql://");
        let name = format!("florin_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        execute(&base, &format!("CREATE DATABASE {name}")).await;
        let (server, _) = base.rsplit_once('/').unwrap();
        Self { url: format!("{server}/{name}"), server: Some((base.clone(), name)), _folder: folder }
    }

    pub(super) async fn connect(&self) -> Database {
        let options = DatabaseOptions { create: true, ..DatabaseOptions::default() };
        Database::connect(&self.url, &options).await.unwrap()
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.server.is_none()
    }

    /// Has the server cut every connection to this database, and says how many there were. Of a file there are none.
    pub(super) async fn cut_connections(&self) -> usize {
        let Some((base, name)) = &self.server else { return 0 };
        let server = Server::connect(base).await.unwrap();
        let mysql = base.starts_with("mysql");
        let (list, kill): (_, fn(i64) -> String) = if mysql {
            (format!("SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = '{name}'"), |id| {
                format!("KILL {id}")
            })
        } else {
            (format!("SELECT CAST(pid AS BIGINT) FROM pg_stat_activity WHERE datname = '{name}'"), |id| {
                format!("SELECT pg_terminate_backend({id})")
            })
        };
        let list = Statement::from_string(server.get_database_backend(), list);
        let rows = server.query_all_raw(list).await.unwrap();
        for row in &rows {
            // One that has ended meanwhile is an error on MySQL.
            let _ = server.execute_unprepared(&kill(row.try_get_by_index(0).unwrap())).await;
        }
        server.close().await.unwrap();
        rows.len()
    }

    pub(super) async fn remove(self, databases: &[Database]) {
        for database in databases {
            database.close().await;
        }
        if let Some((base, name)) = &self.server {
            execute(base, &format!("DROP DATABASE {name}")).await;
        }
    }
}

async fn execute(url: &str, sql: &str) {
    let server = Server::connect(url).await.unwrap();
    server.execute_unprepared(sql).await.unwrap();
    server.close().await.unwrap();
}

/// Runs a test on a fresh, migrated database.
pub(super) async fn with_database<Fut: Future<Output = ()>>(test: impl FnOnce(Database) -> Fut) {
    let fresh = TestDatabase::empty().await;
    let database = fresh.connect().await;
    database.migrate().await.unwrap();
    test(database.clone()).await;
    fresh.remove(&[database]).await;
}
