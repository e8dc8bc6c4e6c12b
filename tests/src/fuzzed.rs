//! What must hold of any bytes that reach the readers of money, dates, months, cursors and notes.
//!
//! Each function panics when it does not hold. libFuzzer drives them with bytes of its own making (`tests/fuzz`, which
//! includes this very file), and the test program `corpus` with what it has found so far. What a reader must accept is
//! said here a second time, in another way, so that a reader is not held against itself.

use florin_api::wire::cursor::bound;
use florin_api::wire::{base64url, json};
use florin_domain::calendar::{Month, Timestamp, parse_date};
use florin_domain::categorizer::features::Reader;
use florin_domain::categorizer::{
    APPLIED_BP, Categorizer, Guesser, Keyword, KeywordSet, Note, SYSTEM_CATEGORIES, Source, UNCATEGORIZED, model,
    normalize_keyword,
};
use florin_domain::id::CategoryId;
use florin_domain::money::{Currency, MAX_AMOUNT, MoneyError};
use florin_domain::{tag, text};

/// Something that must hold of any bytes.
pub type Property = fn(&[u8]);

/// Every property by the name of its folder of `tests/fuzz/corpus`.
pub const TARGETS: [(&str, Property); 5] =
    [("money", money), ("date", date), ("month", month), ("cursor", cursor), ("notes", notes)];

/// Amounts, bare and as JSON.
///
/// # Panics
/// When an amount is read that http-api.md refuses, is read as another one than is written, or is not read back as it is
/// printed.
pub fn money(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        amount(text);
        if let Ok(currency) = Currency::parse(text) {
            assert_eq!(currency.code(), text);
        }
    }
    match json::parse(bytes) {
        Ok(json::Node::Number(text)) => {
            assert_eq!(Ok(text.as_str()), std::str::from_utf8(bytes).map(|t| t.trim_matches([' ', '\t', '\n', '\r'])));
            amount(&text);
        }
        Ok(json::Node::Text(text)) => amount(&text),
        _ => {}
    }
}

fn amount(text: &str) {
    for (code, decimals) in [("JPY", 0), ("INR", 2), ("KWD", 3), ("CLF", 4)] {
        let currency = Currency::parse(code).expect("a currency");
        let read = currency.parse_amount(text);
        assert_eq!(read.ok(), plain_amount(text, decimals), "{code} {text:?}");
        let positive = currency.parse_positive(text);
        assert_eq!(positive, if read == Ok(0) { Err(MoneyError::NotPositive) } else { read }, "{code} {text:?}");
        if let Ok(minor) = read {
            let printed = currency.format(minor);
            assert_eq!(currency.parse_amount(&printed), Ok(minor), "{code} {text:?}");
            assert!(printed.starts_with(text), "{code} {text:?} is printed as {printed:?}");
            let missing = &printed[text.len()..];
            assert!(missing.bytes().all(|b| matches!(b, b'.' | b'0')), "{code} {text:?} is printed as {printed:?}");
        }
    }
}

/// The minor units of `text`: `0` or digits without a leading zero, then optionally a point and 1 to `decimals` digits.
fn plain_amount(text: &str, decimals: usize) -> Option<i64> {
    let bytes = text.as_bytes();
    let whole = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let fraction = bytes.len().saturating_sub(whole + 1);
    let well_formed = match bytes.get(whole) {
        None => true,
        Some(b'.') => (1..=decimals).contains(&fraction) && bytes[whole + 1..].iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    let leading_zero = whole > 1 && bytes[0] == b'0';
    if whole == 0 || leading_zero || !well_formed || whole > 13 {
        return None;
    }
    let digits = text.replace('.', "") + &"0".repeat(decimals - fraction);
    digits.parse().ok().filter(|minor| *minor <= MAX_AMOUNT)
}

/// Civil dates and instants.
///
/// # Panics
/// When a date is read that is not a calendar date written exactly `YYYY-MM-DD`, or one is printed as another text than
/// it was read from; when an instant is not read back as it is printed.
pub fn date(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = parse_date(text);
    assert_eq!(read.is_ok(), is_calendar_date(bytes), "{text:?}");
    if let Ok(date) = read {
        assert_eq!(date.to_string(), text);
        let month = Month::of(date);
        assert!(month.first_day() <= date && date <= month.last_day(), "{text:?}");
        assert_eq!(month.to_string(), text[..7]);
    }
    if let Ok(at) = Timestamp::parse(text) {
        assert!(is_calendar_date(&bytes[..10]) && bytes.iter().all(|b| b.is_ascii_graphic()), "{text:?}");
        let printed = at.to_rfc3339();
        assert_eq!((printed.len(), Timestamp::parse(&printed)), (24, Ok(at)), "{text:?} is printed as {printed:?}");
    }
}

fn is_calendar_date(bytes: &[u8]) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = bytes else { return false };
    let number =
        |digits: &[u8]| digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(*b - b'0')));
    let (Some(year), Some(month), Some(day)) =
        (number(&[*y1, *y2, *y3, *y4]), number(&[*m1, *m2]), number(&[*d1, *d2]))
    else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Months.
///
/// # Panics
/// When a month is read that is not written exactly `YYYY-MM` or lies before 1970, or is printed as another text than it
/// was read from.
pub fn month(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = Month::parse(text);
    let named = bytes.len() == 7 && bytes >= &b"1970-01"[..] && is_calendar_date(&[bytes, &b"-01"[..]].concat());
    assert_eq!(read.is_ok(), named, "{text:?}");
    if let Ok(month) = read {
        assert_eq!(month.to_string(), text);
        assert_eq!(Month::from_yyyymm(month.yyyymm()), Ok(month));
        assert_eq!((Month::of(month.first_day()), Month::of(month.last_day())), (month, month));
        assert_eq!((month.next().previous(), month.previous().next()), (month, month));
        assert_eq!((month.months_until(month.next()), month.next().months_until(month)), (1, -1));
        assert_eq!(month.last_day().succ_opt(), Some(month.next().first_day()));
        assert!((28..=31).contains(&month.days()), "{text:?}");
    }
}

/// Cursors. The bytes are taken as a cursor, and, cut at the first NUL, as a position and filters.
///
/// # Panics
/// When a position is not found again in the cursor made of it, is found with other filters, or is found in a text that
/// was not made of it.
pub fn cursor(bytes: &[u8]) {
    assert_eq!(base64url::decode(&base64url::encode(bytes)).as_deref(), Some(bytes));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(decoded) = base64url::decode(text) {
        assert_eq!(base64url::encode(&decoded), text, "one text for the same bytes");
    }
    let (position, filters) = text.split_once('\0').unwrap_or((text, ""));
    for filters in [filters, "", "expenses"] {
        if let Some(found) = bound::read(text, filters) {
            assert_eq!(bound::write(&found, filters), text, "a cursor that was not made here");
        }
        let cursor = bound::write(position, filters);
        assert_eq!(bound::read(&cursor, filters).as_deref(), Some(position));
        let other = format!("{filters} and more");
        assert_eq!(bound::read(&cursor, &other), None, "{text:?}: a cursor of other filters");
        // No change of one letter gives another cursor.
        let at = position.len() % cursor.len();
        let letter = if cursor.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut damaged = cursor;
        damaged.replace_range(at..=at, letter);
        assert_eq!(bound::read(&damaged, filters), None, "{text:?}: a damaged cursor");
    }
}

/// Notes, tags and keywords: the lines of a text are notes, a keyword, and tags.
///
/// # Panics
/// When a normal form is not its own, when a text has words that its search form has not, or when the categorizer names
/// words that do not stand in the notes or tags.
pub fn notes(bytes: &[u8]) {
    let all = String::from_utf8_lossy(bytes);
    normal_forms(&all);
    let mut lines = all.split('\n');
    let (notes, keyword) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let tags: Vec<String> = lines.filter_map(|line| tag::normalize(line).ok()).take(tag::MAX_TAGS).collect();
    let note = Note::new(notes, &tags);

    let mine =
        KeywordSet::new([Keyword { phrase: keyword.to_owned(), category: CategoryId(100) }], Source::UserKeyword);
    let folded_keyword = Note::new(keyword, &[]);
    let stands = !folded_keyword.folded().is_empty() && note.folded().contains(folded_keyword.folded());
    assert_eq!(mine.guess(&note).is_some(), stands, "{keyword:?} in {notes:?} {tags:?}");

    let mut words = Reader::default();
    words.read(std::iter::once(notes).chain(tags.iter().map(String::as_str)));
    for keywords in [Some(&mine), None] {
        let categorizer = Categorizer { keywords, learned: None, model: model::shipped() };
        let guess = categorizer.decide(&note);
        assert_eq!(guess, categorizer.decide(&Note::new(notes, &tags)), "the same note, another answer");
        let known = guess.category == CategoryId(100) || SYSTEM_CATEGORIES.iter().any(|(id, _)| *id == guess.category);
        assert!(known && guess.categorization.confidence_bp <= 10_000, "{guess:?}");
        let why = &guess.categorization;
        match why.source {
            Source::None => assert_eq!((guess.category, why.confidence_bp, why.model), (UNCATEGORIZED, 0, None)),
            Source::Model => assert!(why.confidence_bp >= APPLIED_BP && why.model.is_some(), "{guess:?}"),
            source => assert_eq!((source, stands, keywords.is_some()), (Source::UserKeyword, true, true)),
        }
        assert!(guess.suggestions.is_empty() || why.source == Source::None, "{guess:?}");
        assert!(guess.suggestions.len() <= 3 && guess.suggestions.iter().all(|s| s.confidence_bp < APPLIED_BP));
        if let Some(matched) = &why.matched {
            // A keyword, which stands in the note, or the words that weighed most, which are words of it.
            let keyword = Note::new(matched, &[]);
            let stands = !keyword.folded().is_empty() && note.folded().contains(keyword.folded());
            let is_word = |named: &str| (0..words.len()).any(|place| words.word(place) == named);
            assert!(stands || matched.split(", ").all(is_word), "{matched:?} does not stand in {note:?}");
        }
    }
}

fn normal_forms(all: &str) {
    let normal = text::normalize(all);
    assert_eq!(text::normalize(&normal), normal, "{all:?}");
    let words = text::words(all);
    let stored = text::search_words(all);
    assert_eq!(text::words(&stored), words, "{all:?}");
    assert!(!stored.contains(['%', '_', '\\', '\'', '\0', '\n']), "{stored:?}");
    for word in &words {
        assert!(stored.contains(&format!(" {word} ")) && !text::singular(word).is_empty(), "{word:?}");
    }
    assert!(!all.contains('\0') || !text::is_clean(all), "NUL is refused everywhere");
    if let Ok(tag) = tag::normalize(all) {
        assert_eq!(tag::normalize(&tag).as_deref(), Ok(tag.as_str()), "{all:?}");
    }
    if let Some(keyword) = normalize_keyword(all) {
        assert_eq!(normalize_keyword(&keyword).as_ref(), Some(&keyword), "{all:?}");
    }
}
