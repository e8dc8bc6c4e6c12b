//! The order of decision, and what may be said of each.

use std::cell::RefCell;

use super::features::Reader;
use super::learned::{Learned, MEMORY_BP, Observation, likeliest};
use super::model::{Likelihoods, Model, likelihoods};
use super::{Categorization, Guess, Guesser, KeywordSet, Note, SYSTEM_CATEGORIES, Source, UNCATEGORIZED, system};
use crate::id::CategoryId;

/// From this confidence on a category is applied without a word, in basis points.
pub const SILENT_BP: u16 = 6_000;
/// From this confidence on a category is applied, and marked as suggested below [`SILENT_BP`]; below it the note is left
/// alone.
pub const APPLIED_BP: u16 = 4_000;
/// How many categories are suggested for a note that was left alone.
const SUGGESTIONS: usize = 3;
/// The least likelihood that is worth suggesting.
const WORTH_SUGGESTING_BP: u16 = 500;
/// How many words are named as those that weighed most.
const NAMED_WORDS: usize = 3;

thread_local! {
    // Kept between notes, so that reading one allocates nothing.
    static READER: RefCell<Reader> = RefCell::default();
}

/// A category that may be meant, and how likely that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Suggestion {
    /// The category.
    pub category: CategoryId,
    /// How likely, in basis points.
    pub confidence_bp: u16,
}

/// All that chooses a category where the client names none: the person's keywords, what their choices taught, the model.
#[derive(Debug, Clone, Copy)]
pub struct Categorizer<'a> {
    /// The person's own keywords.
    pub keywords: Option<&'a KeywordSet>,
    /// What their choices taught.
    pub learned: Option<&'a Learned>,
    /// The model, [`super::model::shipped`] as a rule.
    pub model: Option<&'a Model>,
}

impl Categorizer<'_> {
    /// The category of a note, with its reason: the person's keyword, else what they last chose for this very note, else
    /// the likeliest by the model and their words together, if it is likely enough, else Uncategorized with suggestions.
    #[must_use]
    pub fn decide(&self, note: &Note) -> Guess {
        if let Some(guess) = self.keywords.and_then(|keywords| keywords.guess(note)) {
            return guess;
        }
        READER.with(|reader| match reader.try_borrow_mut() {
            Ok(mut reader) => self.weigh(note, &mut reader),
            Err(_) => self.weigh(note, &mut Reader::default()),
        })
    }

    fn weigh(&self, note: &Note, reader: &mut Reader) -> Guess {
        let version = self.model.map(Model::version);
        let features = reader.read(note.parts());
        if features.is_empty() {
            return Guess::none();
        }
        let likely = self.model.map(|model| likelihoods(&model.scores(features)));
        let Some(learned) = self.learned.filter(|learned| !learned.is_empty()) else {
            return likely.map_or_else(Guess::none, |likely| self.by_model(note, reader, &likely));
        };
        let class = version.zip(likely.as_ref().and_then(likeliest));
        let observation = Observation::of_words(reader, class);
        if let Some(category) = learned.remembered(&observation) {
            let matched = Some(reader.joined());
            let source = Source::Learned;
            let why = Categorization { source, matched, confidence_bp: MEMORY_BP, model: version, chosen_at: None };
            return Guess { category, categorization: why, suggestions: Vec::new() };
        }
        let likely = likely.unwrap_or_default();
        let blend = learned.blend(&observation, &likely);
        let mut ranked = blend.ranked;
        ranked.retain(|suggestion| suggestion.category != UNCATEGORIZED);
        self.choose(&ranked, |category| {
            if blend.is_learned {
                let words = learned.places(&observation, category).into_iter().map(|place| reader.word(place));
                let words: Vec<&str> = words.take(NAMED_WORDS).collect();
                (Source::Learned, (!words.is_empty()).then(|| words.join(", ")))
            } else {
                (Source::Model, self.reason(note, reader, category))
            }
        })
    }

    fn by_model(&self, note: &Note, reader: &Reader, likely: &Likelihoods) -> Guess {
        let all = SYSTEM_CATEGORIES.into_iter().zip(likely);
        let all = all.map(|((category, _), bp)| Suggestion { category, confidence_bp: *bp });
        let mut ranked = [Suggestion { category: UNCATEGORIZED, confidence_bp: 0 }; SUGGESTIONS];
        for suggestion in all.filter(|suggestion| suggestion.category != UNCATEGORIZED) {
            // Insertion into the few best; of equals the first stays first.
            let mut moving = suggestion;
            for place in &mut ranked {
                if moving.confidence_bp > place.confidence_bp {
                    std::mem::swap(place, &mut moving);
                }
            }
        }
        self.choose(&ranked, |category| (Source::Model, self.reason(note, reader, category)))
    }

    /// Applies the thresholds to categories ranked from the likeliest.
    fn choose(&self, ranked: &[Suggestion], reason: impl Fn(CategoryId) -> (Source, Option<String>)) -> Guess {
        match ranked.first() {
            Some(&Suggestion { category, confidence_bp }) if confidence_bp >= APPLIED_BP => {
                let (source, matched) = reason(category);
                let model = self.model.map(Model::version);
                let categorization = Categorization { source, matched, confidence_bp, model, chosen_at: None };
                Guess { category, categorization, suggestions: Vec::new() }
            }
            _ => {
                let worth = ranked.iter().filter(|suggestion| suggestion.confidence_bp >= WORTH_SUGGESTING_BP);
                Guess { suggestions: worth.take(SUGGESTIONS).copied().collect(), ..Guess::none() }
            }
        }
    }

    /// The keyword of `category` that stands in the note, else the words that spoke most for it.
    fn reason(&self, note: &Note, reader: &Reader, category: CategoryId) -> Option<String> {
        if let Some(keyword) = system().matched(note, category) {
            return Some(keyword.to_owned());
        }
        let class = SYSTEM_CATEGORIES.iter().position(|(id, _)| *id == category)?;
        let mut words: Vec<(i32, usize)> = (0..reader.len()).map(|place| (0, place)).collect();
        self.model?.word_weights(reader.features(), class, |place, weight| {
            if let Some(word) = words.get_mut(usize::from(place)) {
                word.0 = word.0.saturating_add(weight);
            }
        });
        words.retain(|(weight, _)| *weight > 0);
        words.sort_by_key(|(weight, place)| (std::cmp::Reverse(*weight), *place));
        let named: Vec<&str> = words.iter().take(NAMED_WORDS).map(|(_, place)| reader.word(*place)).collect();
        (!named.is_empty()).then(|| named.join(", "))
    }
}
