//! Headers of every answer.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};

use super::About;

/// JSON shows nothing, so only framing needs a word.
const POLICY: &str = "frame-ancestors 'none'";
/// The page of the API: its own scripts, and the styles that it writes into itself.
const DOCS_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn add(response: &mut HttpResponse, id: &str, request: &About) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let policy = if request.is_docs { DOCS_POLICY } else { POLICY };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    if !request.is_docs && !headers.contains_key(header::CACHE_CONTROL) {
        // What is outside `/api` and the page is health and figures, which are of the moment.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if request.is_personal {
        headers.append(header::VARY, HeaderValue::from_static("authorization"));
    }
}
