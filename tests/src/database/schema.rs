//! What a database's schema is, as its engine tells.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// Everything that the engine says of the schema, in an order of its own.
///
/// # Panics
/// When the engine does not answer.
pub async fn schema(connection: &DatabaseConnection) -> Vec<String> {
    let queries = match connection.get_database_backend() {
        DbBackend::Sqlite => vec!["SELECT COALESCE(sql, name) FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"],
        DbBackend::MySql => vec![
            "SELECT CONCAT_WS('|', table_name, column_name, ordinal_position, column_type, is_nullable, collation_name) \
             FROM information_schema.columns WHERE table_schema = DATABASE()",
            "SELECT CONCAT_WS('|', table_name, index_name, seq_in_index, column_name, non_unique) \
             FROM information_schema.statistics WHERE table_schema = DATABASE()",
        ],
        _ => vec![
            // The number of a column that was dropped is not given to another: which one it is in order is what counts.
            "SELECT CONCAT_WS('|', table_name, column_name, \
             ROW_NUMBER() OVER (PARTITION BY table_name ORDER BY ordinal_position), data_type, is_nullable, \
             character_maximum_length) FROM information_schema.columns WHERE table_schema = current_schema()",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()",
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace \
             AND conrelid <> 'seaql_migrations'::regclass",
        ],
    };
    let mut lines = Vec::new();
    for query in queries {
        let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), query)).await;
        lines.extend(rows.unwrap().iter().map(|row| row.try_get_by_index::<String>(0).unwrap()));
    }
    lines.retain(|line| !line.contains("seaql_migrations"));
    lines.sort();
    lines
}
