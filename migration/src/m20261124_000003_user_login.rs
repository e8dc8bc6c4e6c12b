//! `user_login`: accounts.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("user_login")
            .column("id", Kind::Big)
            .column("email", Kind::Text(254))
            .column("name", Kind::Text(100))
            .column("user_type", Kind::Text(16))
            .column("currency", Kind::Text(3))
            .column("timezone", Kind::Text(64))
            .column("created_at", Kind::Big)
            .nullable("verified_at", Kind::Big)
            .nullable("disabled_at", Kind::Big)
            .primary_key(&["id"])
            .unique("user_login_email", &["email"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "user_login").await
    }
}
