//! Erasing a person.

use async_trait::async_trait;

use crate::id::UserId;
use crate::login_event::NewLoginEvent;

use super::Result;

/// Erasure: everything that a person wrote, and everything that names them, goes; what others need of them stays.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ErasureRepository: Send + Sync {
    /// Erases an account in one transaction.
    ///
    /// The head of the log is sealed first ([`crate::ledger::Head::is_sealed`]), so that whatever was planned before is
    /// refused when it is applied. Removed are expenses, tags, totals, limits, own categories, keywords, sessions and their
    /// refresh tokens, one-time codes, sign-ups, personal access tokens, kept answers and the password. The log stays, with
    /// the payloads, their salts and the clients' names of the operations gone: its chain can still be walked. The account's
    /// row stays too, without name and address, disabled; the address is free again. The person's rows of the audit trail
    /// lose where they came from, and `event` is added to them.
    ///
    /// # Errors
    /// `Erased` when there is no such account (any more): of any number of simultaneous calls, one does it.
    async fn erase(&self, user: UserId, event: &NewLoginEvent) -> Result<()>;
}
