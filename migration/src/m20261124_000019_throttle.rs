//! `throttle`: counted attempts by subject, which is a keyed hash. `full_again_at` is when the whole burst is allowed again.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("throttle")
            .column("name", Kind::Text(24))
            .column("subject", Kind::Bytes(32))
            .column("full_again_at", Kind::Big)
            .primary_key(&["name", "subject"])
            .index("throttle_full_again_at", &["full_again_at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "throttle").await
    }
}
