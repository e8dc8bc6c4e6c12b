//! `notification_delivery`: the outbox: a row for each channel and place that a notification goes to. `target` is a device, or 0. `next_at` is when it is
//! tried next, or until when it is leased; each lease counts `fence` up.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("notification_delivery")
            .column("id", Kind::Big)
            .column("notification_id", Kind::Big)
            .column("user_id", Kind::Big)
            .column("channel", Kind::Text(16))
            .column("target", Kind::Big)
            .column("state", Kind::Small)
            .column("attempts", Kind::Int)
            .column("fence", Kind::Big)
            .nullable("leased_by", Kind::Big)
            .column("next_at", Kind::Big)
            .column("created_at", Kind::Big)
            .nullable("settled_at", Kind::Big)
            .nullable("last_error", Kind::Text(200))
            .primary_key(&["id"])
            .unique("notification_delivery_target", &["notification_id", "channel", "target"])
            .index("notification_delivery_due", &["channel", "state", "next_at"])
            .index("notification_delivery_settled", &["settled_at"])
            .index("notification_delivery_user", &["user_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "notification_delivery").await
    }
}
