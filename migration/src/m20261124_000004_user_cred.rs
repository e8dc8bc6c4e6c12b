//! `user_cred`: password hashes.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("user_cred")
            .column("user_id", Kind::Big)
            .column("password_hash", Kind::Text(255))
            .column("updated_at", Kind::Big)
            .primary_key(&["user_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "user_cred").await
    }
}
