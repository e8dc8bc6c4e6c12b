//! Expenses as they are shown.

use florin_app::expenses::{Changes, Saved, Shown};
use florin_app::writer::Bookkeeping;
use florin_domain::expense::{Expense, ExpenseState};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::category::{CategorizationBody, CategoryRef};
use super::page::read_limit;
use super::{Fields, Reader};

pub(crate) mod batch;
pub(crate) mod input;
pub(crate) mod list;

/// An expense.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpenseBody {
    /// Kept through deletion and undo.
    #[schema(minimum = 1, example = 4711)]
    id: i64,
    /// With exactly the decimals of the currency.
    #[schema(example = "1250.75")]
    amount: String,
    /// ISO 4217 code.
    #[schema(example = "INR")]
    currency: String,
    /// The day on which it occurred.
    #[schema(format = "date", example = "2026-03-01")]
    date: String,
    /// May be empty.
    #[schema(example = "lunch with Ana")]
    notes: String,
    category: CategoryRef,
    categorization: CategorizationBody,
    /// In their normal form, sorted.
    #[schema(example = json!(["team"]))]
    tags: Vec<String>,
    /// Your own key for it.
    #[schema(required = true)]
    external_id: Option<String>,
    /// Counts the actions on it; its `ETag`.
    #[schema(minimum = 1)]
    version: i64,
    /// When it was first recorded.
    #[schema(format = "date-time", example = "2026-03-01T09:30:00.125Z")]
    logged_at: String,
    /// When the last action touched it.
    #[schema(format = "date-time", example = "2026-03-01T09:30:00.125Z")]
    updated_at: String,
    /// The number of the last action on it.
    #[schema(minimum = 1)]
    action: i64,
}

impl ExpenseBody {
    /// An expense as its owner's books name it.
    pub(crate) fn new(expense: Expense, books: &Bookkeeping) -> Self {
        let Expense { id, state, live: _, version, updated_at, last_action } = expense;
        let StateBody { amount, currency, date, notes, category, categorization, tags, external_id, logged_at } =
            StateBody::new(state, books);
        Self {
            id: id.0,
            amount,
            currency,
            date,
            notes,
            category,
            categorization,
            tags,
            external_id,
            version,
            logged_at,
            updated_at: updated_at.to_rfc3339(),
            action: last_action.0,
        }
    }
}

impl From<Saved> for ExpenseBody {
    fn from(saved: Saved) -> Self {
        Self::new(saved.expense, &saved.books)
    }
}

impl From<Shown<Expense>> for ExpenseBody {
    fn from(shown: Shown<Expense>) -> Self {
        Self::new(shown.data, &shown.books)
    }
}

/// What an action can change of an expense, and what undo brings back.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StateBody {
    /// With exactly the decimals of the currency.
    #[schema(example = "1250.75")]
    pub(in crate::wire) amount: String,
    /// ISO 4217 code.
    #[schema(example = "INR")]
    pub(in crate::wire) currency: String,
    /// The day on which it occurred.
    #[schema(format = "date", example = "2026-03-01")]
    pub(in crate::wire) date: String,
    /// May be empty.
    #[schema(example = "lunch with Ana")]
    pub(in crate::wire) notes: String,
    pub(in crate::wire) category: CategoryRef,
    pub(in crate::wire) categorization: CategorizationBody,
    /// In their normal form, sorted.
    #[schema(example = json!(["team"]))]
    pub(in crate::wire) tags: Vec<String>,
    /// Your own key for it.
    #[schema(required = true)]
    pub(in crate::wire) external_id: Option<String>,
    /// When it was first recorded.
    #[schema(format = "date-time", example = "2026-03-01T09:30:00.125Z")]
    pub(in crate::wire) logged_at: String,
}

impl StateBody {
    /// A state as its owner's books name it. Categories go by their present names.
    pub(crate) fn new(state: ExpenseState, books: &Bookkeeping) -> Self {
        Self {
            amount: books.currency.format(state.amount),
            currency: books.currency.code().to_owned(),
            date: state.date.to_string(),
            notes: state.notes,
            category: CategoryRef::new(state.category, &books.taxonomy),
            categorization: state.categorization.into(),
            tags: state.tags,
            external_id: state.external_id,
            logged_at: state.logged_at.to_rfc3339(),
        }
    }
}

/// Since when changes are wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesQuery {
    /// The last action that the client knows: 0 at first, then `until` of the answer before.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 9007199254740991_i64, default = 0)]
    pub(crate) since: i64,
    /// About how many expenses: those of one action are never torn apart, so there may be more.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u64,
}

impl Fields for ChangesQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let since = r.get("since").integer(0..=florin_domain::id::MAX_ID).unwrap_or_default();
        Some(Self { since, limit: read_limit(r) })
    }
}

/// A step of delta sync.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangesBody {
    /// Every expense that an action after `since` touched, in its present state, by action.
    data: Vec<ChangedExpense>,
    /// What to send as `since` next.
    #[schema(minimum = 0)]
    until: i64,
    /// Whether there is more already.
    more: bool,
}

/// An expense as it is now, or that it is gone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ChangedExpense {
    /// It is there.
    Live(Box<ExpenseBody>),
    /// It was deleted.
    Deleted(DeletedExpense),
}

/// An expense that was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletedExpense {
    #[schema(minimum = 1)]
    id: i64,
    /// Always `true`.
    deleted: bool,
}

impl From<Shown<Changes>> for ChangesBody {
    fn from(shown: Shown<Changes>) -> Self {
        let Shown { data: Changes { expenses, until, more }, books } = shown;
        let changed = |expense: Expense| match expense.live {
            true => ChangedExpense::Live(Box::new(ExpenseBody::new(expense, &books))),
            false => ChangedExpense::Deleted(DeletedExpense { id: expense.id.0, deleted: true }),
        };
        Self { data: expenses.into_iter().map(changed).collect(), until: until.0, more }
    }
}
