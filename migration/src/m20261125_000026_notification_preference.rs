//! `notification_preference`: what people want to hear: a row for who chose something. `levels` and `channels` are words with commas between; NULL channels
//! leave it to the operator; `least_level` is the lowest of `levels`, for the scan.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("notification_preference")
            .column("user_id", Kind::Big)
            .column("overspend", Kind::Small)
            .column("levels", Kind::Text(64))
            .column("least_level", Kind::Int)
            .column("inactivity", Kind::Small)
            .column("hour", Kind::Small)
            .nullable("channels", Kind::Text(100))
            .column("version", Kind::Big)
            .primary_key(&["user_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "notification_preference").await
    }
}
