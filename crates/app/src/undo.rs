//! Undo, redo, reversal by number, and the list of what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::expense::Expense;
use florin_domain::id::{ExpenseId, Seq};
use florin_domain::ledger::{
    Action, ActionKind, Adjustment, Blocked, Change, ChangeSet, Effect, FieldSet, Head, Later, OperationId, Reversal,
    Verified, plan_reversal, summarize,
};
use florin_domain::repository::{ExpenseRepository, LedgerRepository, Page};

use crate::error::{AppError, Result};
use crate::expenses::Shown;
use crate::receipts::Keep;
use crate::writer::{Basis, Bookkeeping, Tries, Writer};

/// The most actions that a conflict names.
const MAX_BLOCKERS: usize = 50;
/// How many actions are read at once while looking for conflicts.
const AT_ONCE: usize = 16;

/// An action in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionLine {
    /// Its number.
    pub seq: Seq,
    /// What kind.
    pub kind: ActionKind,
    /// One English line.
    pub summary: String,
}

/// What a reversal did.
#[derive(Clone)]
pub struct Reversed {
    /// The action that was reversed.
    pub reversed: ActionLine,
    /// The number of the new action.
    pub action: Seq,
    /// What it did.
    pub changes: Vec<Change>,
    /// What came back differently.
    pub adjustments: Vec<Adjustment>,
    /// What undo would take back now.
    pub next_undo: Option<ActionLine>,
    /// What redo would bring back now.
    pub next_redo: Option<ActionLine>,
    /// The categories to name the changes with.
    pub books: Arc<Bookkeeping>,
    /// The categories as they were before, with the names that categories had which came back under another.
    pub books_before: Arc<Bookkeeping>,
}

/// The use cases over the log.
pub struct Undo {
    writer: Arc<Writer>,
    ledger: Arc<dyn LedgerRepository>,
    expenses: Arc<dyn ExpenseRepository>,
}

/// What a reversal is asked for.
#[derive(Clone, Copy)]
enum Wanted {
    Undo,
    Redo,
    Number(Seq),
}

impl Undo {
    /// A service over the shared writer.
    #[must_use]
    pub fn new(writer: Arc<Writer>, ledger: Arc<dyn LedgerRepository>, expenses: Arc<dyn ExpenseRepository>) -> Self {
        Self { writer, ledger, expenses }
    }

    /// Takes the caller's latest action in effect back.
    ///
    /// # Errors
    /// [`AppError::NothingToDo`] `nothing_to_reverse`; [`AppError::Conflict`] `stale` when `expected` is not that action.
    pub async fn undo(&self, account: &Account, expected: Option<Seq>, keep: &Keep<Reversed>) -> Result<Reversed> {
        self.reverse_wanted(account, Wanted::Undo, expected, keep).await
    }

    /// Brings back what the latest undo took.
    ///
    /// # Errors
    /// [`AppError::NothingToDo`] `nothing_to_redo`; [`AppError::Conflict`] `redo_superseded` after a newer action,
    /// `stale` when `expected` is neither that undo nor the action that it took back.
    pub async fn redo(&self, account: &Account, expected: Option<Seq>, keep: &Keep<Reversed>) -> Result<Reversed> {
        self.reverse_wanted(account, Wanted::Redo, expected, keep).await
    }

    /// Reverses any past action: an ordinary one or a redo is taken back, an undo is taken back by a redo.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Conflict`] `conflict` naming the actions in the way, or `already_reversed`.
    pub async fn reverse(&self, account: &Account, seq: Seq, keep: &Keep<Reversed>) -> Result<Reversed> {
        self.reverse_wanted(account, Wanted::Number(seq), None, keep).await
    }

    async fn reverse_wanted(
        &self,
        account: &Account,
        wanted: Wanted,
        expected: Option<Seq>,
        keep: &Keep<Reversed>,
    ) -> Result<Reversed> {
        let operation = self.writer.operation();
        let _turn = self.writer.turn(account.id).await;
        let mut tries = Tries::default();
        loop {
            let basis = self.writer.basis(account.id).await?;
            let target = self.target(account, &basis.head, wanted).await?;
            if expected.is_some_and(|seq| seq != target.seq && !(target.effect == Effect::Undo && seq == target.root)) {
                return Err(AppError::conflict(
                    "stale",
                    format!("the next action to reverse is number {}", target.seq),
                ));
            }
            let planned = match self.plan(account, &basis, &target, &operation).await {
                // What a plan is made on is read piece by piece. The action that seems to be in the way may be the same reversal,
                // of another server, that came between two of the reads.
                Err(AppError::Conflict { .. }) if self.writer.is_outrun(account.id, &basis).await? => {
                    if tries.again() {
                        continue;
                    }
                    return Err(AppError::contended());
                }
                planned => planned?,
            };
            let Reversal { change_set, adjustments } = planned;
            let reversed = self.forecast(account, &basis, &target, &change_set, adjustments).await?;
            // The plan is exclusive, so the action gets the number that was forecast.
            let outcome = |_, _: &ChangeSet| Ok(reversed);
            if let Some(reversed) = self.writer.carry_out(&basis, change_set, &mut tries, keep, outcome).await? {
                return Ok(reversed);
            }
        }
    }

    /// The action that is to be reversed, by what was asked for.
    async fn target(&self, account: &Account, head: &Head, wanted: Wanted) -> Result<Action> {
        let seq = match wanted {
            Wanted::Undo => head.next_undo.ok_or_else(|| AppError::NothingToDo {
                code: "nothing_to_reverse",
                detail: "there is no action in effect to take back".into(),
            })?,
            Wanted::Redo => {
                let undo = self.ledger.latest_in_effect(account.id, Effect::Undo, None).await?.ok_or_else(|| {
                    AppError::NothingToDo { code: "nothing_to_redo", detail: "nothing was taken back".into() }
                })?;
                if undo < head.last_ordinary {
                    return Err(AppError::conflict(
                        "redo_superseded",
                        format!("action {} came after the last undo", head.last_ordinary),
                    ));
                }
                undo
            }
            Wanted::Number(seq) => seq,
        };
        let action = self.ledger.action(account.id, seq).await?.ok_or(AppError::NotFound)?;
        // A redo is taken back by taking back what it brought back.
        if action.effect == Effect::Redo {
            return self.ledger.action(account.id, action.root).await?.ok_or(AppError::NotFound);
        }
        Ok(action)
    }

    async fn plan(
        &self,
        account: &Account,
        basis: &Basis,
        target: &Action,
        operation: &OperationId,
    ) -> Result<Reversal> {
        let ids: Vec<ExpenseId> = target.changes.iter().map(|change| change.expense).collect();
        let current: BTreeMap<ExpenseId, Expense> =
            self.expenses.expenses(account.id, &ids).await?.into_iter().map(|e| (e.id, e)).collect();
        let later = self.later(account, target, &current).await?;
        let mut stragglers = Vec::new();
        for link in target.links.iter().filter(|link| link.after.is_none()) {
            stragglers.extend(self.expenses.in_category(account.id, link.category).await?);
        }
        let draft = self.writer.draft(account.id, basis, ActionKind::Reversal, operation, true);
        let planned = plan_reversal(draft, target, &current, &later, &basis.books.taxonomy, &stragglers);
        let reversal = planned.map_err(|blocked| match blocked {
            Blocked::Conflict { blocking } => AppError::Conflict {
                code: "conflict",
                detail: "later actions changed the same fields; take them back first".into(),
                blocking_actions: blocking,
            },
            // `target` resolves a redo to its root.
            Blocked::AlreadyReversed | Blocked::IsRedo => {
                AppError::conflict("already_reversed", format!("action {} was taken back already", target.seq))
            }
            Blocked::Money(error) => crate::expenses::overflow(error),
        })?;
        self.refuse_taken_keys(account, &reversal.change_set, &current).await?;
        Ok(reversal)
    }

    /// The actions after the target's root that touched its expenses: each expense's actions are strung together, newest
    /// to oldest, so only those are read. Enough is known once [`MAX_BLOCKERS`] stand in the way.
    async fn later(
        &self,
        account: &Account,
        target: &Action,
        current: &BTreeMap<ExpenseId, Expense>,
    ) -> Result<Vec<Later>> {
        let mine: BTreeMap<ExpenseId, FieldSet> =
            target.changes.iter().map(|change| (change.expense, change.fields())).collect();
        let mut found: BTreeMap<Seq, Later> = BTreeMap::new();
        let mut next: BTreeSet<Seq> = current.values().map(|expense| expense.last_action).collect();
        let mut blockers = 0;
        loop {
            next.retain(|seq| *seq > target.root && !found.contains_key(seq));
            // Newest first, a few at a time: payloads may be large.
            let wanted: Vec<Seq> = next.iter().rev().take(AT_ONCE).copied().collect();
            if wanted.is_empty() || blockers >= MAX_BLOCKERS {
                return Ok(found.into_values().collect());
            }
            // Asked for once, found or not: a log with a hole must not hold a request for ever.
            next.retain(|seq| !wanted.contains(seq));
            for action in self.ledger.actions(account.id, &wanted).await? {
                let touching = action.changes.iter().filter(|change| mine.contains_key(&change.expense));
                next.extend(touching.map(|change| change.previous));
                let later = Later::of(&action, |expense| mine.contains_key(&expense));
                let blocks = |(expense, fields): &(ExpenseId, FieldSet)| {
                    mine.get(expense).is_some_and(|mine| mine.overlaps(*fields))
                };
                blockers += usize::from(later.undoable && later.fields.iter().any(blocks));
                found.insert(action.seq, later);
            }
        }
    }

    /// The key of an expense whose creation was undone was free again; another may hold it by now.
    async fn refuse_taken_keys(
        &self,
        account: &Account,
        change_set: &ChangeSet,
        current: &BTreeMap<ExpenseId, Expense>,
    ) -> Result<()> {
        let keys: Vec<String> = change_set
            .changes
            .iter()
            .filter_map(|change| {
                let key = change.after.as_ref()?.external_id.as_ref()?;
                let held = current.get(&change.expense).and_then(|expense| expense.state.external_id.as_ref());
                (held != Some(key)).then(|| key.clone())
            })
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let touched: BTreeSet<ExpenseId> = change_set.changes.iter().map(|change| change.expense).collect();
        let holders = self.expenses.by_external_ids(account.id, &keys).await?;
        let blocking: BTreeSet<Seq> =
            holders.iter().filter(|holder| !touched.contains(&holder.id)).map(|holder| holder.last_action).collect();
        if blocking.is_empty() {
            return Ok(());
        }
        Err(AppError::Conflict {
            code: "conflict",
            detail: "another expense has the external_id by now".into(),
            blocking_actions: blocking.into_iter().collect(),
        })
    }

    /// What a reversal will have done. Its plan is exclusive: when it is applied, nothing else has happened since.
    async fn forecast(
        &self,
        account: &Account,
        basis: &Basis,
        target: &Action,
        change_set: &ChangeSet,
        adjustments: Vec<Adjustment>,
    ) -> Result<Reversed> {
        let books = Arc::new(basis.books.after(&change_set.links));
        let action = basis.head.seq.next();
        let (next_undo, next_redo) = if change_set.effect == Effect::Undo {
            let next_undo = match basis.head.next_undo {
                Some(next) if next == target.seq => {
                    self.ledger.latest_in_effect(account.id, Effect::Original, Some(next)).await?
                }
                other => other,
            };
            // The next redo brings back what this takes.
            (self.line(account, next_undo, &books).await?, Some(line(&appended(action, change_set), &books)))
        } else {
            let mut redoable = self.ledger.latest_in_effect(account.id, Effect::Undo, None).await?;
            if redoable == Some(target.seq) {
                redoable = self.ledger.latest_in_effect(account.id, Effect::Undo, Some(target.seq)).await?;
            }
            let redoable = redoable.filter(|seq| *seq > basis.head.last_ordinary);
            let next_undo = basis.head.next_undo.max(Some(target.root));
            (self.line(account, next_undo, &books).await?, self.line(account, redoable, &books).await?)
        };
        Ok(Reversed {
            reversed: line(target, &books),
            action,
            changes: change_set.changes.clone(),
            adjustments,
            next_undo,
            next_redo,
            books,
            books_before: Arc::clone(&basis.books),
        })
    }

    async fn line(&self, account: &Account, seq: Option<Seq>, books: &Bookkeeping) -> Result<Option<ActionLine>> {
        let Some(seq) = seq else { return Ok(None) };
        Ok(self.ledger.action(account.id, seq).await?.map(|action| line(&action, books)))
    }

    /// The caller's actions before `before`, newest first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn list(
        &self,
        account: &Account,
        before: Option<Seq>,
        limit: u64,
    ) -> Result<Shown<Page<(Action, String)>>> {
        let books = self.writer.basis(account.id).await?.books;
        let Page { rows, more } = self.ledger.actions_before(account.id, before, limit).await?;
        let rows = rows
            .into_iter()
            .map(|action| {
                let summary = summarize(&action, books.currency, &books.taxonomy);
                (action, summary)
            })
            .collect();
        Ok(Shown { data: Page { rows, more }, books })
    }

    /// Walks the caller's log and totals.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn verify(&self, account: &Account) -> Result<Verified> {
        Ok(self.ledger.verify(account.id).await?)
    }
}

/// A planned reversal as it will stand in the log.
fn appended(seq: Seq, change_set: &ChangeSet) -> Action {
    Action {
        seq,
        kind: change_set.kind,
        at: change_set.at,
        reverses: change_set.reverses,
        reversed_by: None,
        root: change_set.root.unwrap_or(seq),
        effect: change_set.effect,
        changes: change_set.changes.clone(),
        links: change_set.links.clone(),
    }
}

fn line(action: &Action, books: &Bookkeeping) -> ActionLine {
    let summary = summarize(action, books.currency, &books.taxonomy);
    ActionLine { seq: action.seq, kind: action.kind, summary }
}
