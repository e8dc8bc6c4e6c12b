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

/// Puts the index with these columns in the place of the one of the same name.
async fn replace(manager: &SchemaManager<'_>, columns: &[&'static str]) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::MySql {
        // In one statement: a server that still runs names the index in its statements, and never finds it missing.
        let columns = columns.join(", ");
        let sql = format!("ALTER TABLE expenses DROP INDEX {NAME}, ADD INDEX {NAME} ({columns})");
        return manager.get_connection().execute_unprepared(&sql).await.map(drop);
    }
    // These two change a schema in a transaction.
    let mut narrow = Index::drop();
    narrow.name(NAME).table("expenses");
    manager.drop_index(narrow).await?;
    let mut index = Index::create();
    index.name(NAME).table("expenses");
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}
