//! Counted attempts.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::session::SecretHash;
use crate::throttle::{Throttle, Verdict};

use super::Result;

/// Throttles by subject (`throttle`), seen by every server and kept across restarts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ThrottleRepository: Send + Sync {
    /// Counts an attempt of `subject` at `at`, atomically: of any number of simultaneous attempts no more than the throttle
    /// allows are. One that is refused is not counted.
    ///
    /// # Errors
    /// None of its own.
    async fn take(&self, throttle: &Throttle, subject: &SecretHash, at: Timestamp) -> Result<Verdict>;

    /// Takes one counted attempt back: it turned out to be none of those that are to be counted.
    ///
    /// # Errors
    /// None of its own.
    async fn give_back(&self, throttle: &Throttle, subject: &SecretHash) -> Result<()>;

    /// Removes what no longer restrains anybody, at most `limit` rows; how many.
    ///
    /// # Errors
    /// None of its own.
    async fn prune(&self, at: Timestamp, limit: u64) -> Result<u64>;
}
