//! What the server answered, with what holds for every answer checked on arrival.

use std::fmt;
use std::ops::Index;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer of the server.
#[derive(Clone)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes of the body.
    pub body: Vec<u8>,
    /// The body as JSON; `null` when it is empty or something else.
    pub json: Value,
}

/// What may stand in no body, whatever happens: traces of what the server is made of.
const LEAKS: [&str; 8] = ["sqlx", "sea_orm", "SQLSTATE", "SELECT ", "INSERT ", "panicked", "$argon2", ".rs:"];

impl Answer {
    /// Takes an answer apart and checks what must hold for every one (http-api.md, "Conventions"; trust.md, "Staying up").
    #[track_caller]
    pub(crate) fn new(asked: String, status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        let json = serde_json::from_slice(&body).unwrap_or_default();
        let answer = Self { asked, status, headers, body, json };
        answer.check();
        answer
    }

    #[track_caller]
    fn check(&self) {
        assert!(self.status != 500, "a server error: {self:?}");
        let request_id = self.header("x-request-id").unwrap_or_else(|| panic!("no X-Request-Id: {self:?}"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{self:?}");
        let policy = self.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("frame-ancestors 'none'"), "no frame-ancestors: {self:?}");
        if self.asked.contains(" /api/") {
            assert!(self.header("cache-control").unwrap_or_default().contains("no-store"), "not no-store: {self:?}");
        }
        let is_problem = self.header("content-type") == Some("application/problem+json");
        assert_eq!(is_problem, self.status >= 400 && !self.is_headless(), "problem+json is for refusals: {self:?}");
        if is_problem && !self.body.is_empty() {
            assert_eq!(self.json["status"], self.status, "{self:?}");
            // What is answered again is the first answer, which names the first request.
            let is_replay = self.header("idempotency-replayed").is_some();
            assert!(is_replay || self.json["request_id"] == request_id, "{self:?}");
            for member in ["type", "title", "detail", "code"] {
                assert!(self.json[member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {self:?}");
            }
            let text = String::from_utf8_lossy(&self.body);
            for leak in LEAKS {
                assert!(!text.contains(leak), "{leak} leaked: {self:?}");
            }
        }
    }

    fn is_headless(&self) -> bool {
        self.header("content-type").is_none() && self.body.is_empty()
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert!(self.status == status, "wanted {status}: {self:?}");
        self
    }

    /// The answer, which must be a refusal of this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert!(self.status == status && self.json["code"] == code, "wanted {status} {code}: {self:?}");
        self
    }

    /// The answer, which must be 422 with exactly these faults in any order: pointers, each with its code after a blank.
    #[track_caller]
    pub fn invalid(self, faults: &[&str]) -> Self {
        let answer = self.refused(422, "invalid");
        let mut found = answer.faults();
        found.sort();
        let mut wanted: Vec<String> = faults.iter().map(|fault| (*fault).to_owned()).collect();
        wanted.sort();
        assert!(found == wanted, "wanted the faults {wanted:?}: {answer:?}");
        answer
    }

    /// Pointers to faulty fields, each with its code after a blank.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| format!("{} {}", text(&error["pointer"]), text(&error["code"]))).collect()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The entity tag, which must be there.
    #[must_use]
    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("no ETag: {self:?}")).to_owned()
    }

    /// The list under `data`.
    #[must_use]
    #[track_caller]
    pub fn data(&self) -> &[Value] {
        self.json["data"].as_array().unwrap_or_else(|| panic!("no list under data: {self:?}"))
    }

    /// The identifier under `id`.
    #[must_use]
    #[track_caller]
    pub fn id(&self) -> i64 {
        self.json["id"].as_i64().unwrap_or_else(|| panic!("no id: {self:?}"))
    }

    /// The text of a member, which must be one.
    #[must_use]
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        self.json[member].as_str().unwrap_or_else(|| panic!("no text {member}: {self:?}")).to_owned()
    }

    /// The bytes without the request's own id, to compare two refusals with.
    #[must_use]
    pub fn anonymous(&self) -> String {
        let id = self.header("x-request-id").unwrap_or_default();
        String::from_utf8_lossy(&self.body).replace(id, "…")
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, member: &str) -> &Value {
        &self.json[member]
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        let body: String = body.chars().take(4000).collect();
        write!(f, "{}\n-> {} {:?}\n{body}", self.asked, self.status, self.headers)
    }
}
