//! `user_login.erased_at`: when the owner erased the account. Its row stays, so that its log can still be verified.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::add_nullable(manager, "user_login", "erased_at", Kind::Big).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop_column(manager, "user_login", "erased_at").await
    }
}
