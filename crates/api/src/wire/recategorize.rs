//! What was categorized anew.

use florin_app::categories::{Reassigned, Recategorized};
use florin_app::writer::Bookkeeping;
use florin_domain::categorizer::Categorization;
use florin_domain::id::CategoryId;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::category::{CategorizationBody, CategoryRef};
use super::{Fields, Reader};

/// Whether it is meant.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecategorizeQuery {
    /// Whether only to tell what would be changed.
    #[param(value_type = Option<bool>, default = false)]
    pub(crate) dry_run: bool,
}

impl Fields for RecategorizeQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { dry_run: r.get("dry_run").boolean().unwrap_or_default() })
    }
}

/// The body, which says nothing: what is meant for the query must not be overlooked here.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Fields for Nothing {
    fn read(_: &mut Reader<'_>) -> Option<Self> {
        Some(Self)
    }
}

/// What was categorized anew, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecategorizedBody {
    /// Whether it only would be.
    dry_run: bool,
    /// How many expenses were looked at: those whose category was chosen for you. Those in an archived category are left out.
    #[schema(minimum = 0, example = 120)]
    examined: u64,
    /// How many of them got another category.
    #[schema(minimum = 0, maximum = 1000, example = 1)]
    changed: usize,
    /// The number of the one action that did it all; `null` when nothing was changed.
    #[schema(required = true, minimum = 1)]
    action: Option<i64>,
    /// Whether there were more than one action changes: then ask again.
    more: bool,
    /// The first 100 of them, the latest first.
    #[schema(max_items = 100)]
    changes: Vec<ReassignedBody>,
}

/// An expense that got another category.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReassignedBody {
    #[schema(minimum = 1, example = 4711)]
    expense_id: i64,
    /// What it says.
    #[schema(example = "lunch with Ana")]
    notes: String,
    from: AssignmentBody,
    to: AssignmentBody,
}

/// A category, and why an expense lies in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssignmentBody {
    category: CategoryRef,
    categorization: CategorizationBody,
}

impl AssignmentBody {
    fn new(category: CategoryId, why: Categorization, books: &Bookkeeping) -> Self {
        Self { category: CategoryRef::new(category, &books.taxonomy), categorization: why.into() }
    }
}

impl From<&Recategorized> for RecategorizedBody {
    fn from(done: &Recategorized) -> Self {
        let change = |Reassigned { expense, before, after }: &Reassigned| ReassignedBody {
            expense_id: expense.0,
            notes: before.notes.clone(),
            from: AssignmentBody::new(before.category, before.categorization.clone(), &done.books),
            to: AssignmentBody::new(after.category, after.categorization.clone(), &done.books),
        };
        Self {
            dry_run: done.dry_run,
            examined: done.examined,
            changed: done.changed,
            action: done.action.map(|seq| seq.0),
            more: done.more,
            changes: done.changes.iter().map(change).collect(),
        }
    }
}
