//! Rows of the log and its heads, and what they mean.

use florin_domain::calendar::Timestamp;
use florin_domain::id::Seq;
use florin_domain::ledger::{Action, ActionKind, Effect, Head, StoredAction};

use crate::db::Failure;
use crate::entity::{last_user_action, user_action};

use super::payload;

/// A user's head.
pub(super) fn head(row: &last_user_action::Model) -> Result<Head, Failure> {
    Ok(Head {
        seq: Seq(row.seq),
        hash: row.hash.as_slice().try_into().map_err(|_| Failure::internal("the head's hash is not one"))?,
        last_ordinary: Seq(row.last_ordinary),
        next_undo: row.next_undo.map(Seq),
        taxonomy_version: row.taxonomy_version,
    })
}

/// An action for the domain to work with. One whose payload was erased has no changes.
pub(super) fn read(row: user_action::Model) -> Result<Action, Failure> {
    let seq = row.seq;
    let unreadable = |what: &str| Failure::internal(format!("action {seq}: unreadable {what}"));
    let kind = ActionKind::parse(&row.kind).ok_or_else(|| unreadable("kind"))?;
    let effect = Effect::from_code(row.effect).ok_or_else(|| unreadable("effect"))?;
    let (changes, links) = match row.payload.as_deref().map(payload::decode) {
        None => (Vec::new(), Vec::new()),
        Some(decoded) => decoded.map_err(|error| unreadable(&format!("payload: {error}")))?,
    };
    Ok(Action {
        seq: Seq(row.seq),
        kind,
        at: Timestamp(row.at),
        reverses: row.reverses.map(Seq),
        reversed_by: row.reversed_by.map(Seq),
        root: Seq(row.root),
        effect,
        changes,
        links,
    })
}

/// An action for the verifier, which wants to be told of what cannot be read.
pub(super) fn stored(row: user_action::Model) -> StoredAction {
    let kind = ActionKind::parse(&row.kind);
    let flags_agree = (row.undoable, row.redoable) == flags(row.effect, row.reversed_by);
    let salt = row.salt.as_deref().map(<[u8; 16]>::try_from);
    let erased = row.salt.is_none() && row.payload.is_none();
    let hash = row.hash.as_slice().try_into().unwrap_or([0; 32]);
    let payload_hash = row.payload_hash.as_slice().try_into().unwrap_or([0; 32]);
    let (seq, at, reverses) = (Seq(row.seq), Timestamp(row.at), row.reverses.map(Seq));
    let payload = match salt {
        Some(Ok(salt)) if row.payload.is_some() => read(row).ok().map(|action| (salt, action)),
        _ => None,
    };
    let unreadable = !flags_agree || (payload.is_none() && !erased);
    StoredAction { seq, kind, at, reverses, hash, payload_hash, payload, unreadable }
}

/// `undoable` and `redoable` of an action: an ordinary one in effect can be undone, an undo in effect redone.
pub(super) fn flags(effect: i16, reversed_by: Option<i64>) -> (i16, i16) {
    let when = |wanted: Effect| i16::from(effect == wanted.code() && reversed_by.is_none());
    (when(Effect::Original), when(Effect::Undo))
}
