//! One expense's part of an action: its state before and after.

use crate::expense::{Expense, ExpenseState};
use crate::id::{ExpenseId, Seq};

/// What an action did to one expense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which expense.
    pub expense: ExpenseId,
    /// The version it was planned on; 0 for an expense that is not stored yet. Applying writes the next one, and only if
    /// the stored one is still this.
    pub version: i64,
    /// The action that touched this expense last before this one; [`Seq::ZERO`] for none. It strings an expense's
    /// actions together, newest to oldest.
    pub previous: Seq,
    /// The state before; `None` when it did not count (not yet made, or deleted).
    pub before: Option<ExpenseState>,
    /// The state after; `None` when it no longer counts.
    pub after: Option<ExpenseState>,
    /// Whether this takes a creation back. Its `external_id` is then free again; a plain deletion keeps it.
    pub uncreated: bool,
}

/// One thing about an expense that actions change independently of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The amount.
    Amount,
    /// The date.
    Date,
    /// The notes.
    Notes,
    /// The category, or whether the client chose it.
    Category,
    /// The tags.
    Tags,
    /// The client's key.
    ExternalId,
}

impl Field {
    /// All of them, in the order in which clients see them.
    pub const ALL: [Self; 6] = [Self::Amount, Self::Date, Self::Notes, Self::Category, Self::Tags, Self::ExternalId];

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Whether two states agree in this field.
    #[must_use]
    pub fn same(self, a: &ExpenseState, b: &ExpenseState) -> bool {
        match self {
            Self::Amount => a.amount == b.amount,
            Self::Date => a.date == b.date,
            Self::Notes => a.notes == b.notes,
            Self::Category => {
                a.category == b.category && a.categorization.is_explicit() == b.categorization.is_explicit()
            }
            Self::Tags => a.tags == b.tags,
            Self::ExternalId => a.external_id == b.external_id,
        }
    }

    /// Sets this field of `to` to what `from` has.
    pub fn copy(self, from: &ExpenseState, to: &mut ExpenseState) {
        match self {
            Self::Amount => to.amount = from.amount,
            Self::Date => to.date = from.date,
            Self::Notes => to.notes.clone_from(&from.notes),
            Self::Category => {
                to.category = from.category;
                to.categorization.clone_from(&from.categorization);
            }
            Self::Tags => to.tags.clone_from(&from.tags),
            Self::ExternalId => to.external_id.clone_from(&from.external_id),
        }
    }
}

/// A set of [`Field`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u8);

impl FieldSet {
    /// Every field.
    pub const ALL: Self = Self(0b11_1111);

    /// Whether the two sets share a field.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it holds `field`.
    #[must_use]
    pub const fn contains(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<T: IntoIterator<Item = Field>>(fields: T) -> Self {
        Self(fields.into_iter().fold(0, |set, field| set | field.bit()))
    }
}

impl Change {
    /// The fields that it changed. A creation and a deletion change all.
    #[must_use]
    pub fn fields(&self) -> FieldSet {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => Field::ALL.into_iter().filter(|f| !f.same(before, after)).collect(),
            _ => FieldSet::ALL,
        }
    }
}

/// Plans the creation of an expense.
#[must_use]
pub const fn record(expense: ExpenseId, state: ExpenseState) -> Change {
    Change { expense, version: 0, previous: Seq::ZERO, before: None, after: Some(state), uncreated: false }
}

/// Plans an edit of a live expense; `None` when it would change nothing.
#[must_use]
pub fn amend(expense: &Expense, after: ExpenseState) -> Option<Change> {
    (expense.state != after).then(|| Change {
        expense: expense.id,
        version: expense.version,
        previous: expense.last_action,
        before: Some(expense.state.clone()),
        after: Some(after),
        uncreated: false,
    })
}

/// Plans the deletion of a live expense.
#[must_use]
pub fn remove(expense: &Expense) -> Change {
    Change {
        expense: expense.id,
        version: expense.version,
        previous: expense.last_action,
        before: Some(expense.state.clone()),
        after: None,
        uncreated: false,
    }
}
