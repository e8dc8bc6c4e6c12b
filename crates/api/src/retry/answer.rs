//! Answers as bytes, to be kept: a line of JSON with status and headers, then the body as it is.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};

use crate::auth::Needs;

#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    needs: Needs,
    headers: Vec<(String, String)>,
}

/// An answer whose body is whole, as bytes, with what has to be shown for it; and the answer itself, for its body is taken
/// out and put back.
pub(super) fn encode(response: HttpResponse, needs: Needs) -> (Vec<u8>, HttpResponse) {
    let headers = response.headers().iter();
    let headers =
        headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect();
    let head = Head { status: response.status().as_u16(), needs, headers };
    let (response, body) = response.into_parts();
    let body = body.try_into_bytes().unwrap_or_default();
    // A struct of numbers and strings can always be written.
    let mut bytes = serde_json::to_vec(&head).unwrap_or_default();
    bytes.push(b'\n');
    bytes.extend_from_slice(&body);
    (bytes, response.set_body(BoxBody::new(body)))
}

/// The answer that these bytes tell, and what has to be shown for it.
pub(super) fn decode(mut bytes: Vec<u8>) -> Option<(Needs, HttpResponse)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
    let body = bytes.split_off(end + 1);
    let mut response = HttpResponseBuilder::new(StatusCode::from_u16(head.status).ok()?);
    for (name, value) in head.headers {
        response.append_header((HeaderName::try_from(name).ok()?, HeaderValue::from_str(&value).ok()?));
    }
    Some((head.needs, if body.is_empty() { response.finish() } else { response.body(body) }))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header;
    use serde_json::json;

    use super::*;

    async fn told(response: HttpResponse) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let headers = response.headers().iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned()));
        let mut headers: Vec<_> = headers.collect();
        headers.sort();
        (response.status().as_u16(), headers, response.into_body().try_into_bytes().unwrap().to_vec())
    }

    #[actix_web::test]
    async fn an_answer_comes_back_as_it_was() {
        for make in [
            || HttpResponse::Created().insert_header((header::LOCATION, "/x/1")).json(json!({"a": "é\n"})),
            || HttpResponse::NoContent().finish(),
            || crate::problem::Problem::not_found().to_response(None),
        ] {
            let (bytes, same) = encode(make(), Needs::Session);
            assert_eq!(told(same).await, told(make()).await);
            let (needs, decoded) = decode(bytes).unwrap();
            assert_eq!(needs, Needs::Session);
            assert_eq!(told(decoded).await, told(make()).await);
        }
        assert!(decode(b"nonsense".to_vec()).is_none());
    }
}
