//! `category`: the system's categories (`user_id` 0) and each person's own. `live_slug` is NULL while archived, so that
//! only live names must differ.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("category")
            .column("id", Kind::Big)
            .column("user_id", Kind::Big)
            .column("name", Kind::Text(100))
            .column("slug", Kind::Text(255))
            .nullable("live_slug", Kind::Text(255))
            .nullable("archived_at", Kind::Big)
            .nullable("merged_into", Kind::Big)
            .nullable("merged_by", Kind::Big)
            .column("version", Kind::Big)
            .primary_key(&["id"])
            .unique("category_live_slug", &["user_id", "live_slug"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "category").await
    }
}
