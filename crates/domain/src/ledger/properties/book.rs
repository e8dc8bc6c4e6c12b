//! A ledger in memory, for tests: what a repository does, without a database.

use std::collections::BTreeMap;

use crate::calendar::{Month, Timestamp};
use crate::categorizer::UNCATEGORIZED;
use crate::category::{Category, Taxonomy};
use crate::expense::{Expense, ExpenseState};
use crate::id::{CategoryId, ExpenseId, Seq, UserId};
use crate::ledger::{
    Action, ActionKind, Blocked, CategoryLink, Change, ChangeSet, Draft, Effect, FirstBad, Guard, Head, Header, Later,
    LiveExpense, OperationId, StoredAction, Verifier, action_hash, amend, payload_hash, plan, plan_reversal, record,
    remove,
};

pub(super) const USER: UserId = UserId(7);

/// A ledger in memory: what a repository does, without a database.
#[derive(Clone)]
pub(super) struct Book {
    pub(super) head: Head,
    pub(super) expenses: BTreeMap<ExpenseId, Expense>,
    pub(super) totals: BTreeMap<(Month, CategoryId), i64>,
    pub(super) log: Vec<(Action, StoredAction)>,
    pub(super) taxonomy: Taxonomy,
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
    pub(super) fn new() -> Self {
        let categories = [1, 2, UNCATEGORIZED.0, 101, 102, 103].map(category).to_vec();
        Self {
            head: Head::EMPTY,
            expenses: BTreeMap::new(),
            totals: BTreeMap::new(),
            log: Vec::new(),
            taxonomy: Taxonomy::new(categories),
        }
    }

    pub(super) fn draft(&self, kind: ActionKind) -> Draft {
        Draft {
            user: USER,
            at: Timestamp(self.head.seq.0 + 1),
            kind,
            operation: OperationId(format!("op-{}", self.head.seq)),
            salt: [u8::try_from(self.head.seq.0 % 251).unwrap(); 16],
            guard: Guard { taxonomy_version: self.head.taxonomy_version, seq: Some(self.head.seq) },
        }
    }

    pub(super) fn apply(&mut self, set: ChangeSet) -> Seq {
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

    pub(super) fn ordinary(&mut self, kind: ActionKind, changes: Vec<Change>, links: Vec<CategoryLink>) -> Option<Seq> {
        if changes.is_empty() {
            return None;
        }
        let set = plan(self.draft(kind), changes, links).unwrap();
        Some(self.apply(set))
    }

    pub(super) fn latest_undo(&self) -> Option<Seq> {
        let undo = |(a, _): &&(Action, StoredAction)| a.effect == Effect::Undo && a.reversed_by.is_none();
        self.log.iter().rev().find(undo).map(|(a, _)| a.seq)
    }

    pub(super) fn reverse(&mut self, seq: Seq) -> Result<Seq, Blocked> {
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

    pub(super) fn undo(&mut self) -> bool {
        self.head
            .next_undo
            .map(|seq| self.reverse(seq).expect("the latest action in effect is never blocked"))
            .is_some()
    }

    /// Only reversals by number can stand in a redo's way: they leave the order of an editor.
    pub(super) fn redo(&mut self) -> Result<bool, Blocked> {
        let undo = self.latest_undo().filter(|seq| *seq > self.head.last_ordinary);
        undo.map(|seq| self.reverse(seq)).transpose().map(|done| done.is_some())
    }

    pub(super) fn live(&self) -> Vec<&Expense> {
        self.expenses.values().filter(|expense| expense.live).collect()
    }

    pub(super) fn live_sums(&self) -> BTreeMap<(Month, CategoryId), i64> {
        let mut sums = BTreeMap::new();
        for Expense { state, .. } in self.live() {
            *sums.entry((state.month(), state.category)).or_default() += state.amount;
        }
        sums
    }

    pub(super) fn nonzero_totals(&self) -> BTreeMap<(Month, CategoryId), i64> {
        self.totals.iter().filter(|(_, n)| **n != 0).map(|(k, n)| (*k, *n)).collect()
    }

    /// What a person sees: live expenses with everything but their versions.
    pub(super) fn picture(&self) -> BTreeMap<ExpenseId, ExpenseState> {
        self.live().into_iter().map(|e| (e.id, e.state.clone())).collect()
    }

    pub(super) fn verify(&self) -> Option<FirstBad> {
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

    pub(super) fn run(&mut self, step: &Step) {
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

    pub(super) fn fresh(&self, offset: i64, state: &ExpenseState) -> Change {
        let id = ExpenseId(i64::try_from(self.expenses.len()).unwrap() + 1 + offset);
        let category = self.taxonomy.resolve(state.category);
        record(id, ExpenseState { category, external_id: None, ..state.clone() })
    }

    pub(super) fn settle(&self, state: &ExpenseState, expense: &Expense) -> ExpenseState {
        let category = self.taxonomy.resolve(state.category);
        let ExpenseState { logged_at, logged_on, external_id, .. } = expense.state.clone();
        ExpenseState { category, logged_at, logged_on, external_id, ..state.clone() }
    }

    pub(super) fn pick(&self, pick: u8) -> Option<&Expense> {
        let live = self.live();
        (!live.is_empty()).then(|| live[usize::from(pick) % live.len()])
    }
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Create(ExpenseState),
    Edit(u8, ExpenseState),
    Delete(u8),
    Batch(u8, ExpenseState),
    Merge(i64, i64),
    Undo,
    Redo,
    Reverse(u8),
}
