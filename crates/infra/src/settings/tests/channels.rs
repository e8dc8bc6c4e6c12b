//! What the channels need.

use super::{findings, load};

const SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn numbers_of_the_delivery_have_bounds() {
    for (name, value, key) in [
        ("FLORIN__DELIVERY__PARALLEL", "0", "delivery.parallel: must be from 1 to 1000, not 0"),
        ("FLORIN__DELIVERY__PARALLEL", "1001", "delivery.parallel: must be from 1 to 1000, not 1001"),
        ("FLORIN__DELIVERY__TIMEOUT_MS", "99", "delivery.timeout_ms: must be from 100 to 600000, not 99"),
        ("FLORIN__DELIVERY__TIMEOUT_MS", "60000", "delivery.lease_seconds: must be longer than delivery.timeout_ms"),
        ("FLORIN__DELIVERY__LEASE_SECONDS", "10", "delivery.lease_seconds: must be longer than delivery.timeout_ms"),
        ("FLORIN__DELIVERY__MAX_ATTEMPTS", "0", "delivery.max_attempts: must be from 1 to 100, not 0"),
        ("FLORIN__DELIVERY__MAX_ATTEMPTS", "101", "delivery.max_attempts: must be from 1 to 100, not 101"),
        ("FLORIN__DELIVERY__BACKOFF_FIRST_MS", "0", "delivery.backoff_first_ms: must be from 1 to"),
        ("FLORIN__DELIVERY__BACKOFF_MOST_MS", "4999", "delivery.backoff_most_ms: must be at least"),
        ("FLORIN__DELIVERY__POLL_MS", "9", "delivery.poll_ms: must be from 10 to"),
        ("FLORIN__DELIVERY__KEEP_DAYS", "0", "delivery.keep_days: must be from 1 to"),
        ("FLORIN__DELIVERY__CHANNELS", "log,log", "delivery.channels: names log twice"),
        ("FLORIN__SCHEDULER__BIND", "8081", "scheduler.bind: must be an address and a port"),
    ] {
        let lines = findings(&[(name, value)]);
        assert_eq!(lines.len(), 1, "{name}={value}: {lines:?}");
        assert!(lines[0].starts_with(key), "{lines:?}");
    }
    for (name, value) in [
        ("FLORIN__DELIVERY__CHANNELS", ""),
        ("FLORIN__SCHEDULER__BIND", ""),
        ("FLORIN__SCHEDULER__BIND", "[::1]:0"),
        ("FLORIN__DELIVERY__PARALLEL", "1000"),
        ("FLORIN__DELIVERY__LEASE_SECONDS", "11"),
    ] {
        assert_eq!(findings(&[(name, value)]), [""; 0], "{name}={value}");
    }
    let redis = [("FLORIN__DELIVERY__QUEUE", "redis"), ("FLORIN__DELIVERY__REDIS_URL", "localhost:6379")];
    assert!(findings(&redis)[0].starts_with("delivery.redis_url: must begin with redis://"));
    assert_eq!(findings(&redis[1..]), [""; 0], "not used");
}

#[test]
fn a_chosen_channel_says_what_it_lacks() {
    let keys = |variables: &[(&str, &str)]| -> Vec<String> {
        let lines = findings(variables).into_iter();
        lines.map(|line| line.split(": ").next().unwrap_or_default().to_owned()).collect()
    };
    let mail = ["email.smtp_url", "email.from"];
    let sms = ["sms.account_sid", "sms.auth_token", "sms.from"];
    assert_eq!(keys(&[("FLORIN__OTP__DELIVERY", "smtp")]), mail);
    assert_eq!(keys(&[("FLORIN__DELIVERY__CHANNELS", "email")]), mail);
    assert_eq!(keys(&[("FLORIN__OTP__SMS", "true")]), sms);
    assert_eq!(keys(&[("FLORIN__DELIVERY__CHANNELS", "sms")]), sms);
    assert_eq!(keys(&[("FLORIN__DELIVERY__CHANNELS", "push")]), ["push.credentials_file"]);
    assert_eq!(keys(&[("FLORIN__DELIVERY__CHANNELS", "webhook")]), ["webhook.url", "webhook.secrets"]);
    let complete = [
        ("FLORIN__DELIVERY__CHANNELS", "log,email,push,sms,webhook"),
        ("FLORIN__OTP__DELIVERY", "smtp"),
        ("FLORIN__OTP__SMS", "true"),
        ("FLORIN__EMAIL__SMTP_URL", "smtps://ana:s3cret@mail.example.com"),
        ("FLORIN__EMAIL__FROM", "florin@example.com"),
        ("FLORIN__PUSH__CREDENTIALS_FILE", "/etc/florin/firebase.json"),
        ("FLORIN__SMS__ACCOUNT_SID", "AC1"),
        ("FLORIN__SMS__AUTH_TOKEN", "s3cret"),
        ("FLORIN__SMS__FROM", "+15005550006"),
        ("FLORIN__WEBHOOK__URL", "https://example.com/hook?key=s3cret"),
        ("FLORIN__WEBHOOK__SECRETS", SECRET),
    ];
    assert_eq!(findings(&complete), [""; 0]);
    for (name, value, key) in [
        ("FLORIN__EMAIL__SMTP_URL", "http://s3cret", "email.smtp_url"),
        ("FLORIN__EMAIL__FROM", "Florin", "email.from"),
        ("FLORIN__PUSH__BASE_URL", "http://fcm.example.com", "push.base_url"),
        ("FLORIN__SMS__BASE_URL", "ftp://s3cret", "sms.base_url"),
        ("FLORIN__WEBHOOK__URL", "http://example.com/s3cret", "webhook.url"),
        ("FLORIN__WEBHOOK__URL", "https://10.0.0.7/s3cret", "webhook.url"),
        ("FLORIN__WEBHOOK__SECRETS", "whsec_AAAA", "webhook.secrets"),
    ] {
        let others = complete.into_iter().filter(|(other, _)| *other != name);
        let variables: Vec<_> = others.chain([(name, value)]).collect();
        let lines = findings(&variables);
        assert_eq!(keys(&variables), [key], "{lines:?}");
        assert!(!lines[0].contains("s3cret") && lines[0].contains(name), "{lines:?}");
    }
}

#[test]
fn short_messages_that_can_reach_nobody_are_worth_a_word() {
    let warnings = |otp_sms| {
        let variables = [
            ("FLORIN__OTP__DELIVERY", "smtp"),
            ("FLORIN__OTP__SMS", otp_sms),
            ("FLORIN__DELIVERY__CHANNELS", "email,sms"),
        ];
        load(&[], &variables).unwrap().warnings()
    };
    assert!(warnings("false")[0].starts_with("delivery.channels: names sms"));
    assert_eq!(warnings("true"), [""; 0]);
}

#[test]
fn production_posts_to_no_plain_address() {
    let plain = |environment, url| {
        let variables = [
            ("FLORIN_ENV", environment),
            ("FLORIN__DELIVERY__CHANNELS", "webhook"),
            ("FLORIN__WEBHOOK__URL", url),
            ("FLORIN__WEBHOOK__SECRETS", SECRET),
            ("FLORIN__WEBHOOK__ALLOW_PRIVATE", "true"),
        ];
        findings(&variables).into_iter().filter(|line| line.starts_with("webhook.")).collect::<Vec<_>>()
    };
    for url in ["http://10.0.0.7/hook", "HTTP://10.0.0.7/hook", " http:10.0.0.7/hook"] {
        assert_eq!(plain("development", url), [""; 0]);
        assert_eq!(plain("production", url).len(), 1, "{url}");
    }
    assert_eq!(plain("production", "HTTPS://10.0.0.7/hook"), [""; 0]);
}
