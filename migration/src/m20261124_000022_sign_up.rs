//! `sign_up`: the details of sign-ups whose address is not proved yet. Each is bound to the code that was sent with it, so that
//! whoever signs an address up that is not theirs does not choose the password that its owner's code confirms.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("sign_up")
            .column("id", Kind::Big)
            .column("user_id", Kind::Big)
            .column("code_hash", Kind::Bytes(32))
            .column("code_expires_at", Kind::Big)
            .column("created_at", Kind::Big)
            .column("name", Kind::Text(100))
            .column("currency", Kind::Text(3))
            .column("timezone", Kind::Text(64))
            .column("password_hash", Kind::Text(255))
            .primary_key(&["id"])
            .index("sign_up_user", &["user_id", "id"])
            .index("sign_up_created_at", &["created_at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "sign_up").await
    }
}
