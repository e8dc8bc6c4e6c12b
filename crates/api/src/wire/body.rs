//! JSON bodies: `application/json` in UTF-8, of limited size, received in limited time.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest};
use florin_app::error::FieldError;
use futures::StreamExt;

use super::json::{Node, parse};
use super::reader::{Fields, Source, read};
use crate::problem::{self, Problem};

/// How large a body may be, and how long a client may take to send it. Other limits in a scope's `app_data` hold there.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The most bytes.
    pub bytes: usize,
    /// For the whole body.
    pub time: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes: 1024 * 1024, time: Duration::from_secs(10) }
    }
}

/// A JSON object as body. In a PATCH `application/merge-patch+json` is taken as well.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// As [`Json`], but the body may be left out.
#[derive(Debug)]
pub struct OptionalJson<T>(pub Option<T>);

type Extracting<T> = Pin<Box<dyn Future<Output = problem::Result<T>>>>;

impl<T: Fields + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = receive(req, payload);
        Box::pin(async move {
            match body.await? {
                Some(body) => read_object(&body).map(Self),
                None => Err(Problem::malformed("malformed_json", "the body is empty")),
            }
        })
    }
}

impl<T: Fields + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = receive(req, payload);
        Box::pin(async move {
            match body.await? {
                Some(body) => read_object(&body).map(Some).map(Self),
                None => Ok(Self(None)),
            }
        })
    }
}

fn read_object<T: Fields>(body: &[u8]) -> problem::Result<T> {
    match parse(body).map_err(|error| Problem::malformed("malformed_json", error.to_string()))? {
        Node::Object(members) => read(&members, Source::Body),
        _ => Err(Problem::invalid(vec![FieldError::new("", "wrong_type", "must be an object")])),
    }
}

/// The whole body; `None` when it is empty.
fn receive(
    req: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = problem::Result<Option<BytesMut>>> + use<> {
    let media_type = media_type(req);
    let body = bytes(req, payload);
    async move {
        let body = body.await?;
        match media_type {
            // Of no bytes, whatever their type is said to be, as some clients do: the same as no body.
            _ if body.is_empty() => Ok(None),
            MediaType::Json => Ok(Some(body)),
            MediaType::Absent | MediaType::Other => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "the body must be application/json in UTF-8, without content encoding",
            )),
        }
    }
}

/// The bytes of the whole body, whatever their type.
pub(crate) fn bytes(
    req: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = problem::Result<BytesMut>> + use<> {
    let BodyLimits { bytes: limit, time } = req.app_data::<BodyLimits>().copied().unwrap_or_default();
    let announced = req.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    let mut payload = payload.take();
    async move {
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        // Reading a body changes nothing, so it may be cut short.
        let body = tokio::time::timeout(time, async {
            let mut body = BytesMut::with_capacity(announced.unwrap_or_default());
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_| Problem::malformed("malformed_body", "the body cannot be received"))?;
                if body.len() + chunk.len() > limit {
                    return Err(too_large(limit));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(body)
        });
        body.await
            .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", "the body did not arrive in time"))?
    }
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("the body must have at most {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

enum MediaType {
    Absent,
    Json,
    Other,
}

fn media_type(req: &HttpRequest) -> MediaType {
    if req.headers().contains_key(header::CONTENT_ENCODING) {
        return MediaType::Other;
    }
    let Some(value) = req.headers().get(header::CONTENT_TYPE) else { return MediaType::Absent };
    let Ok(value) = value.to_str() else { return MediaType::Other };
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let json = essence.eq_ignore_ascii_case("application/json")
        || (req.method() == Method::PATCH && essence.eq_ignore_ascii_case("application/merge-patch+json"));
    let utf8 = parts.filter(|part| !part.is_empty()).all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    if json && utf8 { MediaType::Json } else { MediaType::Other }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::wire::Reader;

    #[derive(Debug)]
    struct Amount(String);

    impl Fields for Amount {
        fn read(r: &mut Reader<'_>) -> Option<Self> {
            r.need("amount").amount().map(Self)
        }
    }

    async fn outcome(method: Method, headers: &[(&'static str, &'static str)], body: &[u8]) -> Result<String, String> {
        let mut request = TestRequest::default().method(method).set_payload(body.to_vec());
        request = request.app_data(BodyLimits { bytes: 40, ..BodyLimits::default() });
        for header in headers {
            request = request.insert_header(*header);
        }
        let (req, mut payload) = request.to_http_parts();
        match Json::<Amount>::from_request(&req, &mut payload).await {
            Ok(Json(Amount(amount))) => Ok(amount),
            Err(problem) => Err(problem.to_string()),
        }
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[actix_web::test]
    async fn json_objects_are_read() {
        assert_eq!(outcome(Method::POST, &[JSON], br#"{"amount": 1.10}"#).await.unwrap(), "1.10");
        let utf8 = ("content-type", "Application/JSON; charset=\"UTF-8\"");
        assert_eq!(outcome(Method::POST, &[utf8], br#"{"amount": "7"}"#).await.unwrap(), "7");
        let merge = ("content-type", "application/merge-patch+json");
        assert_eq!(outcome(Method::PATCH, &[merge], br#"{"amount": "7"}"#).await.unwrap(), "7");
    }

    #[actix_web::test]
    async fn other_bodies_are_refused_by_what_is_wrong_with_them() {
        for (headers, body, expected) in [
            (&[JSON][..], &b"{"[..], "400 malformed_json"),
            (&[JSON], b"", "400 malformed_json"),
            (&[JSON], b"[]", "422 invalid"),
            (&[JSON], b"{}", "422 invalid"),
            (&[JSON], br#"{"amount": 1, "amount": 2}"#, "400 malformed_json"),
            (&[JSON], br#"{"amount": "0000000000000000000000000000000000"}"#, "413 body_too_large"),
            (&[JSON, ("content-length", "41")], b"{}", "413 body_too_large"),
            (&[JSON, ("content-encoding", "gzip")], b"{}", "415 unsupported_media_type"),
            (&[], b"{}", "415 unsupported_media_type"),
            (&[("content-type", "application/merge-patch+json")], b"{}", "415 unsupported_media_type"),
            (&[("content-type", "text/plain")], b"{}", "415 unsupported_media_type"),
            (&[("content-type", "application/json; charset=latin1")], b"{}", "415 unsupported_media_type"),
        ] {
            assert_eq!(outcome(Method::POST, headers, body).await.unwrap_err(), expected, "{headers:?} {body:?}");
        }
    }

    #[actix_web::test]
    async fn a_body_may_be_left_out_where_that_is_said() {
        let (req, mut payload) = TestRequest::default().to_http_parts();
        assert!(OptionalJson::<Amount>::from_request(&req, &mut payload).await.unwrap().0.is_none());
        let form = ("content-type", "application/x-www-form-urlencoded");
        let (req, mut payload) = TestRequest::default().insert_header(form).to_http_parts();
        assert!(OptionalJson::<Amount>::from_request(&req, &mut payload).await.unwrap().0.is_none());
    }
}
