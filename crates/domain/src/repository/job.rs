//! Runs of the scheduler's jobs.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::id::JobRunId;

use super::{Page, Result};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It goes on, or its process was killed.
    Running,
    /// It did all that was due.
    Ok,
    /// It was told to stop half-way; the next run goes on.
    Stopped,
    /// Something failed; the next run tries again.
    Failed,
}

impl RunOutcome {
    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Running, Self::Ok, Self::Stopped, Self::Failed].into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// A run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRun {
    /// Which.
    pub id: JobRunId,
    /// The job: `overspend` or `inactivity`.
    pub job: String,
    /// Which process ran it.
    pub instance: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When its process was last seen at it.
    pub seen_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How.
    pub outcome: RunOutcome,
    /// How many notifications it stored.
    pub decided: i64,
    /// How many rows could not be read.
    pub unreadable: i64,
    /// What failed.
    pub error: Option<String>,
}

/// Runs of jobs (`job_run`).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait JobRepository: Send + Sync {
    /// Notes that a run began; `None` when another process was seen at the same job after `alive_since`, and `alone` is asked
    /// for. One that was seen as far ahead of `at` does not count: its clock was wrong.
    ///
    /// # Errors
    /// None of its own.
    async fn begin(
        &self,
        job: &str,
        instance: &str,
        at: Timestamp,
        alive_since: Timestamp,
        alone: bool,
    ) -> Result<Option<JobRunId>>;

    /// Notes that the run's process is still at it, and how far it is.
    ///
    /// # Errors
    /// None of its own.
    async fn seen(&self, run: JobRunId, at: Timestamp, decided: i64) -> Result<()>;

    /// Notes how a run ended.
    ///
    /// # Errors
    /// None of its own.
    async fn finish(&self, run: &JobRun) -> Result<()>;

    /// Runs, newest first, with identifiers below `before`.
    ///
    /// # Errors
    /// None of its own.
    async fn runs(&self, job: Option<&'static str>, before: Option<JobRunId>, limit: u64) -> Result<Page<JobRun>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read_back_as_written() {
        for (outcome, name) in [
            (RunOutcome::Running, "running"),
            (RunOutcome::Ok, "ok"),
            (RunOutcome::Stopped, "stopped"),
            (RunOutcome::Failed, "failed"),
        ] {
            assert_eq!((outcome.as_str(), RunOutcome::parse(name)), (name, Some(outcome)));
        }
        assert_eq!(RunOutcome::parse("Ok"), None);
    }
}
