//! The outbox: deliveries to be made, leased to one process at a time.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::id::{DeliveryId, NotificationId};
use crate::notification::Channel;
use crate::notification::delivery::{Leased, OutboxEntry, Outcome, State};

use super::{Page, Result};

/// Which deliveries are asked for; `None` for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    /// In which state.
    pub state: Option<State>,
    /// Over which channel.
    pub channel: Option<Channel>,
}

/// Deliveries (`notification_delivery`).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait OutboxRepository: Send + Sync {
    /// Leases up to `limit` deliveries of a channel that are due at `now`, until `until`: nobody else gets them before that.
    /// Each lease has a higher number than the one before, and counts as a try. Of many at once, a few are leased; whoever
    /// wants more asks again. What cannot be read is given up, so that nobody else waits for it.
    ///
    /// # Errors
    /// None of its own.
    async fn lease(&self, channel: Channel, now: Timestamp, until: Timestamp, limit: u64) -> Result<Vec<Leased>>;

    /// Leases deliveries as [`Self::lease`] does, to be handed to another process by a queue: which, and the number of each
    /// lease. It is not a try yet, and not counted as one.
    ///
    /// # Errors
    /// None of its own.
    async fn hand_over(
        &self,
        channel: Channel,
        now: Timestamp,
        until: Timestamp,
        limit: u64,
    ) -> Result<Vec<(DeliveryId, i64)>>;

    /// Takes such leases over at `now`, each under a number of its own, to be tried before `until`. Left out are those that were leased again,
    /// taken over or settled since. A lease that has ended, and that nobody else has had since, may be taken over too.
    ///
    /// # Errors
    /// None of its own.
    async fn take_over(&self, handed: &[(DeliveryId, i64)], now: Timestamp, until: Timestamp) -> Result<Vec<Leased>>;

    /// Has leases that could not be handed to anybody come due at `at`.
    ///
    /// # Errors
    /// None of its own.
    async fn hand_back(&self, handed: &[(DeliveryId, i64)], at: Timestamp) -> Result<()>;

    /// Which of these are still true and wanted: the limit is the one in force and the level still reached; nothing was logged
    /// since; the account may be used and wants to hear of it over that channel. In a fixed number of statements.
    ///
    /// # Errors
    /// None of its own.
    async fn still_true(&self, leased: &[Leased]) -> Result<Vec<DeliveryId>>;

    /// Reports how tries ended. What a later lease holds is left as it is. A notification whose deliveries are all cancelled is
    /// cancelled itself: its owner does not see it any more, and its key is free. In one transaction.
    ///
    /// # Errors
    /// None of its own.
    async fn settle(&self, ended: &[(DeliveryId, i64, Outcome)], at: Timestamp) -> Result<()>;

    /// When the next delivery of a channel comes due; `None` when nothing is pending.
    ///
    /// # Errors
    /// None of its own.
    async fn next_due(&self, channel: Channel) -> Result<Option<Timestamp>>;

    /// How many there are of each channel and state, for metrics.
    ///
    /// # Errors
    /// None of its own.
    async fn counts(&self) -> Result<Vec<(Channel, State, u64)>>;

    /// Deliveries, newest first, with identifiers below `before`.
    ///
    /// # Errors
    /// None of its own.
    async fn entries(&self, filter: OutboxFilter, before: Option<DeliveryId>, limit: u64) -> Result<Page<OutboxEntry>>;

    /// A delivery; `None` when there is none.
    ///
    /// # Errors
    /// None of its own.
    async fn entry(&self, delivery: DeliveryId) -> Result<Option<OutboxEntry>>;

    /// Has a dead delivery tried again from `at` on, none of its tries counted; `false` when it is not dead.
    ///
    /// # Errors
    /// None of its own.
    async fn revive(&self, delivery: DeliveryId, at: Timestamp) -> Result<bool>;

    /// The deliveries of a notification, for tests and operators.
    ///
    /// # Errors
    /// None of its own.
    async fn of_notification(&self, notification: NotificationId) -> Result<Vec<OutboxEntry>>;
}
