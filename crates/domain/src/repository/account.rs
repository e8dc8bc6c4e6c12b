//! Accounts and their passwords.

use async_trait::async_trait;

use crate::account::{Account, Email, Role};
use crate::calendar::{Timestamp, Zone};
use crate::id::UserId;
use crate::money::Currency;

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
    /// The encoded password hash.
    pub password_hash: String,
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

    /// Notes that the address was proved, unless it was before.
    ///
    /// # Errors
    /// None of its own.
    async fn mark_verified(&self, user: UserId, at: Timestamp) -> Result<()>;

    /// Replaces an unproved account's name, currency, zone and password: its address was signed up again.
    /// Does nothing to a proved one.
    ///
    /// # Errors
    /// None of its own.
    async fn replace_unverified(&self, user: UserId, new: &NewAccount) -> Result<()>;

    /// Changes a profile. A new currency is taken only while the person has no expense, deleted ones included, and bumps
    /// the head's `taxonomy_version` in the same transaction, so that plans made in the old currency turn stale. The
    /// person's limits, all of them amounts of the old currency, are removed with it.
    ///
    /// # Errors
    /// `Stale` when the currency may not change.
    async fn update_profile(&self, user: UserId, change: &ProfileChange) -> Result<()>;

    /// Replaces the password hash.
    ///
    /// # Errors
    /// None of its own.
    async fn set_password(&self, user: UserId, password_hash: &str, at: Timestamp) -> Result<()>;

    /// Changes what an account may do, and ends all its sessions in the same transaction.
    ///
    /// # Errors
    /// None of its own.
    async fn set_role(&self, user: UserId, role: Role, at: Timestamp) -> Result<()>;

    /// Disables an account (`Some`) and ends all its sessions, or enables it (`None`).
    ///
    /// # Errors
    /// None of its own.
    async fn set_disabled(&self, user: UserId, at: Option<Timestamp>) -> Result<()>;

    /// All account ids above `after`, ascending, at most `limit`.
    ///
    /// # Errors
    /// None of its own.
    async fn ids_after(&self, after: UserId, limit: u64) -> Result<Vec<UserId>>;
}
