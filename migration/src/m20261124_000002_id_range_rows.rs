//! The first identifiers. Those of users' own categories start at 1001, above the system's.

use sea_orm_migration::prelude::*;

/// Each kind of identifier with its first value.
const FIRST: [(&str, i64); 5] = [("user", 1), ("session", 1), ("category", 1001), ("expense", 1), ("tag", 1)];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut rows = Query::insert();
        rows.into_table("id_range").columns(["name", "next"]);
        for (name, next) in FIRST {
            rows.values([name.into(), next.into()]).map_err(|error| DbErr::Migration(error.to_string()))?;
        }
        rows.on_conflict(OnConflict::column("name").do_nothing_on(["name"]).to_owned());
        manager.execute(rows).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.execute(Query::delete().from_table("id_range").take()).await
    }
}
