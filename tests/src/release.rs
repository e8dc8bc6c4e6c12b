//! Databases of earlier releases: what those programs stored and answered, as `tests/released/populate.py` noted it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use florin_infra::db::{Database, DatabaseOptions};
use florin_migration::Migrator;
use florin_migration::sea_orm_migration::MigratorTrait;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::Value;

use crate::database::{TestDatabase, schema};

/// The releases, the oldest first.
pub const RELEASES: [&str; 3] = ["ledger", "accounts", "notifications"];

/// The most rows of one statement.
const ROWS: usize = 50;

/// A database of an earlier release.
#[derive(Debug)]
pub struct Release {
    /// Which.
    pub name: String,
    /// The secret that its tokens and codes are keyed with.
    pub secret: String,
    /// When it was, just after all that is in it.
    pub at: String,
    /// Its migrations, in order.
    pub migrations: Vec<String>,
    /// The schema that its own program made on SQLite.
    pub schema: Vec<String>,
    /// Who is in it: `email`, `password`, `refresh_token`, and more.
    pub people: Vec<Value>,
    /// What was asked of its own program, and answered: `person`, `get`, `status`, `answer`.
    pub answers: Vec<Value>,
    /// Who has signed up and not proved the address: `waiting`, `code`.
    pub waiting: Value,
    rows: Vec<(String, Vec<Value>)>,
}

/// The folder of fixtures.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("released")
}

impl Release {
    /// That release's.
    ///
    /// # Panics
    /// When there is no such fixture.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let path = folder().join(format!("{name}.jsonl"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let head = lines.next().expect("a first line");
        let text = |name: &str| head[name].as_str().expect("a text").to_owned();
        let texts = |name: &str| -> Vec<String> {
            head[name]
                .as_array()
                .expect("a list")
                .iter()
                .map(|text| text.as_str().expect("a text").to_owned())
                .collect()
        };
        let mut release = Self {
            name: text("release"),
            secret: text("secret"),
            at: text("at"),
            migrations: texts("migrations"),
            schema: texts("schema"),
            people: Vec::new(),
            answers: Vec::new(),
            waiting: Value::Null,
            rows: Vec::new(),
        };
        for line in lines {
            if let Some(table) = line["table"].as_str() {
                match release.rows.last_mut() {
                    Some((last, rows)) if last == table => rows.push(line["row"].clone()),
                    _ => release.rows.push((table.to_owned(), vec![line["row"].clone()])),
                }
            } else if line["get"].is_string() {
                release.answers.push(line);
            } else if line["person"].is_object() {
                release.people.push(line["person"].clone());
            } else {
                release.waiting = line;
            }
        }
        assert!(release.people.len() > 1 && release.answers.len() > 20 && release.rows.len() > 10, "{name} is whole");
        release
    }

    /// A database as its program left it, on the engine of this run.
    pub async fn restored(&self) -> TestDatabase {
        let database = TestDatabase::empty().await;
        // Makes the file of an embedded one.
        let options = DatabaseOptions { create: true, ..DatabaseOptions::default() };
        Database::connect(database.url(), &options).await.expect("a database").close().await;
        let connection = database.connect().await;
        let backend = connection.get_database_backend();
        let count = u32::try_from(self.migrations.len()).expect("a count");
        let names: Vec<String> = Migrator::migrations().iter().map(|known| known.name().to_owned()).collect();
        assert_eq!(names[..self.migrations.len()], self.migrations, "released migrations keep their names and places");
        Migrator::up(&connection, Some(count)).await.expect("the migrations of that release");
        if backend == DbBackend::Sqlite {
            assert_eq!(
                schema(&connection).await,
                self.schema,
                "{}: a released migration makes something else",
                self.name
            );
        }
        for (table, rows) in &self.rows {
            // What the migrations put there is among the rows.
            let sql = format!("DELETE FROM {table}");
            connection.execute_unprepared(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            for rows in rows.chunks(ROWS) {
                let sql = insertion(backend, table, rows);
                connection.execute_unprepared(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
        }
        connection.close().await.expect("the connection closes");
        database
    }

    /// How many rows there are, by table.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        self.rows.iter().map(|(table, rows)| (table.as_str(), rows.len())).collect()
    }
}

fn insertion(backend: DbBackend, table: &str, rows: &[Value]) -> String {
    let first = rows[0].as_object().expect("a row");
    let quote = if backend == DbBackend::MySql { '`' } else { '"' };
    let columns: Vec<String> = first.keys().map(|name| format!("{quote}{name}{quote}")).collect();
    let row = |row: &Value| {
        let cells: Vec<String> = first.keys().map(|name| literal(backend, &row[name])).collect();
        format!("({})", cells.join(", "))
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("INSERT INTO {table} ({}) VALUES {}", columns.join(", "), rows.join(", "))
}

fn literal(backend: DbBackend, cell: &Value) -> String {
    match cell {
        Value::Null => "NULL".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            let text = text.replace('\'', "''");
            // Only there is a backslash anything else than itself.
            format!("'{}'", if backend == DbBackend::MySql { text.replace('\\', "\\\\") } else { text })
        }
        bytes => {
            let hex = bytes["hex"].as_str().unwrap_or_else(|| panic!("no cell: {bytes}"));
            if backend == DbBackend::Postgres { format!("'\\x{hex}'::bytea") } else { format!("X'{hex}'") }
        }
    }
}
