//! `tags`: each person's labels. A label stays when nothing has it any more.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("tags")
            .column("id", Kind::Big)
            .column("user_id", Kind::Big)
            .column("name", Kind::Text(50))
            .primary_key(&["id"])
            .unique("tags_name", &["user_id", "name"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "tags").await
    }
}
