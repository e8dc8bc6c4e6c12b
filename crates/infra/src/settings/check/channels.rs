//! What the channels need, of notifications and of one-time codes.

use std::net::{IpAddr, SocketAddr};

use secrecy::ExposeSecret;

use super::{Environment, Findings, OtpDelivery, Settings};
use crate::channel::{ChannelError, Relay, read_base_url, read_secret, read_sender, read_url};
use crate::settings::{ChannelName, Queue};

pub(super) fn everywhere(settings: &Settings, findings: &mut Findings<'_>) {
    let delivery = &settings.delivery;
    let numbers: [(&str, u64, u64, u64); 8] = [
        ("delivery.parallel", delivery.parallel.into(), 1, 1000),
        ("delivery.timeout_ms", delivery.timeout_ms, 100, 600_000),
        ("delivery.lease_seconds", delivery.lease_seconds.into(), 1, 3600),
        ("delivery.max_attempts", delivery.max_attempts.into(), 1, 100),
        ("delivery.backoff_first_ms", delivery.backoff_first_ms.into(), 1, 86_400_000),
        ("delivery.backoff_most_ms", delivery.backoff_most_ms.into(), 1, 86_400_000),
        ("delivery.poll_ms", delivery.poll_ms.into(), 10, 3_600_000),
        ("delivery.keep_days", delivery.keep_days.into(), 1, 36_600),
    ];
    for (key, value, least, most) in numbers {
        let why = format!("must be from {least} to {most}, not {value}");
        findings.refuse_if(!(least..=most).contains(&value), key, &why);
    }
    findings.refuse_if(
        u64::from(delivery.lease_seconds) * 1000 <= delivery.timeout_ms,
        "delivery.lease_seconds",
        "must be longer than delivery.timeout_ms, or a delivery that is being tried is tried by others too",
    );
    findings.refuse_if(
        delivery.backoff_most_ms < delivery.backoff_first_ms,
        "delivery.backoff_most_ms",
        "must be at least delivery.backoff_first_ms",
    );
    for (n, channel) in delivery.channels.iter().enumerate() {
        let is_repeated = delivery.channels[..n].contains(channel);
        findings.refuse_if(is_repeated, "delivery.channels", &format!("names {channel} twice"));
    }
    if delivery.queue == Queue::Redis {
        let url = delivery.redis_url.expose_secret();
        let is_redis = url.starts_with("redis://") || url.starts_with("rediss://");
        findings.refuse_if(!is_redis, "delivery.redis_url", "must begin with redis:// or rediss://");
        // The password goes over the line in the clear, and whoever has it can hold deliveries up.
        findings.refuse_if(
            settings.environment == Environment::Production && is_plain_elsewhere(url),
            "delivery.redis_url",
            "production reaches a Redis on another machine only over TLS; use rediss://",
        );
    }
    let bind = &settings.scheduler.bind;
    findings.refuse_if(
        !bind.is_empty() && bind.parse::<SocketAddr>().is_err(),
        "scheduler.bind",
        "must be an address and a port, such as 127.0.0.1:8081, or empty",
    );
    email(settings, findings);
    push(settings, findings);
    sms(settings, findings);
    webhook(settings, findings);
}

/// Whether that is a Redis on another machine, spoken to in the clear.
fn is_plain_elsewhere(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    url.scheme() == "redis" && !is_here
}

/// What is safe and still hardly meant.
pub(super) fn warning(settings: &Settings) -> Option<String> {
    let proves_none = settings.otp.delivery == OtpDelivery::Smtp && !settings.otp.sms;
    let why = "names sms, but nobody can prove a telephone number without otp.sms";
    (proves_none && has(settings, ChannelName::Sms)).then(|| super::line(settings, "delivery.channels", why))
}

impl Findings<'_> {
    /// Notes what a channel says is wrong.
    fn note<T>(&mut self, read: Result<T, ChannelError>) {
        if let Err(ChannelError { key, reason }) = read {
            self.refuse_if(true, key, &reason);
        }
    }
}

fn has(settings: &Settings, channel: ChannelName) -> bool {
    settings.delivery.channels.contains(&channel)
}

fn email(settings: &Settings, findings: &mut Findings<'_>) {
    let for_codes = settings.otp.delivery == OtpDelivery::Smtp;
    if !for_codes && !has(settings, ChannelName::Email) {
        return;
    }
    let who = if for_codes { "otp.delivery smtp" } else { "the channel email" };
    let (url, from) = (settings.email.smtp_url.expose_secret(), &settings.email.from);
    match url.is_empty() {
        true => findings.refuse_if(true, "email.smtp_url", &format!("must be set for {who}")),
        false => findings.note(Relay::read(url)),
    }
    match from.is_empty() {
        true => findings.refuse_if(true, "email.from", &format!("must be set for {who}")),
        false => findings.note(read_sender(from)),
    }
}

fn push(settings: &Settings, findings: &mut Findings<'_>) {
    if has(settings, ChannelName::Push) {
        let is_unset = settings.push.credentials_file.is_empty();
        findings.refuse_if(is_unset, "push.credentials_file", "must be set for the channel push");
        findings.note(read_base_url("push.base_url", &settings.push.base_url));
    }
}

fn sms(settings: &Settings, findings: &mut Findings<'_>) {
    let for_codes = settings.otp.sms;
    if !for_codes && !has(settings, ChannelName::Sms) {
        return;
    }
    let who = if for_codes { "otp.sms" } else { "the channel sms" };
    let sms = &settings.sms;
    for (key, is_unset) in [
        ("sms.account_sid", sms.account_sid.is_empty()),
        ("sms.auth_token", sms.auth_token.expose_secret().is_empty()),
        ("sms.from", sms.from.is_empty()),
    ] {
        findings.refuse_if(is_unset, key, &format!("must be set for {who}"));
    }
    findings.note(read_base_url("sms.base_url", &sms.base_url));
}

fn webhook(settings: &Settings, findings: &mut Findings<'_>) {
    if !has(settings, ChannelName::Webhook) {
        return;
    }
    let webhook = &settings.webhook;
    let url = webhook.url.expose_secret();
    let read = read_url(url, webhook.allow_private);
    let is_plain = read.as_ref().is_ok_and(|url| url.scheme() == "http");
    match url.is_empty() {
        true => findings.refuse_if(true, "webhook.url", "must be set for the channel webhook"),
        false => findings.note(read),
    }
    let is_unset = webhook.secrets.is_empty();
    findings.refuse_if(is_unset, "webhook.secrets", "must be set for the channel webhook");
    if let Some(wrong) = webhook.secrets.iter().map(|secret| read_secret(secret.expose_secret())).find(Result::is_err) {
        findings.note(wrong);
    }
    if settings.environment == Environment::Production {
        let why = "production tells nobody's spending to who listens; use https";
        findings.refuse_if(is_plain, "webhook.url", why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redis_elsewhere_wants_tls() {
        for (url, is_plain) in [
            ("redis://127.0.0.1:6379", false),
            ("redis://:secret@[::1]:6379/1", false),
            ("redis://localhost", false),
            ("rediss://redis.example.net", false),
            ("redis://redis.example.net:6379", true),
            ("redis://user:secret@10.0.0.5", true),
            ("redis://127.0.0.1@redis.example.net", true),
        ] {
            assert_eq!(is_plain_elsewhere(url), is_plain, "{url}");
        }
    }
}
