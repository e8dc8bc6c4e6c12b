//! What the model sees of a text: words, pairs of words, and runs of three to five characters, each a number.
//!
//! The trainer and the running categorizer share this one implementation; a change here changes what every stored
//! weight means, so it goes with a new model.

use unicode_normalization::UnicodeNormalization;

/// How many rows of weights there are: every feature is hashed to one of them.
pub const BUCKETS: u32 = 48_000;

/// How much a whole word, a pair of words and a run of characters count.
const WORD: i16 = 3;
const PAIR: i16 = 3;
const RUN: i16 = 1;

/// The most that a feature counts.
pub const MOST_COUNT: i16 = 4;

/// The longest text that is read, in bytes of its normal form: what follows says nothing new, and time stays bounded.
const MAX_BYTES: usize = 480;

/// The hash that an empty text starts from, and what each byte is multiplied in with (FNV-1a).
const OFFSET: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;
/// What a run starts from: none is mistaken for a word.
const RUN_OFFSET: u32 = OFFSET ^ 2;

/// Words that banks and companies put around what matters.
const NOISE: [&str; 54] = [
    "apr",
    "april",
    "aug",
    "august",
    "checkcard",
    "com",
    "corp",
    "dec",
    "december",
    "eur",
    "feb",
    "february",
    "gbp",
    "gmbh",
    "http",
    "https",
    "imps",
    "inc",
    "inr",
    "jan",
    "january",
    "jul",
    "july",
    "jun",
    "june",
    "limited",
    "llc",
    "ltd",
    "march",
    "mktp",
    "neft",
    "no",
    "nov",
    "november",
    "oct",
    "october",
    "plc",
    "pos",
    "pte",
    "pty",
    "pvt",
    "ref",
    "rs",
    "sep",
    "sept",
    "september",
    "sq",
    "srl",
    "tst",
    "txn",
    "upi",
    "usd",
    "www",
    "xx",
];

/// One feature: the row of weights it is hashed to, and how much it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// The row, below [`BUCKETS`].
    pub row: u32,
    /// Its multiplier, from 1 to [`MOST_COUNT`].
    pub count: i16,
    /// The word it belongs to, by number of place; of a pair the first.
    pub word: u16,
}

/// The words of a text as the model reads them. Kept between texts, it allocates nothing any more.
#[derive(Debug, Default)]
pub struct Reader {
    text: String,
    words: Vec<(usize, usize)>,
    bounds: Vec<usize>,
    bordered: Vec<u8>,
    features: Vec<Feature>,
}

impl Reader {
    /// Reads `parts` (the notes, then the tags) and gives their features. No pair reaches from one part to the next.
    pub fn read<'a>(&mut self, parts: impl IntoIterator<Item = &'a str>) -> &[Feature] {
        self.text.clear();
        self.words.clear();
        self.features.clear();
        for part in parts {
            let first = self.words.len();
            self.split(part);
            self.hash_words(first);
        }
        &self.features
    }

    /// The features of what was read last.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// How many words were read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The word at a place, folded.
    #[must_use]
    pub fn word(&self, place: usize) -> &str {
        self.words.get(place).and_then(|&(start, end)| self.text.get(start..end)).unwrap_or_default()
    }

    /// The words read, joined by single blanks: the form under which two notes are the same note.
    #[must_use]
    pub fn joined(&self) -> String {
        (0..self.len()).map(|place| self.word(place)).collect::<Vec<_>>().join(" ")
    }

    /// Appends the words of `part`: runs of letters with their marks, folded, digits and noise left out.
    fn split(&mut self, part: &str) {
        let mut start = self.text.len();
        if part.is_ascii() {
            for byte in part.bytes() {
                if byte.is_ascii_alphabetic() {
                    self.text.push(char::from(byte.to_ascii_lowercase()));
                } else if byte != b'\'' {
                    start = self.end_word(start);
                }
                if self.text.len() >= MAX_BYTES {
                    break;
                }
            }
        } else {
            for c in part.nfkd().flat_map(char::to_lowercase).nfkd() {
                match letter(c) {
                    Letter::Plain(c) => self.text.push(c),
                    Letter::Two(a, b) => self.text.extend([a, b]),
                    Letter::Dropped => {}
                    Letter::Mark if self.text.len() > start => self.text.push(c),
                    Letter::Mark | Letter::Other => start = self.end_word(start),
                }
                if self.text.len() >= MAX_BYTES {
                    break;
                }
            }
        }
        self.end_word(start);
    }

    /// Keeps or drops the word that begins at `start`; gives where the next one begins.
    fn end_word(&mut self, start: usize) -> usize {
        let end = self.text.len();
        if self.text.get(start..).is_some_and(is_noise) {
            self.text.truncate(start);
        } else if end > start {
            self.words.push((start, end));
        }
        self.text.len()
    }

    /// Hashes the words from place `first` on, the pairs among them, and the runs within each.
    fn hash_words(&mut self, first: usize) {
        let mut before: Option<u32> = None;
        for place in first..self.words.len() {
            let Some(&(start, end)) = self.words.get(place) else { break };
            let Some(word) = self.text.get(start..end) else { break };
            let number = u16::try_from(place).unwrap_or(u16::MAX);
            let bytes = singular(word).as_bytes();
            let hash = bytes.iter().fold(OFFSET ^ 1, |hash, byte| step(hash, *byte));
            self.features.push(Feature { row: row(hash), count: WORD, word: number });
            if let Some(before) = before {
                let pair = (before.rotate_left(7) ^ hash).wrapping_mul(PRIME);
                self.features.push(Feature { row: row(pair), count: PAIR, word: number.saturating_sub(1) });
            }
            before = Some(hash);
            // The borders of a word are characters too: a run knows whether it begins or ends one.
            if word.is_ascii() {
                self.bordered.clear();
                self.bordered.push(b' ');
                self.bordered.extend_from_slice(word.as_bytes());
                self.bordered.push(b' ');
                hash_runs(&self.bordered, number, &mut self.features);
                continue;
            }
            self.bounds.clear();
            self.bounds.extend(word.char_indices().map(|(at, _)| at));
            self.bounds.push(word.len());
            let chars = self.bounds.len() - 1;
            for from in 0..=chars {
                // Place 0 is the border before, then the characters.
                let mut hash = RUN_OFFSET;
                for length in 1..=5 {
                    let at = from + length - 1;
                    if at > chars + 1 {
                        break;
                    }
                    if at == 0 || at == chars + 1 {
                        hash = step(hash, b' ');
                    } else {
                        let (a, b) = (self.bounds.get(at - 1), self.bounds.get(at));
                        let (Some(&a), Some(&b)) = (a, b) else { break };
                        hash = word.as_bytes().get(a..b).unwrap_or_default().iter().fold(hash, |h, b| step(h, *b));
                    }
                    if length >= 3 {
                        self.features.push(Feature { row: row(hash), count: RUN, word: number });
                    }
                }
            }
        }
    }
}

/// The runs of three to five bytes of a word with its borders, where a character is a byte: what most words are.
fn hash_runs(bordered: &[u8], word: u16, features: &mut Vec<Feature>) {
    features.reserve(3 * bordered.len());
    let mut rest = bordered;
    while let [a, b, c, further @ ..] = rest {
        let mut hash = step(step(step(RUN_OFFSET, *a), *b), *c);
        features.push(Feature { row: row(hash), count: RUN, word });
        for byte in further.iter().take(2) {
            hash = step(hash, *byte);
            features.push(Feature { row: row(hash), count: RUN, word });
        }
        rest = rest.get(1..).unwrap_or_default();
    }
}

/// For each first letter, the lengths of the words of [`NOISE`], a bit each: most words are told from noise by that alone.
const NOISE_LENGTHS: [u32; 26] = {
    let mut lengths = [0; 26];
    let mut at = 0;
    while at < NOISE.len() {
        let word = NOISE[at].as_bytes();
        lengths[(word[0] - b'a') as usize] |= 1 << word.len();
        at += 1;
    }
    lengths
};

fn is_noise(word: &str) -> bool {
    let first = word.bytes().next().unwrap_or_default().wrapping_sub(b'a');
    let lengths = NOISE_LENGTHS.get(usize::from(first)).copied().unwrap_or_default();
    word.len() < 32 && lengths >> word.len() & 1 == 1 && NOISE.binary_search(&word).is_ok()
}

const fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(PRIME)
}

/// Spreads a hash over the rows.
#[allow(clippy::cast_possible_truncation, reason = "a product of two 32-bit numbers, halved, has 32 bits")]
const fn row(hash: u32) -> u32 {
    let mut h = hash;
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^= h >> 16;
    ((h as u64 * BUCKETS as u64) >> 32) as u32
}

/// The word without the `s` of an English plural, roughly: enough to bring most pairs together without allocating.
fn singular(word: &str) -> &str {
    if word.len() > 3 && !word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is") {
        word.strip_suffix('s').unwrap_or(word)
    } else {
        word
    }
}

enum Letter {
    Plain(char),
    Two(char, char),
    /// An accent, an apostrophe, or what only steers the rendering.
    Dropped,
    /// A mark that belongs to the word it stands in.
    Mark,
    Other,
}

/// What becomes of one character of a decomposed lower-case text.
fn letter(c: char) -> Letter {
    match c {
        '\u{300}'..='\u{36f}' | '\'' | '\u{2019}' | '\u{2bc}' | '\u{ad}' => Letter::Dropped,
        '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => Letter::Dropped,
        'ß' => Letter::Two('s', 's'),
        'æ' => Letter::Two('a', 'e'),
        'œ' => Letter::Two('o', 'e'),
        'ø' => Letter::Plain('o'),
        'ł' => Letter::Plain('l'),
        'đ' => Letter::Plain('d'),
        'ı' => Letter::Plain('i'),
        _ if c.is_alphabetic() => Letter::Plain(c),
        _ if unicode_normalization::char::is_combining_mark(c) => Letter::Mark,
        _ => Letter::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn words(text: &str) -> String {
        let mut reader = Reader::default();
        reader.read([text]);
        reader.joined()
    }

    #[rstest]
    #[case("UBER *TRIP 8005928996", "uber trip")]
    #[case("POS AMZN Mktp US*2K4 LTD www.amazon.com", "amzn us k amazon")]
    #[case("McDonald’s / mcdonald's", "mcdonalds mcdonalds")]
    #[case("Café ALMOÇO straße Łódź", "cafe almoco strasse lodz")]
    #[case("petrol500rs", "petrol")]
    #[case("Netflix March", "netflix")]
    #[case("किराने की दुकान", "किराने की दुकान")]
    #[case("POS 12345 🍕", "")]
    fn words_are_folded(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(words(text), expected);
    }

    #[test]
    fn noise_is_in_order_and_found() {
        assert!(NOISE.is_sorted());
        assert!(NOISE.iter().all(|word| is_noise(word)));
        assert!(!["", "a", "po", "poss", "été", "z"].into_iter().any(is_noise));
    }

    #[test]
    fn a_word_has_itself_and_its_runs_and_no_pair_crosses_a_border() {
        let mut reader = Reader::default();
        // " tea ": three runs of three, two of four, one of five, and the word.
        assert_eq!(reader.read(["tea"]).len(), 7);
        assert_eq!(reader.read(["tea", "tea"]).len(), 14);
        assert_eq!(reader.read(["tea tea"]).len(), 15);
        assert!(reader.features().iter().all(|feature| feature.row < BUCKETS));
    }

    proptest! {
        #[test]
        fn any_text_is_read_alike_whatever_was_read_before(before in any::<String>(), text in any::<String>()) {
            let mut reader = Reader::default();
            let fresh = reader.read([text.as_str()]).to_vec();
            reader.read([before.as_str()]);
            prop_assert_eq!(reader.read([text.as_str()]), fresh);
        }

        #[test]
        fn every_run_is_hashed(word in "[a-z]{1,12}") {
            prop_assume!(!is_noise(&word));
            let mut reader = Reader::default();
            let quick = reader.read([word.as_str()]).to_vec();
            // As the definition says it: every run, hashed by itself.
            let bordered = format!(" {word} ");
            let bytes = bordered.as_bytes();
            let mut rows = Vec::new();
            for from in 0..bytes.len() {
                for length in 3..=5 {
                    if let Some(run) = bytes.get(from..from + length) {
                        rows.push(row(run.iter().fold(RUN_OFFSET, |hash, byte| step(hash, *byte))));
                    }
                }
            }
            let runs: Vec<u32> = quick.iter().filter(|feature| feature.count == RUN).map(|feature| feature.row).collect();
            prop_assert_eq!(runs, rows);
        }

        #[test]
        fn the_two_ways_of_reading_agree(text in "[ -~]{0,40}") {
            // An invisible character sends the text the slow way.
            prop_assert_eq!(words(&text), words(&format!("{text}\u{2060}")));
        }
    }
}
