//! Entity tags: a single resource's version, as `ETag: "3"`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest};
use florin_app::error::AppError;

use crate::problem::{self, Problem};

/// The `ETag` of a version.
#[must_use]
pub fn etag(version: i64) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    (header::ETAG, value)
}

/// The version of what has no counter of its own: a number made of all that can change in it, the same on every instance and
/// after every restart.
#[must_use]
pub fn tag_of_parts(parts: &[&str]) -> i64 {
    // FNV-1a, 32 bits.
    let text = parts.join("\u{0}");
    i64::from(text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)))
}

/// `If-Match`: in which version a resource must be to be changed. Only strong tags match (RFC 9110, 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Not sent: any version will do.
    Absent,
    /// `*`: any version will do, as long as there is one.
    Any,
    /// One of these; empty when none of the tags is one of ours, so that none matches.
    Versions(Vec<i64>),
}

impl IfMatch {
    /// Whether `version` may be changed.
    #[must_use]
    pub fn allows(&self, version: i64) -> bool {
        match self {
            Self::Absent | Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }

    /// Whether a version that `fits` may be changed.
    #[must_use]
    pub fn allows_where(&self, fits: impl Fn(i64) -> bool) -> bool {
        match self {
            Self::Absent | Self::Any => true,
            Self::Versions(versions) => versions.iter().any(|version| fits(*version)),
        }
    }

    /// [`Self::allows`], as the use cases take it.
    pub fn into_accept(self) -> impl Fn(i64) -> bool + Send + Sync + 'static {
        move |version| self.allows(version)
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(tags(req, header::IF_MATCH).map(|tags| match tags {
            None => Self::Absent,
            Some(Tags::Any) => Self::Any,
            Some(Tags::List(tags)) => {
                Self::Versions(tags.into_iter().filter(|(weak, _)| !weak).filter_map(|(_, version)| version).collect())
            }
        }))
    }
}

/// For a write of something that is never sent with an `ETag`: no version that `If-Match` names can be its own, so that the
/// write is refused with 412. Without the header, or with `*`, it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untagged;

impl FromRequest for Untagged {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let sent = IfMatch::from_request(req, payload).into_inner();
        ready(sent.and_then(|sent| match sent {
            IfMatch::Absent | IfMatch::Any => Ok(Self),
            IfMatch::Versions(_) => Err(AppError::PreconditionFailed.into()),
        }))
    }
}

/// `If-None-Match`: which versions the client has already. Weak tags match too (RFC 9110, 13.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfNoneMatch {
    /// Not sent: it has none.
    Absent,
    /// `*`: any.
    Any,
    /// These.
    Versions(Vec<i64>),
}

impl IfNoneMatch {
    /// Whether the client has `version` already, so that 304 is the answer.
    #[must_use]
    pub fn has(&self, version: i64) -> bool {
        match self {
            Self::Absent => false,
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(tags(req, header::IF_NONE_MATCH).map(|tags| match tags {
            None => Self::Absent,
            Some(Tags::Any) => Self::Any,
            Some(Tags::List(tags)) => Self::Versions(tags.into_iter().filter_map(|(_, version)| version).collect()),
        }))
    }
}

enum Tags {
    Any,
    /// Whether it is weak, and the version when it is one of ours.
    List(Vec<(bool, Option<i64>)>),
}

fn tags(req: &HttpRequest, name: HeaderName) -> problem::Result<Option<Tags>> {
    let mut list = Vec::new();
    let mut values = req.headers().get_all(&name).peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let malformed = || Problem::malformed("malformed_header", format!("{name} must be * or a list of entity tags"));
    for value in values {
        let mut rest = value.to_str().map_err(|_| malformed())?.trim();
        if rest == "*" {
            return Ok(Some(Tags::Any));
        }
        while !rest.is_empty() {
            let (weak, tag) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
            let (tag, after) = tag.strip_prefix('"').and_then(|tag| tag.split_once('"')).ok_or_else(malformed)?;
            list.push((weak, tag.parse().ok().filter(|version: &i64| version.to_string() == tag)));
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if after.is_empty() => after,
                None => return Err(malformed()),
            };
        }
    }
    if list.is_empty() { Err(malformed()) } else { Ok(Some(Tags::List(list))) }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    async fn if_match(value: &str) -> Result<IfMatch, String> {
        let req = TestRequest::default().insert_header(("if-match", value)).to_http_request();
        IfMatch::extract(&req).await.map_err(|problem| problem.to_string())
    }

    #[actix_web::test]
    async fn lists_of_tags_are_read() {
        assert_eq!(etag(3).1, "\"3\"");
        assert_eq!(if_match("\"3\"").await.unwrap(), IfMatch::Versions(vec![3]));
        assert_eq!(if_match("\"3\" , W/\"4\",\"05\", \"a,b\",\"6\"").await.unwrap(), IfMatch::Versions(vec![3, 6]));
        assert_eq!(if_match("*").await.unwrap(), IfMatch::Any);
        assert!(!if_match("\"abc\"").await.unwrap().allows(1));
        for bad in ["3", "\"3", "", "\"3\" \"4\"", "w/\"3\"", "*, \"3\""] {
            assert_eq!(if_match(bad).await.unwrap_err(), "400 malformed_header", "{bad:?}");
        }
        let req = TestRequest::default().to_http_request();
        assert_eq!(IfMatch::extract(&req).await.unwrap(), IfMatch::Absent);
        let req = TestRequest::default().insert_header(("if-none-match", "W/\"3\"")).to_http_request();
        let known = IfNoneMatch::extract(&req).await.unwrap();
        assert!(known.has(3) && !known.has(4));
    }
}
