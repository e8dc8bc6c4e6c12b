//! Several operations in one call, as one action.

use std::collections::BTreeMap;
use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{ExpenseId, Seq};
use florin_domain::ledger::{ActionKind, Change};

use crate::error::{AppError, FieldError, Result};
use crate::receipts::Keep;
use crate::writer::{Basis, Bookkeeping, Tries};

use super::{ExpensePatch, Expenses, NewExpense, by_id, external_id_deleted, external_id_taken, input};

/// The most operations of one call.
pub const MAX_OPERATIONS: usize = 500;

/// One operation of a batch.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Records an expense.
    Create(NewExpense),
    /// Edits one.
    Update(ExpenseId, Box<ExpensePatch>),
    /// Deletes one.
    Delete(ExpenseId),
}

/// What became of one operation.
#[derive(Debug)]
pub enum Outcome {
    /// An expense was recorded.
    Created(ExpenseId),
    /// The `external_id` was known: nothing was written.
    Existing(ExpenseId),
    /// It was edited, or already was as asked.
    Updated(ExpenseId),
    /// It was deleted.
    Deleted(ExpenseId),
    /// It failed; only when the batch is not atomic.
    Failed(AppError),
}

/// One entry of a batch's answer.
#[derive(Debug)]
pub struct BatchResult {
    /// What became of it.
    pub outcome: Outcome,
    /// The expense after the whole batch; `None` where it was deleted or failed.
    pub expense: Option<Expense>,
}

/// What a batch did.
pub struct BatchOutcome {
    /// In the order of the operations.
    pub results: Vec<BatchResult>,
    /// The one action; `None` when nothing changed.
    pub action: Option<Seq>,
    /// The categories to name the expenses with.
    pub books: Arc<Bookkeeping>,
}

/// The expenses as the operations so far would leave them.
struct Draft {
    /// As stored, by id.
    stored: BTreeMap<ExpenseId, Expense>,
    /// As left; `None` for deleted.
    states: BTreeMap<ExpenseId, Option<ExpenseState>>,
    /// Who holds which external id.
    holders: BTreeMap<String, ExpenseId>,
    /// Identifiers for creations.
    fresh: std::vec::IntoIter<ExpenseId>,
}

impl Expenses {
    /// Runs operations in order, each seeing what those before it left, as one action. Operations that could not even be
    /// read come as the faults that they have, with pointers below `/operations/N`.
    ///
    /// With `atomic`, any fault refuses the whole batch; otherwise the others are carried out.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every fault of an atomic batch, with pointers as `/operations/3/amount`.
    pub async fn batch(
        &self,
        account: &Account,
        operations: &[std::result::Result<Operation, Vec<FieldError>>],
        atomic: bool,
        keep: &Keep<BatchOutcome>,
    ) -> Result<BatchOutcome> {
        let operation = self.writer.operation();
        let creations = operations.iter().filter(|op| matches!(op, Ok(Operation::Create(_)))).count();
        let _turn = self.writer.turn(account.id).await;
        let mut tries = Tries::default();
        loop {
            let basis = self.writer.choosing_basis(account.id).await?;
            let mut draft = self.read_draft(account, operations, creations).await?;
            let outcomes: Vec<_> = operations
                .iter()
                .enumerate()
                .map(|(index, op)| {
                    let at = format!("/operations/{index}");
                    match op {
                        Ok(op) => draft.run(op, account, &basis, &at),
                        Err(faults) => Err(AppError::Invalid(faults.clone())),
                    }
                    .unwrap_or_else(Outcome::Failed)
                })
                .collect();
            if atomic {
                refuse_faults(&outcomes)?;
            }
            let changes = draft.changes();
            let report = |action, written| {
                let mut now = draft.stored;
                now.extend(by_id(written));
                let results = outcomes.into_iter().map(|outcome| {
                    let expense = outcome.expense().and_then(|id| now.get(&id)).filter(|expense| expense.live).cloned();
                    BatchResult { outcome, expense }
                });
                BatchOutcome { results: results.collect(), action, books: Arc::clone(&basis.books) }
            };
            if changes.is_empty() {
                return Ok(report(None, Vec::new()));
            }
            let plan = self.writer.draft(account.id, &basis, ActionKind::Batch, &operation, keep.is_wanted());
            let outcome = |seq, written| Ok(report(Some(seq), written));
            if let Some(done) = self.act(&basis, plan, changes, &mut tries, keep, outcome).await? {
                return Ok(done);
            }
        }
    }

    async fn read_draft(
        &self,
        account: &Account,
        operations: &[std::result::Result<Operation, Vec<FieldError>>],
        creations: usize,
    ) -> Result<Draft> {
        let mut ids = Vec::new();
        let mut external_ids = Vec::new();
        for op in operations.iter().flatten() {
            match op {
                Operation::Create(new) => external_ids.extend(new.external_id.clone()),
                Operation::Update(id, patch) => {
                    ids.push(*id);
                    if let input::Set::To(external_id) = &patch.external_id {
                        external_ids.push(external_id.clone());
                    }
                }
                Operation::Delete(id) => ids.push(*id),
            }
        }
        ids.sort_unstable();
        ids.dedup();
        external_ids.sort_unstable();
        external_ids.dedup();
        let mut stored = by_id(self.repository.expenses(account.id, &ids).await?);
        stored.extend(by_id(self.repository.by_external_ids(account.id, &external_ids).await?));
        let holders = stored.values().filter_map(|e| e.state.external_id.clone().map(|key| (key, e.id))).collect();
        let fresh = if creations == 0 { Vec::new() } else { self.repository.reserve_ids(creations).await? };
        Ok(Draft { stored, states: BTreeMap::new(), holders, fresh: fresh.into_iter() })
    }
}

impl Draft {
    fn state(&self, id: ExpenseId) -> Option<&ExpenseState> {
        match self.states.get(&id) {
            Some(state) => state.as_ref(),
            None => self.stored.get(&id).filter(|expense| expense.live).map(|expense| &expense.state),
        }
    }

    fn run(&mut self, operation: &Operation, account: &Account, basis: &Basis, at: &str) -> Result<Outcome> {
        let missing = || AppError::NotFound;
        match operation {
            Operation::Create(new) => {
                let state = input::state_of(new, None, account, basis, at).map_err(AppError::Invalid)?;
                if let Some(holder) = state.external_id.as_ref().and_then(|key| self.holders.get(key)).copied() {
                    return if self.state(holder).is_some() {
                        Ok(Outcome::Existing(holder))
                    } else {
                        Err(external_id_deleted())
                    };
                }
                let id = self.fresh.next().ok_or_else(missing)?;
                self.put(id, state);
                Ok(Outcome::Created(id))
            }
            Operation::Update(id, patch) => {
                let before = self.state(*id).ok_or_else(missing)?.clone();
                let own = self.stored.get(id).filter(|_| patch.category == input::Set::Clear);
                let own = own.map(|expense| basis.without(expense));
                let basis = own.as_ref().unwrap_or(basis);
                let state = input::patched(&before, patch, account, basis, at).map_err(AppError::Invalid)?;
                if state.external_id != before.external_id {
                    match state.external_id.as_ref().and_then(|key| self.holders.get(key)) {
                        Some(holder) if self.state(*holder).is_some() => return Err(external_id_taken()),
                        Some(_) => return Err(external_id_deleted()),
                        None => {}
                    }
                    if let Some(key) = &before.external_id {
                        self.holders.remove(key);
                    }
                }
                self.put(*id, state);
                Ok(Outcome::Updated(*id))
            }
            Operation::Delete(id) => {
                self.state(*id).ok_or_else(missing)?;
                self.states.insert(*id, None);
                Ok(Outcome::Deleted(*id))
            }
        }
    }

    fn put(&mut self, id: ExpenseId, state: ExpenseState) {
        if let Some(key) = &state.external_id {
            self.holders.insert(key.clone(), id);
        }
        self.states.insert(id, Some(state));
    }

    /// One change for each expense that ends up different.
    fn changes(&self) -> Vec<Change> {
        let change = |(id, after): (&ExpenseId, &Option<ExpenseState>)| match (self.stored.get(id), after) {
            (Some(expense), Some(state)) => {
                // Away and back again is where it was, chosen when it was.
                let mut after = state.clone();
                after.categorization.chosen_at = expense.state.categorization.chosen_at;
                if after == expense.state { None } else { florin_domain::ledger::amend(expense, state.clone()) }
            }
            (Some(expense), None) => Some(florin_domain::ledger::remove(expense)),
            (None, Some(state)) => Some(florin_domain::ledger::record(*id, state.clone())),
            (None, None) => None,
        };
        self.states.iter().filter_map(change).collect()
    }
}

impl Outcome {
    const fn expense(&self) -> Option<ExpenseId> {
        match self {
            Self::Created(id) | Self::Existing(id) | Self::Updated(id) | Self::Deleted(id) => Some(*id),
            Self::Failed(_) => None,
        }
    }
}

/// All faults of an atomic batch as one refusal, each at its operation.
fn refuse_faults(outcomes: &[Outcome]) -> Result<()> {
    let mut faults = Vec::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        let at = format!("/operations/{index}");
        match outcome {
            Outcome::Failed(AppError::Invalid(errors)) => faults.extend(errors.iter().cloned()),
            Outcome::Failed(AppError::NotFound) => {
                faults.push(FieldError::new(format!("{at}/id"), "not_found", "must be one of your expenses"));
            }
            Outcome::Failed(AppError::Conflict { code, detail, .. }) => {
                faults.push(FieldError::new(format!("{at}/external_id"), code, detail.clone()));
            }
            Outcome::Failed(error) => faults.push(FieldError::new(at, "failed", error.to_string())),
            _ => {}
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(AppError::Invalid(faults)) }
}
