//! Categories and keywords.

use async_trait::async_trait;

use crate::calendar::{Month, Timestamp};
use crate::category::Category;
use crate::id::{CategoryId, UserId};
use crate::receipt::Receipt;

use super::Result;

/// A keyword as its owner gave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredKeyword {
    /// The category that it was given for; it may have been merged since.
    pub category: CategoryId,
    /// The phrase, as [`crate::categorizer::normalize_keyword`] returns it.
    pub phrase: String,
}

/// Changes of a category; `None` leaves a value as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategoryChange {
    /// A new name and its slug.
    pub name: Option<(String, String)>,
    /// `Some(Some(instant))` archives, `Some(None)` brings back.
    pub archived_at: Option<Option<Timestamp>>,
    /// When archiving: the limits on it end with this month.
    pub limits_end: Option<Month>,
}

/// A category of a user's own that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCategory {
    /// Whose.
    pub user: UserId,
    /// As it will be, with an identifier of [`CategoryRepository::reserve_id`].
    pub category: Category,
    /// Its keywords, in their normal form.
    pub phrases: Vec<String>,
    /// When.
    pub at: Timestamp,
    /// What the client is answered, when it gave the write a key.
    pub receipt: Option<Receipt>,
}

/// A merge of a category without live expenses. It makes no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmptyMerge {
    /// Whose category.
    pub user: UserId,
    /// Which.
    pub category: CategoryId,
    /// The version that it must still have.
    pub version: i64,
    /// What it is merged into.
    pub into: CategoryId,
    /// When.
    pub at: Timestamp,
    /// The head's `taxonomy_version` that this was planned on: the target was live then.
    pub taxonomy_version: i64,
}

/// Categories (`category`), keywords (`keyword`), and since when choices count (`user_login.learned_since`). Each write bumps the head's `taxonomy_version` in its transaction.
/// Merges that move expenses are the ledger's: only the reversal of such an action brings the category back.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CategoryRepository: Send + Sync {
    /// The system's categories and the user's own, archived ones included, in id order.
    ///
    /// # Errors
    /// None of its own.
    async fn categories(&self, user: UserId) -> Result<Vec<Category>>;

    /// An identifier that no category has or will have, for one that is to be made.
    ///
    /// # Errors
    /// None of its own.
    async fn reserve_id(&self) -> Result<CategoryId>;

    /// Makes a category of the user's own with its keywords. A phrase that stood under another category moves here.
    ///
    /// # Errors
    /// `Taken(CategorySlug)`; `Taken(Operation)` when the receipt's key has one that is still good.
    async fn create(&self, new: &NewCategory) -> Result<()>;

    /// Changes one of the user's own, if its version is still `version`.
    ///
    /// # Errors
    /// `Stale`, also when one that an action merged is to be brought back; `Taken(CategorySlug)`.
    async fn update(&self, user: UserId, id: CategoryId, version: i64, change: &CategoryChange) -> Result<()>;

    /// Merges a category that has no live expense.
    ///
    /// # Errors
    /// `Stale`, also when it has an expense by now.
    async fn merge_empty(&self, merge: &EmptyMerge) -> Result<()>;

    /// The user's keywords, sorted by phrase bytes.
    ///
    /// # Errors
    /// None of its own.
    async fn keywords(&self, user: UserId) -> Result<Vec<StoredKeyword>>;

    /// Replaces the user's keywords for a category. A phrase that stood under another category moves here.
    ///
    /// # Errors
    /// None of its own.
    async fn put_keywords(&self, user: UserId, category: CategoryId, phrases: &[String]) -> Result<()>;

    /// Has the user's choices up to `at` teach nothing from now on. What was forgotten before stays so. The receipt, if any, is
    /// kept at `now` in the same transaction.
    ///
    /// # Errors
    /// `Erased` when the person was erased; `Taken(Operation)` when the receipt's key has one that is still good.
    async fn forget_learned(&self, user: UserId, at: Timestamp, receipt: Option<Receipt>, now: Timestamp)
    -> Result<()>;
}
