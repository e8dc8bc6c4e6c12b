//! Error answers: RFC 9457 problem details, the one form of every answer that is not a success.
//!
//! `type` is `urn:florin:problem:<code>`: an identifier and not a link, the same wherever the server runs. `code` repeats
//! its end, stable and in snake_case, for clients that switch on it. `detail` is for people and may change.

mod from_app;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use florin_app::error::FieldError;
use serde_json::{Map, Value, json};

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What handlers and extractors answer when they refuse.
pub type Result<T> = std::result::Result<T, Problem>;

/// An error answer. Everything in it is told to the client, but for the cause, which is logged once.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    extensions: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Problem {
    /// A problem of that status, code and explanation.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extensions: Map::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// 400: the request cannot even be read.
    pub fn malformed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 404, with the same bytes whether a thing is absent, another person's, or its id is none at all.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such thing here")
    }

    /// 422: these fields are wrong.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "the request has invalid fields");
        problem.0.errors = errors;
        problem
    }

    /// 500 of an unknown cause. The client learns nothing of it.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong here; the request_id finds it")
    }

    /// Adds a member besides the standard ones, as `blocking_actions`.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0.extensions.insert(member.to_owned(), value.into());
        self
    }

    /// Adds a header, as `Allow`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Adds `Retry-After`, in whole seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Notes what lies behind it, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The faulty fields.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// What lies behind it, outermost first, on one line. `None` when there is nothing to log.
    #[must_use]
    pub fn cause_chain(&self) -> Option<String> {
        let cause = self.0.cause.as_ref()?;
        let mut line = cause.to_string();
        let mut next = cause.source();
        while let Some(source) = next {
            line = format!("{line}: {source}");
            next = source.source();
        }
        Some(line)
    }

    /// The members as JSON, `request_id` included when it is known.
    #[must_use]
    pub fn to_json(&self, request_id: Option<&str>) -> Value {
        let parts = &self.0;
        let mut members = Map::new();
        members.insert("type".to_owned(), json!(format!("urn:florin:problem:{}", parts.code)));
        members.insert("title".to_owned(), json!(parts.status.canonical_reason().unwrap_or("Error")));
        members.insert("status".to_owned(), json!(parts.status.as_u16()));
        members.insert("detail".to_owned(), json!(parts.detail));
        members.insert("code".to_owned(), json!(parts.code));
        if let Some(id) = request_id {
            members.insert("request_id".to_owned(), json!(id));
        }
        if !parts.errors.is_empty() {
            let errors = parts.errors.iter();
            let errors = errors.map(|e| json!({"pointer": e.pointer, "code": e.code, "message": e.message}));
            members.insert("errors".to_owned(), errors.collect());
        }
        members.extend(parts.extensions.clone());
        Value::Object(members)
    }

    /// The whole answer. It carries the problem along in its extensions, for the log.
    #[must_use]
    pub fn to_response(&self, request_id: Option<&str>) -> HttpResponse {
        let mut builder = HttpResponse::build(self.0.status);
        builder.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
        for header in &self.0.headers {
            builder.insert_header(header.clone());
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            builder.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let mut response = builder.body(self.to_json(request_id).to_string());
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status.as_u16(), self.0.code)
    }
}

impl StdError for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        self.to_response(None)
    }
}

#[cfg(test)]
mod tests {
    use florin_app::error::AppError;
    use florin_domain::id::Seq;

    use super::*;

    #[test]
    fn the_members_are_those_of_the_contract() {
        let problem = Problem::from(AppError::field("/amount", "too_large", "must be smaller"));
        assert_eq!(
            problem.to_json(Some("r-1")),
            json!({
                "type": "urn:florin:problem:invalid", "title": "Unprocessable Entity", "status": 422, "code": "invalid",
                "detail": "the request has invalid fields", "request_id": "r-1",
                "errors": [{"pointer": "/amount", "code": "too_large", "message": "must be smaller"}],
            })
        );
    }

    #[test]
    fn a_conflict_names_what_blocks() {
        let error =
            AppError::Conflict { code: "conflict", detail: "no".to_owned(), blocking_actions: vec![Seq(3), Seq(7)] };
        assert_eq!(Problem::from(error).to_json(None)["blocking_actions"], json!([3, 7]));
        assert_eq!(Problem::from(AppError::conflict("stale", "no")).to_json(None).get("blocking_actions"), None);
    }

    #[test]
    fn the_cause_is_logged_and_not_told() {
        let problem = Problem::from(AppError::Internal("the secret cause".into()));
        assert_eq!(problem.cause_chain().as_deref(), Some("the secret cause"));
        assert!(!problem.to_json(None).to_string().contains("secret"));
        assert_eq!(problem.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn headers_go_with_the_status() {
        let response = Problem::from(AppError::Unauthenticated { code: "c", detail: String::new() }).to_response(None);
        assert_eq!(response.headers().get("www-authenticate").unwrap(), "Bearer");
        let response = Problem::from(AppError::Busy).to_response(None);
        assert_eq!(response.headers().get("retry-after").unwrap(), "1");
        assert_eq!(response.headers().get("content-type").unwrap(), PROBLEM_JSON);
    }
}
