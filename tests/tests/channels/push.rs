//! Push messages.

use std::path::PathBuf;
use std::sync::Arc;

use acceptance::clock::TestClock;
use acceptance::http_sink::{HttpSink, Reply};
use acceptance::{Value, json, parse};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use florin_app::port::{NotificationSink, SinkError};
use florin_domain::id::DeviceId;
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Address, Leased};
use florin_infra::settings::ChannelName;
use tempfile::TempDir;

use super::{channel, delivery, later, refused};

/// A Firebase of one's own: the service of tokens, that of messages, and a service account with a new key.
struct Firebase {
    tokens: HttpSink,
    messages: HttpSink,
    key: KeyPair,
    folder: TempDir,
}

impl Firebase {
    async fn start() -> Self {
        let (tokens, messages) = (HttpSink::start().await, HttpSink::start().await);
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).unwrap();
        let lines: Vec<_> = STANDARD.encode(der.as_ref()).as_bytes().chunks(64).map(<[u8]>::to_vec).collect();
        let body = String::from_utf8(lines.join(&b'\n')).unwrap();
        let account = json!({
            "type": "service_account",
            "project_id": "florin-test",
            "private_key_id": "key-1",
            "private_key": format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"),
            "client_email": "florin@florin-test.example",
            "token_uri": format!("{}/token", tokens.url()),
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("firebase.json"), account.to_string()).unwrap();
        Self { tokens, messages, key, folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("firebase.json")
    }

    fn channel(&self) -> (Arc<dyn NotificationSink>, TestClock) {
        let made = channel(ChannelName::Push, |settings| {
            settings.push.credentials_file = self.file().to_string_lossy().into_owned();
            settings.push.base_url = self.messages.url();
        });
        made.unwrap()
    }

    /// Hands out these tokens, each for an hour.
    fn hands_out(&self, tokens: &[&str]) {
        let answer = |token: &&str| Reply::json(200, &json!({"access_token": token, "expires_in": 3600}));
        self.tokens.script(tokens.iter().map(answer));
    }
}

fn to(token: &str) -> Leased {
    delivery(Channel::Push, Address::Device { device: DeviceId(3), token: token.to_owned() }, "Food")
}

#[tokio::test]
async fn a_message_goes_to_the_device_under_a_signed_access() {
    let firebase = Firebase::start().await;
    firebase.hands_out(&["access-1"]);
    let (push, clock) = firebase.channel();
    assert_eq!(push.deliver(&to("device-1")).await, Ok(()));

    let asked = firebase.tokens.last();
    assert_eq!(asked.line, "POST /token");
    let assertion = asked.body.split("assertion=").nth(1).unwrap();
    assert!(asked.body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&"));
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, firebase.key.public_key().as_ref());
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let part = |text: &str| parse(&String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap());
    let (header, claims) = signed.split_once('.').unwrap();
    assert_eq!(part(header), json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}));
    let now = clock.millis() / 1000;
    let expected = json!({
        "iss": "florin@florin-test.example", "scope": "https://www.googleapis.com/auth/firebase.messaging",
        "aud": format!("{}/token", firebase.tokens.url()), "iat": now, "exp": now + 3600,
    });
    assert_eq!(part(claims), expected);

    let request = firebase.messages.last();
    assert_eq!(request.line, "POST /v1/projects/florin-test/messages:send");
    assert_eq!(request.header("authorization"), "Bearer access-1");
    let message = &request.json()["message"];
    assert_eq!(message["token"], "device-1");
    assert_eq!(
        message["notification"],
        json!({"title": "Over your limit: Food", "body": "You have overspent in category Food."})
    );
    for (pointer, value) in [
        ("/data/id", "9"),
        ("/data/type", "overspend"),
        ("/data/code", "category_limit_exceeded"),
        ("/data/category_id", "1"),
        ("/android/collapse_key", "9"),
        ("/apns/headers/apns-collapse-id", "9"),
        ("/webpush/notification/tag", "9"),
    ] {
        assert_eq!(message.pointer(pointer), Some(&Value::from(value)), "{pointer}");
    }
    assert!(message["data"].as_object().unwrap().values().all(Value::is_string));
}

#[tokio::test]
async fn one_access_serves_all_until_its_end_and_is_dropped_when_it_is_refused() {
    let firebase = Firebase::start().await;
    firebase.hands_out(&["access-1", "access-2", "access-3"]);
    let (push, clock) = firebase.channel();
    let many = (0..10).map(|_| {
        let push = Arc::clone(&push);
        tokio::spawn(async move { push.deliver(&to("device-1")).await })
    });
    for one in many.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), Ok(()));
    }
    assert_eq!(firebase.tokens.requests().len(), 1, "however many wait");
    firebase.messages.script([Reply::status(401)]);
    let outcome = push.deliver(&to("device-1")).await;
    assert_eq!(outcome, later("the access token is not in force any more", None));
    assert_eq!(push.deliver(&to("device-1")).await, Ok(()));
    assert_eq!(firebase.messages.last().header("authorization"), "Bearer access-2");
    clock.advance_seconds(3600 - 61);
    assert_eq!(push.deliver(&to("device-1")).await, Ok(()));
    assert_eq!(firebase.tokens.requests().len(), 2);
    clock.advance_seconds(2);
    assert_eq!(push.deliver(&to("device-1")).await, Ok(()));
    assert_eq!(firebase.messages.last().header("authorization"), "Bearer access-3", "shortly before its end");
}

#[tokio::test]
async fn each_answer_has_its_meaning() {
    let firebase = Firebase::start().await;
    firebase.hands_out(&["access-1"]);
    let (push, _clock) = firebase.channel();
    let unregistered = json!({"error": {"status": "NOT_FOUND", "details": [{"errorCode": "UNREGISTERED"}]}});
    let details = json!([{"fieldViolations": [{"field": "message.token"}]}]);
    let denied = json!({"error": {"status": "PERMISSION_DENIED"}});
    let of_another_project = json!({"error": {"details": [{"errorCode": "SENDER_ID_MISMATCH"}]}});
    let no_token = json!({"error": {"status": "INVALID_ARGUMENT", "details": details}});
    let gone =
        |status: u16| Err(SinkError::Gone { reason: format!("the device is not registered any more: {status}") });
    for (reply, outcome) in [
        (Reply::json(404, &unregistered), gone(404)),
        (Reply::json(400, &no_token), gone(400)),
        (Reply::json(400, &json!({"error": {"status": "INVALID_ARGUMENT"}})), refused("it answered 400")),
        (Reply::status(404), later("the service refused the project: 404", None)),
        (Reply::json(403, &denied), later("the service refused the project: 403", None)),
        (Reply::json(403, &of_another_project), gone(403)),
        (Reply::with_header(429, "retry-after", "60"), later("it answered 429", Some(60_000))),
        (Reply::with_header(503, "retry-after", "5"), later("it answered 503", Some(5000))),
        (Reply::status(500), later("it answered 500", None)),
    ] {
        firebase.messages.script([reply.clone()]);
        assert_eq!(push.deliver(&to("device-1")).await, outcome, "{reply:?}");
    }
}

#[tokio::test]
async fn without_access_it_is_tried_again() {
    let firebase = Firebase::start().await;
    let (push, _clock) = firebase.channel();
    firebase.tokens.script([Reply::status(400), Reply::with_header(503, "retry-after", "7"), Reply::status(200)]);
    for outcome in [
        later("the token service refused the service account: 400", None),
        later("the token service answered 503", Some(7000)),
        later("the token service answered no token", None),
    ] {
        assert_eq!(push.deliver(&to("device-1")).await, outcome);
    }
    assert_eq!(firebase.messages.requests(), []);
}

#[tokio::test]
async fn a_file_that_is_no_key_is_found_at_the_start() {
    let firebase = Firebase::start().await;
    for text in ["", "{}", "{\"project_id\": \"s3cret\"}"] {
        std::fs::write(firebase.file(), text).unwrap();
        let made = channel(ChannelName::Push, |settings| {
            settings.push.credentials_file = firebase.file().to_string_lossy().into_owned();
        });
        let error = made.err().unwrap();
        assert_eq!(error.key, "push.credentials_file");
        assert!(!error.reason.contains("s3cret"), "{error}");
    }
}
