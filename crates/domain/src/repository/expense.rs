//! Reading expenses and tags. Writing them is the ledger's.

use async_trait::async_trait;
use chrono::NaiveDate;

use crate::calendar::Timestamp;
use crate::expense::Expense;
use crate::id::{CategoryId, ExpenseId, Seq, UserId};

use super::Result;

/// The most expenses that are read to be changed by one action.
pub const MAX_AT_ONCE: usize = 20_000;

/// Which live expenses are wanted; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpenseFilter {
    /// Not before this date.
    pub from: Option<NaiveDate>,
    /// Not after this date.
    pub to: Option<NaiveDate>,
    /// In any of these categories; empty for all.
    pub categories: Vec<CategoryId>,
    /// With all of these normalised tags.
    pub tags: Vec<String>,
    /// With all of these normalised whole words in the notes ([`crate::text::words`]).
    pub words: Vec<String>,
    /// At least this many minor units.
    pub min_amount: Option<i64>,
    /// At most this many minor units.
    pub max_amount: Option<i64>,
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// The date on which it occurred.
    Date,
    /// The amount.
    Amount,
    /// When it was recorded.
    LoggedAt,
}

/// The order of a list; equals are ordered by id in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpenseSort {
    /// By what.
    pub key: SortKey,
    /// Largest or latest first.
    pub descending: bool,
}

/// Where the last page ended: the sort key's value and the id of its last expense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpenseCursor {
    /// For [`SortKey::Date`].
    Date(NaiveDate, ExpenseId),
    /// For [`SortKey::Amount`], minor units.
    Amount(i64, ExpenseId),
    /// For [`SortKey::LoggedAt`].
    LoggedAt(Timestamp, ExpenseId),
}

/// A page of a list of live expenses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpenseQuery {
    /// Which.
    pub filter: ExpenseFilter,
    /// In which order.
    pub sort: ExpenseSort,
    /// After which; its kind fits the sort key. `None` for the first page.
    pub after: Option<ExpenseCursor>,
    /// At most this many.
    pub limit: u64,
}

/// Some rows, and whether more follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether more follow.
    pub more: bool,
}

/// A tag and how many live expenses have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagCount {
    /// The normalised tag.
    pub name: String,
    /// How many.
    pub count: i64,
}

/// Expenses (`expenses`) and tags (`tags`, `tag_map`), as they stand. Another user's rows are never returned.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ExpenseRepository: Send + Sync {
    /// Identifiers for expenses to be made: `count` of them, ascending, never handed out before.
    ///
    /// # Errors
    /// None of its own.
    async fn reserve_ids(&self, count: usize) -> Result<Vec<ExpenseId>>;

    /// One expense, deleted ones included.
    ///
    /// # Errors
    /// None of its own.
    async fn expense(&self, user: UserId, id: ExpenseId) -> Result<Option<Expense>>;

    /// Those of the given expenses that are there, deleted ones included, in id order.
    ///
    /// # Errors
    /// None of its own.
    async fn expenses(&self, user: UserId, ids: &[ExpenseId]) -> Result<Vec<Expense>>;

    /// Those expenses that hold one of the `external_id`s, deleted ones included.
    ///
    /// # Errors
    /// None of its own.
    async fn by_external_ids(&self, user: UserId, external_ids: &[String]) -> Result<Vec<Expense>>;

    /// A page of live expenses.
    ///
    /// # Errors
    /// None of its own.
    async fn list(&self, user: UserId, query: &ExpenseQuery) -> Result<Page<Expense>>;

    /// The live expenses of one category, in id order.
    ///
    /// # Errors
    /// `TooLarge` when there are more than [`MAX_AT_ONCE`]: no action could hold them.
    async fn in_category(&self, user: UserId, category: CategoryId) -> Result<Vec<Expense>>;

    /// The live expenses with a tag, in id order.
    ///
    /// # Errors
    /// `TooLarge` when there are more than [`MAX_AT_ONCE`]: no action could hold them.
    async fn with_tag(&self, user: UserId, tag: &str) -> Result<Vec<Expense>>;

    /// Expenses that an action after `since` touched, deleted ones included, ordered by last action and id. Never ends
    /// inside one action: it returns at least `limit` rows when there are so many, and all rows of the last action.
    ///
    /// # Errors
    /// None of its own.
    async fn changed_since(&self, user: UserId, since: Seq, limit: u64) -> Result<Page<Expense>>;

    /// Of the live expenses whose category the client chose those that were touched last: `count` at most, the latest action
    /// first and of one action the greatest id. Looked for `among` the expenses that were touched last, so that it takes a while
    /// at most.
    ///
    /// # Errors
    /// None of its own.
    async fn choices_touched_last(&self, user: UserId, count: usize, among: u64) -> Result<Vec<Expense>>;

    /// The user's tags that live expenses have, sorted by bytes.
    ///
    /// # Errors
    /// None of its own.
    async fn tags(&self, user: UserId) -> Result<Vec<TagCount>>;
}
