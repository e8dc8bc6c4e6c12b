//! Renaming and removing a tag: one undoable action over every expense that has it.

use florin_domain::account::Account;
use florin_domain::id::Seq;
use florin_domain::ledger::{ActionKind, OperationId, amend, plan};
use florin_domain::tag;

use crate::error::{AppError, Result};
use crate::writer::Tries;

use super::{Expenses, overflow};

impl Expenses {
    /// Renames a tag on every live expense that has it. A tag of the new name absorbs it. Returns the new name in its
    /// normal form, and the action; `None` when the name is the same.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when no live expense has the tag, [`AppError::Invalid`] at `/name`.
    pub async fn rename_tag(
        &self,
        account: &Account,
        name: &str,
        new_name: &str,
        operation: Option<OperationId>,
    ) -> Result<(String, Option<Seq>)> {
        let to = tag::normalize(new_name).map_err(|e| AppError::field("/name", "invalid_tag", e.to_string()))?;
        let seq = self.retag(account, name, Some(&to), operation).await?;
        Ok((to, seq))
    }

    /// Takes a tag off every live expense.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when no live expense has it.
    pub async fn remove_tag(&self, account: &Account, name: &str, operation: Option<OperationId>) -> Result<()> {
        self.retag(account, name, None, operation).await.map(drop)
    }

    async fn retag(
        &self,
        account: &Account,
        name: &str,
        to: Option<&str>,
        operation: Option<OperationId>,
    ) -> Result<Option<Seq>> {
        let name = tag::normalize(name).map_err(|_| AppError::NotFound)?;
        let operation = operation.unwrap_or_else(|| self.writer.operation());
        let _turn = self.writer.turn(account.id).await;
        let mut tries = Tries::default();
        loop {
            let basis = self.writer.basis(account.id).await?;
            let tagged = self.repository.with_tag(account.id, &name).await?;
            if tagged.is_empty() {
                return Err(AppError::NotFound);
            }
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
                return Ok(None);
            }
            // Exclusive: an expense tagged meanwhile would keep the old name.
            let draft = self.writer.draft(account.id, &basis, ActionKind::Retag, &operation, true);
            let change_set = plan(draft, changes, Vec::new()).map_err(overflow)?;
            if let Some(seq) = self.writer.apply(&change_set, &mut tries).await? {
                return Ok(Some(seq));
            }
        }
    }
}
