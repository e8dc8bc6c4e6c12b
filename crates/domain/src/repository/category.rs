//! Categories and keywords.

use async_trait::async_trait;

use crate::calendar::{Month, Timestamp};
use crate::category::Category;
use crate::id::{CategoryId, UserId};

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
    /// `Some(Some(instant))` archives, `Some(None)` brings back (and forgets where it was merged).
    pub archived_at: Option<Option<Timestamp>>,
    /// Where it is merged, when it has no expense that an action would have to move.
    pub merged_into: Option<CategoryId>,
    /// When archiving: the limits on it end with this month.
    pub limits_end: Option<Month>,
}

/// Categories (`category`) and keywords (`keyword`). Each write bumps the head's `taxonomy_version` in its transaction.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CategoryRepository: Send + Sync {
    /// The system's categories and the user's own, archived ones included, in id order.
    ///
    /// # Errors
    /// None of its own.
    async fn categories(&self, user: UserId) -> Result<Vec<Category>>;

    /// Makes a category of the user's own.
    ///
    /// # Errors
    /// `Taken(CategorySlug)`.
    async fn create(&self, user: UserId, name: &str, slug: &str, at: Timestamp) -> Result<Category>;

    /// Changes one of the user's own, if its version is still `version`.
    ///
    /// # Errors
    /// `Stale`, also when `merged_into` is set or the category archived by merge and it has a live expense by now;
    /// `Taken(CategorySlug)`.
    async fn update(&self, user: UserId, id: CategoryId, version: i64, change: &CategoryChange) -> Result<()>;

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
}
