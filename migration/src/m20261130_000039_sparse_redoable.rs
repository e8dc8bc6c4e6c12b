//! The index of actions that can be redone leaves out all others. On SQLite and PostgreSQL: MySQL and MariaDB know no such indexes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "(user_id, seq) WHERE redoable = 1").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "(user_id, redoable, seq)").await
    }
}

/// Puts an index with these columns in the place of the other. On PostgreSQL, in the transaction of the migration, nobody waits
/// while it is made, but to write.
async fn replace(manager: &SchemaManager<'_>, columns: &str) -> Result<(), DbErr> {
    let statements = match manager.get_database_backend() {
        DbBackend::MySql => return Ok(()),
        DbBackend::Postgres => format!(
            "CREATE INDEX user_action_redoable_new ON user_action {columns};
             DROP INDEX user_action_redoable;
             ALTER INDEX user_action_redoable_new RENAME TO user_action_redoable"
        ),
        _ => format!("DROP INDEX user_action_redoable; CREATE INDEX user_action_redoable ON user_action {columns}"),
    };
    manager.get_connection().execute_unprepared(&statements).await.map(drop)
}
