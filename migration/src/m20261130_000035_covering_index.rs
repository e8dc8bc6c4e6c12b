//! The index of expenses by date holds all that figures over days are made of: the score's days and delays, spending by day
//! and by category. They are then read from the index alone.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

const NAME: &str = "expenses_by_date";
const NARROW: &[&str] = &["user_id", "live", "date", "id"];
const COVERING: &[&str] = &["user_id", "live", "date", "id", "logged_on", "imported", "category_id", "amount"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, COVERING).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, NARROW).await
    }
}

/// Puts the index with these columns in the place of the one of the same name. A server that still runs names the index in its
/// statements: it never finds it missing, and does not wait while the new one is made, but to write.
async fn replace(manager: &SchemaManager<'_>, columns: &[&'static str]) -> Result<(), DbErr> {
    let list = columns.join(", ");
    let statements = match manager.get_database_backend() {
        DbBackend::MySql => vec![format!("ALTER TABLE expenses DROP INDEX {NAME}, ADD INDEX {NAME} ({list})")],
        // In the transaction of the migration.
        DbBackend::Postgres => vec![
            format!("CREATE INDEX {NAME}_new ON expenses ({list})"),
            format!("DROP INDEX {NAME}"),
            format!("ALTER INDEX {NAME}_new RENAME TO {NAME}"),
        ],
        _ => vec![format!("DROP INDEX {NAME}"), format!("CREATE INDEX {NAME} ON expenses ({list})")],
    };
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}
