//! `one_time_code`: the last code of each purpose, by its keyed hash.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("one_time_code")
            .column("user_id", Kind::Big)
            .column("purpose", Kind::Text(16))
            .column("hash", Kind::Bytes(32))
            .column("created_at", Kind::Big)
            .column("expires_at", Kind::Big)
            .column("attempts", Kind::Int)
            .nullable("consumed_at", Kind::Big)
            .primary_key(&["user_id", "purpose"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "one_time_code").await
    }
}
