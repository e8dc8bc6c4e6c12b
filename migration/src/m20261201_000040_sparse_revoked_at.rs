//! The index of when sessions were revoked leaves out those that go on, which are most. It is there for what clears old ones away;
//! a database that has counted nothing yet takes it for a short way to "those that go on", and reads them all. On SQLite and
//! PostgreSQL: MySQL and MariaDB know no such indexes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "(revoked_at) WHERE revoked_at IS NOT NULL").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "(revoked_at)").await
    }
}

/// Puts an index of these in the place of the other.
async fn replace(manager: &SchemaManager<'_>, rows: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::MySql {
        return Ok(());
    }
    let statements = format!("DROP INDEX session_revoked_at; CREATE INDEX session_revoked_at ON session {rows}");
    manager.get_connection().execute_unprepared(&statements).await.map(drop)
}
