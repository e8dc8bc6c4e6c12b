//! Reading everything of a person's, page by page.

use async_trait::async_trait;

use crate::budget::{BudgetEntry, Scope};
use crate::calendar::{Month, Timestamp};
use crate::expense::Expense;
use crate::id::{CategoryId, ExpenseId, NotificationId, Seq, SessionId, TokenId, UserId};
use crate::ledger::{Action, Hash};
use crate::notification::Notification;
use crate::session::Device;

use super::{Page, Result};

/// An action with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedAction {
    /// What it did.
    pub action: Action,
    /// Its hash, which follows from the one before.
    pub hash: Hash,
}

/// A session as it is stored, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Its identifier.
    pub id: SessionId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When its refresh token was exchanged last.
    pub last_used_at: Timestamp,
    /// When it was ended; `None` while it was not.
    pub revoked_at: Option<Timestamp>,
    /// Where it was opened from.
    pub device: Device,
}

/// A personal access token as it is stored, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Its identifier.
    pub id: TokenId,
    /// What its owner called it.
    pub name: String,
    /// The names of its scopes.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good; `None` for no end.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, if it was.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked; `None` while it was not.
    pub revoked_at: Option<Timestamp>,
}

/// What an export reads beyond what is shown elsewhere. Pages are in the order of a key that never changes, so that each
/// row comes once, however much is written meanwhile.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ExportRepository: Send + Sync {
    /// The categories that an expense (deleted ones included), a limit or a keyword of the user's names, ascending.
    ///
    /// # Errors
    /// None of its own.
    async fn categories_in_use(&self, user: UserId) -> Result<Vec<CategoryId>>;

    /// Limits, removals included, by scope and month.
    ///
    /// # Errors
    /// None of its own.
    async fn limits(&self, user: UserId, after: Option<(Scope, Month)>, limit: u64) -> Result<Page<BudgetEntry>>;

    /// Expenses, deleted ones included, in id order.
    ///
    /// # Errors
    /// None of its own.
    async fn expenses(&self, user: UserId, after: ExpenseId, limit: u64) -> Result<Page<Expense>>;

    /// Actions, oldest first: at most `limit`, and fewer, but never none, where many large ones would fill the memory.
    ///
    /// # Errors
    /// None of its own.
    async fn actions(&self, user: UserId, after: Seq, limit: u64) -> Result<Page<LoggedAction>>;

    /// Sessions, ended ones included, in id order.
    ///
    /// # Errors
    /// None of its own.
    async fn sessions(&self, user: UserId, after: SessionId, limit: u64) -> Result<Page<StoredSession>>;

    /// Personal access tokens, revoked ones included, in id order.
    ///
    /// # Errors
    /// None of its own.
    async fn tokens(&self, user: UserId, after: TokenId, limit: u64) -> Result<Page<StoredToken>>;

    /// Notifications as their owner sees them, so no cancelled ones, in id order.
    ///
    /// # Errors
    /// None of its own.
    async fn notifications(&self, user: UserId, after: NotificationId, limit: u64) -> Result<Page<Notification>>;
}
