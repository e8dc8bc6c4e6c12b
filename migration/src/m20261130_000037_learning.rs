//! `expenses.category_chosen_at`: when the client chose the category, in UTC milliseconds. Expenses whose category was chosen for
//! them have none, nor have choices from before it was noted.
//! `user_login.learned_since`: choices up to that instant, in UTC milliseconds, teach nothing. Of those who never had theirs
//! forgotten there is none.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::add_nullable(manager, "expenses", "category_chosen_at", Kind::Big).await?;
        table::add_nullable(manager, "user_login", "learned_since", Kind::Big).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop_column(manager, "user_login", "learned_since").await?;
        table::drop_column(manager, "expenses", "category_chosen_at").await
    }
}
