//! All that a database holds.

use std::path::Path;

use sea_orm::{DatabaseConnection, DbBackend};

use super::texts;

/// The bytes of every file of a folder: the database, its log, and what else there is.
pub(super) fn files(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("a file").path();
        if path.is_file() {
            bytes.extend(std::fs::read(path).expect("a readable file"));
        }
    }
    bytes
}

/// Every row of every table.
pub(crate) async fn rows(connection: &DatabaseConnection) -> Vec<u8> {
    let mut lines = Vec::new();
    let is_mysql = connection.get_database_backend() == DbBackend::MySql;
    let schema = if is_mysql { "DATABASE()" } else { "current_schema()" };
    let tables = format!("SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}");
    for table in texts(connection, &tables, 0).await {
        let sql = if is_mysql {
            let columns = format!(
                "SELECT CASE WHEN data_type LIKE '%blob' OR data_type LIKE '%binary' THEN CONCAT('HEX(`', column_name, '`)') \
                 ELSE CONCAT('CAST(`', column_name, '` AS CHAR)') END \
                 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}'"
            );
            let columns = texts(connection, &columns, 0).await.join(", ");
            format!("SELECT CONCAT_WS(' | ', {columns}) FROM `{table}`")
        } else {
            format!("SELECT CAST(\"{table}\" AS TEXT) FROM \"{table}\"")
        };
        for row in texts(connection, &sql, 0).await {
            lines.push(format!("{table}: {row}"));
        }
    }
    lines.join("\n").into_bytes()
}
