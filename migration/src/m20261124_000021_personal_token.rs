//! `personal_token`: personal access tokens by the hash of their secret; `scopes` are words with a blank between.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("personal_token")
            .column("id", Kind::Big)
            .column("user_id", Kind::Big)
            .column("name", Kind::Text(100))
            .column("scopes", Kind::Text(32))
            .column("hash", Kind::Bytes(32))
            .column("created_at", Kind::Big)
            .nullable("expires_at", Kind::Big)
            .nullable("last_used_at", Kind::Big)
            .nullable("revoked_at", Kind::Big)
            .primary_key(&["id"])
            .unique("personal_token_hash", &["hash"])
            .index("personal_token_user", &["user_id", "id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "personal_token").await
    }
}
