//! Answers that succeed. Wire types carry money, dates and instants as strings already.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use serde::Serialize;

use crate::wire::IfNoneMatch;
use crate::wire::etag::etag;

/// 200 with a JSON body.
pub fn ok(body: &impl Serialize) -> HttpResponse {
    json(StatusCode::OK, body)
}

/// 202 with a JSON body.
pub fn accepted(body: &impl Serialize) -> HttpResponse {
    json(StatusCode::ACCEPTED, body)
}

/// 204.
#[must_use]
pub fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// Any status with a JSON body.
pub fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(body)
}

/// 200 with the `ETag` of `version`.
pub fn versioned(version: i64, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag(version)).json(body)
}

/// As [`versioned`], or 304 when the client has that version already.
pub fn unless_known(version: i64, known: &IfNoneMatch, body: &impl Serialize) -> HttpResponse {
    if known.has(version) {
        return HttpResponse::NotModified().insert_header(etag(version)).finish();
    }
    versioned(version, body)
}

/// 201 with `Location` and the `ETag` of `version`.
pub fn created(location: &str, version: i64, body: &impl Serialize) -> HttpResponse {
    let mut builder = HttpResponse::Created();
    if let Ok(location) = HeaderValue::from_str(location) {
        builder.insert_header((header::LOCATION, location));
    }
    builder.insert_header(etag(version)).json(body)
}
