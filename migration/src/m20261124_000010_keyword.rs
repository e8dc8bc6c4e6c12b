//! `keyword`: the words by which a person categorizes.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("keyword")
            .column("user_id", Kind::Big)
            .column("phrase", Kind::Text(255))
            .column("category_id", Kind::Big)
            .primary_key(&["user_id", "phrase"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "keyword").await
    }
}
