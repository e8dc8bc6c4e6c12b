//! Recording, editing, deleting and finding expenses.

use std::collections::BTreeMap;
use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::expense::{Expense, ExpenseState};
use florin_domain::id::{ExpenseId, Seq};
use florin_domain::ledger::{ActionKind, Change, ChangeSet, Draft, amend, plan, record, remove};
use florin_domain::money::MoneyError;
use florin_domain::repository::{ExpenseQuery, ExpenseRepository, Page, RepositoryError, TagCount};

use crate::error::{AppError, Result};
use crate::receipts::Keep;
use crate::writer::{Basis, Bookkeeping, Tries, Writer};

mod batch;
mod input;
mod tags;

pub use batch::{BatchOutcome, BatchResult, MAX_OPERATIONS, Operation, Outcome};
pub use input::{ExpensePatch, NewExpense, Set};
pub use tags::RenamedTag;

/// An expense after a write, with what it takes to show it.
#[derive(Clone)]
pub struct Saved {
    /// The expense.
    pub expense: Expense,
    /// Whether this write made it.
    pub created: bool,
    /// The categories to name it with.
    pub books: Arc<Bookkeeping>,
}

/// The outcome of an answered read, with what it takes to show it.
pub struct Shown<T> {
    /// What was asked for.
    pub data: T,
    /// The categories to name it with.
    pub books: Arc<Bookkeeping>,
}

/// The use cases of expenses and tags.
pub struct Expenses {
    writer: Arc<Writer>,
    repository: Arc<dyn ExpenseRepository>,
}

impl Expenses {
    /// A service over the shared writer.
    #[must_use]
    pub fn new(writer: Arc<Writer>, repository: Arc<dyn ExpenseRepository>) -> Self {
        Self { writer, repository }
    }

    /// Records an expense. One with a known `external_id` is returned as it is, and nothing is written.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every wrong field; [`AppError::Conflict`] `external_id_deleted` when the owner
    /// deleted the expense of that key.
    pub async fn create(&self, account: &Account, new: &NewExpense, keep: &Keep<Saved>) -> Result<Saved> {
        let operation = self.writer.operation();
        let _turn = self.writer.turn(account.id).await;
        let mut tries = Tries::default();
        // An answer that is kept with its effect tells the action's number beforehand, and a category is chosen by what was learned up
        // to the last action: no other may come in between.
        let is_exclusive = keep.is_wanted() || new.category.is_none();
        let mut may_be_older = true;
        let mut outrun: Option<Basis> = None;
        let mut reserved = None;
        loop {
            let remembered = match (may_be_older, is_exclusive) {
                (true, true) => self.writer.remembered_choosing(account.id),
                (true, false) => self.writer.remembered(account.id),
                (false, _) => None,
            };
            may_be_older = remembered.is_some();
            let basis = match (remembered, new.category) {
                (Some(basis), _) => basis,
                (None, Some(_)) => self.writer.basis(account.id).await?,
                (None, None) => self.writer.choosing_basis(account.id).await?,
            };
            if let Some(outrun) = outrun.take() {
                self.writer.note_outrun(&outrun, &basis);
            }
            let state = match input::state_of(new, None, account, &basis, "") {
                Ok(state) => state,
                // A category that is not remembered may be there.
                Err(_) if may_be_older => {
                    may_be_older = false;
                    continue;
                }
                Err(errors) => return Err(AppError::Invalid(errors)),
            };
            if let Some(known) = self.known(account, state.external_id.as_ref()).await? {
                // Nothing is written, so nothing would tell that what is remembered is older.
                if std::mem::take(&mut may_be_older) {
                    continue;
                }
                return Ok(Saved { expense: known, created: false, books: basis.books });
            }
            let id = match reserved {
                Some(id) => id,
                None => self.repository.reserve_ids(1).await?.first().copied().ok_or(AppError::NotFound)?,
            };
            // A plan that was made in vain takes no identifier along.
            reserved = Some(id);
            let changes = vec![record(id, state)];
            // What storage was asked for is known up to the last action; of what is remembered only storage can tell.
            let exclusive = keep.is_wanted() || (may_be_older && is_exclusive);
            let draft = self.writer.draft(account.id, &basis, ActionKind::Create, &operation, exclusive);
            let saved = self.act(&basis, draft, changes, &mut tries, keep, |_, written| saved(written, true, &basis));
            if let Some(saved) = saved.await? {
                return Ok(saved);
            }
            outrun = (std::mem::take(&mut may_be_older) && is_exclusive).then_some(basis);
        }
    }

    async fn known(&self, account: &Account, external_id: Option<&String>) -> Result<Option<Expense>> {
        let Some(external_id) = external_id else { return Ok(None) };
        let found = self.repository.by_external_ids(account.id, std::slice::from_ref(external_id)).await?;
        match found.into_iter().next() {
            Some(expense) if !expense.live => Err(external_id_deleted()),
            found => Ok(found),
        }
    }

    /// Plans and applies an ordinary action over some changes. `outcome` is given its number and the changed expenses as
    /// they are then, deleted ones included; `None` when the plan was stale.
    async fn act<T>(
        &self,
        basis: &Basis,
        draft: Draft,
        changes: Vec<Change>,
        tries: &mut Tries,
        keep: &Keep<T>,
        outcome: impl FnOnce(Seq, Vec<Expense>) -> Result<T>,
    ) -> Result<Option<T>> {
        let change_set = plan(draft, changes, Vec::new()).map_err(overflow)?;
        let outcome = |seq, change_set: &ChangeSet| {
            let written = change_set.changes.iter().filter_map(|change| written(change, seq, basis));
            outcome(seq, written.collect())
        };
        self.writer.carry_out(basis, change_set, tries, keep, outcome).await
    }

    /// One live expense.
    ///
    /// # Errors
    /// [`AppError::NotFound`] also for a deleted one and another person's.
    pub async fn get(&self, account: &Account, id: ExpenseId) -> Result<Shown<Expense>> {
        let data = self.live(account, id).await?;
        Ok(Shown { data, books: self.writer.basis(account.id).await?.books })
    }

    async fn live(&self, account: &Account, id: ExpenseId) -> Result<Expense> {
        self.repository.expense(account.id, id).await?.filter(|expense| expense.live).ok_or(AppError::NotFound)
    }

    /// Edits an expense: only what `patch` names. An edit that changes nothing makes no action.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::PreconditionFailed`] when `accept` refuses the stored version,
    /// [`AppError::Invalid`], [`AppError::Conflict`] `external_id_taken` or `external_id_deleted`.
    pub async fn update(
        &self,
        account: &Account,
        id: ExpenseId,
        accept: impl Fn(i64) -> bool + Send + Sync,
        patch: &ExpensePatch,
        keep: &Keep<Saved>,
    ) -> Result<Saved> {
        let edit = |expense: &Expense, basis: &Basis| {
            let own = (patch.category == input::Set::Clear).then(|| basis.without(expense));
            input::patched(&expense.state, patch, account, own.as_ref().unwrap_or(basis), "")
        };
        self.edit(account, id, accept, edit, keep).await
    }

    /// Replaces an expense: what `new` leaves out takes its default.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub async fn replace(
        &self,
        account: &Account,
        id: ExpenseId,
        accept: impl Fn(i64) -> bool + Send + Sync,
        new: &NewExpense,
        keep: &Keep<Saved>,
    ) -> Result<Saved> {
        let edit = |expense: &Expense, basis: &Basis| {
            let own = new.category.is_none().then(|| basis.without(expense));
            let basis = own.as_ref().unwrap_or(basis);
            let state = input::state_of(new, Some(&expense.state), account, basis, "")?;
            let ExpenseState { logged_at, logged_on, imported, .. } = expense.state;
            Ok(ExpenseState { logged_at, logged_on, imported, ..state })
        };
        self.edit(account, id, accept, edit, keep).await
    }

    async fn edit(
        &self,
        account: &Account,
        id: ExpenseId,
        accept: impl Fn(i64) -> bool + Send + Sync,
        edit: impl Fn(&Expense, &Basis) -> std::result::Result<ExpenseState, Vec<crate::error::FieldError>> + Send + Sync,
        keep: &Keep<Saved>,
    ) -> Result<Saved> {
        let operation = self.writer.operation();
        let _turn = self.writer.turn(account.id).await;
        let mut tries = Tries::default();
        loop {
            let basis = self.writer.choosing_basis(account.id).await?;
            let expense = self.live(account, id).await?;
            if !accept(expense.version) {
                return Err(AppError::PreconditionFailed);
            }
            let after = edit(&expense, &basis).map_err(AppError::Invalid)?;
            if after.external_id != expense.state.external_id
                && self.known(account, after.external_id.as_ref()).await?.is_some()
            {
                return Err(external_id_taken());
            }
            let Some(change) = amend(&expense, after) else {
                return Ok(Saved { expense, created: false, books: basis.books });
            };
            let draft = self.writer.draft(account.id, &basis, ActionKind::Update, &operation, keep.is_wanted());
            let outcome = |_, written| saved(written, false, &basis);
            if let Some(saved) = self.act(&basis, draft, vec![change], &mut tries, keep, outcome).await? {
                return Ok(saved);
            }
        }
    }

    /// Deletes an expense. Undo brings it back.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::PreconditionFailed`].
    pub async fn delete(
        &self,
        account: &Account,
        id: ExpenseId,
        accept: impl Fn(i64) -> bool + Send + Sync,
        keep: &Keep<()>,
    ) -> Result<()> {
        let operation = self.writer.operation();
        let _turn = self.writer.turn(account.id).await;
        let mut tries = Tries::default();
        loop {
            let basis = self.writer.basis(account.id).await?;
            let expense = self.live(account, id).await?;
            if !accept(expense.version) {
                return Err(AppError::PreconditionFailed);
            }
            let changes = vec![remove(&expense)];
            let draft = self.writer.draft(account.id, &basis, ActionKind::Delete, &operation, keep.is_wanted());
            if self.act(&basis, draft, changes, &mut tries, keep, |_, _| Ok(())).await?.is_some() {
                return Ok(());
            }
        }
    }

    /// A page of live expenses.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn list(&self, account: &Account, query: &ExpenseQuery) -> Result<Shown<Page<Expense>>> {
        let data = self.repository.list(account.id, query).await?;
        Ok(Shown { data, books: self.writer.basis(account.id).await?.books })
    }

    /// What changed after action `since`, for delta sync.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for an action that has not happened: a client that believes in it would wait for it in vain.
    pub async fn changes(&self, account: &Account, since: Seq, limit: u64) -> Result<Shown<Changes>> {
        let basis = self.writer.basis(account.id).await?;
        if since > basis.head.seq {
            return Err(AppError::field("/since", "unknown_action", format!("the last action is {}", basis.head.seq)));
        }
        let page = self.repository.changed_since(account.id, since, limit).await?;
        let last = page.rows.last().map(|expense| expense.last_action);
        // With nothing left the client is up to date with the head as it was before the rows were read.
        let until = if page.more { last.unwrap_or(since) } else { last.unwrap_or(since).max(basis.head.seq) };
        Ok(Shown { data: Changes { expenses: page.rows, until, more: page.more }, books: basis.books })
    }

    /// The caller's tags with counts.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn tags(&self, account: &Account) -> Result<Vec<TagCount>> {
        Ok(self.repository.tags(account.id).await?)
    }
}

/// A step of delta sync.
pub struct Changes {
    /// The touched expenses in their present state, deleted ones included.
    pub expenses: Vec<Expense>,
    /// The cursor for the next step.
    pub until: Seq,
    /// Whether there is a next step already.
    pub more: bool,
}

fn saved(written: Vec<Expense>, created: bool, basis: &Basis) -> Result<Saved> {
    let expense = written.into_iter().next().ok_or(AppError::NotFound)?;
    Ok(Saved { expense, created, books: Arc::clone(&basis.books) })
}

/// The expense as a change left it.
fn written(change: &Change, seq: Seq, basis: &Basis) -> Option<Expense> {
    let live = change.after.is_some();
    let state = change.after.as_ref().or(change.before.as_ref())?.clone();
    let (id, version) = (change.expense, change.version + 1);
    Some(Expense { id, state, live, version, updated_at: basis.at, last_action: seq })
}

fn by_id(expenses: Vec<Expense>) -> BTreeMap<ExpenseId, Expense> {
    expenses.into_iter().map(|expense| (expense.id, expense)).collect()
}

fn external_id_deleted() -> AppError {
    AppError::conflict("external_id_deleted", "the expense with this external_id was deleted; undo brings it back")
}

fn external_id_taken() -> AppError {
    AppError::from(RepositoryError::Taken(florin_domain::repository::UniqueKey::ExternalId))
}

pub(crate) fn overflow(_: MoneyError) -> AppError {
    AppError::from(RepositoryError::OutOfRange)
}
