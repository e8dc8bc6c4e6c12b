//! The ledger: applying change sets, reading the log.

use async_trait::async_trait;

use crate::id::{Seq, UserId};
use crate::ledger::{Action, ChangeSet, Effect, Head, Verified};

use super::{Page, Result};

/// What applying a change set gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The action's number.
    pub seq: Seq,
}

/// The log (`user_action`), its heads (`last_user_action`) and what it moves (`expenses`, `tags`, `tag_map`,
/// `monthly_expense`, `category`).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait LedgerRepository: Send + Sync {
    /// The head of a user's log; [`Head::EMPTY`] for a user who has not acted.
    ///
    /// # Errors
    /// None of its own.
    async fn head(&self, user: UserId) -> Result<Head>;

    /// Applies a change set in one transaction: bumps the head row first, if the guard holds; writes each expense whose
    /// version is the one planned on; moves the totals; sets marks and links whose old value still holds; appends the
    /// action with its hash; keeps the receipt. An `external_id` may move from one expense of the set to another, in any direction.
    ///
    /// # Errors
    /// `Stale` when a condition does not hold any more, `Taken(ExternalId)`, `Taken(Operation)`, also when the receipt's key
    /// has one that is still good, `OutOfRange`;
    /// `TooLarge`, for which a reversal has some room left where an ordinary action has none.
    async fn apply(&self, change_set: &ChangeSet) -> Result<Applied>;

    /// One action. An action whose payload was erased has no changes.
    ///
    /// # Errors
    /// None of its own.
    async fn action(&self, user: UserId, seq: Seq) -> Result<Option<Action>>;

    /// Several actions, in order of number.
    ///
    /// # Errors
    /// None of its own.
    async fn actions(&self, user: UserId, seqs: &[Seq]) -> Result<Vec<Action>>;

    /// Actions before `before` (`None`: from the last), newest first: at most `limit`, and fewer, but never none, where
    /// many large ones would fill the memory. `more` says whether others follow.
    ///
    /// # Errors
    /// None of its own.
    async fn actions_before(&self, user: UserId, before: Option<Seq>, limit: u64) -> Result<Page<Action>>;

    /// The latest action in effect, before `before` (`None`: of all): with `Original` what undo takes back next, with `Undo`
    /// what redo brings back next. A redo is never in effect by itself; there is none to be found.
    ///
    /// # Errors
    /// None of its own.
    async fn latest_in_effect(&self, user: UserId, effect: Effect, before: Option<Seq>) -> Result<Option<Seq>>;

    /// Walks the user's log, expenses and totals with [`crate::ledger::Verifier`], as of one moment.
    ///
    /// # Errors
    /// None of its own: what does not agree is in the answer.
    async fn verify(&self, user: UserId) -> Result<Verified>;
}
