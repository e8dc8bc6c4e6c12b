//! `job_run`: runs of the scheduler's jobs.

use sea_orm_migration::prelude::*;

use crate::table::{self, Kind, NewTable};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        NewTable::named("job_run")
            .column("id", Kind::Big)
            .column("job", Kind::Text(16))
            .column("instance", Kind::Text(64))
            .column("started_at", Kind::Big)
            .column("seen_at", Kind::Big)
            .nullable("finished_at", Kind::Big)
            .column("outcome", Kind::Text(16))
            .column("decided", Kind::Big)
            .column("unreadable", Kind::Big)
            .nullable("error", Kind::Text(200))
            .primary_key(&["id"])
            .index("job_run_job", &["job", "id"])
            .index("job_run_started_at", &["started_at"])
            .create(manager)
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::drop(manager, "job_run").await
    }
}
