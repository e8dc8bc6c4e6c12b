//! Expenses: what a person spent, and everything that undo brings back.

use chrono::NaiveDate;

use crate::calendar::{Month, Timestamp};
use crate::categorizer::Categorization;
use crate::id::{CategoryId, ExpenseId, Seq};

/// The most characters of an expense's notes.
pub const MAX_NOTES: usize = 500;
/// The most characters of an `external_id`.
pub const MAX_EXTERNAL_ID: usize = 100;

/// Everything about an expense that an action can change or bring back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpenseState {
    /// Minor units of the owner's currency, from 1 to [`crate::money::MAX_AMOUNT`].
    pub amount: i64,
    /// The civil date on which it occurred. Its month is the month it counts in.
    pub date: NaiveDate,
    /// Free text, at most [`MAX_NOTES`] characters, byte for byte as the client sent it.
    pub notes: String,
    /// Where it is counted.
    pub category: CategoryId,
    /// Why it is counted there.
    pub categorization: Categorization,
    /// Normalised tags, sorted, each once.
    pub tags: Vec<String>,
    /// The client's own key for it, unique among the owner's expenses.
    pub external_id: Option<String>,
    /// When it was first recorded. Edits keep it.
    pub logged_at: Timestamp,
    /// The civil date of `logged_at` in the owner's zone of that moment. The score measures delay by it.
    pub logged_on: NaiveDate,
    /// Whether it came by import; the score then does not time it.
    pub imported: bool,
}

impl ExpenseState {
    /// The month it counts in.
    #[must_use]
    pub fn month(&self) -> Month {
        Month::of(self.date)
    }
}

/// An expense as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expense {
    /// Its identifier, kept through deletion and undo.
    pub id: ExpenseId,
    /// What it says; for a deleted one, what it said last.
    pub state: ExpenseState,
    /// Whether it counts. A deleted expense stays as a tombstone.
    pub live: bool,
    /// Counts the actions on it, from 1; its `ETag`.
    pub version: i64,
    /// When the last action touched it.
    pub updated_at: Timestamp,
    /// The last action that touched it.
    pub last_action: Seq,
}
