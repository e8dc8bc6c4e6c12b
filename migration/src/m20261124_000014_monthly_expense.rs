//! `monthly_expense`: what the live expenses of a month and category add up to.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("monthly_expense")
            .column("user_id", Kind::Big)
            .column("month", Kind::Int)
            .column("category_id", Kind::Big)
            .column("total", Kind::Big)
            .primary_key(&["user_id", "month", "category_id"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "monthly_expense").await
    }
}
