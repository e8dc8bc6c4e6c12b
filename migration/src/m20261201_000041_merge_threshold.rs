//! On MySQL and MariaDB, pages of the tables that the ledger writes are merged only when they are all but empty.
//!
//! InnoDB merges a page that a deletion leaves less than half full with its neighbour, and wants room for that. So does a ROLLBACK,
//! which deletes what was inserted: on a full disk it then tries the same again for five seconds, with its locks held, and everyone
//! who wants these rows waits. With the least threshold a deletion needs no room but for a page's last row.
//! Source: MySQL's manual, "Configuring the Merge Threshold for Index Pages".

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

const TABLES: [&str; 8] = [
    "expenses",
    "tags",
    "tag_map",
    "monthly_expense",
    "category_budget",
    "last_user_action",
    "user_action",
    "idempotency_key",
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        comment(manager, "MERGE_THRESHOLD=1").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        comment(manager, "").await
    }
}

/// Gives each table this comment, which InnoDB reads. No row is touched.
async fn comment(manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::MySql {
        for table in TABLES {
            let statement = format!("ALTER TABLE {table} COMMENT = '{text}'");
            manager.get_connection().execute_unprepared(&statement).await?;
        }
    }
    Ok(())
}
