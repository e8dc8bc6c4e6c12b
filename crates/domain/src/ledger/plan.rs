//! Change sets: actions as values, planned but not yet applied.

use crate::calendar::Timestamp;
use crate::id::{Seq, UserId};
use crate::money::MoneyError;
use crate::receipt::Receipt;

use super::{ActionKind, CategoryLink, Change, Effect, Posting, Salt, post};

/// Names one attempted write, unique per user. It is stored in the transaction of the write, so that a connection lost
/// during COMMIT is resolved by looking it up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OperationId(pub String);

/// What must still hold when a plan is applied; otherwise it is stale and is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// [`super::Head::taxonomy_version`] as it was read. Always checked: nothing may land in a category that was merged
    /// or archived meanwhile.
    pub taxonomy_version: i64,
    /// [`super::Head::seq`] as it was read, where the plan depends on what the last action was (undo, redo, merge, a
    /// receipt).
    pub seq: Option<Seq>,
}

/// A change of an older action's `reversed_by`, made only if it still is what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which action.
    pub seq: Seq,
    /// What its `reversed_by` must be.
    pub from: Option<Seq>,
    /// Whether it becomes the new action (`true`) or none (`false`).
    pub reversed: bool,
}

/// What [`plan`] makes a change set of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose action.
    pub user: UserId,
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: ActionKind,
    /// Which attempt.
    pub operation: OperationId,
    /// Random bytes that hide the payload in its hash.
    pub salt: Salt,
    /// What must still hold.
    pub guard: Guard,
}

/// An action, planned. Applying it is one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// Whose action.
    pub user: UserId,
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: ActionKind,
    /// Which attempt.
    pub operation: OperationId,
    /// Random bytes that hide the payload in its hash.
    pub salt: Salt,
    /// What must still hold.
    pub guard: Guard,
    /// By expense, in id order, each expense once.
    pub changes: Vec<Change>,
    /// Merges made or taken back.
    pub links: Vec<CategoryLink>,
    /// By how much which totals move.
    pub postings: Vec<Posting>,
    /// For a reversal: the action that it reverses.
    pub reverses: Option<Seq>,
    /// For a reversal: the ordinary action below; `None` for an ordinary action, which is its own root.
    pub root: Option<Seq>,
    /// Whether it is ordinary, an undo or a redo.
    pub effect: Effect,
    /// Which older actions it takes back or frees.
    pub marks: Vec<Mark>,
    /// What the client is answered, when it gave the write a key: kept in the same transaction. It tells the action's number,
    /// so the guard must name [`super::Head::seq`].
    pub receipt: Option<Receipt>,
}

/// Makes an ordinary action of some changes and merges.
///
/// # Errors
/// [`MoneyError::Overflow`] when a total's movement does not fit 64 bits.
pub fn plan(draft: Draft, mut changes: Vec<Change>, links: Vec<CategoryLink>) -> Result<ChangeSet, MoneyError> {
    changes.sort_by_key(|change| change.expense);
    let postings = post(&changes)?;
    let Draft { user, at, kind, operation, salt, guard } = draft;
    Ok(ChangeSet {
        user,
        at,
        kind,
        operation,
        salt,
        guard,
        changes,
        links,
        postings,
        reverses: None,
        root: None,
        effect: Effect::Original,
        marks: Vec::new(),
        receipt: None,
    })
}
