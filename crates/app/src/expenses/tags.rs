//! Renaming and removing a tag: one undoable action over every expense that has it.

use florin_domain::account::Account;
use florin_domain::expense::Expense;
use florin_domain::id::Seq;
use florin_domain::ledger::{ActionKind, ChangeSet, amend, plan};
use florin_domain::tag;

use crate::error::{AppError, Result};
use crate::receipts::Keep;
use crate::writer::Tries;

use super::{Expenses, overflow};

/// A tag under its new name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenamedTag {
    /// In its normal form.
    pub name: String,
    /// How many live expenses have it now.
    pub count: i64,
    /// The action that renamed it; `None` when it had that name already.
    pub action: Option<Seq>,
}

impl Expenses {
    /// Renames a tag on every live expense that has it. A tag of the new name absorbs it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when no live expense has the tag, [`AppError::Invalid`] at `/name`.
    pub async fn rename_tag(
        &self,
        account: &Account,
        name: &str,
        new_name: &str,
        keep: &Keep<RenamedTag>,
    ) -> Result<RenamedTag> {
        let to = tag::normalize(new_name).map_err(|e| AppError::field("/name", "invalid_tag", e.to_string()))?;
        let outcome = |action, count| RenamedTag { name: to.clone(), count, action };
        self.retag(account, name, Some(&to), keep, outcome).await
    }

    /// Takes a tag off every live expense.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when no live expense has it.
    pub async fn remove_tag(&self, account: &Account, name: &str, keep: &Keep<()>) -> Result<()> {
        self.retag(account, name, None, keep, |_, _| ()).await
    }

    async fn retag<T>(
        &self,
        account: &Account,
        name: &str,
        to: Option<&str>,
        keep: &Keep<T>,
        outcome: impl Fn(Option<Seq>, i64) -> T,
    ) -> Result<T> {
        let name = tag::normalize(name).map_err(|_| AppError::NotFound)?;
        let operation = self.writer.operation();
        let _turn = self.writer.turn(account.id).await;
        let mut tries = Tries::default();
        loop {
            let basis = self.writer.basis(account.id).await?;
            let tagged = self.repository.with_tag(account.id, &name).await?;
            if tagged.is_empty() {
                return Err(AppError::NotFound);
            }
            let count = match to {
                Some(to) => {
                    self.repository.tags(account.id).await?.iter().find(|tag| tag.name == to).map_or(0, |t| t.count)
                }
                None => 0,
            };
            let has = |expense: &&Expense| to.is_some_and(|to| expense.state.tags.iter().any(|tag| tag == to));
            let newly = tagged.len() - tagged.iter().filter(has).count();
            let count = count + i64::try_from(newly).unwrap_or(i64::MAX);
            let changes: Vec<_> = tagged
                .iter()
                .filter_map(|expense| {
                    let mut state = expense.state.clone();
                    state.tags.retain(|tag| *tag != name);
                    state.tags.extend(to.map(str::to_owned));
                    state.tags.sort_unstable();
                    state.tags.dedup();
                    amend(expense, state)
                })
                .collect();
            if changes.is_empty() {
                return Ok(outcome(None, count));
            }
            // Exclusive: an expense tagged meanwhile would keep the old name.
            let draft = self.writer.draft(account.id, &basis, ActionKind::Retag, &operation, true);
            let change_set = plan(draft, changes, Vec::new()).map_err(overflow)?;
            let outcome = |seq, _: &ChangeSet| Ok(outcome(Some(seq), count));
            if let Some(done) = self.writer.carry_out(&basis, change_set, &mut tries, keep, outcome).await? {
                return Ok(done);
            }
        }
    }
}
