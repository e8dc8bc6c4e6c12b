//! `refresh_token`: the refresh tokens of a session, by their hashes.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("refresh_token")
            .column("hash", Kind::Bytes(32))
            .column("session_id", Kind::Big)
            .column("issued_at", Kind::Big)
            .column("expires_at", Kind::Big)
            .nullable("used_at", Kind::Big)
            .nullable("successor", Kind::Bytes(32))
            .primary_key(&["hash"])
            .index("refresh_token_by_session", &["session_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "refresh_token").await
    }
}
