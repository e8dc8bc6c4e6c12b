//! The port of a queue that hands deliveries to other processes.

use async_trait::async_trait;
use florin_domain::id::DeliveryId;
use florin_domain::notification::Channel;

use super::PortError;

/// A delivery that a queue handed to this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// Which.
    pub delivery: DeliveryId,
    /// The number of the lease under which it was published.
    pub fence: i64,
    /// What the queue calls it.
    pub receipt: String,
}

/// Hands leased deliveries from the process that finds them due to those that make them, each to one of them at a time. It may
/// lose any and hand over any twice: the outbox knows better, and what it knows is decided by the numbers of leases.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait DeliveryQueue: Send + Sync {
    /// Adds deliveries, each with the number of its lease. When it fails, some of them may be there all the same.
    ///
    /// # Errors
    /// [`PortError::Failed`] when the queue is away.
    async fn publish(&self, channel: Channel, leased: &[(DeliveryId, i64)]) -> Result<(), PortError>;

    /// How many of a channel nobody is done with.
    ///
    /// # Errors
    /// [`PortError::Failed`] when the queue is away.
    async fn waiting(&self, channel: Channel) -> Result<u64, PortError>;

    /// Takes up to `most` of a channel: first those of processes that seem to have died, then new ones, for the first of which
    /// it waits up to so many milliseconds. Not to be dropped half-way: what was taken by then waits as if this process had
    /// died.
    ///
    /// # Errors
    /// [`PortError::Failed`] when the queue is away.
    async fn take(&self, channel: Channel, most: usize, wait_millis: u64) -> Result<Vec<Handed>, PortError>;

    /// Takes out those that this process is done with.
    ///
    /// # Errors
    /// [`PortError::Failed`] when the queue is away; they are handed to somebody again later.
    async fn done(&self, channel: Channel, handed: &[Handed]) -> Result<(), PortError>;
}
