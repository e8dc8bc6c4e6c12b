//! What a guesser reads of an expense.

use crate::text::{singular, words};

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
    let mut folded = String::new();
    for word in words(text) {
        folded.push(' ');
        folded.push_str(&singular(&word));
    }
    if !folded.is_empty() {
        folded.push(' ');
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_apart() {
        let note = Note::new("Lunches with Ana!", &["Work trips".to_owned(), "…".to_owned()]);
        assert_eq!(note.folded(), " lunch with ana \n work trip \n");
        assert_eq!(Note::new("", &[]).folded(), "");
    }
}
