//! The first identifiers of notifications, their deliveries, devices and runs of jobs.

use sea_orm_migration::prelude::*;

const NAMES: [&str; 4] = ["notification", "delivery", "device", "job_run"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut rows = Query::insert();
        rows.into_table("id_range").columns(["name", "next"]);
        for name in NAMES {
            rows.values([name.into(), 1_i64.into()]).map_err(|error| DbErr::Migration(error.to_string()))?;
        }
        rows.on_conflict(OnConflict::column("name").do_nothing_on(["name"]).to_owned());
        manager.execute(rows).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut rows = Query::delete();
        manager.execute(rows.from_table("id_range").and_where(Expr::col("name").is_in(NAMES)).take()).await
    }
}
