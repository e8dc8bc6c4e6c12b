//! A strict JSON document: numbers keep their text, a key given twice is an error, nesting has an end.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep a document may nest. Requests need four levels.
const MAX_DEPTH: usize = 16;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number, as it was written.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object.
    Object(Members),
}

/// The members of an object, sorted by name, each name once.
pub type Members = Vec<(String, Node)>;

/// Not a JSON document as we take them. Says nothing of what was in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedJson {
    /// Not JSON by RFC 8259, or not UTF-8.
    #[error("the body is not a JSON document in UTF-8")]
    Syntax,
    /// An object names a member twice.
    #[error("an object of the body names a member twice")]
    DuplicateMember,
    /// Nested too deeply.
    #[error("the body is nested too deeply")]
    TooDeep,
}

/// Reads a whole document.
///
/// # Errors
/// [`MalformedJson`], which says nothing of the content.
pub fn parse(bytes: &[u8]) -> Result<Node, MalformedJson> {
    let text = std::str::from_utf8(bytes).map_err(|_| MalformedJson::Syntax)?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| MalformedJson::Syntax)?;
    node(raw, MAX_DEPTH)
}

fn node(raw: &RawValue, depth: usize) -> Result<Node, MalformedJson> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'n') => Ok(Node::Null),
        Some(b't') => Ok(Node::Boolean(true)),
        Some(b'f') => Ok(Node::Boolean(false)),
        Some(b'"') => serde_json::from_str(text).map(Node::Text).map_err(|_| MalformedJson::Syntax),
        Some(b'[') => {
            let depth = depth.checked_sub(1).ok_or(MalformedJson::TooDeep)?;
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| MalformedJson::Syntax)?;
            items.into_iter().map(|item| node(item, depth)).collect::<Result<_, _>>().map(Node::List)
        }
        Some(b'{') => {
            let depth = depth.checked_sub(1).ok_or(MalformedJson::TooDeep)?;
            let mut members = serde_json::Deserializer::from_str(text);
            let mut members = members.deserialize_map(RawMembers).map_err(|_| MalformedJson::Syntax)?;
            members.sort_by(|a, b| a.0.cmp(&b.0));
            if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return Err(MalformedJson::DuplicateMember);
            }
            let members = members.into_iter().map(|(name, value)| Ok((name, node(value, depth)?)));
            members.collect::<Result<_, _>>().map(Node::Object)
        }
        _ => Ok(Node::Number(text.to_owned())),
    }
}

struct RawMembers;

impl<'de> Visitor<'de> for RawMembers {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(entry) = map.next_entry::<String, &'de RawValue>()? {
            // Lists are bounded by the size of the body; this bounds the sorting of a hostile object.
            if members.len() > 10_000 {
                return Err(A::Error::custom("too many members"));
            }
            members.push(entry);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_text() {
        let Node::Object(members) = parse(br#"{"b": 12.50, "a": [-0, 1e5, "\u00e9"]}"#).unwrap() else { panic!() };
        assert_eq!(members[1], ("b".to_owned(), Node::Number("12.50".to_owned())));
        let expected = vec![Node::Number("-0".into()), Node::Number("1e5".into()), Node::Text("é".into())];
        assert_eq!(members[0], ("a".to_owned(), Node::List(expected)));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for bad in [
            &b""[..],
            b"{",
            b"{} {}",
            b"{\"a\": 01}",
            b"{\"a\": NaN}",
            b"{\"a\": \"\\ud800\"}",
            b"\"\xff\"",
            b"{'a': 1}",
            b"\xef\xbb\xbf{}",
            b"[1,]",
            b"{\"a\": \"\0\"}",
        ] {
            assert_eq!(parse(bad), Err(MalformedJson::Syntax), "{bad:?}");
        }
        assert_eq!(parse(br#"{"a": 1, "\u0061": 2}"#), Err(MalformedJson::DuplicateMember));
        assert_eq!(parse(br#"{"a": {"b": 1, "b": 1}}"#), Err(MalformedJson::DuplicateMember));
        assert_eq!(parse("[".repeat(17).as_bytes()).err(), Some(MalformedJson::Syntax));
        let deep = format!("{}1{}", "[".repeat(17), "]".repeat(17));
        assert_eq!(parse(deep.as_bytes()), Err(MalformedJson::TooDeep));
        let very_deep = format!("{}1{}", "[".repeat(400_000), "]".repeat(400_000));
        assert!(parse(very_deep.as_bytes()).is_err());
    }

    #[test]
    fn private_markers_of_the_parser_mean_nothing() {
        let parsed = parse(br#"{"a": {"$serde_json::private::Number": "1"}}"#).unwrap();
        let Node::Object(members) = parsed else { panic!() };
        assert!(matches!(&members[0].1, Node::Object(inner) if inner.len() == 1));
    }
}
