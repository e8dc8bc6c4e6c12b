//! The ledger's algebra, over random histories: totals are the fold of the postings and the sum of the live expenses;
//! recording and reversing is the identity; undo and redo walk as in an editor; the log verifies, and tampering shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;

use chrono::NaiveDate;
use florin_domain::calendar::{Month, Timestamp};
use florin_domain::categorizer::{Categorization, UNCATEGORIZED};
use florin_domain::category::{Category, Taxonomy};
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{CategoryId, ExpenseId, Seq, UserId};
use florin_domain::ledger::{
    Action, ActionKind, Blocked, CategoryLink, Change, ChangeSet, Draft, Effect, FirstBad, Guard, Head, Header, Later,
    LiveExpense, OperationId, StoredAction, Verifier, action_hash, amend, payload_hash, plan, plan_reversal, record,
    remove,
};
use proptest::prelude::*;

const USER: UserId = UserId(7);

/// A ledger in memory: what a repository does, without a database.
#[derive(Clone)]
struct Book {
    head: Head,
    expenses: BTreeMap<ExpenseId, Expense>,
    totals: BTreeMap<(Month, CategoryId), i64>,
    log: Vec<(Action, StoredAction)>,
    taxonomy: Taxonomy,
}

fn category(id: i64) -> Category {
    let (name, slug) = (format!("C{id}"), format!("c{id}"));
    Category {
        id: CategoryId(id),
        name,
        slug,
        system: id < 100,
        archived_at: None,
        merged_into: None,
        merged_by: None,
        version: 1,
    }
}

impl Book {
    fn new() -> Self {
        let categories = [1, 2, UNCATEGORIZED.0, 101, 102, 103].map(category).to_vec();
        Self {
            head: Head::EMPTY,
            expenses: BTreeMap::new(),
            totals: BTreeMap::new(),
            log: Vec::new(),
            taxonomy: Taxonomy::new(categories),
        }
    }

    fn draft(&self, kind: ActionKind) -> Draft {
        Draft {
            user: USER,
            at: Timestamp(self.head.seq.0 + 1),
            kind,
            operation: OperationId(format!("op-{}", self.head.seq)),
            salt: [u8::try_from(self.head.seq.0 % 251).unwrap(); 16],
            guard: Guard { taxonomy_version: self.head.taxonomy_version, seq: Some(self.head.seq) },
        }
    }

    fn apply(&mut self, set: ChangeSet) -> Seq {
        assert_eq!(set.guard.seq, Some(self.head.seq));
        let seq = self.head.seq.next();
        for change in &set.changes {
            let stored = self.expenses.get(&change.expense);
            assert_eq!(stored.map_or(0, |expense| expense.version), change.version, "planned on what is stored");
            assert_eq!(stored.filter(|e| e.live).map(|e| &e.state), change.before.as_ref());
            let live = change.after.is_some();
            let mut state = change.after.clone().or_else(|| stored.map(|e| e.state.clone())).unwrap();
            if change.uncreated {
                state.external_id = None;
            }
            let (id, version) = (change.expense, change.version + 1);
            self.expenses.insert(id, Expense { id, state, live, version, updated_at: set.at, last_action: seq });
        }
        for posting in &set.postings {
            assert_ne!(posting.amount, 0);
            *self.totals.entry((posting.month, posting.category)).or_default() += posting.amount;
        }
        for link in &set.links {
            self.taxonomy = match link.after {
                Some(into) => self.taxonomy.with_merged(link.category, into),
                None => self.taxonomy.with_revived(link.category),
            };
            self.head.taxonomy_version += 1;
        }
        for mark in &set.marks {
            let (action, _) = &mut self.log[usize::try_from(mark.seq.0 - 1).unwrap()];
            assert_eq!(action.reversed_by, mark.from);
            action.reversed_by = mark.reversed.then_some(seq);
        }
        let payload = payload_hash(&set.salt, &set.changes, &set.links);
        let header = Header { user: USER, seq, at: set.at, kind: set.kind, reverses: set.reverses, payload };
        let hash = action_hash(&self.head.hash, &header);
        let action = Action {
            seq,
            kind: set.kind,
            at: set.at,
            reverses: set.reverses,
            reversed_by: None,
            root: set.root.unwrap_or(seq),
            effect: set.effect,
            changes: set.changes,
            links: set.links,
        };
        let stored = StoredAction {
            seq,
            kind: Some(set.kind),
            at: set.at,
            reverses: set.reverses,
            hash,
            payload_hash: payload,
            payload: Some((set.salt, action.clone())),
            unreadable: false,
        };
        self.log.push((action, stored));
        if set.effect == Effect::Original {
            self.head.last_ordinary = seq;
        }
        self.head.seq = seq;
        self.head.hash = hash;
        self.head.next_undo = self.log.iter().rev().find(|(a, _)| a.is_undoable()).map(|(a, _)| a.seq);
        seq
    }

    fn ordinary(&mut self, kind: ActionKind, changes: Vec<Change>, links: Vec<CategoryLink>) -> Option<Seq> {
        if changes.is_empty() {
            return None;
        }
        let set = plan(self.draft(kind), changes, links).unwrap();
        Some(self.apply(set))
    }

    fn latest_undo(&self) -> Option<Seq> {
        let undo = |(a, _): &&(Action, StoredAction)| a.effect == Effect::Undo && a.reversed_by.is_none();
        self.log.iter().rev().find(undo).map(|(a, _)| a.seq)
    }

    fn reverse(&mut self, seq: Seq) -> Result<Seq, Blocked> {
        let mut target = self.log[usize::try_from(seq.0 - 1).unwrap()].0.clone();
        if target.effect == Effect::Redo {
            target = self.log[usize::try_from(target.root.0 - 1).unwrap()].0.clone();
        }
        let later: Vec<_> = self.log.iter().map(|(a, _)| Later::of(a, |_| true)).collect();
        let merged_again = |id| target.links.iter().any(|l| l.after.is_none() && l.category == id);
        let stragglers: Vec<_> =
            self.expenses.values().filter(|e| e.live && merged_again(e.state.category)).cloned().collect();
        let draft = self.draft(ActionKind::Reversal);
        let planned = plan_reversal(draft, &target, &self.expenses, &later, &self.taxonomy, &stragglers)?;
        Ok(self.apply(planned.change_set))
    }

    fn undo(&mut self) -> bool {
        self.head
            .next_undo
            .map(|seq| self.reverse(seq).expect("the latest action in effect is never blocked"))
            .is_some()
    }

    /// Only reversals by number can stand in a redo's way: they leave the order of an editor.
    fn redo(&mut self) -> Result<bool, Blocked> {
        let undo = self.latest_undo().filter(|seq| *seq > self.head.last_ordinary);
        undo.map(|seq| self.reverse(seq)).transpose().map(|done| done.is_some())
    }

    fn live(&self) -> Vec<&Expense> {
        self.expenses.values().filter(|expense| expense.live).collect()
    }

    fn live_sums(&self) -> BTreeMap<(Month, CategoryId), i64> {
        let mut sums = BTreeMap::new();
        for Expense { state, .. } in self.live() {
            *sums.entry((state.month(), state.category)).or_default() += state.amount;
        }
        sums
    }

    fn nonzero_totals(&self) -> BTreeMap<(Month, CategoryId), i64> {
        self.totals.iter().filter(|(_, n)| **n != 0).map(|(k, n)| (*k, *n)).collect()
    }

    /// What a person sees: live expenses with everything but their versions.
    fn picture(&self) -> BTreeMap<ExpenseId, ExpenseState> {
        self.live().into_iter().map(|e| (e.id, e.state.clone())).collect()
    }

    fn verify(&self) -> Option<FirstBad> {
        let mut verifier = Verifier::new(USER);
        for (action, stored) in &self.log {
            let mut stored = stored.clone();
            if let Some((_, payload)) = &mut stored.payload {
                payload.reversed_by = action.reversed_by;
            }
            verifier.action(&stored);
        }
        let live: Vec<_> = self.live().iter().map(|e| LiveExpense { id: e.id, state: e.state.clone() }).collect();
        let totals: Vec<_> = self.totals.iter().map(|((m, c), n)| (*m, *c, *n)).collect();
        verifier.finish(&self.head, &live, &totals).first_bad
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Create(state) => {
                let change = self.fresh(0, state);
                self.ordinary(ActionKind::Create, vec![change], vec![]);
            }
            Step::Edit(pick, state) => {
                let changes: Vec<_> =
                    self.pick(*pick).and_then(|e| amend(e, self.settle(state, e))).into_iter().collect();
                self.ordinary(ActionKind::Update, changes, vec![]);
            }
            Step::Delete(pick) => {
                let changes: Vec<_> = self.pick(*pick).map(remove).into_iter().collect();
                self.ordinary(ActionKind::Delete, changes, vec![]);
            }
            Step::Batch(pick, state) => {
                let mut changes = vec![self.fresh(0, state), self.fresh(1, state)];
                changes.extend(self.pick(*pick).map(remove));
                self.ordinary(ActionKind::Batch, changes, vec![]);
            }
            Step::Merge(from, into) => {
                let (from, into) = (CategoryId(*from), CategoryId(*into));
                let is_live = |id| self.taxonomy.get(id).is_some_and(Category::is_live);
                if from == into || !is_live(from) || !is_live(into) {
                    return;
                }
                let moved = self.live().into_iter().filter(|e| e.state.category == from);
                let changes =
                    moved.filter_map(|e| amend(e, ExpenseState { category: into, ..e.state.clone() })).collect();
                let link = CategoryLink { category: from, before: None, after: Some(into), revived: None };
                self.ordinary(ActionKind::Merge, changes, vec![link]);
            }
            Step::Undo => {
                self.undo();
            }
            Step::Redo => drop(self.redo()),
            Step::Reverse(pick) => {
                if let Some(len) = i64::try_from(self.log.len()).ok().filter(|len| *len > 0) {
                    let before = self.clone();
                    let seq = Seq(i64::from(*pick) % len + 1);
                    let root = self.log[usize::try_from(seq.0 - 1).unwrap()].0.root;
                    if let Err(Blocked::Conflict { blocking }) = self.reverse(seq) {
                        assert!(!blocking.is_empty(), "a conflict names what is in the way");
                        assert!(
                            blocking.iter().all(|b| *b > root && *b <= before.head.seq),
                            "{blocking:?} block {seq}"
                        );
                    }
                }
            }
        }
    }

    fn fresh(&self, offset: i64, state: &ExpenseState) -> Change {
        let id = ExpenseId(i64::try_from(self.expenses.len()).unwrap() + 1 + offset);
        let category = self.taxonomy.resolve(state.category);
        record(id, ExpenseState { category, external_id: None, ..state.clone() })
    }

    fn settle(&self, state: &ExpenseState, expense: &Expense) -> ExpenseState {
        let category = self.taxonomy.resolve(state.category);
        let ExpenseState { logged_at, logged_on, external_id, .. } = expense.state.clone();
        ExpenseState { category, logged_at, logged_on, external_id, ..state.clone() }
    }

    fn pick(&self, pick: u8) -> Option<&Expense> {
        let live = self.live();
        (!live.is_empty()).then(|| live[usize::from(pick) % live.len()])
    }
}

#[derive(Debug, Clone)]
enum Step {
    Create(ExpenseState),
    Edit(u8, ExpenseState),
    Delete(u8),
    Batch(u8, ExpenseState),
    Merge(i64, i64),
    Undo,
    Redo,
    Reverse(u8),
}

fn state() -> impl Strategy<Value = ExpenseState> {
    let amount = prop_oneof![1_i64..1000, Just(1_000_000_000_000)];
    let category = prop::sample::select(vec![1, 2, 19, 101, 102, 103]);
    (amount, 0_u64..90, category, "[a-c]{0,2}", prop::collection::btree_set("[x-z]", 0..3), any::<bool>()).prop_map(
        |(amount, day, category, notes, tags, explicit)| ExpenseState {
            amount,
            date: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(day),
            notes,
            category: CategoryId(category),
            categorization: if explicit { Categorization::client() } else { Categorization::none() },
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
    #![proptest_config(ProptestConfig::with_cases(10_000))]

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
        categorization: Categorization::client(),
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
