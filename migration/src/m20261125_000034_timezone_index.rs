//! An index by which the zones that users live in are found without reading every account.

use sea_orm_migration::prelude::*;

/// Index, table, column.
const INDEXES: [(&str, &str, &str); 1] = [("user_login_timezone", "user_login", "timezone")];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, column) in INDEXES {
            // MySQL commits each statement by itself: one that was cut short is simply run again.
            if !manager.has_index(table, name).await? {
                manager.create_index(Index::create().name(name).table(table).col(column).take()).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, _) in INDEXES {
            if manager.has_index(table, name).await? {
                let mut index = Index::drop();
                index.name(name).table(table);
                manager.drop_index(index).await?;
            }
        }
        Ok(())
    }
}
