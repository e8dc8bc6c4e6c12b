//! Re-walking a user's log: every hash, every total, every expense.

use std::collections::BTreeMap;

use crate::calendar::{Month, Timestamp};
use crate::expense::ExpenseState;
use crate::id::{CategoryId, ExpenseId, Seq, UserId};

use super::canonical::state_hash;
use super::{Action, ActionKind, Effect, GENESIS, Hash, Head, Header, Salt, action_hash, payload_hash};

/// An action as it is stored, with what its hash is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAction {
    /// Its number.
    pub seq: Seq,
    /// What kind; `None` when the stored name is none of ours.
    pub kind: Option<ActionKind>,
    /// When.
    pub at: Timestamp,
    /// For a reversal: what it reversed.
    pub reverses: Option<Seq>,
    /// The stored hash.
    pub hash: Hash,
    /// The stored hash of its payload.
    pub payload_hash: Hash,
    /// The payload's salt and the decoded action; `None` when the payload was erased with its owner.
    pub payload: Option<(Salt, Action)>,
    /// Whether a payload is stored that cannot be read any more.
    pub unreadable: bool,
}

/// A live expense as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveExpense {
    /// Which.
    pub id: ExpenseId,
    /// What it says.
    pub state: ExpenseState,
}

/// The first thing that does not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstBad {
    /// An action whose number, hash, payload or reversal mark is not what it must be.
    Action(Seq),
    /// The head row does not name the last action.
    Head,
    /// An expense that is not as the log left it.
    Expense(ExpenseId),
    /// A total that is not the sum of the live expenses.
    Total {
        /// Its month.
        month: Month,
        /// Its category.
        category: CategoryId,
        /// What is stored, minor units.
        stored: i64,
        /// What the live expenses sum up to, minor units.
        live: i64,
    },
    /// A total that is stored for a month that there is not.
    StrayTotal {
        /// What stands there in place of a month, `yyyymm`.
        yyyymm: i32,
        /// Its category.
        category: CategoryId,
        /// What is stored, minor units.
        stored: i64,
    },
}

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many actions were walked.
    pub actions: i64,
    /// The hash that they end in.
    pub head_hash: Hash,
    /// How many totals were compared.
    pub totals_checked: i64,
    /// The first thing that does not agree; `None` when all does.
    pub first_bad: Option<FirstBad>,
}

/// Walks one user's log in order. Feed it every action with [`Self::action`], then call [`Self::finish`].
#[derive(Debug)]
pub struct Verifier {
    user: UserId,
    last: Seq,
    hash: Hash,
    walked: i64,
    erased: bool,
    first_bad: Option<FirstBad>,
    /// For each action: what its `reversed_by` must be, and what is stored.
    marks: BTreeMap<Seq, (Option<Seq>, Option<Seq>)>,
    /// For each expense: the hash of the state that the log left it in; `None` when it does not count.
    expenses: BTreeMap<ExpenseId, Option<Hash>>,
}

impl Verifier {
    /// A walk over the log of `user`, who is there: every payload must be, too.
    #[must_use]
    pub const fn new(user: UserId) -> Self {
        Self::of(user, false)
    }

    /// A walk over the log that `user` left when they were erased: no payload may be there, but the chain of hashes must be
    /// whole.
    #[must_use]
    pub const fn erased(user: UserId) -> Self {
        Self::of(user, true)
    }

    const fn of(user: UserId, erased: bool) -> Self {
        Self {
            user,
            last: Seq::ZERO,
            hash: GENESIS,
            walked: 0,
            erased,
            first_bad: None,
            marks: BTreeMap::new(),
            expenses: BTreeMap::new(),
        }
    }

    /// Takes the next action of the log.
    pub fn action(&mut self, stored: &StoredAction) {
        self.walked += 1;
        let good = self.follows(stored);
        if !good {
            self.bad(FirstBad::Action(stored.seq));
        }
        self.last = stored.seq;
        self.hash = stored.hash;
        if let Some((_, action)) = &stored.payload {
            self.replay(action);
        }
    }

    fn bad(&mut self, what: FirstBad) {
        self.first_bad.get_or_insert(what);
    }

    fn follows(&self, stored: &StoredAction) -> bool {
        let Some(kind) = stored.kind else { return false };
        let header = Header {
            user: self.user,
            seq: stored.seq,
            at: stored.at,
            kind,
            reverses: stored.reverses,
            payload: stored.payload_hash,
        };
        let payload_agrees = stored
            .payload
            .as_ref()
            .is_none_or(|(salt, action)| payload_hash(salt, &action.changes, &action.links) == stored.payload_hash);
        stored.seq == self.last.next()
            && !stored.unreadable
            && stored.payload.is_none() == self.erased
            && payload_agrees
            && action_hash(&self.hash, &header) == stored.hash
    }

    fn replay(&mut self, action: &Action) {
        self.marks.insert(action.seq, (None, action.reversed_by));
        if let Some(reversed) = action.reverses {
            let root_agrees = match action.effect {
                Effect::Original => false,
                Effect::Undo => action.root == reversed,
                Effect::Redo => action.root != reversed,
            };
            match self.marks.get_mut(&reversed) {
                Some((expected, _)) if root_agrees && expected.is_none() => *expected = Some(action.seq),
                _ => self.bad(FirstBad::Action(action.seq)),
            }
            if action.effect == Effect::Redo
                && let Some((expected, _)) = self.marks.get_mut(&action.root)
            {
                *expected = None;
            }
        } else if action.effect != Effect::Original || action.root != action.seq {
            self.bad(FirstBad::Action(action.seq));
        }
        for change in &action.changes {
            self.expenses.insert(change.expense, change.after.as_ref().map(state_hash));
        }
    }

    /// Compares the end of the log with the head row, the live expenses and the stored totals. Totals of zero may be
    /// stored or not. Of somebody who was erased, `live` is whatever expenses there are, and neither an expense nor a total
    /// may be left.
    #[must_use]
    pub fn finish(mut self, head: &Head, live: &[LiveExpense], totals: &[(Month, CategoryId, i64)]) -> Verified {
        let unmarked = self.marks.iter().find(|(_, (expected, stored))| expected != stored).map(|(seq, _)| *seq);
        if let Some(seq) = unmarked {
            self.bad(FirstBad::Action(seq));
        }
        if head.seq != self.last || head.hash != self.hash {
            self.bad(FirstBad::Head);
        }
        if head.is_sealed() != self.erased {
            self.bad(FirstBad::Head);
        }
        let totals_checked = if self.erased {
            self.find_remains(live, totals)
        } else {
            self.compare_expenses(live);
            self.compare_totals(live, totals)
        };
        Verified { actions: self.walked, head_hash: self.hash, totals_checked, first_bad: self.first_bad }
    }

    fn find_remains(&mut self, left: &[LiveExpense], totals: &[(Month, CategoryId, i64)]) -> i64 {
        if let Some(expense) = left.first() {
            self.bad(FirstBad::Expense(expense.id));
        }
        if let Some((month, category, stored)) = totals.first() {
            self.bad(FirstBad::Total { month: *month, category: *category, stored: *stored, live: 0 });
        }
        i64::try_from(totals.len()).unwrap_or(i64::MAX)
    }

    fn compare_expenses(&mut self, live: &[LiveExpense]) {
        let mut expected = std::mem::take(&mut self.expenses);
        for expense in live {
            if expected.remove(&expense.id).flatten() != Some(state_hash(&expense.state)) {
                return self.bad(FirstBad::Expense(expense.id));
            }
        }
        if let Some((missing, _)) = expected.into_iter().find(|(_, state)| state.is_some()) {
            self.bad(FirstBad::Expense(missing));
        }
    }

    fn compare_totals(&mut self, live: &[LiveExpense], totals: &[(Month, CategoryId, i64)]) -> i64 {
        // 128 bits: a sum that overflows 64 must be reported as a difference, not end the walk.
        let mut compared: BTreeMap<(Month, CategoryId), (i64, i128)> = BTreeMap::new();
        for (month, category, stored) in totals {
            compared.entry((*month, *category)).or_default().0 = *stored;
        }
        for LiveExpense { state, .. } in live {
            compared.entry((state.month(), state.category)).or_default().1 += i128::from(state.amount);
        }
        if let Some(((month, category), (stored, sum))) =
            compared.iter().find(|(_, (stored, sum))| i128::from(*stored) != *sum)
        {
            let live = i64::try_from(*sum).unwrap_or(i64::MAX);
            self.bad(FirstBad::Total { month: *month, category: *category, stored: *stored, live });
        }
        i64::try_from(compared.len()).unwrap_or(i64::MAX)
    }
}
