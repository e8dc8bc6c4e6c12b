//! `session`: log-in sessions.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("session")
            .column("id", Kind::Big)
            .column("user_id", Kind::Big)
            .column("created_at", Kind::Big)
            .column("last_used_at", Kind::Big)
            .nullable("revoked_at", Kind::Big)
            .column("ip", Kind::Text(64))
            .column("user_agent", Kind::Text(200))
            .primary_key(&["id"])
            .index("session_by_user", &["user_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "session").await
    }
}
