//! Accounts and their passwords.

use async_trait::async_trait;

use crate::account::{Account, Email, Role};
use crate::calendar::{Timestamp, Zone};
use crate::id::{SessionId, UserId};
use crate::money::Currency;
use crate::session::{Device, Proof};

use super::Result;

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The address, unique among accounts.
    pub email: Email,
    /// What the person wants to be called; may be empty.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The currency of its amounts.
    pub currency: Currency,
    /// Its zone.
    pub zone: Zone,
    /// The encoded password hash.
    pub password_hash: String,
    /// When.
    pub created_at: Timestamp,
    /// When the address was proved; `None` for not yet.
    pub verified_at: Option<Timestamp>,
}

/// An account with its password hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// The encoded password hash; empty when there is no usable password.
    pub password_hash: String,
}

/// A password to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordChange {
    /// Whose.
    pub user: UserId,
    /// The old password (a change), or a code for it (a reset).
    pub proof: Proof,
    /// The encoded hash of the new one.
    pub password_hash: String,
    /// The session that goes on; all others end.
    pub keep: Option<SessionId>,
    /// Where the request came from.
    pub device: Device,
    /// When.
    pub at: Timestamp,
}

/// Changes of a profile; `None` leaves a value as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// A new name.
    pub name: Option<String>,
    /// A new currency.
    pub currency: Option<Currency>,
    /// A new zone.
    pub zone: Option<Zone>,
    /// The account as it must still be; `None` for however it is.
    pub only_if: Option<Account>,
}

/// Accounts (`user_login`, `user_cred`).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AccountRepository: Send + Sync {
    /// Makes an account, its password and the empty head of its log (`last_user_action`).
    ///
    /// # Errors
    /// `Taken(Email)`.
    async fn create(&self, new: &NewAccount) -> Result<UserId>;

    /// An account.
    ///
    /// # Errors
    /// None of its own.
    async fn account(&self, user: UserId) -> Result<Option<Account>>;

    /// An account with its password hash, by address.
    ///
    /// # Errors
    /// None of its own.
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>>;

    /// Changes a profile. A new currency is taken only while the person has no expense, deleted ones included, and bumps
    /// the head's `taxonomy_version` in the same transaction, so that plans made in the old currency turn stale. The
    /// person's limits, all of them amounts of the old currency, are removed with it. `false`, and nothing is changed, when the
    /// account is not there or its profile or role is not that of `only_if` any more.
    ///
    /// # Errors
    /// `Stale` when the currency may not change.
    async fn update_profile(&self, user: UserId, change: &ProfileChange) -> Result<bool>;

    /// Replaces the password, ends sessions, and notes the event, if what it was proved by still holds: `false`, and nothing
    /// happened, if it does not. A code is used up, and every personal access token is revoked with it.
    ///
    /// # Errors
    /// None of its own.
    async fn change_password(&self, change: &PasswordChange) -> Result<bool>;

    /// Replaces the hash of a password by another hash of the same one, if it is still `old`; whether it was.
    ///
    /// # Errors
    /// None of its own.
    async fn rehash(&self, user: UserId, old: &str, new: &str) -> Result<bool>;

    /// All account ids above `after`, ascending, at most `limit`.
    ///
    /// # Errors
    /// None of its own.
    async fn ids_after(&self, after: UserId, limit: u64) -> Result<Vec<UserId>>;
}
