//! Telephone numbers, one an account.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::id::UserId;
use crate::login_event::NewLoginEvent;
use crate::phone::Phone;
use crate::receipt::Receipt;
use crate::session::SecretHash;

use super::Result;

/// A telephone number of a user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPhone {
    /// The number.
    pub phone: Phone,
    /// When a code proved it; `None` before.
    pub proved_at: Option<Timestamp>,
}

/// Telephone numbers (`user_phone`). Whoever is erased meanwhile gets none: `Erased`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PhoneRepository: Send + Sync {
    /// The number of a user; `None` when there is none, as for a decoy.
    ///
    /// # Errors
    /// None of its own.
    async fn phone(&self, user: UserId) -> Result<Option<StoredPhone>>;

    /// Puts a number that is yet to be proved in place of any other. The same number, once proved, stays proved.
    ///
    /// # Errors
    /// `Erased`, also of a disabled account.
    async fn put(&self, user: UserId, phone: &Phone, at: Timestamp) -> Result<()>;

    /// Proves the user's number, if it is still that one, using the code of this hash up, and notes the event, at its instant;
    /// `false`, and nothing happened, when it is not, or the code is not in force.
    ///
    /// # Errors
    /// None of its own.
    async fn prove(&self, user: UserId, phone: &Phone, code: &SecretHash, event: &NewLoginEvent) -> Result<bool>;

    /// Removes the number of a user, notes the event, and keeps the receipt; `false`, and nothing noted or kept, when there is
    /// none.
    ///
    /// # Errors
    /// `Taken(Operation)` when the receipt's key has an answer.
    async fn remove(&self, user: UserId, event: &NewLoginEvent, receipt: Option<Receipt>) -> Result<bool>;
}
