//! `user_phone`: telephone numbers, as E.164 writes them.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("user_phone")
            .column("user_id", Kind::Big)
            .column("number", Kind::Text(16))
            .column("added_at", Kind::Big)
            .nullable("proved_at", Kind::Big)
            .primary_key(&["user_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "user_phone").await
    }
}
