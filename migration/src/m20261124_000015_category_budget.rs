//! `category_budget`: limits from a month on; category 0 is the overall limit, a NULL limit a removal.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("category_budget")
            .column("user_id", Kind::Big)
            .column("category_id", Kind::Big)
            .column("from_month", Kind::Int)
            .nullable("limit_minor", Kind::Big)
            .primary_key(&["user_id", "category_id", "from_month"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "category_budget").await
    }
}
