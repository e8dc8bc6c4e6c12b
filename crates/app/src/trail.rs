//! The caller's own audit trail.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::login_event::{EventKind, LoginEvent};
use florin_domain::repository::{AuditRepository, EventCursor, EventFilter, Page};
use florin_domain::session::Device;

use crate::error::Result;

/// The use case over one's own trail.
pub struct Trail {
    audit: Arc<dyn AuditRepository>,
}

impl Trail {
    /// A service over its port.
    #[must_use]
    pub fn new(audit: Arc<dyn AuditRepository>) -> Self {
        Self { audit }
    }

    /// What happened to the caller's account, newest first, after `after`. Where an admin acted, not from where: that is the
    /// admin's address, not the caller's.
    ///
    /// # Errors
    /// None of its own.
    pub async fn mine(
        &self,
        account: &Account,
        kind: Option<EventKind>,
        after: Option<EventCursor>,
        limit: u64,
    ) -> Result<Page<LoginEvent>> {
        let filter = EventFilter { user: Some(account.id), kind };
        let mut page = self.audit.events(filter, after, limit).await?;
        for row in page.rows.iter_mut().filter(|row| row.event.actor.is_some()) {
            row.event.device = Device::default();
        }
        Ok(page)
    }
}
