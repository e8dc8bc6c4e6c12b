//! Runs of the scheduler's jobs.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use florin_domain::calendar::Timestamp;
use florin_domain::id::JobRunId;
use florin_domain::repository::{JobRepository, JobRun, Page, RepositoryError, Result, RunOutcome};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::{self, Database, failed};
use crate::entity::{id_range, job_run};
use crate::id_allocator::{IdAllocator, Sequence};

/// The most characters of an error that are kept.
const ERROR_LENGTH: usize = 200;

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
        let ahead = at.plus_millis(at.0.saturating_sub(alive_since.0));
        let row = &job_run::ActiveModel {
            id: Set(id),
            job: Set(job.to_owned()),
            instance: Set(instance.to_owned()),
            started_at: Set(at.0),
            seen_at: Set(at.0),
            finished_at: Set(None),
            outcome: Set(RunOutcome::Running.as_str().to_owned()),
            decided: Set(0),
            unreadable: Set(0),
            error: Set(None),
        };
        self.database
            .write(|tx| async move {
                if alone {
                    // Two that begin at the same time wait for each other here, so that the second sees the first: their rows
                    // are of different keys, and nothing else would keep them apart.
                    let row = Condition::all().add(id_range::Column::Name.eq(Sequence::JobRun.name()));
                    db::hold::<id_range::Entity>(&tx, id_range::Column::Next, row).await?;
                    let others = job_run::Entity::find()
                        .filter(job_run::Column::Job.eq(job))
                        .filter(job_run::Column::FinishedAt.is_null())
                        .filter(job_run::Column::Instance.ne(instance))
                        .filter(job_run::Column::SeenAt.gt(alive_since.0))
                        // One seen far ahead was noted by a clock that went wrong, and may be dead since.
                        .filter(job_run::Column::SeenAt.lt(ahead.0));
                    if others.count(&*tx).await? > 0 {
                        return Ok(None);
                    }
                }
                job_run::Entity::insert(row.clone()).exec_without_returning(&*tx).await?;
                Ok(Some(JobRunId(id)))
            })
            .await
    }

    async fn seen(&self, run: JobRunId, at: Timestamp, decided: i64) -> Result<()> {
        self.database
            .write(|tx| async move {
                job_run::Entity::update_many()
                    .set(job_run::ActiveModel { seen_at: Set(at.0), decided: Set(decided), ..Default::default() })
                    .filter(job_run::Column::Id.eq(run.0))
                    .filter(job_run::Column::FinishedAt.is_null())
                    .exec(&*tx)
                    .await?;
                Ok(())
            })
            .await
    }

    async fn finish(&self, run: &JobRun) -> Result<()> {
        let error = run.error.as_ref().map(|error| error.chars().take(ERROR_LENGTH).collect::<String>());
        let error = &error;
        self.database
            .write(|tx| async move {
                job_run::Entity::update_many()
                    .set(job_run::ActiveModel {
                        seen_at: Set(run.seen_at.0),
                        finished_at: Set(run.finished_at.map(|at| at.0)),
                        outcome: Set(run.outcome.as_str().to_owned()),
                        decided: Set(run.decided),
                        unreadable: Set(run.unreadable),
                        error: Set(error.clone()),
                        ..Default::default()
                    })
                    .filter(job_run::Column::Id.eq(run.id.0))
                    .exec(&*tx)
                    .await?;
                Ok(())
            })
            .await
    }

    async fn runs(&self, job: Option<&'static str>, before: Option<JobRunId>, limit: u64) -> Result<Page<JobRun>> {
        let mut select = job_run::Entity::find();
        if let Some(job) = job {
            select = select.filter(job_run::Column::Job.eq(job));
        }
        if let Some(before) = before {
            select = select.filter(job_run::Column::Id.lt(before.0));
        }
        let newest_first = select.order_by_desc(job_run::Column::Id).limit(limit.saturating_add(1));
        let rows = newest_first.all(self.database.read()).await.map_err(failed)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        Ok(Page { rows: rows.into_iter().take(limit).map(run_of).collect::<Result<_>>()?, more })
    }
}

fn run_of(row: job_run::Model) -> Result<JobRun> {
    let outcome = RunOutcome::parse(&row.outcome)
        .ok_or_else(|| RepositoryError::Internal(format!("job_run {} cannot be read", row.id).into()))?;
    Ok(JobRun {
        id: JobRunId(row.id),
        job: row.job,
        instance: row.instance,
        started_at: Timestamp(row.started_at),
        seen_at: Timestamp(row.seen_at),
        finished_at: row.finished_at.map(Timestamp),
        outcome,
        decided: row.decided,
        unreadable: row.unreadable,
        error: row.error,
    })
}
