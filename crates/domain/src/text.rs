//! The one reading of free text: what a word is, when two words are the same, what text may be stored.
//!
//! Keywords, notes, tags and searches all pass through here, so that a keyword matches what a search would find.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `text` in NFKC and lower case: full-width `ＵＢＥＲ` becomes `uber`, `ﬁ` becomes `fi` (rules.md, "Categories and the
/// categorizer"). Lower-casing can leave the normal form (`İ`), so it is normalised once more afterwards.
#[must_use]
pub fn normalize(text: &str) -> String {
    if text.is_ascii() {
        // In the normal form already.
        return text.to_ascii_lowercase();
    }
    text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// The whole words of `text`, normalised, in order.
///
/// A word is a run of Unicode letters and digits with their combining marks: the vowel signs and viramas of Indic
/// scripts belong to the word they stand in. Apostrophes are dropped, `McDonald's` being `mcdonalds`, and so is what
/// only steers the rendering (joiners, soft hyphens, variation selectors). All else separates words.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let normal = normalize(text);
    let kept = normal.chars().filter(|c| !is_apostrophe(*c) && !is_invisible(*c));
    // What is dropped may have kept a base and its mark apart, so the rest is brought into the normal form again.
    if normal.is_ascii() { words_of(kept) } else { words_of(kept.nfkc()) }
}

fn words_of(text: impl Iterator<Item = char>) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text {
        if c.is_alphanumeric() || (!word.is_empty() && is_combining_mark(c)) {
            word.push(c);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The words of `text`, not folded, in the form that is stored beside it and searched with `LIKE '% word %'`: each word
/// has a blank on both sides, as in `" lunch with ana "`. Empty when there is no word. It never holds `%` or `_`.
/// Normalising can lengthen a text: up to eighteen characters for one.
#[must_use]
pub fn search_words(text: &str) -> String {
    let words = words(text);
    if words.is_empty() { String::new() } else { format!(" {} ", words.join(" ")) }
}

/// Whether `text` may be stored: no NUL and no other control character (C0, DEL, C1), tab, line feed and
/// carriage return excepted.
#[must_use]
pub fn is_clean(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// The typewriter's, the typographic and the modifier apostrophe. The last counts as a letter in Unicode.
const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{02BC}')
}

/// Characters without a shape of their own that are found inside words: soft hyphen, (non-)joiners, word joiner, byte
/// order mark, variation selectors. Two spellings that look alike must be the same word.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200C}' | '\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{FE00}'..='\u{FE0F}')
}

/// Singulars and plurals that no rule below brings together, and what they are folded to.
const IRREGULAR: [(&str, &str); 22] = [
    ("children", "child"),
    ("feet", "foot"),
    ("gurus", "guru"),
    ("halves", "half"),
    ("knives", "knif"),
    ("knife", "knif"),
    ("laddus", "laddu"),
    ("leaves", "leaf"),
    ("lives", "lif"),
    ("life", "lif"),
    ("loaves", "loaf"),
    ("men", "man"),
    ("menus", "menu"),
    ("mice", "mous"),
    ("quizzes", "quiz"),
    ("scarves", "scarf"),
    ("shelves", "shelf"),
    ("teeth", "tooth"),
    ("tutus", "tutu"),
    ("wives", "wif"),
    ("wife", "wif"),
    ("women", "woman"),
];

/// Words that end in `s` and are no plural, beyond those in `-ss` and `-us`. Folding would make other words of them:
/// `news` would be `new`, `canvas` a brand.
const NOT_PLURAL: [&str; 13] = [
    "atlas",
    "bias",
    "canvas",
    "christmas",
    "dallas",
    "diabetes",
    "lens",
    "madras",
    "news",
    "paris",
    "tennis",
    "texas",
    "vegas",
];

/// The key under which the singular and the plural of an English word meet; `word` is one of [`words`].
///
/// Mostly the singular itself: groceries and grocery give `grocery`, buses `bus`, taxis `taxi`, dresses `dress`.
/// English does not tell from a plural whether its singular ends in `e` (house/houses, bus/buses) or in `ie`
/// (movie/movies, grocery/groceries), so these give up the `e`: `hous`, `movy`. A key is therefore compared with keys,
/// never shown. Words of up to three letters stand as they are (bus, gas), and so do words with a digit.
#[must_use]
pub fn singular(word: &str) -> String {
    let (stem, end) = singular_parts(word);
    format!("{stem}{end}")
}

/// [`singular`] without allocating: a part of the word or a constant, and what stands after it.
pub(crate) fn singular_parts(word: &str) -> (&str, &'static str) {
    if let Some((_, key)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (key, "");
    }
    let length = word.chars().count();
    if length <= 3 || word.chars().any(char::is_numeric) || NOT_PLURAL.contains(&word) {
        return (word, "");
    }
    if length == 4 && word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") {
        // pies, toes, uses: a singular of three letters has kept its `e`.
        return (word.trim_end_matches('s'), "");
    }
    if let Some(stem) = word.strip_suffix("ies").or_else(|| word.strip_suffix("ie")) {
        return (stem, "y");
    }
    // After these sounds the plural is written `-es` whether or not the singular has the `e`.
    for sound in ["ch", "sh", "s", "x", "z", "o"] {
        let plural = word.strip_suffix("es").filter(|stem| stem.ends_with(sound));
        if let Some(stem) = plural.or_else(|| word.strip_suffix('e').filter(|stem| stem.ends_with(sound))) {
            return (stem, "");
        }
    }
    if ["ss", "us", "sis", "itis"].iter().any(|end| word.ends_with(end)) {
        return (word, "");
    }
    (word.strip_suffix('s').unwrap_or(word), "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Lunch with Ana", "lunch with ana")]
    #[case("ＵＢＥＲ trip", "uber trip")]
    #[case("Straße", "straße")]
    #[case("STRAẞE", "straße")]
    #[case("Cafe\u{301}", "café")]
    #[case("ﬁsh", "fish")]
    #[case("ΟΔΟΣ", "οδος")]
    fn text_is_normalised(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(normalize(text), normal);
    }

    #[rstest]
    #[case("UBER *TRIP 8005928996", &["uber", "trip", "8005928996"])]
    #[case("McDonald's / mcdonald’s", &["mcdonalds", "mcdonalds"])]
    #[case("'quoted' words'", &["quoted", "words"])]
    #[case("at&t, h_m; 50%", &["at", "t", "h", "m", "50"])]
    #[case("pay-at-pump\u{a0}12", &["pay", "at", "pump", "12"])]
    #[case("Straße 7", &["straße", "7"])]
    #[case("किराने की दुकान", &["किराने", "की", "दुकान"])]
    #[case("বাজার খরচ", &["বাজার", "খরচ"])]
    #[case("क्\u{200d}ष gro\u{ad}cery", &["क्ष", "grocery"])]
    #[case("🍕\u{fe0f} pizza\u{fe0f}", &["pizza"])]
    #[case("cafe'\u{301}", &["café"])]
    #[case("\u{301}", &[])]
    #[case(" … ", &[])]
    #[case("", &[])]
    fn words_are_whole(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(words(text), expected);
    }

    #[rstest]
    #[case("grocery", "groceries", "grocery")]
    #[case("bus", "buses", "bus")]
    #[case("taxi", "taxis", "taxi")]
    #[case("dress", "dresses", "dress")]
    #[case("business", "businesses", "business")]
    #[case("gas", "gases", "gas")]
    #[case("canvas", "canvases", "canvas")]
    #[case("lunch", "lunches", "lunch")]
    #[case("brush", "brushes", "brush")]
    #[case("box", "boxes", "box")]
    #[case("toy", "toys", "toy")]
    #[case("pie", "pies", "pie")]
    #[case("toe", "toes", "toe")]
    #[case("gym", "gyms", "gym")]
    #[case("potato", "potatoes", "potato")]
    #[case("samosa", "samosas", "samosa")]
    #[case("lens", "lenses", "lens")]
    #[case("bonus", "bonuses", "bonus")]
    #[case("child", "children", "child")]
    #[case("quiz", "quizzes", "quiz")]
    #[case("house", "houses", "hous")]
    #[case("movie", "movies", "movy")]
    #[case("shoe", "shoes", "sho")]
    #[case("expense", "expenses", "expens")]
    #[case("headache", "headaches", "headach")]
    #[case("prize", "prizes", "priz")]
    #[case("knife", "knives", "knif")]
    #[case("क", "क", "क")]
    #[case("café", "cafés", "café")]
    fn singular_and_plural_meet(#[case] one: &str, #[case] many: &str, #[case] key: &str) {
        assert_eq!((singular(one).as_str(), singular(many).as_str()), (key, key));
    }

    #[rstest]
    fn no_plural_is_seen_where_there_is_none(
        #[values("bus", "gas", "fitness", "business", "canvas", "tennis", "news", "lens", "glass", "virus", "mp3s")]
        word: &str,
    ) {
        assert_eq!(singular(word), word);
    }

    #[rstest]
    #[case("Lunch, with ANA!", " lunch with ana ")]
    #[case("buses", " buses ")]
    #[case("100% _x_", " 100 x ")]
    #[case(" - ", "")]
    fn search_form(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(search_words(text), expected);
    }

    #[rstest]
    #[case("two\tlines\nof text\r\nfrom every system", true)]
    #[case("", true)]
    #[case("किराने 🍕", true)]
    #[case("a\0b", false)]
    #[case("a\u{8}b", false)]
    #[case("\u{1b}[31m", false)]
    #[case("\u{7f}", false)]
    #[case("\u{85}", false)]
    fn control_characters_are_refused(#[case] text: &str, #[case] clean: bool) {
        assert_eq!(is_clean(text), clean);
    }

    proptest! {
        #[test]
        fn ascii_is_read_as_anything_else(text in "[ -~\t\n]{0,60}") {
            let read: String = text.nfkc().collect::<String>().to_lowercase().nfkc().collect();
            prop_assert_eq!(normalize(&text), read);
            // A letter with an accent has it read the other way.
            let apart = words(&format!("{text} \u{e9}"));
            prop_assert_eq!(words(&text), &apart[..apart.len() - 1]);
        }

        #[test]
        fn normalising_twice_changes_nothing(text in any::<String>()) {
            let once = normalize(&text);
            prop_assert_eq!(normalize(&once), once);
        }

        #[test]
        fn the_search_form_is_made_of_the_words(text in any::<String>()) {
            let stored = search_words(&text);
            for word in words(&text) {
                prop_assert!(!word.is_empty());
                let needle = format!(" {word} ");
                prop_assert!(stored.contains(&needle));
                prop_assert!(!singular(&word).is_empty());
            }
            prop_assert!(!stored.contains(['%', '_', '\\', '\'', '\n']) && !stored.contains("  "));
            prop_assert_eq!(words(&stored), words(&text));
        }

        #[test]
        fn an_added_s_folds_away(word in "[a-z]{2,12}[bcdfgklmnprt]") {
            prop_assume!(!IRREGULAR.iter().any(|(form, _)| *form == word));
            let plural = format!("{word}s");
            prop_assume!(!NOT_PLURAL.contains(&plural.as_str()));
            prop_assert_eq!(singular(&plural), singular(&word));
        }
    }
}
