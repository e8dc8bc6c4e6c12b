//! One log line and the figures of each request. Neither holds a query, a token or a path with ids in it; who sent it, and
//! from which address, stands in the span of the line and not in the figures.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};

/// One more request being worked on, until it is dropped.
pub(super) struct InFlightGauge;

impl InFlightGauge {
    pub(super) fn enter() -> Self {
        metrics::gauge!("http_requests_in_flight").increment(1);
        Self
    }
}

impl Drop for InFlightGauge {
    fn drop(&mut self) {
        metrics::gauge!("http_requests_in_flight").decrement(1);
    }
}

/// The method's name; one for all that a client may make up.
pub(super) fn method_label(method: &Method) -> &'static str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.iter().position(|one| one == method).map_or("OTHER", |i| names[i])
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

pub(super) fn record(method: &'static str, route: &str, status: StatusCode, latency: Duration) {
    let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(method, route, status = status.as_u16(), latency_us, "answered");
    let status = class(status);
    metrics::counter!("http_requests_total", "method" => method, "route" => route.to_owned(), "status" => status)
        .increment(1);
    metrics::histogram!(
        "http_request_duration_seconds", "method" => method, "route" => route.to_owned(), "status" => status
    )
    .record(latency);
}
