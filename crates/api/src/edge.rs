//! What happens to every request around its handler: an id, a log line, figures, security headers, problem bodies, a cap
//! on requests in flight and on requests a minute, and a net for panics. One middleware, so that the order is plain to see.

pub mod client;
pub mod cors;
mod figures;
mod headers;
pub mod in_flight;
mod problems;
pub mod rate_limit;
pub(crate) mod request_id;
mod runtime;

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use florin_infra::crash::crash_point;
use futures::FutureExt;
use tracing::Instrument;
use tracing::field::{self, Empty};

use crate::problem::Problem;
use crate::retry::IDEMPOTENCY_KEY;
use crate::wire::path::percent_decode;
use client::{TrustedProxies, client_address};
use cors::Cors;
use in_flight::InFlight;
use rate_limit::{RateLimit, Sender, Tally};
use request_id::RequestId;

/// What the edge works with, shared by all workers.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Proxies whose word about the client is taken.
    pub proxies: TrustedProxies,
    /// Counts requests in flight by client.
    pub in_flight: InFlight,
    /// Counts requests a minute by user or client.
    pub rate_limit: RateLimit,
    /// Which web origins may call.
    pub cors: Cors,
    /// What handlers run on.
    pub runtime: tokio::runtime::Handle,
}

/// What came of a request.
enum Outcome {
    /// The usual.
    WithRequest(ServiceResponse<BoxBody>),
    /// The request went down with a panic.
    Alone(Box<HttpResponse>),
}

/// Wraps everything else.
///
/// # Errors
/// Errors are answers here, so that nothing further out sees others.
pub async fn edge<B: MessageBody + 'static>(
    edge: web::Data<Edge>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = request_id::of(req.headers());
    let client = client_address(req.request(), &edge.proxies);
    // Who it is, is found out further in.
    let span = tracing::info_span!("request", request_id = %id, client = client.map(field::display), user = Empty);
    async move {
        let request = About::of(&req);
        req.extensions_mut().insert(RequestId(id.clone()));
        let started = Instant::now();
        let in_flight = figures::InFlightGauge::enter();
        let tally = edge.rate_limit.tally(client);
        let outcome = answer(&edge, req, next, client, tally.as_ref()).await;
        drop(in_flight);
        crash_point("answer.ready");
        let outcome = problems::render(outcome, &id);
        let route = match &outcome {
            Outcome::WithRequest(response) => response.request().match_pattern(),
            Outcome::Alone(_) => None,
        };
        let route = route.as_deref().unwrap_or("unmatched");
        let finish = |response: &mut HttpResponse| {
            headers::add(response, &id, &request);
            edge.cors.add_headers(response, request.origin.as_deref());
            if let Some(tally) = &tally {
                tally.add_headers(response);
            }
            figures::record(request.method, route, response.status(), started.elapsed());
        };
        match outcome {
            Outcome::WithRequest(mut response) => {
                finish(response.response_mut());
                Ok(response)
            }
            Outcome::Alone(mut response) => {
                finish(&mut response);
                Err(InternalError::from_response("", *response).into())
            }
        }
    }
    .instrument(span)
    .await
}

/// An error answer whose body is as it has to be, and the request's id in it. In the response's extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rendered;

/// Counts and logs an answer to bytes that never became a request, and makes up its id.
pub(crate) fn record_unread(status: StatusCode, latency: Duration) -> String {
    let id = request_id::new();
    let _entered = tracing::info_span!("request", request_id = %id).entered();
    figures::record("OTHER", "unmatched", status, latency);
    id
}

/// What has to be known of a request after it is gone.
struct About {
    method: &'static str,
    is_personal: bool,
    is_docs: bool,
    origin: Option<String>,
}

impl About {
    fn of(req: &ServiceRequest) -> Self {
        let path = req.path();
        Self {
            method: figures::method_label(req.method()),
            is_personal: is_personal(path),
            is_docs: path.starts_with("/docs"),
            origin: req.headers().get("origin").and_then(|origin| origin.to_str().ok()).map(str::to_owned),
        }
    }
}

/// Whether what is answered there is one person's.
fn is_personal(path: &str) -> bool {
    path.starts_with("/api/") || path == "/reverseLastAction"
}

async fn answer<B: MessageBody + 'static>(
    edge: &Edge,
    req: ServiceRequest,
    next: Next<B>,
    client: Option<IpAddr>,
    tally: Option<&Tally>,
) -> Outcome {
    if percent_decode(req.uri().path()).is_none() {
        // It gets no further, so it is counted here.
        let counted = tally.filter(|_| is_personal(req.path())).map(|tally| tally.count(Sender::Unknown));
        let malformed = || Problem::malformed("malformed_path", "the path is not valid percent-encoded UTF-8");
        let problem = counted.and_then(Result::err).unwrap_or_else(malformed);
        return Outcome::WithRequest(req.into_response(problem.to_response(None)));
    }
    if let Some(response) = edge.cors.preflight(&req) {
        return Outcome::WithRequest(req.into_response(response));
    }
    if let Some(tally) = tally {
        req.extensions_mut().insert(tally.clone());
    }
    let slot = match edge.in_flight.enter(client) {
        Ok(slot) => slot,
        Err(problem) => return Outcome::WithRequest(req.into_response(problem.to_response(None))),
    };
    let is_keyed = req.headers().contains_key(IDEMPOTENCY_KEY);
    // A panic must end one request, not the worker. What it may have left behind is dropped with the request.
    let work = AssertUnwindSafe(runtime::on(&edge.runtime, in_flight::within(slot, next.call(req)))).catch_unwind();
    let result = if is_keyed {
        // In a task of its own: a client that hangs up between an effect and the keeping of its answer cuts neither short.
        actix_web::rt::spawn(work.in_current_span()).await.unwrap_or_else(|error| Err(Box::new(error)))
    } else {
        work.await
    };
    match result {
        Ok(Ok(response)) => Outcome::WithRequest(response.map_into_boxed_body()),
        Ok(Err(error)) => Outcome::Alone(Box::new(error.error_response())),
        Err(_) => Outcome::Alone(Box::new(Problem::internal().caused_by("a handler panicked").to_response(None))),
    }
}

#[cfg(test)]
mod tests;
