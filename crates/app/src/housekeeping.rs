//! Removing what has served its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use florin_domain::repository::{AuditRepository, PruningRepository, RepositoryError, ThrottleRepository};

use crate::error::Result;
use crate::port::Clock;

const DAY: i64 = 24 * 60 * 60 * 1000;
/// For how long an answer is kept for retries (http-api.md, "Conventions").
const ANSWERS: i64 = DAY;
/// How long after its end a token or code goes. Until then it is refused for what it is; and no clock of another server is a
/// day slow.
const EXPIRED: i64 = DAY;
/// For how long a session that has ended can still be looked at.
const SESSIONS: i64 = 30 * DAY;
/// How long a sign-up may wait for its code to be asked for again.
const SIGN_UPS: i64 = 7 * DAY;

/// The most rows that are removed at once, so that nobody waits for long.
const BATCH: u64 = 500;
/// The most batches of one table in one run; the next run goes on.
const BATCHES: u32 = 200;

/// How many rows a run removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Answers kept for retries.
    pub answers: u64,
    /// Refresh tokens, expired or of ended sessions.
    pub refresh_tokens: u64,
    /// Ended sessions.
    pub sessions: u64,
    /// One-time codes.
    pub codes: u64,
    /// Sign-ups whose address was never proved.
    pub sign_ups: u64,
    /// Throttles that restrain nobody.
    pub throttles: u64,
    /// Rows of the audit trail.
    pub login_events: u64,
    /// Settled deliveries of notifications.
    pub deliveries: u64,
    /// Runs of the scheduler's jobs.
    pub job_runs: u64,
}

impl Pruned {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        let Self { answers, refresh_tokens, sessions, codes, sign_ups, throttles, login_events, deliveries, job_runs } =
            *self;
        answers + refresh_tokens + sessions + codes + sign_ups + throttles + login_events + deliveries + job_runs
    }
}

/// The ports that [`Housekeeping`] works with.
#[derive(Clone)]
pub struct HousekeepingPorts {
    /// What is removed by its age alone.
    pub pruning: Arc<dyn PruningRepository>,
    /// Counted attempts.
    pub throttles: Arc<dyn ThrottleRepository>,
    /// The audit trail.
    pub audit: Arc<dyn AuditRepository>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// For how many days is kept what the operator chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptDays {
    /// The audit trail.
    pub audit: u32,
    /// Settled deliveries of notifications, and runs of jobs.
    pub deliveries: u32,
}

/// The use case of removing what has served its time. Any number of servers may be at it at once.
pub struct Housekeeping {
    ports: HousekeepingPorts,
    kept: KeptDays,
    stopping: AtomicBool,
}

impl Housekeeping {
    /// A service over its ports.
    #[must_use]
    pub fn new(ports: HousekeepingPorts, kept: KeptDays) -> Self {
        Self { ports, kept, stopping: AtomicBool::new(false) }
    }

    /// Removes what is due now, table by table, in small batches. A table that fails keeps the others from nothing.
    ///
    /// # Errors
    /// The first failure, after all tables were tried.
    pub async fn run_once(&self) -> Result<Pruned> {
        let HousekeepingPorts { pruning, throttles, audit, clock } = &self.ports;
        let now = clock.now();
        let ago = |millis: i64| now.plus_millis(-millis);
        let days = |count: u32| i64::from(count) * DAY;
        let mut failure = None;
        let mut kept = |outcome: std::result::Result<u64, RepositoryError>| {
            outcome.unwrap_or_else(|error| {
                failure.get_or_insert(error);
                0
            })
        };
        let pruned = Pruned {
            answers: kept(self.batches(|| pruning.answers(ago(ANSWERS), BATCH)).await),
            refresh_tokens: kept(self.batches(|| pruning.expired_refresh_tokens(ago(EXPIRED), BATCH)).await)
                + kept(self.batches(|| pruning.refresh_tokens_of_ended_sessions(ago(EXPIRED), BATCH)).await),
            // After the tokens: a session without any is over.
            sessions: kept(self.batches(|| pruning.sessions(ago(SESSIONS), BATCH)).await),
            codes: kept(self.batches(|| pruning.codes(ago(EXPIRED), BATCH)).await),
            sign_ups: kept(self.batches(|| pruning.sign_ups(ago(SIGN_UPS), BATCH)).await),
            throttles: kept(self.batches(|| throttles.prune(now, BATCH)).await),
            login_events: kept(self.batches(|| audit.prune(ago(days(self.kept.audit)), BATCH)).await),
            deliveries: kept(self.batches(|| pruning.deliveries(ago(days(self.kept.deliveries)), BATCH)).await),
            job_runs: kept(self.batches(|| pruning.job_runs(ago(days(self.kept.deliveries)), BATCH)).await),
        };
        failure.map_or(Ok(pruned), |error| Err(error.into()))
    }

    /// Has a run that is under way end after its present batch, and those that follow at once.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    async fn batches<F>(&self, one: impl Fn() -> F) -> std::result::Result<u64, RepositoryError>
    where
        F: Future<Output = std::result::Result<u64, RepositoryError>>,
    {
        let mut removed = 0;
        for _ in 0..BATCHES {
            if self.stopping.load(Ordering::Relaxed) {
                break;
            }
            let batch = one().await?;
            removed += batch;
            if batch < BATCH {
                break;
            }
        }
        Ok(removed)
    }
}
