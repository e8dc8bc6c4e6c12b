//! `device`: devices that take push messages. `token_hash` is SHA-256 of the token: a token belongs to one account.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("device")
            .column("id", Kind::Big)
            .column("user_id", Kind::Big)
            .column("platform", Kind::Text(16))
            .column("name", Kind::Text(100))
            .column("token", Kind::LongText)
            .column("token_hash", Kind::Bytes(32))
            .column("created_at", Kind::Big)
            .column("seen_at", Kind::Big)
            .primary_key(&["id"])
            .unique("device_token", &["token_hash"])
            .index("device_user", &["user_id", "id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "device").await
    }
}
