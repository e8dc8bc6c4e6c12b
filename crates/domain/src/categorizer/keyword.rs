//! Keywords: the stage that knows words and phrases.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::note::fold;
use super::{Categorization, Guess, Guesser, Note, Source};
use crate::id::CategoryId;
use crate::text::{normalize, words};

/// The longest keyword a user may keep, in characters of its normalised form.
pub const MAX_KEYWORD_CHARS: usize = 60;

/// A word or phrase that speaks for a category.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Keyword {
    /// The words looked for, as people write them. Case, punctuation, and plurals do not matter.
    pub phrase: String,
    /// The category it speaks for.
    pub category: CategoryId,
}

/// The form in which a user's keyword is stored and shown: its normalised words, joined by single blanks.
/// `None` when it has no word at all or is longer than [`MAX_KEYWORD_CHARS`].
#[must_use]
pub fn normalize_keyword(text: &str) -> Option<String> {
    let keyword = words(text).join(" ");
    (!keyword.is_empty() && keyword.chars().count() <= MAX_KEYWORD_CHARS).then_some(keyword)
}

/// A set of keywords, all found in one pass over a note.
///
/// A keyword is found where its folded words stand as whole words. One that lies inside a longer one says nothing:
/// *dog food* is not *food*. Of the rest the longest wins, in characters of its words as they are shown, the blanks
/// between them included; among categories with equally long ones, that with the most matches of any length, counting
/// repetitions; among those the one with the lowest id (rules.md, "Categories and the categorizer"). The keyword given
/// as the reason is the winner's first longest one.
///
/// Confidence: a user's keyword is certain, 10000 basis points. A system keyword is worth 9000 as a phrase, 8000 as a
/// single word, 1000 less for each other category that was matched too, and never less than 5000.
#[derive(Debug, Clone)]
pub struct KeywordSet {
    source: Source,
    entries: Vec<Entry>,
    automaton: Option<AhoCorasick>,
}

#[derive(Debug, Clone)]
struct Entry {
    readable: String,
    category: CategoryId,
    chars: usize,
    is_phrase: bool,
}

/// One place in a note where one keyword stands. Orders by place, longer before shorter, then by entry.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    start: usize,
    end: Reverse<usize>,
    entry: usize,
}

impl KeywordSet {
    /// Builds the set. Keywords without a word are left out, and of keywords that fold alike within a category the
    /// first is kept. `source` is what its guesses will name: [`Source::UserKeyword`] or [`Source::SystemKeyword`].
    #[must_use]
    pub fn new(keywords: impl IntoIterator<Item = Keyword>, source: Source) -> Self {
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        let mut patterns = Vec::new();
        for Keyword { phrase, category } in keywords {
            let pattern = fold(&phrase);
            if pattern.is_empty() || !seen.insert((pattern.clone(), category)) {
                continue;
            }
            entries.push(Entry {
                readable: normalize(phrase.trim()),
                category,
                chars: words(&phrase).join(" ").chars().count(),
                is_phrase: pattern.trim().contains(' '),
            });
            patterns.push(pattern);
        }
        // Building fails only beyond 2^31 states, which is gigabytes of keywords: such a set would match nothing.
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&patterns).ok();
        Self { source, entries, automaton }
    }

    /// How many different keywords the set holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where keywords stand in `note`, without those inside a longer one, in order of place.
    fn hits(&self, note: &Note) -> Vec<Hit> {
        // Overlapping search, because neighbours share the blank between them.
        let Some(found) = self.automaton.as_ref().and_then(|a| a.try_find_overlapping_iter(note.folded()).ok()) else {
            return Vec::new();
        };
        let mut hits: Vec<Hit> =
            found.map(|m| Hit { start: m.start(), end: Reverse(m.end()), entry: m.pattern().as_usize() }).collect();
        hits.sort_unstable();
        let mut widest = 0..0;
        hits.retain(|hit| {
            let span = hit.start..hit.end.0;
            let keeps = span.end > widest.end || span == widest;
            if span.end > widest.end {
                widest = span;
            }
            keeps
        });
        hits
    }

    /// The longest keyword of `category` that stands in `note`, the first of equals, in readable form.
    #[must_use]
    pub fn matched(&self, note: &Note, category: CategoryId) -> Option<&str> {
        let hits = self.hits(note);
        let own = hits.iter().filter_map(|hit| self.entries.get(hit.entry)).filter(|entry| entry.category == category);
        own.rev().max_by_key(|entry| entry.chars).map(|entry| entry.readable.as_str())
    }

    fn confidence_bp(&self, entry: &Entry, other_categories: usize) -> u16 {
        if self.source == Source::UserKeyword {
            return 10_000;
        }
        let alone: u16 = if entry.is_phrase { 9_000 } else { 8_000 };
        let doubt = u16::try_from(other_categories).unwrap_or(u16::MAX).saturating_mul(1_000);
        alone.saturating_sub(doubt).max(5_000)
    }
}

impl Guesser for KeywordSet {
    fn guess(&self, note: &Note) -> Option<Guess> {
        let hits = self.hits(note);
        let entries = || hits.iter().filter_map(|hit| self.entries.get(hit.entry));
        let longest = entries().map(|entry| entry.chars).max()?;
        let mut counts: BTreeMap<CategoryId, usize> = BTreeMap::new();
        for entry in entries() {
            *counts.entry(entry.category).or_default() += 1;
        }
        let winner = entries()
            .filter(|entry| entry.chars == longest)
            // A minimum of reversed counts, because of equals `min_by_key` gives the first and `max_by_key` the last.
            .min_by_key(|entry| (Reverse(counts.get(&entry.category)), entry.category))?;
        Some(Guess {
            category: winner.category,
            categorization: Categorization {
                source: self.source,
                matched: Some(winner.readable.clone()),
                confidence_bp: self.confidence_bp(winner, counts.len().saturating_sub(1)),
                model: None,
                chosen_at: None,
            },
            suggestions: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn set(keywords: &[(&str, i64)]) -> KeywordSet {
        let keywords = keywords
            .iter()
            .map(|(phrase, category)| Keyword { phrase: (*phrase).to_owned(), category: CategoryId(*category) });
        KeywordSet::new(keywords, Source::SystemKeyword)
    }

    fn guess(keywords: &[(&str, i64)], notes: &str) -> Option<(i64, String, u16)> {
        let guess = set(keywords).guess(&Note::new(notes, &[]))?;
        Some((guess.category.0, guess.categorization.matched.unwrap_or_default(), guess.categorization.confidence_bp))
    }

    #[rstest]
    // The longest wins, wherever it stands and however often the other does.
    #[case(&[("pizza", 1), ("petrol", 2)], "pizza pizza petrol", Some((2, "petrol", 7_000)))]
    // Length is that of the written words: "house" folds to four characters and is still longer than "food".
    #[case(&[("house", 9), ("food", 1)], "food house", Some((9, "house", 7_000)))]
    // Equal length: the most matches, of any length.
    #[case(&[("milk", 4), ("book", 2)], "book milk milk", Some((4, "milk", 7_000)))]
    #[case(&[("milk", 4), ("egg", 4), ("book", 2)], "book milk egg", Some((4, "milk", 7_000)))]
    // Equal matches too: the lower id.
    #[case(&[("milk", 4), ("book", 2)], "milk book", Some((2, "book", 7_000)))]
    #[case(&[("milk", 4), ("book", 2)], "book milk", Some((2, "book", 7_000)))]
    // One keyword in two categories.
    #[case(&[("milk", 4), ("milk", 3)], "milk", Some((3, "milk", 7_000)))]
    // A keyword inside a longer one neither counts nor casts doubt.
    #[case(&[("dog food", 14), ("food", 1), ("dog", 2)], "dog food", Some((14, "dog food", 9_000)))]
    #[case(&[("dog food", 14), ("food", 1), ("food", 2)], "dog food", Some((14, "dog food", 9_000)))]
    #[case(&[("dog food", 14), ("food", 1)], "food, dog food", Some((14, "dog food", 8_000)))]
    // Overlapping neighbours are both seen.
    #[case(&[("a b", 1), ("b cd", 2)], "a b cd", Some((2, "b cd", 8_000)))]
    #[case(&[("tea", 1), ("cab", 2)], "tea cab tea", Some((1, "tea", 7_000)))]
    // The first of the winner's longest is named.
    #[case(&[("milk", 4), ("eggs", 4)], "eggs and milk", Some((4, "eggs", 8_000)))]
    // Doubt has a floor.
    #[case(&[("aaaa", 1), ("bbb", 2), ("ccc", 3), ("ddd", 4)], "aaaa bbb ccc ddd", Some((1, "aaaa", 5_000)))]
    // Whole words only.
    #[case(&[("rent", 3)], "current parents different transparent", None)]
    #[case(&[("rent", 3)], "RENTS!", Some((3, "rent", 8_000)))]
    #[case(&[("kids' shoes", 1)], "Kid's shoe", Some((1, "kids' shoes", 9_000)))]
    #[case(&[("AT&T", 7)], "at & t bill", Some((7, "at&t", 9_000)))]
    #[case(&[("strasse", 1), ("straße", 2)], "STRAẞE", Some((2, "straße", 8_000)))]
    #[case(&[("किराना", 4)], "आज किराना लिया", Some((4, "किराना", 8_000)))]
    #[case(&[("किर", 4)], "आज किराना लिया", None)]
    #[case(&[("...", 4), ("", 4)], "... anything", None)]
    #[case(&[], "anything", None)]
    #[case(&[("milk", 4)], "", None)]
    fn rules(#[case] keywords: &[(&str, i64)], #[case] notes: &str, #[case] expected: Option<(i64, &str, u16)>) {
        assert_eq!(guess(keywords, notes), expected.map(|(id, matched, bp)| (id, matched.to_owned(), bp)));
    }

    #[test]
    fn no_phrase_crosses_from_notes_to_tags() {
        let set = set(&[("dog food", 14)]);
        let note = |notes: &str, tags: &[&str]| {
            Note::new(notes, &tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(set.guess(&note("dog", &["food"])), None);
        assert_eq!(set.guess(&note("", &["dog", "food"])), None);
        assert!(set.guess(&note("", &["Dog food"])).is_some());
    }

    #[test]
    fn keywords_that_fold_alike_count_once() {
        assert_eq!(set(&[("bus", 2), ("buses", 2), ("bus", 3), ("!", 2)]).len(), 2);
        assert!(set(&[]).is_empty() && !set(&[("bus", 2)]).is_empty());
    }

    #[rstest]
    #[case("  Dog-FOOD ", Some("dog food"))]
    #[case("buses", Some("buses"))]
    #[case("McDonald's", Some("mcdonalds"))]
    #[case("ＵＢＥＲ", Some("uber"))]
    #[case("🍕", None)]
    #[case("", None)]
    fn stored_form(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(normalize_keyword(text).as_deref(), expected);
    }

    #[test]
    fn a_keyword_has_at_most_sixty_characters() {
        assert_eq!(normalize_keyword(&"é".repeat(60)), Some("é".repeat(60)));
        assert_eq!(normalize_keyword(&"é".repeat(61)), None);
    }

    proptest! {
        #![proptest_config(crate::cases::cases(1_000))]

        /// What a user may store is found in any note that holds it, and stays as it was stored.
        #[test]
        fn a_stored_keyword_is_found(text in "\\PC{1,40}", before in "[a-z ]{0,9}", after in "[a-z ]{0,9}") {
            let Some(keyword) = normalize_keyword(&text) else { return Ok(()) };
            prop_assert_eq!(normalize_keyword(&keyword), Some(keyword.clone()));
            let set = set(&[(&keyword, 20)]);
            let note = Note::new(&format!("{before} {} {after}", text.to_uppercase()), &[]);
            // Upper-casing is lossy for a few letters (`ı`), so only text that survives it is held to the rule.
            if words(&text.to_uppercase()) == words(&text) {
                let matched = set.guess(&note).and_then(|guess| guess.categorization.matched);
                prop_assert_eq!(matched, Some(keyword));
            }
        }

        /// The automaton finds exactly what comparing word by word finds.
        #[test]
        fn agrees_with_a_naive_search(
            notes in "[abc ]{0,24}",
            phrases in proptest::collection::vec("[abc]{1,2}( [abc]{1,2})?", 1..6),
        ) {
            let keywords: Vec<(&str, i64)> = phrases.iter().map(String::as_str).zip(1..).collect();
            let note_words = words(&notes);
            let mut all = Vec::new();
            for &(phrase, id) in &keywords {
                let wanted = words(phrase);
                for at in 0..note_words.len() {
                    if note_words[at..].starts_with(&wanted) {
                        all.push((phrase.len(), id, at..at + wanted.len()));
                    }
                }
            }
            let is_inside = |span: &Range<usize>| {
                all.iter().any(|(_, _, other)| other != span && other.start <= span.start && span.end <= other.end)
            };
            let open: Vec<_> = all.iter().filter(|(_, _, span)| !is_inside(span)).collect();
            let count = |id: i64| open.iter().filter(|(_, other, _)| *other == id).count();
            let best = open.iter().map(|(length, id, _)| (*length, count(*id), Reverse(*id))).max();
            prop_assert_eq!(guess(&keywords, &notes).map(|found| found.0), best.map(|found| found.2.0));
        }
    }
}
