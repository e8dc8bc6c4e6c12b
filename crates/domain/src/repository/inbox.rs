//! What a person is told, and how they want to be told it.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::id::{DeviceId, NotificationId, UserId};
use crate::notification::{Notification, Preferences};

use super::{Page, Result};

/// Notifications as their owner sees them (`notification`). Cancelled ones are not seen.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait InboxRepository: Send + Sync {
    /// Newest first, with identifiers below `before`.
    ///
    /// # Errors
    /// None of its own.
    async fn notifications(
        &self,
        user: UserId,
        unread: Option<bool>,
        before: Option<NotificationId>,
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
    /// `android`, `ios` or `web`.
    pub platform: String,
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
    /// `android`, `ios` or `web`.
    pub platform: String,
    /// What its owner calls it; may be empty.
    pub name: String,
    /// The registration token of Firebase Cloud Messaging.
    pub token: String,
    /// When.
    pub at: Timestamp,
}

/// Preferences and devices (`notification_preference`, `device`). Whoever is erased meanwhile gets none: `Erased`.
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
    /// another user's moves here under a new one. `None` when the user has `most` devices already.
    ///
    /// # Errors
    /// `Erased`.
    async fn register(&self, new: &NewDevice, most: u64) -> Result<Option<StoredDevice>>;

    /// Removes a device of a user; `false` when there is none.
    ///
    /// # Errors
    /// None of its own.
    async fn remove_device(&self, user: UserId, device: DeviceId) -> Result<bool>;

    /// Removes a device whose token is dead, if it still has that token.
    ///
    /// # Errors
    /// None of its own.
    async fn forget_dead(&self, device: DeviceId, token: &str) -> Result<()>;
}
