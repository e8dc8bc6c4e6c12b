//! `last_user_action`: the head of each person's log.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("last_user_action")
            .column("user_id", Kind::Big)
            .column("seq", Kind::Big)
            .column("hash", Kind::Bytes(32))
            .column("last_ordinary", Kind::Big)
            .nullable("next_undo", Kind::Big)
            .column("taxonomy_version", Kind::Big)
            .primary_key(&["user_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "last_user_action").await
    }
}
