//! What the channels that speak HTTP have in common: one set-up, and the meaning of answers.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use florin_app::port::SinkError;
use florin_domain::calendar::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{ClientBuilder, Response, StatusCode, redirect};
use rustls::{ClientConfig, RootCertStore};

use super::public::NotPublic;
use super::{later, refused};

/// The most bytes of an answer that are looked at.
const MAX_ANSWER: usize = 16 * 1024;
/// The longest pause that the other side may ask for: a day, in milliseconds.
const MAX_PAUSE: i64 = 24 * 60 * 60 * 1000;

/// A client that trusts Mozilla's authorities, follows no redirect, knows no proxy, and takes no longer than `timeout`.
pub(super) fn client(timeout: Duration) -> Result<ClientBuilder, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls.with_root_certificates(roots).with_no_client_auth())
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(timeout)
        .connect_timeout(timeout)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("florin/", env!("CARGO_PKG_VERSION"))))
}

/// Why there was no answer. An address that must not be connected to will not become another one by itself.
pub(super) fn no_answer(error: &reqwest::Error) -> SinkError {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<NotPublic>() {
            return refused("its address is a private one, which webhook.allow_private would let through");
        }
        source = cause.source();
    }
    if error.is_timeout() {
        later("no answer in time")
    } else if error.is_connect() {
        later("it cannot be connected to")
    } else {
        later("the connection broke before an answer")
    }
}

/// What the body says, as far as it is looked at, so that the connection can be used again.
pub(super) async fn body_of(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MAX_ANSWER.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    body
}

/// What a status means where no more is known: those that pass are tried again.
pub(super) fn meaning(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Result<(), SinkError> {
    let number = status.as_u16();
    match number {
        200..=299 => Ok(()),
        408 | 425 | 429 | 500..=599 => Err(SinkError::Later {
            reason: format!("it answered {number}"),
            after_millis: matches!(number, 429 | 503).then(|| retry_after(headers, now)).flatten(),
        }),
        300..=399 => Err(refused(format!("it answered {number}: redirects are not followed"))),
        410 => Err(refused("it answered 410: gone for good")),
        _ => Err(refused(format!("it answered {number}"))),
    }
}

/// How long `Retry-After` wants to be left alone, in milliseconds: seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let millis = if value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse::<i64>().ok()?.checked_mul(1000)?
    } else {
        DateTime::parse_from_rfc2822(value).ok()?.timestamp_millis().saturating_sub(now.0)
    };
    Some(millis.clamp(0, MAX_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_a_date() {
        let now = Timestamp(1_772_357_400_000);
        for (value, millis) in [
            ("120", Some(120_000)),
            ("0", Some(0)),
            (" 7 ", Some(7000)),
            ("Sun, 01 Mar 2026 09:30:05 GMT", Some(5000)),
            ("Sun, 01 Mar 2026 09:29:05 GMT", Some(0)),
            ("99999999999999999999", None),
            ("9999999999", Some(MAX_PAUSE)),
            ("-1", None),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), millis, "{value:?}");
        }
    }
}
