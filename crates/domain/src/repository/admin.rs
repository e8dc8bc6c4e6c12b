//! What admins see of accounts, and change about them. Nothing of anybody's expenses but how many there are.

use async_trait::async_trait;

use crate::account::{Account, Role};
use crate::calendar::Timestamp;
use crate::id::UserId;
use crate::login_event::NewLoginEvent;

use super::{Page, Result};

/// What an admin decides about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What it may do.
    pub role: Role,
    /// Since when it may not be used; `None` while it may.
    pub disabled_at: Option<Timestamp>,
}

impl From<&Account> for Standing {
    fn from(account: &Account) -> Self {
        Self { role: account.role, disabled_at: account.disabled_at }
    }
}

/// A planned change of an account's standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingChange {
    /// Whose.
    pub user: UserId,
    /// The admin who decides it.
    pub actor: UserId,
    /// What it was planned on.
    pub before: Standing,
    /// What it becomes.
    pub after: Standing,
    /// When.
    pub at: Timestamp,
    /// What is noted with it.
    pub events: Vec<NewLoginEvent>,
}

/// How many there are of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts that were not erased.
    pub users: i64,
    /// Those of them whose address was proved.
    pub verified: i64,
    /// Those of them that are disabled.
    pub disabled: i64,
    /// Accounts that were erased.
    pub erased: i64,
    /// Those not erased that opened or refreshed a session, or used a personal access token, since the asked-for instant.
    pub active: i64,
    /// Sessions that go on.
    pub sessions: i64,
    /// Live expenses.
    pub expenses: i64,
    /// Actions of everybody's log.
    pub actions: i64,
}

/// Accounts as admins see them. An erased one is not there.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AdminRepository: Send + Sync {
    /// Accounts whose address contains every one of `parts`, which are in the normal form of addresses, those with the highest
    /// identifiers first; those below `before`, at most `limit`.
    ///
    /// # Errors
    /// None of its own.
    async fn accounts(&self, parts: &[String], before: Option<UserId>, limit: u64) -> Result<Page<Account>>;

    /// An account.
    ///
    /// # Errors
    /// None of its own.
    async fn account(&self, user: UserId) -> Result<Option<Account>>;

    /// Changes an account's standing and notes it. One that is disabled by it loses all its sessions. A new role ends no
    /// session: whoever holds one is looked up anew for each request.
    ///
    /// # Errors
    /// `Stale`, when the standing is not the one that was planned on, or `actor` is no admin any more: of two admins who
    /// demote each other at the same time, one remains.
    async fn change_standing(&self, change: &StandingChange) -> Result<()>;

    /// Ends all sessions of a user, revokes all personal access tokens, and notes it; `false` when there is no such account.
    ///
    /// # Errors
    /// None of its own.
    async fn revoke_all(&self, user: UserId, at: Timestamp, event: &NewLoginEvent) -> Result<bool>;

    /// How many there are of what, at `now`, in a fixed number of statements.
    ///
    /// # Errors
    /// None of its own.
    async fn counts(&self, active_since: Timestamp, now: Timestamp) -> Result<Counts>;

    /// What kind of database it is: `sqlite`, `mysql` or `postgres`.
    fn database(&self) -> &'static str;
}
