//! The audit trail of accounts.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::id::{LoginEventId, UserId};
use crate::login_event::{EventKind, LoginEvent, NewLoginEvent};

use super::{Page, Result};

/// A place in the trail: the instant and identifier of the last row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCursor {
    /// When it happened.
    pub at: Timestamp,
    /// Which of those of that instant.
    pub id: LoginEventId,
}

/// Which rows are asked for; `None` for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Whose.
    pub user: Option<UserId>,
    /// Of which kind.
    pub kind: Option<EventKind>,
}

/// The audit trail (`login_event`). Rows are added and, after a time, removed; none is changed but by erasure.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditRepository: Send + Sync {
    /// Notes an event that has no effect to be noted with. What has one, takes its event along.
    ///
    /// # Errors
    /// None of its own.
    async fn note(&self, event: &NewLoginEvent) -> Result<()>;

    /// Rows that come after `after` in the order newest first.
    ///
    /// # Errors
    /// None of its own.
    async fn events(&self, filter: EventFilter, after: Option<EventCursor>, limit: u64) -> Result<Page<LoginEvent>>;

    /// Removes rows that are older than `before`, at most `limit` of them; how many.
    ///
    /// # Errors
    /// None of its own.
    async fn prune(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
