//! What admins see of the scheduler: runs of its jobs, and its deliveries, but nothing of what they say.

use std::sync::Arc;

use florin_domain::id::{DeliveryId, JobRunId};
use florin_domain::notification::Kind;
use florin_domain::notification::delivery::OutboxEntry;
use florin_domain::repository::{JobRepository, JobRun, OutboxFilter, OutboxRepository, Page};

use crate::error::{AppError, Result};
use crate::port::Clock;

/// The admins' use cases over the scheduler.
pub struct Oversight {
    jobs: Arc<dyn JobRepository>,
    outbox: Arc<dyn OutboxRepository>,
    clock: Arc<dyn Clock>,
}

impl Oversight {
    /// A service over its ports.
    #[must_use]
    pub fn new(jobs: Arc<dyn JobRepository>, outbox: Arc<dyn OutboxRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { jobs, outbox, clock }
    }

    /// Runs of a job, or of all (`None`), newest first.
    ///
    /// # Errors
    /// None of its own.
    pub async fn runs(&self, job: Option<Kind>, before: Option<JobRunId>, limit: u64) -> Result<Page<JobRun>> {
        Ok(self.jobs.runs(job.map(Kind::as_str), before, limit).await?)
    }

    /// Deliveries, newest first.
    ///
    /// # Errors
    /// None of its own.
    pub async fn entries(
        &self,
        filter: OutboxFilter,
        before: Option<DeliveryId>,
        limit: u64,
    ) -> Result<Page<OutboxEntry>> {
        Ok(self.outbox.entries(filter, before, limit).await?)
    }

    /// Has a dead delivery tried again from now on, and returns it as it is then.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Conflict`] `not_dead`.
    pub async fn retry(&self, delivery: DeliveryId) -> Result<OutboxEntry> {
        let revived = self.outbox.revive(delivery, self.clock.now()).await?;
        let entry = self.outbox.entry(delivery).await?.ok_or(AppError::NotFound)?;
        if revived { Ok(entry) } else { Err(AppError::conflict("not_dead", "only a dead delivery is tried again")) }
    }
}
