//! Erasing one's own account.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::repository::ErasureRepository;
use florin_domain::session::Device;

use crate::auth::Auth;
use crate::error::Result;
use crate::port::Clock;
use crate::writer::Writer;

/// The use case of erasure.
pub struct Erasure {
    auth: Arc<Auth>,
    erasures: Arc<dyn ErasureRepository>,
    writer: Arc<Writer>,
    clock: Arc<dyn Clock>,
}

impl Erasure {
    /// A service over its ports and the shared writer.
    #[must_use]
    pub fn new(
        auth: Arc<Auth>,
        erasures: Arc<dyn ErasureRepository>,
        writer: Arc<Writer>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { auth, erasures, writer, clock }
    }

    /// Erases the caller's account, for good ([`ErasureRepository::erase`]). Its tokens are refused from then on, and its
    /// address may sign up again. The event that is noted says nothing of where the request came from: that is personal too.
    /// A refused one is noted with the device, like any other wrong password; it goes with the account.
    ///
    /// # Errors
    /// Those of [`Auth::check_password_of`]; [`crate::error::AppError::Unauthenticated`] `invalid_token` when it was erased
    /// meanwhile.
    pub async fn erase(&self, account: &Account, password: &str, device: &Device) -> Result<()> {
        self.auth.check_password_of(account, password, EventKind::Erasure, device).await?;
        let at = self.clock.now();
        let event = NewLoginEvent::new(Some(account.id), at, EventKind::Erasure, EventOutcome::Ok, &Device::default());
        let _turn = self.writer.turn(account.id).await;
        self.erasures.erase(account.id, &event).await?;
        self.writer.forget(account.id);
        Ok(())
    }
}
