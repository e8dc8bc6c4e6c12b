//! One field: what type it has to have.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use florin_app::error::FieldError;
use florin_domain::calendar::{Month, parse_date};
use florin_domain::id::MAX_ID;

use super::{Reader, Source};
use crate::wire::json::Node;

type Fault = (&'static str, String);

/// One field or list item, to be read as some type. Every method answers `None` for an absent value and for a faulty one;
/// the latter is recorded.
#[derive(Debug)]
pub struct Field<'r, 'a> {
    pointer: String,
    node: Option<&'a Node>,
    source: Source,
    faults: &'r mut Vec<FieldError>,
}

impl<'r, 'a> Field<'r, 'a> {
    pub(super) fn new(
        pointer: String,
        node: Option<&'a Node>,
        source: Source,
        faults: &'r mut Vec<FieldError>,
    ) -> Self {
        Self { pointer, node, source, faults }
    }

    /// Text on one line, of at most `max` characters (Unicode scalar values). May be empty.
    pub fn text(self, max: usize) -> Option<String> {
        self.read(|node, _| text(node, max, |c| c.is_control()))
    }

    /// Text in which line breaks and tabs are allowed, as in notes.
    pub fn lines(self, max: usize) -> Option<String> {
        self.read(|node, _| text(node, max, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
    }

    /// The text of an amount, written as a string or a number, as it was written. The currency reads it further.
    pub fn amount(self) -> Option<String> {
        self.read(|node, _| match node {
            Node::Number(text) => Ok(text.clone()),
            Node::Text(text) if text.len() <= 64 => Ok(text.clone()),
            Node::Text(_) => Err(("too_long", "is too long for an amount".to_owned())),
            _ => Err(wrong_type("an amount, as a string or a number")),
        })
    }

    /// A date written `YYYY-MM-DD`.
    pub fn date(self) -> Option<NaiveDate> {
        self.read(|node, _| match node {
            Node::Text(text) => parse_date(text).map_err(|e| ("invalid_date", e.to_string())),
            _ => Err(wrong_type("a date as a string")),
        })
    }

    /// A month written `YYYY-MM`.
    pub fn month(self) -> Option<Month> {
        self.read(|node, _| match node {
            Node::Text(text) => Month::parse(text).map_err(|e| ("invalid_month", e.to_string())),
            _ => Err(wrong_type("a month as a string")),
        })
    }

    /// An identifier: a whole number from 1 to 2^53 - 1.
    pub fn id(self) -> Option<i64> {
        self.integer(1..=MAX_ID)
    }

    /// A whole number in a range.
    pub fn integer(self, range: RangeInclusive<i64>) -> Option<i64> {
        self.read(|node, source| {
            let text = match (node, source) {
                (Node::Number(text), _) | (Node::Text(text), Source::Query) => text,
                _ => return Err(wrong_type("a whole number")),
            };
            let digits = text.strip_prefix('-').unwrap_or(text);
            let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if !whole || (digits.len() > 1 && digits.starts_with('0')) {
                return Err(wrong_type("a whole number"));
            }
            let fits = text.parse().ok().filter(|number| range.contains(number));
            fits.ok_or_else(|| ("out_of_range", format!("must be from {} to {}", range.start(), range.end())))
        })
    }

    /// `true` or `false`.
    pub fn boolean(self) -> Option<bool> {
        self.read(|node, source| match (node, source) {
            (Node::Boolean(value), _) => Ok(*value),
            (Node::Text(text), Source::Query) if text == "true" => Ok(true),
            (Node::Text(text), Source::Query) if text == "false" => Ok(false),
            _ => Err(wrong_type("true or false")),
        })
    }

    /// One of a few words.
    pub fn choice<T: Clone>(self, choices: &[(&str, T)]) -> Option<T> {
        self.read(|node, _| {
            let Node::Text(text) = node else { return Err(wrong_type("text")) };
            let found = choices.iter().find(|(word, _)| word == text).map(|(_, value)| value.clone());
            found.ok_or_else(|| {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                ("unknown_value", format!("must be one of: {}", words.join(", ")))
            })
        })
    }

    /// Text that `parse` makes something of; its error is told under `code`. At most 255 characters on one line.
    pub fn parsed<T, E: std::fmt::Display>(
        self,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.read(|node, _| {
            let text = text(node, 255, |c| c.is_control())?;
            parse(&text).map_err(|error| (code, error.to_string()))
        })
    }

    /// A list of at most `max` items. `None` when any item is faulty; each is told at its own pointer.
    pub fn list<T>(self, max: usize, mut read: impl FnMut(Field<'_, 'a>) -> Option<T>) -> Option<Vec<T>> {
        let (source, list) = (self.source, self.pointer.clone());
        let (items, faults) = self.items(max)?;
        let before = faults.len();
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            values.extend(read_item(format!("{list}/{index}"), item, source, faults, &mut read));
        }
        (faults.len() == before).then_some(values)
    }

    /// A list whose items may be faulty one by one, each with its own faults.
    pub fn list_of_results<T>(
        self,
        max: usize,
        mut read: impl FnMut(Field<'_, 'a>) -> Option<T>,
    ) -> Option<Vec<Result<T, Vec<FieldError>>>> {
        let (source, list) = (self.source, self.pointer.clone());
        let (items, _) = self.items(max)?;
        let results = items.iter().enumerate().map(|(index, item)| {
            let mut faults = Vec::new();
            let value = read_item(format!("{list}/{index}"), item, source, &mut faults, &mut read);
            value.filter(|_| faults.is_empty()).ok_or(faults)
        });
        Some(results.collect())
    }

    /// An object, read by its own reader.
    pub fn object<T>(self, read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
        let Node::Object(members) = self.node? else {
            return self.read(|_, _| Err(wrong_type("an object")));
        };
        let mut reader = Reader::new(members, self.pointer, self.source);
        let value = read(&mut reader);
        let faults = reader.finish();
        let value = value.filter(|_| faults.is_empty());
        self.faults.extend(faults);
        value
    }

    fn items(self, max: usize) -> Option<(&'a [Node], &'r mut Vec<FieldError>)> {
        let (code, message) = match (self.node?, self.source) {
            (Node::List(items), _) if items.len() <= max => return Some((items, self.faults)),
            (Node::List(_), _) => ("too_many", format!("must have at most {max} items")),
            // A parameter given once is a list of one.
            (node @ Node::Text(_), Source::Query) => return Some((std::slice::from_ref(node), self.faults)),
            _ => wrong_type("a list"),
        };
        self.faults.push(FieldError::new(self.pointer, code, message));
        None
    }

    fn read<T>(self, read: impl FnOnce(&'a Node, Source) -> Result<T, Fault>) -> Option<T> {
        let value = match (self.node?, self.source) {
            (Node::List(_), Source::Query) => Err(("repeated", "must be given only once".to_owned())),
            (node, source) => read(node, source),
        };
        value.map_err(|(code, message)| self.faults.push(FieldError::new(self.pointer, code, message))).ok()
    }
}

/// Reads an item of a list, in which `null` has no meaning.
fn read_item<'a, T>(
    pointer: String,
    item: &'a Node,
    source: Source,
    faults: &mut Vec<FieldError>,
    read: &mut impl FnMut(Field<'_, 'a>) -> Option<T>,
) -> Option<T> {
    if *item == Node::Null {
        faults.push(FieldError::new(pointer, "required", "must not be null"));
        return None;
    }
    read(Field::new(pointer, Some(item), source, faults))
}

fn wrong_type(wanted: &str) -> Fault {
    ("wrong_type", format!("must be {wanted}"))
}

fn text(node: &Node, max: usize, forbidden: impl Fn(char) -> bool) -> Result<String, Fault> {
    let Node::Text(text) = node else { return Err(wrong_type("text")) };
    if text.chars().any(forbidden) {
        return Err(("control_character", "must not have control characters".to_owned()));
    }
    if text.chars().count() > max {
        return Err(("too_long", format!("must have at most {max} characters")));
    }
    Ok(text.clone())
}
