//! `daily_run`: for which local date the users of a zone and hour were checked last.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("daily_run")
            .column("job", Kind::Text(16))
            .column("timezone", Kind::Text(64))
            .column("hour", Kind::Small)
            .column("done_on", Kind::Date)
            .primary_key(&["job", "timezone", "hour"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "daily_run").await
    }
}
