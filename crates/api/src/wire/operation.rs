//! The name that a client gives to a write.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use florin_domain::ledger::OperationId;

use crate::problem::{self, Problem};

/// The longest `Idempotency-Key`.
const MAX_KEY: usize = 255;

/// `Idempotency-Key`: 1 to 255 visible ASCII characters. A write of a name that was applied already is not applied again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation(pub Option<OperationId>);

impl FromRequest for Operation {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = req.headers().get_all("idempotency-key");
        let Some(key) = values.next() else { return ready(Ok(Self(None))) };
        let key = key.to_str().ok().filter(|key| {
            (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) && values.next().is_none()
        });
        ready(key.map(|key| Self(Some(OperationId(key.to_owned())))).ok_or_else(|| {
            let detail = format!("Idempotency-Key must be sent once, as 1 to {MAX_KEY} visible ASCII characters");
            Problem::malformed("malformed_header", detail)
        }))
    }
}
