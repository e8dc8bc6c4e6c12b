//! Choosing anew for what was recorded before: by today's keywords, choices and model.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::categorizer::Source;
use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, ExpenseId, Seq};
use florin_domain::ledger::{ActionKind, Change, ChangeSet, amend, plan};
use florin_domain::repository::{ExpenseCursor, ExpenseFilter, ExpenseQuery, ExpenseSort, Page, SortKey};

use crate::error::Result;
use crate::expenses::overflow;
use crate::receipts::Keep;
use crate::writer::{Basis, Bookkeeping, Tries};

use super::Categories;

/// The most expenses that one action categorizes anew: it is kept, hashed and undone as a whole, and has others wait while it is
/// applied, a statement for each reason there is. Who has more asks again.
pub const MAX_CHANGES: usize = 1_000;
/// How often all is looked at before the person's other writes are let win.
const MAX_LOOKS: u32 = 5;
/// The most bytes that they take in the log, by [`weight`]: storage refuses an action of 12 MiB, and a reversal holds what
/// later edits made of them besides.
const MAX_WEIGHT: usize = 10 * 1024 * 1024;
/// How many expenses are read at a time: with their tags two statements.
const PAGE: u64 = 256;
/// How many changes the answer tells.
pub const MAX_TOLD: usize = 100;

/// What was categorized anew, or would be.
#[derive(Clone)]
pub struct Recategorized {
    /// Whether it only would be.
    pub dry_run: bool,
    /// How many expenses were looked at: live ones whose category was chosen for their owner.
    pub examined: u64,
    /// How many of them got another category.
    pub changed: usize,
    /// The action that did it; `None` when nothing changed.
    pub action: Option<Seq>,
    /// Whether one action could not hold them all.
    pub more: bool,
    /// The first of them, [`MAX_TOLD`] at most, the latest first.
    pub changes: Vec<Reassigned>,
    /// The categories to name them with.
    pub books: Arc<Bookkeeping>,
}

/// An expense that got another category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reassigned {
    /// Which.
    pub expense: ExpenseId,
    /// As it was.
    pub before: ExpenseState,
    /// As it is now.
    pub after: ExpenseState,
}

/// What was found to be changed.
#[derive(Default)]
struct Found {
    examined: u64,
    changes: Vec<Change>,
    more: bool,
}

impl Categories {
    /// Chooses anew for every live expense whose category was chosen for its owner, and puts those into another category for
    /// which one is sure enough: one undoable action. Where nothing is sure an expense stays in whatever category it has, and so
    /// do explicit choices and what lies in an archived category, which keeps its expenses. With `dry_run` nothing is changed.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn recategorize(
        &self,
        account: &Account,
        dry_run: bool,
        keep: &Keep<Recategorized>,
    ) -> Result<Recategorized> {
        let operation = self.writer.operation();
        // The turn is shared by strangers, and a look may take a while: it is taken only once somebody else was faster.
        let mut turn = None;
        let mut tries = Tries::at_most(MAX_LOOKS);
        loop {
            let basis = self.writer.choosing_basis(account.id).await?;
            let Found { examined, changes, more } = self.find_changes(account, &basis).await?;
            let changed = changes.len();
            let first: Vec<Reassigned> = changes.iter().take(MAX_TOLD).filter_map(reassigned).collect();
            let books = Arc::clone(&basis.books);
            let told = |action| Recategorized { dry_run, examined, changed, action, more, changes: first, books };
            if dry_run || changes.is_empty() {
                return Ok(told(None));
            }
            // Exclusive: the choices that decided may have been taken back meanwhile.
            let draft = self.writer.draft(account.id, &basis, ActionKind::Recategorize, &operation, true);
            let change_set = plan(draft, changes, Vec::new()).map_err(overflow)?;
            let outcome = |seq, _: &ChangeSet| Ok(told(Some(seq)));
            if let Some(done) = self.writer.carry_out(&basis, change_set, &mut tries, keep, outcome).await? {
                return Ok(done);
            }
            if turn.is_none() {
                turn = self.writer.turn(account.id).await;
            }
        }
    }

    /// Looks at the expenses page by page, the latest first, and keeps no more of them than what one action changes.
    async fn find_changes(&self, account: &Account, basis: &Basis) -> Result<Found> {
        let sort = ExpenseSort { key: SortKey::Date, descending: true };
        let mut query = ExpenseQuery { filter: ExpenseFilter::default(), sort, after: None, limit: PAGE };
        let (mut found, mut room) = (Found::default(), MAX_WEIGHT);
        loop {
            let Page { rows, more } = self.expenses.list(account.id, &query).await?;
            query.after = rows.last().map(|last| ExpenseCursor::Date(last.state.date, last.id));
            for expense in &rows {
                let state = &expense.state;
                if state.categorization.is_explicit() || !is_live(state.category, basis) {
                    continue;
                }
                found.examined += 1;
                let Some(after) = chosen_anew(state, basis) else { continue };
                let needed = weight(state) + weight(&after);
                if found.changes.len() >= MAX_CHANGES || needed > room {
                    found.more = true;
                    return Ok(found);
                }
                room -= needed;
                found.changes.extend(amend(expense, after));
            }
            if !more {
                return Ok(found);
            }
        }
    }
}

fn is_live(category: CategoryId, basis: &Basis) -> bool {
    basis.books.taxonomy.get(category).is_some_and(florin_domain::category::Category::is_live)
}

/// The expense in the category that would be chosen for it today, if that is another and sure enough.
fn chosen_anew(state: &ExpenseState, basis: &Basis) -> Option<ExpenseState> {
    let guess = basis.guess(&state.notes, &state.tags);
    let is_other = guess.category != state.category && guess.categorization.source != Source::None;
    is_other.then(|| ExpenseState { category: guess.category, categorization: guess.categorization, ..state.clone() })
}

/// At least as many bytes as a state takes in the log: names and numbers, and its texts, of which any byte may be escaped.
fn weight(state: &ExpenseState) -> usize {
    let texts = state.notes.len()
        + state.categorization.matched.as_ref().map_or(0, String::len)
        + state.external_id.as_ref().map_or(0, String::len)
        + state.tags.iter().map(|tag| tag.len() + 3).sum::<usize>();
    512 + 2 * texts
}

fn reassigned(change: &Change) -> Option<Reassigned> {
    let (before, after) = (change.before.clone()?, change.after.clone()?);
    Some(Reassigned { expense: change.expense, before, after })
}
