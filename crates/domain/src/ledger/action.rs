//! Actions as they stand in the log, and the head of a user's log.

use crate::calendar::Timestamp;
use crate::category::Taxonomy;
use crate::id::{CategoryId, Seq};

use super::{Change, Hash};

/// What kind of write an action was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// One expense was recorded.
    Create,
    /// One expense was edited.
    Update,
    /// One expense was deleted.
    Delete,
    /// Several operations in one call.
    Batch,
    /// One category was merged into another.
    Merge,
    /// A tag was renamed or removed.
    Retag,
    /// Past expenses were categorized anew.
    Recategorize,
    /// Another action was taken back, or a taken-back one was brought back.
    Reversal,
}

impl ActionKind {
    const ALL: [Self; 8] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Batch,
        Self::Merge,
        Self::Retag,
        Self::Recategorize,
        Self::Reversal,
    ];

    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Batch => "batch",
            Self::Merge => "merge",
            Self::Retag => "retag",
            Self::Recategorize => "recategorize",
            Self::Reversal => "reversal",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where an action stands in the story of its root, the ordinary action that it takes back or brings back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// An ordinary action; it is its own root.
    Original,
    /// Takes its root back.
    Undo,
    /// Brings its root back.
    Redo,
}

impl Effect {
    /// The stored number.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Original => 0,
            Self::Undo => 1,
            Self::Redo => 2,
        }
    }

    /// The effect of that number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        [Self::Original, Self::Undo, Self::Redo].into_iter().find(|effect| effect.code() == code)
    }
}

/// What an action did to a category: merged it, or took a merge back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryLink {
    /// The category that was merged.
    pub category: CategoryId,
    /// Where it was merged before; `None` when it was live.
    pub before: Option<CategoryId>,
    /// Where it is merged after; `None` when it is live again.
    pub after: Option<CategoryId>,
    /// The name that a revived category gets when its own was taken meanwhile.
    pub revived: Option<Revived>,
}

impl CategoryLink {
    /// The categories as this leaves them.
    #[must_use]
    pub fn applied_to(&self, taxonomy: &Taxonomy) -> Taxonomy {
        match (self.after, &self.revived) {
            (Some(into), _) => taxonomy.with_merged(self.category, into),
            (None, None) => taxonomy.with_revived(self.category),
            (None, Some(Revived { name, slug })) => {
                taxonomy.with_revived(self.category).with_name(self.category, name, slug)
            }
        }
    }
}

/// The name under which a category comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revived {
    /// The shown name.
    pub name: String,
    /// Its slug.
    pub slug: String,
}

/// An entry of a user's append-only log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its number, from 1 without gaps.
    pub seq: Seq,
    /// What kind of write it was.
    pub kind: ActionKind,
    /// When it was accepted.
    pub at: Timestamp,
    /// For a reversal: the action that it reversed.
    pub reverses: Option<Seq>,
    /// The reversal that holds it back; `None` while it is in effect.
    pub reversed_by: Option<Seq>,
    /// The ordinary action at the bottom of a chain of reversals; its own number for an ordinary action.
    pub root: Seq,
    /// Whether it is ordinary, takes its root back or brings it back.
    pub effect: Effect,
    /// What it did, by expense.
    pub changes: Vec<Change>,
    /// What it did to categories.
    pub links: Vec<CategoryLink>,
}

impl Action {
    /// Whether it is an ordinary action that is not taken back.
    #[must_use]
    pub fn is_undoable(&self) -> bool {
        self.effect == Effect::Original && self.reversed_by.is_none()
    }
}

/// The head row of a user's log (`last_user_action`). Every apply bumps it first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The last action; [`Seq::ZERO`] before the first.
    pub seq: Seq,
    /// Its hash; [`super::GENESIS`] before the first.
    pub hash: Hash,
    /// The last ordinary action, in effect or not. A redo reaches no further back than this.
    pub last_ordinary: Seq,
    /// The latest ordinary action in effect: what undo takes back next.
    pub next_undo: Option<Seq>,
    /// Counts the changes to the user's categories, keywords and currency. A plan made on an older count is stale.
    /// [`Head::SEALED`] once the person was erased.
    pub taxonomy_version: i64,
}

impl Head {
    /// The `taxonomy_version` of an erased person's head. Every write names the version that it was planned on, so that it
    /// finds another one, and none is ever planned on this one.
    pub const SEALED: i64 = -1;

    /// Whether the person was erased. Nothing may be planned on such a head.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        self.taxonomy_version == Self::SEALED
    }

    /// The head of a user who has not acted yet.
    pub const EMPTY: Self =
        Self { seq: Seq::ZERO, hash: super::GENESIS, last_ordinary: Seq::ZERO, next_undo: None, taxonomy_version: 0 };
}
