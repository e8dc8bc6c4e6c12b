//! The ledger's algebra, over random histories: totals are the fold of the postings and the sum of the live expenses;
//! recording and reversing is the identity; undo and redo walk as in an editor; the log verifies, and tampering shows.

mod book;

use chrono::NaiveDate;
use proptest::prelude::*;

use self::book::{Book, Step};
use crate::calendar::Timestamp;
use crate::cases::cases;
use crate::categorizer::Categorization;
use crate::category::Category;
use crate::expense::ExpenseState;
use crate::id::{CategoryId, Seq};
use crate::ledger::{Blocked, FirstBad};

fn state() -> impl Strategy<Value = ExpenseState> {
    let amount = prop_oneof![1_i64..1000, Just(1_000_000_000_000)];
    let category = prop::sample::select(vec![1, 2, 19, 101, 102, 103]);
    (amount, 0_u64..90, category, "[a-c]{0,2}", prop::collection::btree_set("[x-z]", 0..3), any::<bool>()).prop_map(
        |(amount, day, category, notes, tags, explicit)| ExpenseState {
            amount,
            date: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(day),
            notes,
            category: CategoryId(category),
            categorization: if explicit { Categorization::client(Timestamp(amount)) } else { Categorization::none() },
            tags: tags.into_iter().collect(),
            external_id: None,
            logged_at: Timestamp(5),
            logged_on: NaiveDate::from_ymd_opt(2026, 1, 2).unwrap(),
            imported: false,
        },
    )
}

fn ordinary_step() -> impl Strategy<Value = Step> {
    let own = || prop::sample::select(vec![101_i64, 102, 103]);
    prop_oneof![
        4 => state().prop_map(Step::Create),
        3 => (any::<u8>(), state()).prop_map(|(pick, state)| Step::Edit(pick, state)),
        1 => any::<u8>().prop_map(Step::Delete),
        1 => (any::<u8>(), state()).prop_map(|(pick, state)| Step::Batch(pick, state)),
        1 => (own(), prop::sample::select(vec![1_i64, 101, 102, 103])).prop_map(|(from, into)| Step::Merge(from, into)),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => ordinary_step(),
        2 => Just(Step::Undo),
        1 => Just(Step::Redo),
        1 => any::<u8>().prop_map(Step::Reverse),
    ]
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn totals_equal_postings_equal_live_sums(steps in prop::collection::vec(any_step(), 1..24)) {
        let mut book = Book::new();
        for step in &steps {
            book.run(step);
            prop_assert_eq!(book.nonzero_totals(), book.live_sums());
            for expense in book.live() {
                prop_assert!(book.taxonomy.get(expense.state.category).is_some_and(Category::is_live), "in a live category");
            }
        }
        prop_assert_eq!(book.verify(), None);
    }

    #[test]
    fn reversing_an_action_is_the_identity(steps in prop::collection::vec(any_step(), 0..12), last in ordinary_step()) {
        let mut book = Book::new();
        steps.iter().for_each(|step| book.run(step));
        let (before, head) = (book.clone(), book.head.seq);
        book.run(&last);
        if book.head.seq > head {
            prop_assert!(book.undo());
            prop_assert_eq!(book.picture(), before.picture());
            prop_assert_eq!(book.nonzero_totals(), before.nonzero_totals());
            prop_assert_eq!(book.head.next_undo, before.head.next_undo);
        }
    }

    #[test]
    fn undo_and_redo_walk_as_in_an_editor(
        history in prop::collection::vec(ordinary_step(), 1..10),
        walk in prop::collection::vec(any::<bool>(), 1..16),
    ) {
        let mut book = Book::new();
        let mut pages = vec![book.picture()];
        for step in &history {
            let seq = book.head.seq;
            book.run(step);
            if book.head.seq > seq {
                pages.push(book.picture());
            }
        }
        let mut at = pages.len() - 1;
        for back in walk {
            let moved = if back { book.undo() } else { book.redo().unwrap() };
            let expected = if back { at > 0 } else { at + 1 < pages.len() };
            prop_assert_eq!(moved, expected);
            if moved {
                at = if back { at - 1 } else { at + 1 };
            }
            prop_assert_eq!(&book.picture(), &pages[at]);
        }
        prop_assert_eq!(book.verify(), None);
    }

    #[test]
    fn tampering_is_named(first in state(), steps in prop::collection::vec(any_step(), 1..16), pick in any::<prop::sample::Index>(), how in 0..5) {
        let mut book = Book::new();
        book.run(&Step::Create(first));
        steps.iter().for_each(|step| book.run(step));
        let index = pick.index(book.log.len());
        let seq = Seq(i64::try_from(index).unwrap() + 1);
        match how {
            0 => book.log[index].1.at = Timestamp(999),
            1 => book.log[index].1.hash[3] ^= 1,
            2 => {
                let (_, action) = book.log[index].1.payload.as_mut().unwrap();
                let change = &mut action.changes[0];
                let state = change.after.as_mut().or(change.before.as_mut()).unwrap();
                state.notes.push('!');
            }
            3 => book.log[index].0.reversed_by = Some(Seq(77)),
            _ => {
                let Some((key, total)) = book.totals.iter_mut().next() else { return Ok(()) };
                *total += 1;
                let key = *key;
                let named = matches!(book.verify(), Some(FirstBad::Total { month, category, .. }) if (month, category) == key);
                prop_assert!(named);
                return Ok(());
            }
        }
        prop_assert_eq!(book.verify(), Some(FirstBad::Action(seq)));
    }
}

#[test]
fn different_fields_never_conflict_and_equal_ones_name_the_blocker() {
    let mut book = Book::new();
    let base = ExpenseState { notes: "a".into(), categorization: Categorization::none(), ..chosen(1) };
    book.run(&Step::Create(base.clone()));
    book.run(&Step::Edit(0, ExpenseState { amount: 200, ..base.clone() }));
    book.run(&Step::Edit(0, ExpenseState { amount: 200, notes: "b".into(), ..base.clone() }));
    book.run(&Step::Edit(0, ExpenseState { amount: 300, notes: "b".into(), ..base.clone() }));
    // The first edit changed the amount, which the third edit changed again.
    assert_eq!(book.reverse(Seq(2)), Err(Blocked::Conflict { blocking: vec![Seq(4)] }));
    // The creation is blocked by every edit.
    assert_eq!(book.reverse(Seq(1)), Err(Blocked::Conflict { blocking: vec![Seq(2), Seq(3), Seq(4)] }));
    // The notes were changed once only.
    assert_eq!(book.reverse(Seq(3)), Ok(Seq(5)));
    assert_eq!(book.picture().values().next().map(|s| (s.amount, s.notes.clone())), Some((300, "a".into())));
    // What was taken back blocks nothing.
    assert_eq!(book.reverse(Seq(4)), Ok(Seq(6)));
    assert_eq!(book.reverse(Seq(2)), Ok(Seq(7)));
    assert_eq!(book.picture().values().next(), Some(&base));
    assert_eq!(book.reverse(Seq(2)), Err(Blocked::AlreadyReversed));
}

/// A plain expense, explicitly in that category.
fn chosen(category: i64) -> ExpenseState {
    ExpenseState {
        amount: 100,
        date: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(),
        notes: String::new(),
        category: CategoryId(category),
        categorization: Categorization::client(Timestamp(1)),
        tags: vec![],
        external_id: None,
        logged_at: Timestamp(1),
        logged_on: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(),
        imported: false,
    }
}

#[test]
fn bringing_back_a_choice_of_category_needs_the_ground_that_it_was_made_on() {
    let mut book = Book::new();
    book.run(&Step::Create(chosen(1)));
    book.run(&Step::Edit(0, chosen(2)));
    book.run(&Step::Edit(0, chosen(101)));
    assert_eq!(book.reverse(Seq(3)), Ok(Seq(4)));
    assert_eq!(book.reverse(Seq(2)), Ok(Seq(5)));
    // The second choice was made where the first one had put it, and the first one is taken back.
    assert_eq!(book.reverse(Seq(4)), Err(Blocked::Conflict { blocking: vec![Seq(5)] }));
    assert_eq!(book.reverse(Seq(5)), Ok(Seq(6)));
    assert_eq!(book.reverse(Seq(4)), Ok(Seq(7)));
    assert_eq!(book.picture().values().next(), Some(&chosen(101)));
}

#[test]
fn an_undone_merge_brings_the_category_back_and_a_redone_one_takes_stragglers_along() {
    let mut book = Book::new();
    book.run(&Step::Create(chosen(101)));
    book.run(&Step::Merge(101, 1));
    assert!(!book.taxonomy.get(CategoryId(101)).unwrap().is_live());
    assert!(book.undo());
    assert!(book.taxonomy.get(CategoryId(101)).unwrap().is_live());
    book.run(&Step::Create(chosen(101)));
    // By number: the redo of the merge also moves the expense that came after the undo.
    assert_eq!(book.reverse(Seq(3)), Ok(Seq(5)));
    assert!(book.live().iter().all(|e| e.state.category == CategoryId(1)));
    assert_eq!(book.nonzero_totals(), book.live_sums());
}
