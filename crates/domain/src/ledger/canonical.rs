//! The canonical form of an action, and the hash chain over it.
//!
//! `hash = SHA-256(previous hash, header)`, where the header holds the payload only as
//! `payload hash = SHA-256(salt, payload)`. Erasing a person's payloads and salts therefore leaves the chain verifiable
//! while nothing of the payload can be guessed from it. Every text is written with its length, so no two different
//! actions have the same form. The form is part of what is stored: it never changes, a new one gets a new first line.

use sha2::{Digest, Sha256};

use crate::calendar::Timestamp;
use crate::categorizer::Source;
use crate::expense::ExpenseState;
use crate::id::{Seq, UserId};

use super::{ActionKind, CategoryLink, Change};

/// A SHA-256 hash.
pub type Hash = [u8; 32];
/// Random bytes that make a payload's hash unguessable.
pub type Salt = [u8; 16];

/// The hash before a user's first action.
pub const GENESIS: Hash = [0; 32];

/// What an action's hash covers besides the previous hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whose action.
    pub user: UserId,
    /// Its number.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: ActionKind,
    /// For a reversal: what it reversed.
    pub reverses: Option<Seq>,
    /// [`payload_hash`] of its changes and links.
    pub payload: Hash,
}

struct Canonical(Sha256);

impl Canonical {
    fn new(form: &str) -> Self {
        let mut hasher = Self(Sha256::new());
        hasher.text(form);
        hasher
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn number(&mut self, n: i64) {
        self.raw(&n.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(i64::try_from(text.len()).unwrap_or(i64::MAX));
        self.raw(text.as_bytes());
    }

    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.raw(&[0]),
            Some(value) => {
                self.raw(&[1]);
                write(self, value);
            }
        }
    }

    fn state(&mut self, state: &ExpenseState) {
        self.number(state.amount);
        self.text(&state.date.to_string());
        self.text(&state.notes);
        self.number(state.category.0);
        self.text(state.categorization.source.as_str());
        self.optional(state.categorization.matched.as_deref(), Self::text);
        self.number(i64::from(state.categorization.confidence_bp));
        // Only with these sources is there a model: what was hashed before there were any keeps its hash.
        if matches!(state.categorization.source, Source::Learned | Source::Model) {
            self.optional(state.categorization.model.map(i64::from), Self::number);
        } else if let Some(model) = state.categorization.model {
            // No such state is ever written. A row that was altered into one is not what the log says.
            self.raw(&[2]);
            self.number(i64::from(model));
        }
        // Nor was it noted when a choice was made. The mark is none that the number of tags begins with.
        if let Some(at) = state.categorization.chosen_at {
            self.raw(&[1]);
            self.number(at.0);
        }
        self.number(i64::try_from(state.tags.len()).unwrap_or(i64::MAX));
        state.tags.iter().for_each(|tag| self.text(tag));
        self.optional(state.external_id.as_deref(), Self::text);
        self.number(state.logged_at.0);
        self.text(&state.logged_on.to_string());
        self.raw(&[u8::from(state.imported)]);
    }

    fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// The salted hash of what an action did.
#[must_use]
pub fn payload_hash(salt: &Salt, changes: &[Change], links: &[CategoryLink]) -> Hash {
    let mut form = Canonical::new("florin payload 1");
    form.raw(salt);
    form.number(i64::try_from(changes.len()).unwrap_or(i64::MAX));
    for change in changes {
        form.number(change.expense.0);
        form.number(change.version);
        form.number(change.previous.0);
        form.optional(change.before.as_ref(), Canonical::state);
        form.optional(change.after.as_ref(), Canonical::state);
        form.raw(&[u8::from(change.uncreated)]);
    }
    form.number(i64::try_from(links.len()).unwrap_or(i64::MAX));
    for link in links {
        form.number(link.category.0);
        form.optional(link.before, |form, id| form.number(id.0));
        form.optional(link.after, |form, id| form.number(id.0));
        form.optional(link.revived.as_ref(), |form, revived| {
            form.text(&revived.name);
            form.text(&revived.slug);
        });
    }
    form.finish()
}

/// The hash of an action, given that of the action before it.
#[must_use]
pub fn action_hash(previous: &Hash, header: &Header) -> Hash {
    let mut form = Canonical::new("florin action 1");
    form.raw(previous);
    form.number(header.user.0);
    form.number(header.seq.0);
    form.number(header.at.0);
    form.text(header.kind.as_str());
    form.optional(header.reverses, |form, seq| form.number(seq.0));
    form.raw(&header.payload);
    form.finish()
}

/// A hash of one expense's state, to compare a stored row with what the log says of it.
pub(super) fn state_hash(state: &ExpenseState) -> Hash {
    let mut form = Canonical::new("florin state 1");
    form.state(state);
    form.finish()
}
