//! `tag_map`: which live expenses have which labels.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("tag_map")
            .column("expense_id", Kind::Big)
            .column("tag_id", Kind::Big)
            .primary_key(&["expense_id", "tag_id"])
            .index("tag_map_by_tag", &["tag_id", "expense_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "tag_map").await
    }
}
