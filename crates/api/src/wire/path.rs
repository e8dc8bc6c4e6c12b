//! Path segments. One that names nothing possible is answered as one that names nothing there: 404.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use florin_domain::id::MAX_ID;

use crate::problem::{self, Problem};

/// The one variable segment of a path such as `/expenses/{id}` or `/actions/{seq}/reverse`: canonical digits of 1 to 2^53 - 1, else 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub i64);

impl Id {
    /// Reads canonical digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let canonical = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|id| canonical && (1..=MAX_ID).contains(id)).map(Self)
    }
}

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(req).and_then(Self::parse).ok_or_else(Problem::not_found))
    }
}

/// The one variable segment of a path such as `/tags/{name}`, decoded: UTF-8 without control characters, of 1 to 255 characters,
/// else 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(pub String);

impl FromRequest for Name {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = segment(req).and_then(percent_decode);
        let name = name.filter(|name| (1..=255).contains(&name.chars().count()) && !name.contains(char::is_control));
        ready(name.map(Self).ok_or_else(Problem::not_found))
    }
}

/// The first variable segment; no path has two.
fn segment(req: &HttpRequest) -> Option<&str> {
    req.match_info().iter().next().map(|(_, value)| value)
}

/// Decodes `%xx`. `None` for a `%` without two hexadecimal digits, and for what is not UTF-8 after decoding.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            decoded.push(*first);
            continue;
        }
        let (high, low) = (digit(*rest.first()?)?, digit(*rest.get(1)?)?);
        decoded.push(high << 4 | low);
        rest = &rest[2..];
    }
    String::from_utf8(decoded).ok()
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_canonical() {
        assert_eq!(Id::parse("9007199254740991"), Some(Id(MAX_ID)));
        for bad in ["", "0", "01", "+1", "-1", "1.0", "9007199254740992", "99999999999999999999", "a", "1 ", "१"] {
            assert_eq!(Id::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn percent_encoding_is_read_strictly() {
        assert_eq!(percent_decode("a%20%C3%a9").as_deref(), Some("a é"));
        for bad in ["%", "%4", "%zz", "%ff", "%c3", "%c3%28", "%+1"] {
            assert_eq!(percent_decode(bad), None, "{bad:?}");
        }
    }
}
