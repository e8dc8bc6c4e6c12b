//! Runs of the scheduler's jobs.

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::JobRunId;
use florin_domain::repository::{JobRepository, JobRun, Page, RepositoryError, Result, RunOutcome};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::db::{Database, Failure, failed};
use crate::entity::id_range;
use crate::entity::job_run::{ActiveModel, Column, Entity, Model};
use crate::id_allocator::{IdAllocator, Sequence};

use super::export::page;

/// The most characters of an error, as its column has it.
const MAX_ERROR: usize = 200;
/// The most characters of an instance, as its column has it.
const MAX_INSTANCE: usize = 64;

/// Runs of jobs in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlJobRepository {
    database: Database,
    ids: IdAllocator,
}

impl SqlJobRepository {
    /// On that database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { ids: IdAllocator::new(database.clone()), database }
    }
}

#[async_trait]
impl JobRepository for SqlJobRepository {
    async fn begin(
        &self,
        job: &str,
        instance: &str,
        at: Timestamp,
        alive_since: Timestamp,
        alone: bool,
    ) -> Result<Option<JobRunId>> {
        let id = self.ids.next(Sequence::JobRun).await?;
        self.database
            .write(|tx| async move {
                if alone {
                    hold_runs(&tx).await?;
                    let elsewhere = Condition::all()
                        .add(Column::Job.eq(job))
                        .add(Column::Instance.ne(cut(instance, MAX_INSTANCE)))
                        .add(Column::Outcome.eq(RunOutcome::Running.as_str()))
                        .add(Column::SeenAt.gt(alive_since.0));
                    if Entity::find().filter(elsewhere).count(&*tx).await? > 0 {
                        return Ok(None);
                    }
                }
                let row = ActiveModel {
                    id: Set(id),
                    job: Set(job.to_owned()),
                    instance: Set(cut(instance, MAX_INSTANCE)),
                    started_at: Set(at.0),
                    seen_at: Set(at.0),
                    finished_at: Set(None),
                    outcome: Set(RunOutcome::Running.as_str().to_owned()),
                    decided: Set(0),
                    unreadable: Set(0),
                    error: Set(None),
                };
                Entity::insert(row).exec_without_returning(&*tx).await?;
                Ok(Some(JobRunId(id)))
            })
            .await
    }

    async fn seen(&self, run: JobRunId, at: Timestamp, decided: i64) -> Result<()> {
        self.database
            .write(|tx| async move {
                Entity::update_many()
                    .set(ActiveModel { seen_at: Set(at.0), decided: Set(decided), ..Default::default() })
                    .filter(Column::Id.eq(run.0))
                    .filter(Column::FinishedAt.is_null())
                    .exec(&*tx)
                    .await?;
                Ok(())
            })
            .await
    }

    async fn finish(&self, run: &JobRun) -> Result<()> {
        self.database
            .write(|tx| async move {
                let ended = ActiveModel {
                    seen_at: Set(run.seen_at.0),
                    finished_at: Set(run.finished_at.map(|at| at.0)),
                    outcome: Set(run.outcome.as_str().to_owned()),
                    decided: Set(run.decided),
                    unreadable: Set(run.unreadable),
                    error: Set(run.error.as_deref().map(|error| cut(error, MAX_ERROR))),
                    ..Default::default()
                };
                Entity::update_many().set(ended).filter(Column::Id.eq(run.id.0)).exec(&*tx).await?;
                Ok(())
            })
            .await
    }

    async fn runs(&self, job: Option<&'static str>, before: Option<JobRunId>, limit: u64) -> Result<Page<JobRun>> {
        let mut wanted = Condition::all();
        if let Some(job) = job {
            wanted = wanted.add(Column::Job.eq(job));
        }
        if let Some(before) = before {
            wanted = wanted.add(Column::Id.lt(before.0));
        }
        let newest_first = Entity::find().filter(wanted).order_by_desc(Column::Id).limit(limit.saturating_add(1));
        let Page { rows, more } = page(newest_first.all(self.database.read()).await.map_err(failed)?, limit);
        Ok(Page { rows: rows.into_iter().map(run_of).collect::<Result<_>>()?, more })
    }
}

/// Keeps everybody else who wants to begin a run out until the end of the transaction: the row is written, though not
/// changed.
async fn hold_runs(tx: &DatabaseTransaction) -> std::result::Result<(), Failure> {
    let held = id_range::Entity::update_many()
        .col_expr(id_range::Column::Next, Expr::col(id_range::Column::Next))
        .filter(id_range::Column::Name.eq(Sequence::JobRun.name()))
        .exec(tx)
        .await?;
    if held.rows_affected == 1 { Ok(()) } else { Err(Failure::internal("id_range has no row of job runs")) }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn run_of(row: Model) -> Result<JobRun> {
    let unknown = || RepositoryError::Internal(format!("job_run has outcome {:?}", row.outcome).into());
    Ok(JobRun {
        id: JobRunId(row.id),
        outcome: RunOutcome::parse(&row.outcome).ok_or_else(unknown)?,
        job: row.job,
        instance: row.instance,
        started_at: Timestamp(row.started_at),
        seen_at: Timestamp(row.seen_at),
        finished_at: row.finished_at.map(Timestamp),
        decided: row.decided,
        unreadable: row.unreadable,
        error: row.error,
    })
}

#[cfg(test)]
mod tests;
