//! The ledger's rules case by case, where the properties over random histories would not tell which one broke.

mod forms;
mod reversing;
mod summaries;
mod verifying;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::*;
use crate::calendar::Timestamp;
use crate::categorizer::{Categorization, Source, UNCATEGORIZED};
use crate::category::{Category, Taxonomy};
use crate::expense::{Expense, ExpenseState};
use crate::id::{CategoryId, ExpenseId, Seq, UserId};

const USER: UserId = UserId(7);
const FOOD: CategoryId = CategoryId(1);
const TRAVEL: CategoryId = CategoryId(2);
const PETS: CategoryId = CategoryId(101);

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
}

/// 45.00 for the bus, on the 3rd.
fn state() -> ExpenseState {
    ExpenseState {
        amount: 4500,
        date: day(3),
        notes: "Bus ride to airport".to_owned(),
        category: TRAVEL,
        categorization: by_keyword("bus ride"),
        tags: vec!["work".to_owned()],
        external_id: Some("bank-1".to_owned()),
        logged_at: Timestamp(1_772_500_000_000),
        logged_on: day(4),
        imported: false,
    }
}

fn by_keyword(word: &str) -> Categorization {
    let (source, matched) = (Source::SystemKeyword, Some(word.to_owned()));
    Categorization { source, matched, confidence_bp: 9000, model: None, chosen_at: None }
}

/// The state with one field after another changed, in the order of [`Field::ALL`].
fn edits() -> [ExpenseState; 6] {
    let base = state;
    [
        ExpenseState { amount: 1, ..base() },
        ExpenseState { date: day(5), ..base() },
        ExpenseState { notes: "Train".to_owned(), ..base() },
        ExpenseState { category: FOOD, ..base() },
        ExpenseState { tags: vec![], ..base() },
        ExpenseState { external_id: None, ..base() },
    ]
}

fn expense(id: i64, state: ExpenseState) -> Expense {
    let (id, updated_at, last_action) = (ExpenseId(id), Timestamp(1), Seq(3));
    Expense { id, state, live: true, version: 2, updated_at, last_action }
}

fn current(expenses: impl IntoIterator<Item = Expense>) -> BTreeMap<ExpenseId, Expense> {
    expenses.into_iter().map(|expense| (expense.id, expense)).collect()
}

fn category(id: CategoryId, name: &str) -> Category {
    Category {
        id,
        name: name.to_owned(),
        slug: name.to_lowercase(),
        system: id.0 < 100,
        archived_at: None,
        merged_into: None,
        merged_by: None,
        version: 1,
    }
}

fn taxonomy() -> Taxonomy {
    let categories = [(FOOD, "Food"), (TRAVEL, "Travel"), (UNCATEGORIZED, "Uncategorized"), (PETS, "Pets")];
    Taxonomy::new(categories.map(|(id, name)| category(id, name)).to_vec())
}

/// An ordinary action in effect.
fn action(seq: i64, kind: ActionKind, changes: Vec<Change>) -> Action {
    Action {
        seq: Seq(seq),
        kind,
        at: Timestamp(seq),
        reverses: None,
        reversed_by: None,
        root: Seq(seq),
        effect: Effect::Original,
        changes,
        links: vec![],
    }
}

fn edit(before: ExpenseState, after: ExpenseState) -> Change {
    amend(&expense(1, before), after).unwrap()
}

fn draft(kind: ActionKind) -> Draft {
    Draft {
        user: USER,
        at: Timestamp(9),
        kind,
        operation: OperationId("op".to_owned()),
        salt: [7; 16],
        guard: Guard { taxonomy_version: 0, seq: None },
    }
}
