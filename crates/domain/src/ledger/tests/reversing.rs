//! What a reversal is planned to do, case by case.

use rstest::rstest;

use super::*;

fn planned(target: &Action, stored: &[Expense], later: &[Later], taxonomy: &Taxonomy) -> Result<Reversal, Blocked> {
    plan_reversal(draft(ActionKind::Reversal), target, &current(stored.to_vec()), later, taxonomy, &[])
}

/// The one change of a reversal that nothing stands in the way of.
fn change_of(target: &Action, stored: Expense) -> Change {
    let mut planned = planned(target, &[stored], &[], &taxonomy()).unwrap();
    assert_eq!((planned.change_set.changes.len(), planned.adjustments), (1, vec![]));
    planned.change_set.changes.remove(0)
}

fn undo_of(target: &Action, changes: Vec<Change>) -> Action {
    let reverses = Some(target.seq);
    Action {
        effect: Effect::Undo,
        root: target.root,
        reverses,
        ..action(target.seq.0 + 1, ActionKind::Reversal, changes)
    }
}

fn dead(mut expense: Expense) -> Expense {
    expense.live = false;
    expense
}

fn blocked(seqs: &[i64]) -> Result<Reversal, Blocked> {
    Err(Blocked::Conflict { blocking: seqs.iter().copied().map(Seq).collect() })
}

#[test]
fn a_creation_is_taken_back_and_made_again() {
    let created = action(4, ActionKind::Create, vec![record(ExpenseId(1), state())]);
    let undone = change_of(&created, expense(1, state()));
    let expected = Change {
        expense: ExpenseId(1),
        version: 2,
        previous: Seq(3),
        before: Some(state()),
        after: None,
        uncreated: true,
    };
    assert_eq!(undone, expected);
    let undo = undo_of(&created, vec![undone]);
    let redone = change_of(&undo, dead(expense(1, state())));
    assert_eq!(redone, Change { before: None, after: Some(state()), uncreated: false, ..expected });
}

#[test]
fn a_deletion_is_taken_back_and_made_again() {
    let deleted = action(4, ActionKind::Delete, vec![remove(&expense(1, state()))]);
    let undone = change_of(&deleted, dead(expense(1, state())));
    assert_eq!((undone.before.as_ref(), undone.after.as_ref(), undone.uncreated), (None, Some(&state()), false));
    let undo = undo_of(&deleted, vec![undone]);
    let redone = change_of(&undo, expense(1, state()));
    assert_eq!((redone.before, redone.after, redone.uncreated), (Some(state()), None, false));
}

#[test]
fn who_reverses_what_is_noted() {
    let target = action(4, ActionKind::Create, vec![record(ExpenseId(1), state())]);
    let set = planned(&target, &[expense(1, state())], &[], &taxonomy()).unwrap().change_set;
    assert_eq!((set.reverses, set.root, set.effect), (Some(Seq(4)), Some(Seq(4)), Effect::Undo));
    assert_eq!(set.marks, [Mark { seq: Seq(4), from: None, reversed: true }]);
    assert_eq!(set.postings.len(), 1);
    let undo = undo_of(&target, vec![remove(&expense(1, state()))]);
    let set = planned(&undo, &[dead(expense(1, state()))], &[], &taxonomy()).unwrap().change_set;
    assert_eq!((set.reverses, set.root, set.effect), (Some(Seq(5)), Some(Seq(4)), Effect::Redo));
    let free = Mark { seq: Seq(4), from: Some(Seq(5)), reversed: false };
    assert_eq!(set.marks, [Mark { seq: Seq(5), from: None, reversed: true }, free]);
}

#[test]
fn what_was_taken_back_or_is_a_redo_is_refused() {
    let target = action(4, ActionKind::Create, vec![record(ExpenseId(1), state())]);
    let stored = [expense(1, state())];
    let held = Action { reversed_by: Some(Seq(5)), ..target.clone() };
    assert_eq!(planned(&held, &stored, &[], &taxonomy()), Err(Blocked::AlreadyReversed));
    let redo = Action { effect: Effect::Redo, ..target.clone() };
    assert_eq!(planned(&redo, &stored, &[], &taxonomy()), Err(Blocked::IsRedo));
    assert_eq!(planned(&target, &[], &[], &taxonomy()), blocked(&[]), "an expense that is not there");
}

#[test]
fn an_edit_gives_back_its_own_fields_only() {
    let [cheaper, ..] = edits();
    let target = action(4, ActionKind::Update, vec![edit(state(), cheaper.clone())]);
    let now = ExpenseState { notes: "Train".to_owned(), ..cheaper };
    let undone = change_of(&target, expense(1, now));
    assert_eq!(undone.after, Some(ExpenseState { notes: "Train".to_owned(), ..state() }));
    assert!(!undone.uncreated);
}

#[rstest]
// The notes and with them the explanation were edited: both go back.
#[case(by_keyword("train"), by_keyword("train"), by_keyword("bus ride"))]
// A later action gave another explanation: it stays.
#[case(by_keyword("train"), by_keyword("rail"), by_keyword("rail"))]
fn an_explanation_goes_back_with_its_notes(
    #[case] edited: Categorization,
    #[case] now: Categorization,
    #[case] back: Categorization,
) {
    let notes = || "Train".to_owned();
    let after = ExpenseState { notes: notes(), categorization: edited, ..state() };
    let target = action(4, ActionKind::Update, vec![edit(state(), after)]);
    let stored = expense(1, ExpenseState { notes: notes(), categorization: now, ..state() });
    assert_eq!(change_of(&target, stored).after, Some(ExpenseState { categorization: back, ..state() }));
}

#[test]
fn a_choice_of_category_goes_back_with_its_own_explanation() {
    let chosen = ExpenseState { category: FOOD, categorization: Categorization::client(Timestamp(9)), ..state() };
    let target = action(4, ActionKind::Update, vec![edit(state(), chosen.clone())]);
    assert_eq!(change_of(&target, expense(1, chosen)).after, Some(state()));
}

fn later(seq: i64, expense: i64, fields: &[Field]) -> Later {
    let fields = vec![(ExpenseId(expense), fields.iter().copied().collect())];
    Later { seq: Seq(seq), undoable: true, fields }
}

#[rstest]
#[case::the_same_field(later(5, 1, &[Field::Amount]), true)]
#[case::among_others(later(5, 1, &[Field::Tags, Field::Amount]), true)]
#[case::another_field(later(5, 1, &[Field::Notes, Field::Tags]), false)]
#[case::another_expense(later(5, 2, &[Field::Amount]), false)]
#[case::taken_back(Later { undoable: false, ..later(5, 1, &[Field::Amount]) }, false)]
#[case::itself(later(4, 1, &[Field::Amount]), false)]
#[case::earlier(later(3, 1, &[Field::Amount]), false)]
fn a_later_action_in_effect_on_the_same_field_is_in_the_way(#[case] later: Later, #[case] blocks: bool) {
    let [cheaper, ..] = edits();
    let target = action(4, ActionKind::Update, vec![edit(state(), cheaper.clone())]);
    let planned = planned(&target, &[expense(1, cheaper)], std::slice::from_ref(&later), &taxonomy());
    if blocks {
        assert_eq!(planned, blocked(&[later.seq.0]));
    } else {
        assert!(planned.is_ok(), "{planned:?}");
    }
}

#[test]
fn blockers_are_named_in_order_once() {
    let [cheaper, ..] = edits();
    let target = action(4, ActionKind::Update, vec![edit(state(), cheaper.clone())]);
    let later = [8, 6, 7, 6].map(|seq| later(seq, 1, &[Field::Amount]));
    assert_eq!(planned(&target, &[dead(expense(1, cheaper))], &later, &taxonomy()), blocked(&[6, 7, 8]));
}

#[test]
fn an_expense_that_is_not_as_the_action_left_it_names_the_last_action() {
    let [cheaper, ..] = edits();
    let updated = action(1, ActionKind::Update, vec![edit(state(), cheaper.clone())]);
    assert_eq!(planned(&updated, &[dead(expense(1, cheaper.clone()))], &[], &taxonomy()), blocked(&[3]));
    let deleted = action(1, ActionKind::Delete, vec![remove(&expense(1, state()))]);
    assert_eq!(planned(&deleted, &[expense(1, state())], &[], &taxonomy()), blocked(&[3]));
    // An edit is brought back on the ground that it was made on, in its own fields.
    let undo = undo_of(&updated, vec![edit(cheaper.clone(), state())]);
    let dearer = ExpenseState { amount: 9000, ..state() };
    assert_eq!(planned(&undo, &[expense(1, dearer)], &[], &taxonomy()), blocked(&[3]));
    let renoted = ExpenseState { notes: "Train".to_owned(), ..state() };
    let redone = change_of(&undo, expense(1, renoted));
    assert_eq!(redone.after, Some(ExpenseState { notes: "Train".to_owned(), ..cheaper }));
    // An undo asks for no such ground: what stands in its way is a later action.
    let elsewhere = ExpenseState { amount: 7, ..state() };
    assert_eq!(change_of(&updated, expense(1, elsewhere)).after, Some(state()));
}

#[test]
fn later_actions_are_told_by_the_expenses_that_matter() {
    let [cheaper, ..] = edits();
    let changes = vec![edit(state(), cheaper), record(ExpenseId(2), state())];
    let both = action(6, ActionKind::Batch, changes);
    let told = Later::of(&both, |id| id == ExpenseId(1));
    assert_eq!(told, later(6, 1, &[Field::Amount]));
    let taken_back = Action { reversed_by: Some(Seq(7)), ..both };
    let told = Later::of(&taken_back, |_| true);
    assert_eq!((told.undoable, told.fields.len()), (false, 2));
}

#[rstest]
#[case::there(taxonomy(), TRAVEL, None)]
#[case::merged(taxonomy().with_merged(TRAVEL, FOOD), FOOD, Some(AdjustmentReason::CategoryMerged))]
#[case::gone(archived(TRAVEL), UNCATEGORIZED, Some(AdjustmentReason::CategoryGone))]
fn what_comes_back_comes_where_its_category_is_now(
    #[case] taxonomy: Taxonomy,
    #[case] to: CategoryId,
    #[case] reason: Option<AdjustmentReason>,
) {
    let adjustment = |reason| Adjustment { expense: Some(ExpenseId(1)), reason, from: TRAVEL, to };
    let expected: Vec<_> = reason.map(adjustment).into_iter().collect();
    let came_back = Some(ExpenseState { category: to, ..state() });

    let deleted = action(4, ActionKind::Delete, vec![remove(&expense(1, state()))]);
    let undo = planned(&deleted, &[dead(expense(1, state()))], &[], &taxonomy).unwrap();
    assert_eq!((undo.change_set.changes[0].after.clone(), undo.adjustments), (came_back.clone(), expected.clone()));

    let moved = ExpenseState { category: FOOD, ..state() };
    let target = action(4, ActionKind::Update, vec![edit(state(), moved.clone())]);
    let undo = planned(&target, &[expense(1, moved)], &[], &taxonomy).unwrap();
    assert_eq!((undo.change_set.changes[0].after.clone(), undo.adjustments), (came_back, expected));

    // An edit of other fields leaves the category alone, wherever it is.
    let [cheaper, ..] = edits();
    let target = action(4, ActionKind::Update, vec![edit(state(), cheaper.clone())]);
    let undo = planned(&target, &[expense(1, cheaper)], &[], &taxonomy).unwrap();
    assert_eq!((undo.change_set.changes[0].after.clone(), undo.adjustments), (Some(state()), vec![]));
}

fn archived(id: CategoryId) -> Taxonomy {
    let mut all = taxonomy().all().to_vec();
    all.iter_mut().filter(|category| category.id == id).for_each(|category| category.archived_at = Some(Timestamp(1)));
    Taxonomy::new(all)
}

fn merge() -> Action {
    let link = CategoryLink { category: PETS, before: None, after: Some(FOOD), revived: None };
    Action { links: vec![link], ..action(4, ActionKind::Merge, vec![]) }
}

#[test]
fn a_merged_category_comes_back_under_a_name_that_is_free() {
    let merged = taxonomy().with_merged(PETS, FOOD);
    let link = |revived| CategoryLink { category: PETS, before: Some(FOOD), after: None, revived };
    let undo = planned(&merge(), &[], &[], &merged).unwrap();
    assert_eq!((undo.change_set.links, undo.adjustments), (vec![link(None)], vec![]));

    // Others have the name by now, and the next one too.
    let mut all = merged.all().to_vec();
    all.push(category(CategoryId(102), "Pets"));
    all.push(Category { slug: "pets-2".to_owned(), ..category(CategoryId(103), "Pets 2") });
    let undo = planned(&merge(), &[], &[], &Taxonomy::new(all)).unwrap();
    let name = Revived { name: "Pets (3)".to_owned(), slug: "pets-3".to_owned() };
    assert_eq!(undo.change_set.links, [link(Some(name))]);
    let reason = AdjustmentReason::CategoryRenamed;
    assert_eq!(undo.adjustments, [Adjustment { expense: None, reason, from: PETS, to: PETS }]);
}

#[rstest]
#[case::where_it_was(taxonomy(), FOOD)]
#[case::where_its_target_went(taxonomy().with_merged(FOOD, TRAVEL), TRAVEL)]
#[case::not_into_itself(taxonomy().with_merged(FOOD, PETS), UNCATEGORIZED)]
#[case::nowhere_else(archived(FOOD), UNCATEGORIZED)]
fn a_merge_is_made_again(#[case] taxonomy: Taxonomy, #[case] into: CategoryId) {
    let back = CategoryLink { category: PETS, before: Some(FOOD), after: None, revived: None };
    let undo = Action { links: vec![back], ..undo_of(&merge(), vec![]) };
    let link = CategoryLink { category: PETS, before: None, after: Some(into), revived: None };
    assert_eq!(planned(&undo, &[], &[], &taxonomy).unwrap().change_set.links, [link]);
}

#[test]
fn a_merge_that_is_made_again_takes_along_what_came_meanwhile() {
    let in_pets = || ExpenseState { category: PETS, ..state() };
    let back = CategoryLink { category: PETS, before: Some(FOOD), after: None, revived: None };
    let moved_back = edit(ExpenseState { category: FOOD, ..state() }, in_pets());
    let undo = Action { links: vec![back], ..undo_of(&merge(), vec![moved_back]) };
    let stored = current([expense(1, in_pets())]);
    let stragglers = [expense(1, in_pets()), expense(2, in_pets())];
    let redo =
        plan_reversal(draft(ActionKind::Reversal), &undo, &stored, &[], &taxonomy(), &stragglers).unwrap().change_set;
    let moved: Vec<_> =
        redo.changes.iter().map(|c| (c.expense.0, c.after.as_ref().map(|state| state.category))).collect();
    assert_eq!(moved, [(1, Some(FOOD)), (2, Some(FOOD))], "each once");
}

#[test]
fn links_are_taken_back_last_first() {
    let first = CategoryLink { category: PETS, before: None, after: Some(FOOD), revived: None };
    let second = CategoryLink { category: TRAVEL, before: None, after: Some(FOOD), revived: None };
    let target = Action { links: vec![first, second], ..merge() };
    let merged = taxonomy().with_merged(PETS, FOOD).with_merged(TRAVEL, FOOD);
    let links = planned(&target, &[], &[], &merged).unwrap().change_set.links;
    assert_eq!(links.iter().map(|link| link.category).collect::<Vec<_>>(), [TRAVEL, PETS]);
}
