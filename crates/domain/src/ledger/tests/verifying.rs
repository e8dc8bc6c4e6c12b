//! What a walk finds, one alteration at a time.

use super::*;
use crate::calendar::Month;

/// A log with its end, the live expenses and the totals, as a repository would hand it over.
#[derive(Clone)]
struct Books {
    log: Vec<StoredAction>,
    head: Head,
    live: Vec<LiveExpense>,
    totals: Vec<(Month, CategoryId, i64)>,
}

fn march() -> Month {
    Month::parse("2026-03").unwrap()
}

fn chain(actions: Vec<Action>) -> Books {
    let mut head = Head::EMPTY;
    let mut log = vec![];
    for action in actions {
        let (seq, at, kind, reverses) = (action.seq, action.at, action.kind, action.reverses);
        let payload_hash = payload_hash(&[1; 16], &action.changes, &action.links);
        let header = Header { user: USER, seq, at, kind, reverses, payload: payload_hash };
        head.hash = action_hash(&head.hash, &header);
        head.seq = seq;
        let (kind, payload) = (Some(kind), Some(([1; 16], action)));
        log.push(StoredAction { seq, kind, at, reverses, hash: head.hash, payload_hash, payload, unreadable: false });
    }
    Books { log, head, live: vec![], totals: vec![] }
}

fn reversal(seq: i64, reverses: i64, root: i64, effect: Effect, changes: Vec<Change>) -> Action {
    let (reverses, root) = (Some(Seq(reverses)), Seq(root));
    Action { reverses, root, effect, ..action(seq, ActionKind::Reversal, changes) }
}

/// Recorded, recorded, edited, the edit undone and redone, the first deleted.
fn books() -> Books {
    let [cheaper, ..] = edits();
    let there = edit(state(), cheaper.clone());
    let back = edit(cheaper.clone(), state());
    let actions = vec![
        action(1, ActionKind::Create, vec![record(ExpenseId(1), state())]),
        action(2, ActionKind::Create, vec![record(ExpenseId(2), state())]),
        action(3, ActionKind::Update, vec![there.clone()]),
        Action { reversed_by: Some(Seq(5)), ..reversal(4, 3, 3, Effect::Undo, vec![back]) },
        reversal(5, 4, 3, Effect::Redo, vec![there]),
        action(6, ActionKind::Delete, vec![remove(&expense(1, cheaper))]),
    ];
    let live = vec![LiveExpense { id: ExpenseId(2), state: state() }];
    Books { live, totals: vec![(march(), TRAVEL, 4500), (march(), FOOD, 0)], ..chain(actions) }
}

fn found(books: &Books) -> Verified {
    walk(Verifier::new(USER), books)
}

fn walk(mut verifier: Verifier, books: &Books) -> Verified {
    books.log.iter().for_each(|stored| verifier.action(stored));
    verifier.finish(&books.head, &books.live, &books.totals)
}

fn payload(books: &mut Books, at: usize) -> &mut Action {
    &mut books.log[at].payload.as_mut().unwrap().1
}

#[test]
fn books_that_agree_are_counted() {
    let books = books();
    let good = Verified { actions: 6, head_hash: books.head.hash, totals_checked: 2, first_bad: None };
    assert_eq!(found(&books), good);
    let nothing = Verified { actions: 0, head_hash: GENESIS, totals_checked: 0, first_bad: None };
    assert_eq!(found(&chain(vec![])), nothing);
}

type Alter = fn(&mut Books);

#[test]
fn what_was_altered_is_named() {
    let cases: &[(&str, Alter, FirstBad)] = &[
        ("another hash at the end", |b| b.head = Head { hash: [0; 32], ..b.head.clone() }, FirstBad::Head),
        ("a head behind", |b| b.head.seq = Seq(5), FirstBad::Head),
        ("a sealed head", |b| b.head.taxonomy_version = Head::SEALED, FirstBad::Head),
        ("the last is gone", |b| drop(b.log.pop()), FirstBad::Head),
        ("one is gone", |b| drop(b.log.remove(2)), FirstBad::Action(Seq(4))),
        ("the first is gone", |b| drop(b.log.remove(0)), FirstBad::Action(Seq(2))),
        ("an instant", |b| b.log[1].at = Timestamp(0), FirstBad::Action(Seq(2))),
        ("a kind", |b| b.log[1].kind = Some(ActionKind::Update), FirstBad::Action(Seq(2))),
        ("an unknown kind", |b| b.log[1].kind = None, FirstBad::Action(Seq(2))),
        ("what it reverses", |b| b.log[4].reverses = Some(Seq(3)), FirstBad::Action(Seq(5))),
        ("a hash", |b| b.log[1].hash[0] ^= 1, FirstBad::Action(Seq(2))),
        ("the hash of a payload", |b| b.log[1].payload_hash[0] ^= 1, FirstBad::Action(Seq(2))),
        ("a salt", |b| b.log[1].payload.as_mut().unwrap().0[0] ^= 1, FirstBad::Action(Seq(2))),
        ("a payload", |b| payload(b, 1).changes.clear(), FirstBad::Action(Seq(2))),
        ("an erased payload", |b| b.log[1].payload = None, FirstBad::Action(Seq(2))),
        ("a payload that cannot be read", |b| b.log[1].unreadable = true, FirstBad::Action(Seq(2))),
        ("a mark too many", |b| payload(b, 1).reversed_by = Some(Seq(3)), FirstBad::Action(Seq(2))),
        ("a mark of an action that was redone", |b| payload(b, 2).reversed_by = Some(Seq(4)), FirstBad::Action(Seq(3))),
        ("a mark that is gone", |b| payload(b, 3).reversed_by = None, FirstBad::Action(Seq(4))),
        ("another mark", |b| payload(b, 3).reversed_by = Some(Seq(6)), FirstBad::Action(Seq(4))),
        ("an undo with another root", |b| payload(b, 3).root = Seq(1), FirstBad::Action(Seq(4))),
        ("a redo that is its own root", |b| payload(b, 4).root = Seq(4), FirstBad::Action(Seq(5))),
        ("an undo that says it is a redo", |b| payload(b, 3).effect = Effect::Redo, FirstBad::Action(Seq(4))),
        ("a reversal that says it is none", |b| payload(b, 3).effect = Effect::Original, FirstBad::Action(Seq(4))),
        ("an action that says it is an undo", |b| payload(b, 0).effect = Effect::Undo, FirstBad::Action(Seq(1))),
        ("an action with another root", |b| payload(b, 1).root = Seq(1), FirstBad::Action(Seq(2))),
        ("an altered expense", |b| b.live[0].state.notes.push('!'), FirstBad::Expense(ExpenseId(2))),
        ("a missing expense", |b| drop(b.live.pop()), FirstBad::Expense(ExpenseId(2))),
        (
            "a revived expense",
            |b| b.live.push(LiveExpense { id: ExpenseId(1), state: state() }),
            FirstBad::Expense(ExpenseId(1)),
        ),
        (
            "an invented expense",
            |b| b.live.push(LiveExpense { id: ExpenseId(9), state: state() }),
            FirstBad::Expense(ExpenseId(9)),
        ),
        ("the same expense twice", |b| b.live.push(b.live[0].clone()), FirstBad::Expense(ExpenseId(2))),
    ];
    for (what, alter, bad) in cases {
        let mut books = books();
        alter(&mut books);
        assert_eq!(found(&books).first_bad, Some(*bad), "{what}");
    }
}

#[test]
fn a_total_that_is_not_the_sum_is_named() {
    let cases: &[(&str, Alter, CategoryId, i64, i64)] = &[
        ("too much", |b| b.totals[0].2 = 4501, TRAVEL, 4501, 4500),
        ("too little", |b| b.totals[0].2 = 4499, TRAVEL, 4499, 4500),
        ("gone", |b| b.totals.clear(), TRAVEL, 0, 4500),
        ("of nothing", |b| b.totals[1].2 = 1, FOOD, 1, 0),
    ];
    for (what, alter, category, stored, live) in cases {
        let mut books = books();
        alter(&mut books);
        let total = FirstBad::Total { month: march(), category: *category, stored: *stored, live: *live };
        assert_eq!(found(&books).first_bad, Some(total), "{what}");
    }
}

#[test]
fn sums_beyond_64_bits_are_a_difference_and_not_a_panic() {
    let huge = || ExpenseState { amount: i64::MAX, ..state() };
    let mut books =
        chain(vec![action(1, ActionKind::Batch, vec![record(ExpenseId(1), huge()), record(ExpenseId(2), huge())])]);
    books.live = [1, 2].map(|id| LiveExpense { id: ExpenseId(id), state: huge() }).to_vec();
    books.totals = vec![(march(), TRAVEL, i64::MAX)];
    let total = FirstBad::Total { month: march(), category: TRAVEL, stored: i64::MAX, live: i64::MAX };
    assert_eq!(found(&books).first_bad, Some(total));
}

#[test]
fn an_action_is_taken_back_once() {
    let (created, gone) = (record(ExpenseId(1), state()), remove(&expense(1, state())));
    let undo = |seq| reversal(seq, 1, 1, Effect::Undo, vec![gone.clone()]);
    let first = Action { reversed_by: Some(Seq(2)), ..action(1, ActionKind::Create, vec![created]) };
    let good = chain(vec![first.clone(), undo(2)]);
    assert_eq!(found(&good).first_bad, None);
    let twice = chain(vec![first, undo(2), undo(3)]);
    assert_eq!(found(&twice).first_bad, Some(FirstBad::Action(Seq(3))));
    let of_nothing = chain(vec![reversal(1, 7, 7, Effect::Undo, vec![])]);
    assert_eq!(found(&of_nothing).first_bad, Some(FirstBad::Action(Seq(1))));
}

#[test]
fn another_persons_log_does_not_verify() {
    assert_eq!(walk(Verifier::new(UserId(8)), &books()).first_bad, Some(FirstBad::Action(Seq(1))));
}

#[test]
fn of_an_erased_person_the_chain_is_left_and_nothing_else() {
    let mut books = books();
    books.head.taxonomy_version = Head::SEALED;
    books.log.iter_mut().for_each(|stored| stored.payload = None);
    let (live, totals) = (std::mem::take(&mut books.live), std::mem::take(&mut books.totals));
    let walk = |books: &Books| walk(Verifier::erased(USER), books);
    let good = Verified { actions: 6, head_hash: books.head.hash, totals_checked: 0, first_bad: None };
    assert_eq!(walk(&books), good);
    assert_eq!(found(&books).first_bad, Some(FirstBad::Action(Seq(1))), "who is there has payloads");

    let unsealed = Books { head: Head { taxonomy_version: 0, ..books.head.clone() }, ..books.clone() };
    assert_eq!(walk(&unsealed).first_bad, Some(FirstBad::Head));
    assert_eq!(walk(&Books { live, ..books.clone() }).first_bad, Some(FirstBad::Expense(ExpenseId(2))));
    let left = FirstBad::Total { month: march(), category: TRAVEL, stored: 4500, live: 0 };
    let with_totals = walk(&Books { totals, ..books.clone() });
    assert_eq!((with_totals.first_bad, with_totals.totals_checked), (Some(left), 2));
    books.log[3].payload = super::verifying::books().log[3].payload.clone();
    assert_eq!(walk(&books).first_bad, Some(FirstBad::Action(Seq(4))), "a payload that is left");
}
