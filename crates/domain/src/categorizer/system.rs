//! The keywords that Florin knows by itself.

use std::sync::LazyLock;

use super::taxonomy::SYSTEM_CATEGORIES;
use super::{Keyword, KeywordSet, Source};
use crate::id::CategoryId;

/// The word list itself, as the trainer reads it. The file describes its own format.
pub const WORD_LIST: &str = include_str!("keywords.txt");

static SYSTEM: LazyLock<KeywordSet> = LazyLock::new(|| {
    let keywords = entries(WORD_LIST).filter(|entry| !entry.is_hint).map(|entry| entry.keyword);
    KeywordSet::new(keywords, Source::SystemKeyword)
});

/// The keywords of the word list, built at first use: what explains a choice of the model.
#[must_use]
pub fn system() -> &'static KeywordSet {
    &SYSTEM
}

/// One entry of a word list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line it stands on, from 1.
    pub line: usize,
    /// The phrase and the category of its section.
    pub keyword: Keyword,
    /// Whether it only leans to its category: such an entry teaches the model and is no keyword.
    pub is_hint: bool,
}

/// The entries of a word list. Whatever stands before the first section or in one that names no category is passed over.
pub fn entries(file: &str) -> impl Iterator<Item = Entry> {
    let mut category = None;
    (1..).zip(file.lines()).flat_map(move |(number, line)| {
        let line = line.trim();
        let mut phrases = "";
        let hints = line.strip_prefix("~ ");
        if let Some(name) = section(line) {
            category = category_named(name);
        } else if !line.starts_with('#') {
            phrases = hints.unwrap_or(line);
        }
        let category = category;
        let phrases = phrases.split(',').map(str::trim).filter(|phrase| !phrase.is_empty());
        phrases.filter_map(move |phrase| {
            let keyword = Keyword { phrase: phrase.to_owned(), category: category? };
            Some(Entry { line: number, keyword, is_hint: hints.is_some() })
        })
    })
}

fn section(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

fn category_named(name: &str) -> Option<CategoryId> {
    SYSTEM_CATEGORIES.iter().find(|(_, known)| *known == name).map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::categorizer::note::fold;
    use crate::categorizer::{Guesser, Note, UNCATEGORIZED};

    #[test]
    fn every_section_names_a_category_and_every_category_has_one() {
        let sections: Vec<_> = WORD_LIST.lines().filter_map(section).collect();
        assert_eq!(sections, SYSTEM_CATEGORIES.map(|(_, name)| name));
    }

    #[test]
    fn every_keyword_has_a_word_and_stands_in_the_file_once() {
        let mut seen = BTreeMap::new();
        for Entry { line, keyword, .. } in entries(WORD_LIST).filter(|entry| !entry.is_hint) {
            assert_ne!(keyword.category, UNCATEGORIZED, "line {line}: no keyword speaks for nothing");
            let folded = fold(&keyword.phrase);
            assert!(!folded.is_empty(), "line {line}: {:?} has no word", keyword.phrase);
            let before = seen.insert(folded, line);
            assert_eq!(before, None, "line {line}: {:?} stands there already", keyword.phrase);
        }
        assert_eq!(seen.len(), system().len());
        assert!(seen.len() > 15_000);
    }

    #[test]
    fn no_hint_is_a_keyword_of_its_own_category_or_stands_twice_in_a_section() {
        let mut seen = BTreeSet::new();
        for Entry { line, keyword, .. } in entries(WORD_LIST) {
            let folded = fold(&keyword.phrase);
            assert!(!folded.is_empty(), "line {line}: {:?} has no word", keyword.phrase);
            assert!(seen.insert((keyword.category, folded)), "line {line}: {:?} stands there already", keyword.phrase);
        }
    }

    #[test]
    fn every_keyword_alone_gives_its_own_category_and_is_named_as_the_reason() {
        for Entry { line, keyword, .. } in entries(WORD_LIST).filter(|entry| !entry.is_hint) {
            let guess = system().guess(&Note::new(&keyword.phrase, &[]));
            let answer = guess.map(|guess| (guess.category, guess.categorization.matched));
            let expected = (keyword.category, Some(keyword.phrase.clone()));
            assert_eq!(answer, Some(expected), "line {line}: {:?}", keyword.phrase);
        }
    }

    #[test]
    fn what_stands_outside_a_known_section_is_passed_over() {
        let file = "lost\n[No such]\nlost too\n[Food]\n# lunch\n tea ,, \n~ plate\n";
        let found: Vec<_> = entries(file).collect();
        let entry = |line, phrase: &str, is_hint| Entry {
            line,
            keyword: Keyword { phrase: phrase.to_owned(), category: CategoryId(1) },
            is_hint,
        };
        assert_eq!(found, [entry(6, "tea", false), entry(7, "plate", true)]);
    }
}
