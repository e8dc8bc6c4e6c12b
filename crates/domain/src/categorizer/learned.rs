//! What a person's own choices teach: the last choice for the same note, and how often each word went where.
//!
//! Both are counts that add up. An observation is added when a client chooses a category and taken away when that choice is
//! undone, edited or deleted; what is left is the same in whatever order that happened. So the counts can live in two
//! tables whose rows are added to, [`Learned::words`] and [`Learned::choices`].

use std::collections::BTreeMap;

use super::features::Reader;
use super::model::{CLASSES, Likelihoods, Model, likelihoods};
use super::taxonomy::SYSTEM_CATEGORIES;
use super::{Note, Suggestion};
use crate::calendar::Timestamp;
use crate::id::{CategoryId, ExpenseId};

/// How sure a choice for exactly this note makes: people do the same again 19 times in 20.
pub const MEMORY_BP: u16 = 9_500;

/// How much the model weighs against one word seen often and always in one category, in units of 1/1024.
const MODEL_WEIGHT: u64 = 1_536;
/// How much such a word weighs, a pair of words, and what the model alone would have said.
const WORD_WEIGHT: u64 = 3_072;
const PAIR_WEIGHT: u64 = 4_608;
const CLASS_WEIGHT: u64 = 3_072;
/// Beyond this many words nothing is learned from a note: it is no note then.
const MAX_WORDS: usize = 32;

/// A note as learning sees it: computed once, then observed or asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    note: i64,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Token {
    hash: i64,
    weight: u64,
    /// The place of its word; none for what the model would have said.
    place: Option<usize>,
}

impl Observation {
    /// Reads a note. `reader` is the scratch space of the reading, and afterwards holds the note's words; with a model,
    /// what it would have said is learned from too: whatever it calls Travel, this person may call Commuting.
    #[must_use]
    pub fn read(note: &Note, model: Option<&Model>, reader: &mut Reader) -> Self {
        let likely = model.and_then(|model| {
            let features = reader.read(note.parts());
            (!features.is_empty()).then(|| likelihoods(&model.scores(features)))
        });
        if model.is_none() {
            reader.read(note.parts());
        }
        Self::of_words(reader, model.map(Model::version).zip(likely.as_ref().and_then(likeliest)))
    }

    /// The observation of the words that `reader` holds, of which a model of that version thinks most of that class.
    pub(super) fn of_words(reader: &Reader, class: Option<(u32, usize)>) -> Self {
        let words = reader.len().min(MAX_WORDS);
        let mut tokens = Vec::with_capacity(2 * words + 1);
        let mut note = hash(0, 0);
        let mut before = None;
        for place in 0..words {
            let word = reader.word(place).bytes().fold(hash(0, 1), |h, byte| hash(h, u64::from(byte)));
            note = hash(note, word);
            tokens.push(Token { hash: word.cast_signed(), weight: WORD_WEIGHT, place: Some(place) });
            if let Some(before) = before {
                let pair = hash(hash(before, 2), word).cast_signed();
                tokens.push(Token { hash: pair, weight: PAIR_WEIGHT, place: Some(place) });
            }
            before = Some(word);
        }
        if let Some((version, class)) = class.filter(|_| words > 0) {
            let class = u64::try_from(class).unwrap_or(u64::MAX);
            let token = hash(hash(hash(0, 3), u64::from(version)), class).cast_signed();
            tokens.push(Token { hash: token, weight: CLASS_WEIGHT, place: None });
        }
        tokens.sort_unstable();
        tokens.dedup_by_key(|token| token.hash);
        Self { note: note.cast_signed(), tokens }
    }

    /// The number under which the note itself is remembered: equal for notes with the same words in the same order.
    #[must_use]
    pub const fn note(&self) -> i64 {
        self.note
    }

    /// The numbers of the words, pairs and so on to be counted, each once, ascending.
    pub fn tokens(&self) -> impl Iterator<Item = i64> {
        self.tokens.iter().map(|token| token.hash)
    }

    /// The numbers of the words alone, each once, ascending.
    pub fn words(&self) -> impl Iterator<Item = i64> {
        let is_word = |token: &&Token| token.place.is_some() && token.weight == WORD_WEIGHT;
        self.tokens.iter().filter(is_word).map(|token| token.hash)
    }

    /// Whether the note says nothing at all: nothing is learned from it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

/// One row of what is learned of words: `count` of the observed notes with `token` went to `category`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordRow {
    /// One of [`Observation::tokens`].
    pub token: i64,
    /// Where they went.
    pub category: CategoryId,
    /// How many.
    pub count: i64,
}

/// When a choice was made. Of those of one instant the one for the expense that was recorded last is the latest, so that
/// every server says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The instant.
    pub at: Timestamp,
    /// For which expense.
    pub expense: ExpenseId,
}

impl Moment {
    const FIRST: Self = Self { at: Timestamp(i64::MIN), expense: ExpenseId(i64::MIN) };
    const LAST: Self = Self { at: Timestamp(i64::MAX), expense: ExpenseId(i64::MAX) };
}

/// One row of what is remembered of whole notes: `count` choices of `category` for `note` at `at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChoiceRow {
    /// [`Observation::note`].
    pub note: i64,
    /// When. The latest choice is remembered.
    pub at: Moment,
    /// What was chosen.
    pub category: CategoryId,
    /// How often: once, unless choices were taken back before they were made.
    pub count: i64,
}

/// What one person's choices have taught.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    words: BTreeMap<(i64, CategoryId), i64>,
    choices: BTreeMap<(i64, Moment, CategoryId), i64>,
}

/// What the choices say of a note, together with the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blend {
    /// Every category with its likelihood, the likeliest first, equal ones by id.
    pub(super) ranked: Vec<Suggestion>,
    /// Whether the person's own words say more for the first than the model does.
    pub(super) is_learned: bool,
}

impl Learned {
    /// Builds it from stored rows. Rows with the same key add up.
    #[must_use]
    pub fn new(words: impl IntoIterator<Item = WordRow>, choices: impl IntoIterator<Item = ChoiceRow>) -> Self {
        let mut learned = Self::default();
        for WordRow { token, category, count } in words {
            add(&mut learned.words, (token, category), count);
        }
        for ChoiceRow { note, at, category, count } in choices {
            add(&mut learned.choices, (note, at, category), count);
        }
        learned
    }

    /// Counts a choice: `delta` is 1 when it is made and -1 when it is taken back, with the same `at` as when it was made.
    pub fn observe(&mut self, observation: &Observation, category: CategoryId, at: Moment, delta: i64) {
        if observation.is_empty() {
            return;
        }
        for token in observation.tokens() {
            add(&mut self.words, (token, category), delta);
        }
        add(&mut self.choices, (observation.note, at, category), delta);
    }

    /// The counts of words, in order, to be stored.
    pub fn words(&self) -> impl Iterator<Item = WordRow> {
        self.words.iter().map(|(&(token, category), &count)| WordRow { token, category, count })
    }

    /// The choices, in order, to be stored.
    pub fn choices(&self) -> impl Iterator<Item = ChoiceRow> {
        self.choices.iter().map(|(&(note, at, category), &count)| ChoiceRow { note, at, category, count })
    }

    /// Whether nothing was learned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.choices.is_empty()
    }

    /// The same, every category replaced by what `to` says of it, counts that meet added up: for merges. What `to` has no
    /// answer for, such as an archived category, is left out.
    #[must_use]
    pub fn map_categories(&self, to: impl Fn(CategoryId) -> Option<CategoryId>) -> Self {
        Self::new(
            self.words().filter_map(|row| Some(WordRow { category: to(row.category)?, ..row })),
            self.choices().filter_map(|row| Some(ChoiceRow { category: to(row.category)?, ..row })),
        )
    }

    /// What was chosen last for a note with these very words.
    #[must_use]
    pub fn remembered(&self, observation: &Observation) -> Option<CategoryId> {
        let note = observation.note;
        let range = (note, Moment::FIRST, CategoryId(i64::MIN))..=(note, Moment::LAST, CategoryId(i64::MAX));
        self.choices.range(range).rev().find(|(_, count)| **count > 0).map(|(&(_, _, category), _)| category)
    }

    /// Whether that very choice is among those observed.
    #[must_use]
    pub fn holds(&self, observation: &Observation, category: CategoryId, at: Moment) -> bool {
        self.choices.get(&(observation.note, at, category)).is_some_and(|count| *count > 0)
    }

    /// The places of the words of the note that went to `category` before, ascending.
    pub(super) fn places(&self, observation: &Observation, category: CategoryId) -> Vec<usize> {
        let spoke = |token: &&Token| self.words.get(&(token.hash, category)).is_some_and(|count| *count > 0);
        let mut places: Vec<usize> = observation.tokens.iter().filter(spoke).filter_map(|token| token.place).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The model's likelihoods, each word's own shares mixed in. A word weighs more the more often it was seen and the
    /// more it kept to one category.
    pub(super) fn blend(&self, observation: &Observation, likely: &Likelihoods) -> Blend {
        let mut sums: BTreeMap<CategoryId, u64> = BTreeMap::new();
        for ((category, _), bp) in SYSTEM_CATEGORIES.into_iter().zip(likely) {
            sums.insert(category, MODEL_WEIGHT * u64::from(*bp));
        }
        let mut total = MODEL_WEIGHT;
        for token in &observation.tokens {
            let range = (token.hash, CategoryId(i64::MIN))..=(token.hash, CategoryId(i64::MAX));
            let seen = || self.words.range(range.clone()).map(|(key, n)| (key.1, u64::try_from(*n).unwrap_or(0)));
            let all: u64 = seen().map(|(_, count)| count).sum();
            if all == 0 {
                continue;
            }
            let square: u64 = seen().fold(0, |sum, (_, count)| count.saturating_mul(count).saturating_add(sum));
            let weight = token.weight.saturating_mul(square.isqrt()) / (all + 1);
            total += weight;
            for (category, count) in seen() {
                let share = sums.entry(category).or_default();
                *share += weight.saturating_mul(count).saturating_mul(10_000) / all;
            }
        }
        let share = |sum: u64| u16::try_from(sum / total.max(1)).unwrap_or(10_000);
        let mut ranked: Vec<Suggestion> =
            sums.iter().map(|(&category, &sum)| Suggestion { category, confidence_bp: share(sum) }).collect();
        ranked.sort_by_key(|s| (std::cmp::Reverse(s.confidence_bp), s.category));
        let first = ranked.iter().find(|s| s.category != super::UNCATEGORIZED).map(|s| s.category);
        let by_model = SYSTEM_CATEGORIES.iter().zip(likely).find(|((id, _), _)| Some(*id) == first);
        let by_model = by_model.map_or(0, |(_, bp)| MODEL_WEIGHT * u64::from(*bp));
        let all = first.and_then(|first| sums.get(&first)).copied().unwrap_or(0);
        Blend { ranked, is_learned: all.saturating_sub(by_model) > by_model }
    }
}

/// The likeliest class that is a category of its own, the first of equals.
pub(super) fn likeliest(likely: &Likelihoods) -> Option<usize> {
    (0..CLASSES - 1).max_by_key(|class| (likely.get(*class), std::cmp::Reverse(*class)))
}

fn add<K: Ord>(counts: &mut BTreeMap<K, i64>, key: K, delta: i64) {
    let entry = counts.entry(key);
    if let std::collections::btree_map::Entry::Occupied(mut entry) = entry {
        let count = entry.get().saturating_add(delta);
        if count == 0 {
            entry.remove();
        } else {
            entry.insert(count);
        }
    } else if delta != 0 {
        entry.or_insert(delta);
    }
}

/// Mixes a value into a 64-bit hash. What it gives is stored: it may never change.
const fn hash(state: u64, value: u64) -> u64 {
    let mut h = (state ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x632b_e59b_d9b4_e019);
    h ^= h >> 32;
    h = h.wrapping_mul(0xd6e8_feb8_6659_fd93);
    h ^ (h >> 29)
}

#[cfg(test)]
mod tests;
