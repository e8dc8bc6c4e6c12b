//! What people were told: listed, and marked as read.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::id::NotificationId;
use florin_domain::notification::Notification;
use florin_domain::repository::{InboxCursor, InboxRepository, Page};

use crate::error::{AppError, Result};
use crate::port::Clock;

/// The use cases of one's own notifications.
pub struct Inbox {
    inbox: Arc<dyn InboxRepository>,
    clock: Arc<dyn Clock>,
}

impl Inbox {
    /// A service over its ports.
    #[must_use]
    pub fn new(inbox: Arc<dyn InboxRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { inbox, clock }
    }

    /// Notifications, newest first, after `after`: unread ones, read ones, or both (`None`).
    ///
    /// # Errors
    /// None of its own.
    pub async fn list(
        &self,
        account: &Account,
        unread: Option<bool>,
        after: Option<InboxCursor>,
        limit: u64,
    ) -> Result<Page<Notification>> {
        Ok(self.inbox.notifications(account.id, unread, after, limit).await?)
    }

    /// Marks a notification as read and returns it. One that was read before stays as it is.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn read(&self, account: &Account, notification: NotificationId) -> Result<Notification> {
        let read = self.inbox.read(account.id, notification, self.clock.now()).await?;
        read.ok_or(AppError::NotFound)
    }

    /// Marks all notifications as read; how many were not before.
    ///
    /// # Errors
    /// None of its own.
    pub async fn read_all(&self, account: &Account) -> Result<u64> {
        Ok(self.inbox.read_all(account.id, self.clock.now()).await?)
    }
}
