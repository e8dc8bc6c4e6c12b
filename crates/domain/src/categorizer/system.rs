//! The keywords that Florin knows by itself.

use std::sync::LazyLock;

use super::taxonomy::SYSTEM_CATEGORIES;
use super::{Keyword, KeywordSet, Source};
use crate::id::CategoryId;

const FILE: &str = include_str!("keywords.txt");

static SYSTEM: LazyLock<KeywordSet> =
    LazyLock::new(|| KeywordSet::new(keywords(FILE).map(|(_, keyword)| keyword), Source::SystemKeyword));

/// The system keywords, built at first use from `keywords.txt`, which describes its own format.
#[must_use]
pub fn system() -> &'static KeywordSet {
    &SYSTEM
}

/// The keywords of a file with the number of the line they stand on. Whatever stands before the first section or in one
/// that names no category is passed over.
fn keywords(file: &str) -> impl Iterator<Item = (usize, Keyword)> {
    let mut category = None;
    (1..).zip(file.lines()).flat_map(move |(number, line)| {
        let line = line.trim();
        let mut phrases = "";
        if let Some(name) = section(line) {
            category = category_named(name);
        } else if !line.starts_with('#') {
            phrases = line;
        }
        let category = category;
        let phrases = phrases.split(',').map(str::trim).filter(|phrase| !phrase.is_empty());
        phrases.filter_map(move |phrase| Some((number, Keyword { phrase: phrase.to_owned(), category: category? })))
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
    use std::collections::BTreeMap;

    use super::*;
    use crate::categorizer::note::fold;
    use crate::categorizer::{Guesser, Note, UNCATEGORIZED};

    #[test]
    fn every_section_names_a_category_and_every_category_has_one() {
        let sections: Vec<_> = FILE.lines().filter_map(section).collect();
        let categories = SYSTEM_CATEGORIES.iter().filter(|(id, _)| *id != UNCATEGORIZED);
        assert_eq!(sections, categories.map(|(_, name)| *name).collect::<Vec<_>>());
    }

    #[test]
    fn every_keyword_has_a_word_and_stands_in_the_file_once() {
        let mut seen = BTreeMap::new();
        for (line, keyword) in keywords(FILE) {
            let folded = fold(&keyword.phrase);
            assert!(!folded.is_empty(), "line {line}: {:?} has no word", keyword.phrase);
            let before = seen.insert(folded, line);
            assert_eq!(before, None, "line {line}: {:?} stands there already", keyword.phrase);
        }
        assert_eq!(seen.len(), system().len());
        assert!(seen.len() > 600);
    }

    #[test]
    fn every_keyword_alone_gives_its_own_category_and_is_named_as_the_reason() {
        for (line, keyword) in keywords(FILE) {
            let guess = system().guess(&Note::new(&keyword.phrase, &[]));
            let answer = guess.map(|guess| (guess.category, guess.categorization.matched));
            let expected = (keyword.category, Some(keyword.phrase.clone()));
            assert_eq!(answer, Some(expected), "line {line}: {:?}", keyword.phrase);
        }
    }

    #[test]
    fn what_stands_outside_a_known_section_is_passed_over() {
        let file = "lost\n[No such]\nlost too\n[Food]\n# lunch\n tea ,, \n";
        let found: Vec<_> = keywords(file).collect();
        assert_eq!(found, [(6, Keyword { phrase: "tea".to_owned(), category: CategoryId(1) })]);
    }
}
