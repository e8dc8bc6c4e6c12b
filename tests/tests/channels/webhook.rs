//! Signed requests.

use std::sync::Arc;

use acceptance::clock::TestClock;
use acceptance::http_sink::{HttpSink, Reply, Request};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use florin_app::port::{NotificationSink, SinkError};
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Address, Leased};
use florin_infra::channel::ChannelError;
use florin_infra::settings::{ChannelName, Settings};

use super::{channel, delivery, later, refused};

const NEW: [u8; 24] = [1; 24];
const OLD: [u8; 32] = [2; 32];

fn secret(bytes: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(bytes))
}

fn set(settings: &mut Settings, url: &str) {
    settings.webhook.url = url.to_owned().into();
    settings.webhook.secrets = vec![secret(&NEW).into(), secret(&OLD).into()];
    settings.webhook.allow_private = true;
}

fn webhook(url: &str) -> (Arc<dyn NotificationSink>, TestClock) {
    channel(ChannelName::Webhook, |settings| set(settings, url)).unwrap()
}

fn notification() -> Leased {
    delivery(Channel::Webhook, Address::None, "Food")
}

/// Verifies as a receiver does, by another implementation of HMAC.
fn is_signed(request: &Request, signature: &str, secret: &[u8]) -> bool {
    let signed = format!("{}.{}.{}", request.header("webhook-id"), request.header("webhook-timestamp"), request.body);
    let tag = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
}

#[tokio::test]
async fn a_request_is_signed_by_each_secret_and_repeats_keep_its_id() {
    let sink = HttpSink::start().await;
    let (webhook, clock) = webhook(&format!("{}/hook?key=1", sink.url()));
    assert_eq!(webhook.deliver(&notification()).await, Ok(()));
    let request = sink.last();
    assert_eq!(request.line, "POST /hook?key=1");
    assert_eq!(request.header("content-type"), "application/json");
    assert!(request.header("user-agent").starts_with("florin/"));
    assert_eq!(request.header("webhook-id"), "msg_9");
    assert_eq!(request.header("webhook-timestamp"), (clock.millis() / 1000).to_string());
    let signatures: Vec<_> = request.header("webhook-signature").split(' ').collect();
    assert_eq!(signatures.len(), 2);
    assert!(is_signed(&request, signatures[0], &NEW) && is_signed(&request, signatures[1], &OLD));
    assert!(!is_signed(&request, signatures[0], &OLD));
    let altered = Request { body: request.body.replace("125", "126"), ..request.clone() };
    assert!(!is_signed(&altered, signatures[0], &NEW));
    let body = request.json();
    assert_eq!((&body["type"], &body["timestamp"]), (&"overspend".into(), &"2026-03-01T09:30:00.125Z".into()));
    assert_eq!(
        (&body["data"]["id"], &body["data"]["user_id"], &body["data"]["spent"]),
        (&9.into(), &7.into(), &"1250.75".into())
    );

    clock.advance_seconds(60);
    assert_eq!(webhook.deliver(&notification()).await, Ok(()));
    let again = sink.last();
    assert_eq!((again.header("webhook-id"), &again.body), ("msg_9", &request.body));
    assert_ne!(again.header("webhook-timestamp"), request.header("webhook-timestamp"));
}

#[tokio::test]
async fn each_answer_has_its_meaning() {
    let sink = HttpSink::start().await;
    let (webhook, _clock) = webhook(&sink.url());
    for (reply, outcome) in [
        (Reply::status(204), Ok(())),
        (Reply::with_header(429, "retry-after", "120"), later("it answered 429", Some(120_000))),
        (
            Reply::with_header(503, "retry-after", "Tue, 10 Mar 2026 06:31:00 GMT"),
            later("it answered 503", Some(60_000)),
        ),
        (Reply::status(500), later("it answered 500", None)),
        (Reply::with_header(500, "retry-after", "9"), later("it answered 500", None)),
        (Reply::status(408), later("it answered 408", None)),
        (Reply::status(410), refused("it answered 410: gone for good")),
        (Reply::status(400), refused("it answered 400")),
        (Reply::status(401), later("it answered 401", None)),
        (Reply::status(403), later("it answered 403", None)),
        (Reply::status(404), later("it answered 404", None)),
    ] {
        sink.script([reply.clone()]);
        assert_eq!(webhook.deliver(&notification()).await, outcome, "{reply:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (sink, elsewhere) = (HttpSink::start().await, HttpSink::start().await);
    let (webhook, _clock) = webhook(&sink.url());
    for status in [301, 302, 307, 308] {
        sink.script([Reply::with_header(status, "location", &elsewhere.url())]);
        let reason = format!("it answered {status}: redirects are not followed");
        assert_eq!(webhook.deliver(&notification()).await, refused(&reason));
    }
    assert_eq!(elsewhere.requests(), []);
}

#[tokio::test]
async fn who_hangs_or_is_not_there_is_tried_again() {
    let sink = HttpSink::start().await;
    let (hanging, _clock) = channel(ChannelName::Webhook, |settings| {
        set(settings, &sink.url());
        settings.delivery.timeout_ms = 200;
    })
    .unwrap();
    sink.script([Reply::Hangs]);
    assert_eq!(hanging.deliver(&notification()).await, later("no answer in time", None));
    let url = sink.url();
    drop(sink);
    let (absent, _clock) = webhook(&url);
    let outcome = absent.deliver(&notification()).await;
    assert!(matches!(outcome, Err(SinkError::Later { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_private_address_is_not_connected_to_whatever_its_name() {
    let sink = HttpSink::start().await;
    let private = |url: String| {
        channel(ChannelName::Webhook, |settings| {
            set(settings, &url);
            settings.webhook.allow_private = false;
        })
    };
    let error = private(sink.url()).err().unwrap();
    assert_eq!(
        error,
        ChannelError { key: "webhook.url", reason: "must be https, unless webhook.allow_private".to_owned() }
    );
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.7", "0.0.0.0"] {
        let error = private(format!("https://{host}:{}/", sink.port())).err().unwrap();
        assert_eq!(error.reason, "is a private address, which needs webhook.allow_private", "{host}");
    }
    // A name is looked up only when it is connected to.
    let (named, _clock) = private(format!("https://localhost:{}/", sink.port())).unwrap();
    let reason = "its address is a private one, which webhook.allow_private would let through";
    assert_eq!(named.deliver(&notification()).await, refused(reason));
    assert_eq!(sink.requests(), []);
}

#[tokio::test]
async fn a_bad_secret_is_found_at_the_start_and_not_told() {
    let bad = |secrets: Vec<String>| {
        let outcome = channel(ChannelName::Webhook, |settings| {
            set(settings, "https://example.com/");
            settings.webhook.secrets = secrets.into_iter().map(Into::into).collect();
        });
        outcome.err().unwrap()
    };
    for secrets in [vec![], vec![secret(&[1; 23])], vec![secret(&NEW), "s3cret".to_owned()]] {
        let error = bad(secrets);
        assert_eq!(error.key, "webhook.secrets");
        assert!(!error.reason.contains("s3cret"), "{error}");
    }
}
