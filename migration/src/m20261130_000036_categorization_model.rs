//! `expenses.categorization_model`: the version of the model that had a part in choosing the category. Expenses from before
//! there was a model have none, nor have those whose category somebody or a keyword chose.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::add_nullable(manager, "expenses", "categorization_model", Kind::Int).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop_column(manager, "expenses", "categorization_model").await
    }
}
