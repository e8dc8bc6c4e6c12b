//! Removing what has served its time.

use async_trait::async_trait;

use crate::calendar::Timestamp;

use super::Result;

/// What nobody needs any more, table by table. Each call removes about `limit` rows at most (a few more when they share an
/// instant), the oldest first, and says how many: a caller goes on until it is told fewer than `limit`. Any number of
/// processes may call these at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PruningRepository: Send + Sync {
    /// Answers that were kept for retries (`idempotency_key`) before an instant.
    ///
    /// # Errors
    /// None of its own.
    async fn answers(&self, kept_before: Timestamp, limit: u64) -> Result<u64>;

    /// Refresh tokens that expired before an instant, used or not: they are refused whether or not they are there.
    ///
    /// A used token that has not expired stays as long as its session lives. That it is shown again is how a theft is found
    /// out, for as long as it would be good for anything.
    ///
    /// # Errors
    /// None of its own.
    async fn expired_refresh_tokens(&self, expired_before: Timestamp, limit: u64) -> Result<u64>;

    /// Refresh tokens of sessions that ended before an instant: nothing is left to be ended by showing one of them again.
    ///
    /// # Errors
    /// None of its own.
    async fn refresh_tokens_of_ended_sessions(&self, ended_before: Timestamp, limit: u64) -> Result<u64>;

    /// Sessions that ended before an instant, and sessions last used before it that have no refresh token left; with them
    /// whatever tokens they have.
    ///
    /// # Errors
    /// None of its own.
    async fn sessions(&self, ended_before: Timestamp, limit: u64) -> Result<u64>;

    /// One-time codes that expired before an instant, those of nobody's included. Later than a lifetime after that no
    /// guesses are inherited from them.
    ///
    /// # Errors
    /// None of its own.
    async fn codes(&self, expired_before: Timestamp, limit: u64) -> Result<u64>;

    /// Sign-ups from before an instant whose address was never proved.
    ///
    /// # Errors
    /// None of its own.
    async fn sign_ups(&self, made_before: Timestamp, limit: u64) -> Result<u64>;

    /// Deliveries of notifications that were settled before an instant: delivered, dead or cancelled. The notifications stay.
    ///
    /// # Errors
    /// None of its own.
    async fn deliveries(&self, settled_before: Timestamp, limit: u64) -> Result<u64>;

    /// Runs of the scheduler's jobs that began before an instant.
    ///
    /// # Errors
    /// None of its own.
    async fn job_runs(&self, begun_before: Timestamp, limit: u64) -> Result<u64>;
}
