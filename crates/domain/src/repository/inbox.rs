//! What a person is told, and how they want to be told it.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::device::Platform;
use crate::id::{DeviceId, NotificationId, UserId};
use crate::notification::{Notification, Preferences};
use crate::receipt::Receipt;

use super::{Page, Result};

/// Where a page of notifications ended: its last one. Identifiers alone do not say which is newer, for every process takes
/// blocks of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxCursor {
    /// When that one was decided.
    pub at: Timestamp,
    /// Which it was.
    pub id: NotificationId,
}

/// Notifications as their owner sees them (`notification`). Cancelled ones are not seen.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait InboxRepository: Send + Sync {
    /// Newest first, read ones, unread ones or both (`None`), after `after`.
    ///
    /// # Errors
    /// None of its own.
    async fn notifications(
        &self,
        user: UserId,
        unread: Option<bool>,
        after: Option<InboxCursor>,
        limit: u64,
    ) -> Result<Page<Notification>>;

    /// Notes that one was read, unless it was before; as it is then. `None` when the user has none of that number.
    ///
    /// # Errors
    /// None of its own.
    async fn read(&self, user: UserId, notification: NotificationId, at: Timestamp) -> Result<Option<Notification>>;

    /// Notes that all were read; how many were not before.
    ///
    /// # Errors
    /// None of its own.
    async fn read_all(&self, user: UserId, at: Timestamp) -> Result<u64>;
}

/// Preferences and their version, which counts up from 0 (nothing was ever chosen).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredPreferences {
    /// What the user wants.
    pub preferences: Preferences,
    /// The version.
    pub version: i64,
}

/// A device that takes push messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDevice {
    /// Its identifier.
    pub id: DeviceId,
    /// What it runs.
    pub platform: Platform,
    /// What its owner calls it; may be empty.
    pub name: String,
    /// When it was registered first.
    pub created_at: Timestamp,
    /// When it was registered last.
    pub seen_at: Timestamp,
}

/// A device to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// Whose.
    pub user: UserId,
    /// What it runs.
    pub platform: Platform,
    /// What its owner calls it; may be empty.
    pub name: String,
    /// The registration token of Firebase Cloud Messaging.
    pub token: String,
    /// When.
    pub at: Timestamp,
}

/// A device after it was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// As it is now.
    pub device: StoredDevice,
    /// Whether the user had no device of that token before.
    pub is_new: bool,
}

/// Preferences and devices (`notification_preference`, `device`). Whoever is disabled or erased meanwhile gets none: `Erased`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ReachRepository: Send + Sync {
    /// What the user wants; the defaults when they never said.
    ///
    /// # Errors
    /// None of its own.
    async fn preferences(&self, user: UserId) -> Result<StoredPreferences>;

    /// Replaces what the user wants, if the version is still that one; the new version.
    ///
    /// # Errors
    /// `Stale` when it is not; `Erased`.
    async fn put_preferences(&self, user: UserId, preferences: &Preferences, version: i64) -> Result<i64>;

    /// The devices of a user, newest first.
    ///
    /// # Errors
    /// None of its own.
    async fn devices(&self, user: UserId) -> Result<Vec<StoredDevice>>;

    /// Registers a device. A token that is registered already keeps its identifier, with the new name and platform; one of
    /// another user's moves here under a new one. `None`, and nothing is changed, when it would be more than `most` devices.
    ///
    /// # Errors
    /// `Erased`; `Stale` when somebody else registers the same token again and again meanwhile.
    async fn register(&self, new: &NewDevice, most: u64) -> Result<Option<Registered>>;

    /// Removes a device of a user, and keeps the receipt; `false`, and nothing kept, when there is none.
    ///
    /// # Errors
    /// `Taken(Operation)` when the receipt's key has an answer.
    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        at: Timestamp,
        receipt: Option<Receipt>,
    ) -> Result<bool>;

    /// Removes a device whose token is dead, if it still has that token.
    ///
    /// # Errors
    /// None of its own.
    async fn forget_dead(&self, device: DeviceId, token: &str) -> Result<()>;
}
