//! Choosing a category for an expense from what its notes and tags say, and saying why.
//!
//! The order is fixed: the category the client names, the user's own keywords, what they last chose for the same note, the
//! model together with the words of their own choices, Uncategorized. The first needs no guess; the rest is
//! [`Categorizer::decide`]. The word list of `keywords.txt` teaches the model, and names the reason of what it chose.

mod decide;
pub mod features;
mod keyword;
pub mod learned;
pub mod model;
mod note;
mod system;
mod taxonomy;

pub use decide::{APPLIED_BP, Categorizer, SILENT_BP, Suggestion};
pub use keyword::{Keyword, KeywordSet, MAX_KEYWORD_CHARS, normalize_keyword};
pub use learned::Learned;
pub use note::Note;
pub use system::{Entry, WORD_LIST, entries, system};
pub use taxonomy::{SYSTEM_CATEGORIES, UNCATEGORIZED};

use crate::calendar::Timestamp;
use crate::id::CategoryId;

/// Who chose a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The client named it. Such a choice is sticky: no edit of the notes changes it.
    Client,
    /// One of the user's own keywords.
    UserKeyword,
    /// One of the keywords every installation has. Expenses from before there was a model have it; none is given any more
    /// by [`Categorizer::decide`].
    SystemKeyword,
    /// The user's own choices for this note or its words.
    Learned,
    /// The model that comes with the program.
    Model,
    /// Nothing was recognised.
    None,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 6] =
        [Self::Client, Self::UserKeyword, Self::SystemKeyword, Self::Learned, Self::Model, Self::None];

    /// The name it is stored and answered under.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::UserKeyword => "user_keyword",
            Self::SystemKeyword => "system_keyword",
            Self::Learned => "learned",
            Self::Model => "model",
            Self::None => "none",
        }
    }

    /// The source of that name, as [`Source::as_str`] writes it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }
}

/// How an expense came by its category: the explanation that goes out with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Categorization {
    /// Who chose.
    pub source: Source,
    /// The keyword that decided or that stands for the choice, in readable form; where there is none the words that
    /// weighed most, up to three, with commas between them; for a remembered choice the words of the note.
    pub matched: Option<String>,
    /// How sure the choice is, in basis points: 0 (nothing known) to 10000 (certain).
    pub confidence_bp: u16,
    /// The version of the model that had a part in it; always there with [`Source::Model`], never with a source that is
    /// neither that nor [`Source::Learned`].
    pub model: Option<u32>,
    /// The instant of the write in which the client chose; only with [`Source::Client`], and absent of choices from before it was
    /// noted. It stays while the choice stands, whatever else is edited, and comes back with it.
    pub chosen_at: Option<Timestamp>,
}

impl Categorization {
    /// Whether the category was applied without being sure enough: a client may want to ask.
    #[must_use]
    pub fn is_suggested(&self) -> bool {
        matches!(self.source, Source::Learned | Source::Model) && self.confidence_bp < SILENT_BP
    }

    /// The client's own choice, made then: certain, and in no need of a reason.
    #[must_use]
    pub const fn client(at: Timestamp) -> Self {
        Self { source: Source::Client, matched: None, confidence_bp: 10_000, model: None, chosen_at: Some(at) }
    }

    /// Nothing was recognised.
    #[must_use]
    pub const fn none() -> Self {
        Self { source: Source::None, matched: None, confidence_bp: 0, model: None, chosen_at: None }
    }

    /// Whether the category is the client's own choice, which nothing automatic may change.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.source == Source::Client
    }
}

/// A category with its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Guess {
    /// The category chosen.
    pub category: CategoryId,
    /// Why it was chosen.
    pub categorization: Categorization,
    /// For a note that was left alone: what may be meant, the likeliest first, three at most.
    pub suggestions: Vec<Suggestion>,
}

impl Guess {
    /// Nothing was recognised.
    #[must_use]
    pub const fn none() -> Self {
        Self { category: UNCATEGORIZED, categorization: Categorization::none(), suggestions: Vec::new() }
    }

    /// The client's own choice, made then.
    #[must_use]
    pub const fn client(category: CategoryId, at: Timestamp) -> Self {
        Self { category, categorization: Categorization::client(at), suggestions: Vec::new() }
    }
}

/// One stage of categorization: something that may recognise a note. It answers the same for the same note, always.
pub trait Guesser: Send + Sync {
    /// The category this stage would choose, or `None` to leave the note to the next stage.
    fn guess(&self, note: &Note) -> Option<Guess>;
}

/// The answer of the first of `stages` that has one, else [`UNCATEGORIZED`].
#[must_use]
pub fn categorize(stages: &[&dyn Guesser], note: &Note) -> Guess {
    stages.iter().find_map(|stage| stage.guess(note)).unwrap_or_else(Guess::none)
}

#[cfg(test)]
mod tests;
