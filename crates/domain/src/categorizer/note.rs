//! What a guesser reads of an expense.

use crate::text::{singular_parts, words};

/// The notes and tags of an expense, split into words and folded, ready to be searched by any [`Guesser`].
///
/// [`Guesser`]: super::Guesser
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Note {
    folded: String,
    /// The notes and the tags as written, a line each.
    written: String,
}

impl Note {
    /// Reads `notes` and each of `tags`. A phrase is found within the notes or within one tag, never across the border.
    #[must_use]
    pub fn new(notes: &str, tags: &[String]) -> Self {
        let mut folded = fold(notes);
        let mut written = notes.to_owned();
        for tag in tags {
            written.push('\n');
            written.push_str(tag);
            // The line feed keeps the parts apart: no word holds one.
            folded.push('\n');
            folded.push_str(&fold(tag));
        }
        Self { folded, written }
    }

    /// The lines of the notes, then the tags, as they were written.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.written.split('\n')
    }

    /// The folded words of all parts. Every word has a blank on both sides, and a line feed stands between two parts:
    /// `" lunch with ana \n work "`.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// The folded words of `text` with blanks around and between them; empty when it has no word.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 2);
    let mut push = |word: &str| {
        let (stem, end) = singular_parts(word);
        folded.extend([" ", stem, end]);
    };
    if text.is_ascii() {
        // What most notes are is in its normal form but for the case: the same words, without an allocation for each.
        let mut word = String::with_capacity(24);
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() {
                word.push(char::from(byte.to_ascii_lowercase()));
            } else if byte != b'\'' && !word.is_empty() {
                push(&word);
                word.clear();
            }
        }
        if !word.is_empty() {
            push(&word);
        }
    } else {
        words(text).iter().for_each(|word| push(word));
    }
    if !folded.is_empty() {
        folded.push(' ');
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::singular;

    proptest! {
        #[test]
        fn the_folded_words_are_the_words_folded(text in "[ -~\\t]{0,40}|\\PC{0,20}") {
            let expected: Vec<_> = words(&text).iter().map(|word| singular(word)).collect();
            let folded = fold(&text);
            prop_assert_eq!(folded.split_whitespace().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn parts_are_kept_apart() {
        let note = Note::new("Lunches with Ana!", &["Work trips".to_owned(), "…".to_owned()]);
        assert_eq!(note.folded(), " lunch with ana \n work trip \n");
        assert_eq!(Note::new("", &[]).folded(), "");
    }
}
