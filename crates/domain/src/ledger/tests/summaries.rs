//! The line about an action.

use rstest::rstest;

use super::*;
use crate::money::Currency;

fn said(action: &Action) -> String {
    summarize(action, Currency::parse("INR").unwrap(), &taxonomy())
}

fn of(kind: ActionKind, changes: Vec<Change>) -> String {
    said(&action(4, kind, changes))
}

#[test]
fn one_expense_is_described() {
    let created = record(ExpenseId(1), state());
    assert_eq!(of(ActionKind::Create, vec![created]), "Created 45.00 INR, Travel, \"Bus ride to airport\"");
    let gone = expense(1, ExpenseState { category: CategoryId(999), notes: String::new(), ..state() });
    assert_eq!(of(ActionKind::Delete, vec![remove(&gone)]), "Deleted 45.00 INR, a former category");
    assert_eq!(of(ActionKind::Update, vec![]), "Erased");
}

#[rstest]
#[case(0, "Changed amount of 0.01 INR, Travel, \"Bus ride to airport\"")]
#[case(1, "Changed date of 45.00 INR, Travel, \"Bus ride to airport\"")]
#[case(2, "Changed notes of 45.00 INR, Travel, \"Train\"")]
#[case(3, "Changed category of 45.00 INR, Food, \"Bus ride to airport\"")]
#[case(4, "Changed tags of 45.00 INR, Travel, \"Bus ride to airport\"")]
#[case(5, "Changed external id of 45.00 INR, Travel, \"Bus ride to airport\"")]
fn an_edit_names_its_field(#[case] field: usize, #[case] expected: &str) {
    assert_eq!(of(ActionKind::Update, vec![edit(state(), edits()[field].clone())]), expected);
}

#[test]
fn an_edit_names_all_fields_or_else_the_categorization() {
    let both = ExpenseState { amount: 100, notes: "Cab".to_owned(), ..state() };
    assert_eq!(of(ActionKind::Update, vec![edit(state(), both)]), "Changed amount, notes of 1.00 INR, Travel, \"Cab\"");
    let explained = ExpenseState { categorization: by_keyword("bus"), notes: String::new(), ..state() };
    let before = ExpenseState { notes: String::new(), ..state() };
    assert_eq!(of(ActionKind::Update, vec![edit(before, explained)]), "Changed categorization of 45.00 INR, Travel");
}

#[rstest]
#[case(ActionKind::Batch, "Changed 1 expense in one batch", "Changed 2 expenses in one batch")]
#[case(ActionKind::Retag, "Changed a tag on 1 expense", "Changed a tag on 2 expenses")]
#[case(ActionKind::Recategorize, "Categorized 1 expense again", "Categorized 2 expenses again")]
#[case(ActionKind::Merge, "Merged categories (1 expense)", "Merged categories (2 expenses)")]
#[case(ActionKind::Reversal, "Undid action 4 (1 expense)", "Undid action 4 (2 expenses)")]
fn several_are_counted(#[case] kind: ActionKind, #[case] one: &str, #[case] two: &str) {
    let created = record(ExpenseId(1), state());
    assert_eq!(of(kind, vec![created.clone()]), one);
    assert_eq!(of(kind, vec![created.clone(), created]), two);
}

#[test]
fn a_redo_and_a_merge_are_told_apart() {
    let reversal = action(4, ActionKind::Reversal, vec![]);
    let redo = Action { effect: Effect::Redo, root: Seq(2), ..reversal.clone() };
    assert_eq!(said(&redo), "Redid action 2 (0 expenses)");
    assert_eq!(said(&Action { effect: Effect::Undo, ..reversal }), "Undid action 4 (0 expenses)");
    let link = CategoryLink { category: PETS, before: None, after: Some(FOOD), revived: None };
    let merge = Action { links: vec![link], ..action(4, ActionKind::Merge, vec![]) };
    assert_eq!(said(&merge), "Merged Pets into Food (0 expenses)");
}

#[rstest]
#[case("two\nlines  and\tblanks", "two lines and blanks")]
#[case("0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789")]
#[case("01234567890123456789012345678901234567890", "0123456789012345678901234567890123456789…")]
#[case("012345678901234567890123456789012345678 0", "012345678901234567890123456789012345678…")]
#[case("éééééééééééééééééééééééééééééééééééééééééé", "éééééééééééééééééééééééééééééééééééééééé…")]
fn long_notes_are_cut_at_forty_characters(#[case] notes: &str, #[case] shown: &str) {
    let created = record(ExpenseId(1), ExpenseState { notes: notes.to_owned(), ..state() });
    assert_eq!(of(ActionKind::Create, vec![created]), format!("Created 45.00 INR, Travel, \"{shown}\""));
}
