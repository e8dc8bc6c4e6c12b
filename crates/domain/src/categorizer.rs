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
}

impl Categorization {
    /// Whether the category was applied without being sure enough: a client may want to ask.
    #[must_use]
    pub fn is_suggested(&self) -> bool {
        matches!(self.source, Source::Learned | Source::Model) && self.confidence_bp < SILENT_BP
    }

    /// The client's own choice: certain, and in no need of a reason.
    #[must_use]
    pub const fn client() -> Self {
        Self { source: Source::Client, matched: None, confidence_bp: 10_000, model: None }
    }

    /// Nothing was recognised.
    #[must_use]
    pub const fn none() -> Self {
        Self { source: Source::None, matched: None, confidence_bp: 0, model: None }
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

    /// The client's own choice.
    #[must_use]
    pub const fn client(category: CategoryId) -> Self {
        Self { category, categorization: Categorization::client(), suggestions: Vec::new() }
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
    stages
        .iter()
        .find_map(|stage| stage.guess(note))
        .unwrap_or_else(Guess::none)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn system_guess(notes: &str) -> Guess {
        categorize(&[system()], &Note::new(notes, &[]))
    }

    fn name(category: CategoryId) -> &'static str {
        SYSTEM_CATEGORIES.iter().find(|(id, _)| *id == category).map_or("?", |(_, name)| name)
    }

    #[rstest]
    #[case("lunch with Ana", "Food", "lunch")]
    #[case("Bus ride to airport", "Travel", "bus ride")]
    #[case("Gym membership renewal", "Fitness", "gym membership")]
    #[case("UBER *TRIP 8005928996", "Travel", "uber trip")]
    #[case("ＵＢＥＲ trip", "Travel", "uber trip")]
    #[case("Netflix march", "Entertainment", "netflix")]
    #[case("busy day groceries", "Grocery", "grocery")]
    #[case("current bill", "Utilities", "current bill")]
    #[case("gift for parents", "Gifts", "gift for")]
    #[case("training shoes", "Shopping", "training shoes")]
    #[case("business cards", "Shopping", "business card")]
    #[case("business lunch", "Food", "business lunch")]
    #[case("car rental", "Travel", "car rental")]
    #[case("dog food", "Family", "dog food")]
    #[case("Whole Foods", "Grocery", "whole foods")]
    #[case("insufficient funds fee", "Finance", "insufficient funds")]
    #[case("uber eats", "Food", "uber eats")]
    #[case("costco gas", "Vehicle", "costco gas")]
    #[case("gas bill", "Utilities", "gas bill")]
    #[case("house rent", "Rent", "house rent")]
    #[case("Rent for March", "Rent", "rent")]
    #[case("rent a car in Goa", "Travel", "rent a car")]
    #[case("electricity bill", "Utilities", "electricity bill")]
    #[case("milk", "Grocery", "milk")]
    #[case("petrol", "Vehicle", "petrol")]
    #[case("masala dosa", "Food", "masala dosa")]
    #[case("cheese pizza", "Food", "cheese pizza")]
    #[case("book a cab", "Travel", "book a cab")]
    #[case("MCDONALD’S 4412", "Food", "mcdonald")]
    #[case("home loan EMI", "Finance", "home loan")]
    #[case("LIC premium", "Insurance", "lic premium")]
    #[case("SIP in mutual funds", "Savings", "mutual fund")]
    #[case("haircut", "Personal Care", "haircut")]
    #[case("vet visit", "Family", "vet visit")]
    #[case("school fees for June", "Education", "school fee")]
    #[case("plumber", "Household", "plumber")]
    #[case("doctor's fee", "Health", "doctor")]
    fn notes_are_recognised(#[case] notes: &str, #[case] category: &str, #[case] matched: &str) {
        let guess = system_guess(notes);
        assert_eq!((name(guess.category), guess.categorization.matched.as_deref()), (category, Some(matched)));
        assert_eq!(guess.categorization.source, Source::SystemKeyword);
        assert!((5_000..10_000).contains(&guess.categorization.confidence_bp));
    }

    #[rstest]
    fn nothing_is_read_into_other_words(
        #[values(
            "Please refund",
            "different",
            "POS DEBIT 12345",
            "parents",
            "transparent",
            "training",
            "",
            "🍕",
            "\0"
        )]
        notes: &str,
    ) {
        assert_eq!(
            system_guess(notes),
            Guess { category: UNCATEGORIZED, categorization: Categorization::none() },
            "{notes}"
        );
    }

    #[test]
    fn the_first_stage_that_knows_decides() {
        let mine = [Keyword { phrase: "Ana".to_owned(), category: CategoryId(40) }];
        let mine = KeywordSet::new(mine, Source::UserKeyword);
        let stages: [&dyn Guesser; 2] = [&mine, system()];
        let guess = categorize(&stages, &Note::new("restaurant with Ana", &[]));
        let by_me =
            Categorization { source: Source::UserKeyword, matched: Some("ana".to_owned()), confidence_bp: 10_000 };
        assert_eq!(guess, Guess { category: CategoryId(40), categorization: by_me });
        assert_eq!(name(categorize(&stages, &Note::new("restaurant", &[])).category), "Food");
        assert_eq!(categorize(&[], &Note::new("restaurant", &[])).category, UNCATEGORIZED);
    }

    #[test]
    fn tags_are_read_too() {
        assert_eq!(name(categorize(&[system()], &Note::new("Ana", &["lunch".to_owned()])).category), "Food");
    }

    #[test]
    fn sources_are_read_back_as_written() {
        for source in [Source::Client, Source::UserKeyword, Source::SystemKeyword, Source::None] {
            assert_eq!(Source::parse(source.as_str()), Some(source));
        }
        assert_eq!(Source::parse("Client"), None);
        assert!(Categorization::client().is_explicit());
        assert!(!Categorization::none().is_explicit());
    }

    proptest! {
        #![proptest_config(crate::cases::cases(10_000))]

        #[test]
        fn any_text_has_one_answer(notes in any::<String>(), tags in proptest::collection::vec(any::<String>(), 0..3)) {
            let note = Note::new(&notes, &tags);
            let guess = categorize(&[system()], &note);
            prop_assert_eq!(&guess, &categorize(&[system()], &Note::new(&notes, &tags)));
            prop_assert!(SYSTEM_CATEGORIES.iter().any(|(id, _)| *id == guess.category));
            prop_assert_eq!(guess.category == UNCATEGORIZED, guess.categorization.matched.is_none());
        }

        #[test]
        fn case_does_not_matter(notes in "[a-z' ]{0,40}") {
            prop_assert_eq!(system_guess(&notes), system_guess(&notes.to_uppercase()));
        }
    }
}
