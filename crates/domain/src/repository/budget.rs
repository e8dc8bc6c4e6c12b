//! Budgets.

use async_trait::async_trait;

use crate::budget::{BudgetEntry, Scope};
use crate::calendar::Month;
use crate::id::UserId;

use super::Result;

/// Budget entries (`category_budget`).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BudgetRepository: Send + Sync {
    /// All entries with `from_month <= until`, of categories that are not merged away.
    ///
    /// # Errors
    /// None of its own.
    async fn entries(&self, user: UserId, until: Month) -> Result<Vec<BudgetEntry>>;

    /// Puts an entry in place of one with the same scope and month. Guarded like a change set: the entry is written only
    /// while the head's `taxonomy_version` is still `taxonomy_version`.
    ///
    /// # Errors
    /// `Stale`.
    async fn put(&self, user: UserId, entry: &BudgetEntry, taxonomy_version: i64) -> Result<()>;

    /// Whether the scope ever had an entry; a removal of what never was is then refused.
    ///
    /// # Errors
    /// None of its own.
    async fn exists(&self, user: UserId, scope: Scope) -> Result<bool>;
}
