//! The caller's own log-in sessions: where one is logged in, and ending that from elsewhere.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::id::SessionId;
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::repository::SessionRepository;
use florin_domain::session::{Device, LiveSession};

use crate::error::Result;
use crate::port::Clock;
use crate::receipts::Keep;

/// The most sessions that are listed. Whoever has more sees those used last.
const MOST: u64 = 200;

/// The use cases over one's own sessions.
pub struct Sessions {
    sessions: Arc<dyn SessionRepository>,
    clock: Arc<dyn Clock>,
}

impl Sessions {
    /// A service over its ports.
    #[must_use]
    pub fn new(sessions: Arc<dyn SessionRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { sessions, clock }
    }

    /// The sessions that go on, the last used first, at most 200.
    ///
    /// # Errors
    /// None of its own.
    pub async fn list(&self, account: &Account) -> Result<Vec<LiveSession>> {
        Ok(self.sessions.live(account.id, self.clock.now(), MOST).await?)
    }

    /// Ends a session, be it the caller's present one. The next request with its access token is refused.
    ///
    /// # Errors
    /// [`AppError::NotFound`](crate::error::AppError::NotFound).
    pub async fn end(&self, account: &Account, session: SessionId, device: &Device, keep: &Keep<()>) -> Result<()> {
        let now = self.clock.now();
        let event = NewLoginEvent::new(Some(account.id), now, EventKind::LogOut, EventOutcome::Ok, device);
        let ended = self.sessions.close(account.id, session, now, &event, keep.receipt(&())?).await?;
        keep.note_kept_if(ended)
    }
}
