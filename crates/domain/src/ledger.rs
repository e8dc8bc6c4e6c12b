//! The ledger: the one way to change an expense.
//!
//! An accepted write is one [`Action`] of one user at one instant, with one or more [`Change`]s. It is planned here, by
//! plain functions over values, into a [`ChangeSet`], and applied by [`crate::repository::LedgerRepository::apply`] in
//! one transaction. Totals change only by the change set's [`Posting`]s, so create, edit, delete, undo, merge and batch
//! are one code path, and every monthly total equals the sum of the live expenses.

mod action;
mod canonical;
mod change;
mod plan;
mod posting;
mod reversal;
mod summary;
mod verify;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use action::{Action, ActionKind, CategoryLink, Effect, Head, Revived};
pub use canonical::{GENESIS, Hash, Header, Salt, action_hash, payload_hash};
pub use change::{Change, Field, FieldSet, amend, record, remove};
pub use plan::{ChangeSet, Draft, Guard, Mark, OperationId, plan};
pub use posting::{Posting, post};
pub use reversal::{Adjustment, AdjustmentReason, Blocked, Later, Reversal, plan_reversal};
pub use summary::summarize;
pub use verify::{FirstBad, LiveExpense, StoredAction, Verified, Verifier};
