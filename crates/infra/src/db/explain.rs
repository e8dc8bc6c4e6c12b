//! How a database would find what a statement asks for, for tests.

use sea_orm::sea_query::SelectStatement;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};

use super::Database;

impl Database {
    /// The plan of a statement, in lines of the database's own words.
    pub(crate) async fn plan(&self, select: &SelectStatement) -> String {
        let mut statement = self.backend().build(select);
        let (prefix, columns): (_, &[usize]) = match self.backend() {
            DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", &[3]),
            // Type, key and what else there is to say.
            DbBackend::MySql => ("EXPLAIN", &[3, 5, 9]),
            _ => ("EXPLAIN (COSTS OFF)", &[0]),
        };
        statement.sql = format!("{prefix} {}", statement.sql);
        let rows = self.writing().query_all_raw(statement).await.unwrap();
        let line = |row: &QueryResult| {
            let text = |column: &usize| row.try_get_by_index::<Option<String>>(*column).unwrap().unwrap_or_default();
            columns.iter().map(text).collect::<Vec<_>>().join(" | ")
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Has the database count what is in these tables, and forget what was written lately: it then plans as it would after a
    /// while.
    pub(crate) async fn analyze(&self, tables: &[&str]) {
        let command = match self.backend() {
            DbBackend::Sqlite => "ANALYZE",
            DbBackend::MySql => "ANALYZE TABLE",
            _ => "VACUUM ANALYZE",
        };
        for table in tables {
            self.writing().execute_unprepared(&format!("{command} {table}")).await.unwrap();
        }
    }
}
