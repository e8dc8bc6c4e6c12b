//! Cross-origin requests of browsers: refused by saying nothing, unless origins are configured.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id");
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id",
);
/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Which web origins may call, as `https://app.example.com`.
#[derive(Debug, Clone, Default)]
pub struct Cors(pub Vec<String>);

impl Cors {
    fn allows(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }

    /// The answer to a preflight of an allowed origin.
    pub(super) fn preflight(&self, req: &ServiceRequest) -> Option<HttpResponse> {
        let origin = req.headers().get(header::ORIGIN)?.to_str().ok()?;
        let is_preflight =
            req.method() == Method::OPTIONS && req.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        (is_preflight && self.allows(origin)).then(|| {
            HttpResponse::NoContent()
                .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
                .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
                .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE))
                .finish()
        })
    }

    /// Lets the scripts of an allowed origin read the answer. Credentials are tokens, not cookies, so none are allowed.
    pub(super) fn add_headers(&self, response: &mut HttpResponse, origin: Option<&str>) {
        if self.0.is_empty() {
            return;
        }
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let Some(origin) = origin.filter(|origin| self.allows(origin)) else { return };
        if let Ok(origin) = HeaderValue::from_str(origin) {
            let expose: HeaderName = header::ACCESS_CONTROL_EXPOSE_HEADERS;
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(expose, ANSWER_HEADERS);
        }
    }
}
