//! `notification`: what people were told. `category_id` is 0 for the overall limit; `basis` is what re-arms: the limit in minor units, or the number
//! of the last logging act; `level` is the percentage or the stage. A cancelled one gives its key back.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("notification")
            .column("id", Kind::Big)
            .column("user_id", Kind::Big)
            .column("kind", Kind::Text(16))
            .column("dedupe_key", Kind::Text(160))
            .column("created_at", Kind::Big)
            .nullable("read_at", Kind::Big)
            .nullable("cancelled_at", Kind::Big)
            .column("basis", Kind::Big)
            .column("level", Kind::Int)
            .nullable("category_id", Kind::Big)
            .nullable("category_name", Kind::Text(100))
            .nullable("month", Kind::Int)
            .nullable("spent", Kind::Big)
            .nullable("currency", Kind::Text(3))
            .nullable("days", Kind::Big)
            .primary_key(&["id"])
            .unique("notification_dedupe_key", &["dedupe_key"])
            .index("notification_user", &["user_id", "created_at", "id"])
            .index("notification_subject", &["user_id", "kind", "basis"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "notification").await
    }
}
