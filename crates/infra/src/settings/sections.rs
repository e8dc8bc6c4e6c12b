//! The sections, as types. What each key means stands in `config/default.toml` too, for those who set it.

use std::net::SocketAddr;

use florin_domain::calendar::Zone;
use florin_domain::money::Currency;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use super::choice::choice;
use super::network::Network;
use super::show::{as_code, as_name, hide_password, hide_path, hide_secret, hide_secrets};

choice!(
    /// Where a process runs.
    Environment {
        /// On the machine of somebody who tries it or works on it.
        Development = "development",
        /// In a test.
        Test = "test",
        /// For real people: unsafe settings are refused.
        Production = "production",
    }
);

// Not derived: what an unset FLORIN_ENV means is a decision, and it is made here.
#[allow(clippy::derivable_impls)]
impl Default for Environment {
    fn default() -> Self {
        Self::Development
    }
}

choice!(
    /// How one-time codes reach their owners.
    OtpDelivery {
        /// As JSON lines on standard output.
        Log = "log",
        /// By mail, as `[email]` says.
        Smtp = "smtp",
    }
);

choice!(
    /// How decided notifications reach the processes that deliver them.
    Queue {
        /// By the database alone.
        Database = "database",
        /// By a Redis stream, beside the database.
        Redis = "redis",
    }
);

choice!(
    /// A way of delivering notifications; see `florin_domain::notification::Channel`.
    ChannelName {
        /// A line of JSON on the scheduler's standard output.
        Log = "log",
        /// Mail, as `[email]` says.
        Email = "email",
        /// Firebase Cloud Messaging, as `[push]` says.
        Push = "push",
        /// Short messages, as `[sms]` says.
        Sms = "sms",
        /// Requests to an address of the operator's, as `[webhook]` says.
        Webhook = "webhook",
    }
);

choice!(
    /// How log events are written.
    LogFormat {
        /// One line of text an event.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
);

/// The HTTP server.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where to listen; port 0 takes a free one.
    #[serde(deserialize_with = "address")]
    pub bind: SocketAddr,
    /// Milliseconds for the request line and headers.
    pub head_timeout_ms: u64,
    /// Milliseconds for a whole request body.
    pub body_timeout_ms: u64,
    /// Milliseconds that an answer may stay unread.
    pub write_timeout_ms: u64,
    /// Seconds for work in flight to end after SIGTERM.
    pub shutdown_seconds: u64,
    /// Most bytes of a request body.
    pub max_body_bytes: usize,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Worker threads; 0 is one a processor.
    pub workers: usize,
    /// Web origins that may call the API from a browser, `scheme://host[:port]`; empty for none.
    pub cors_origins: Vec<String>,
}

/// Storage.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://`, `mysql://` or `postgres://`. Secret, for it may hold a password.
    #[serde(serialize_with = "hide_password")]
    pub url: SecretString,
    /// Most connections at a time.
    pub max_connections: u32,
    /// Milliseconds to wait for a free one.
    pub acquire_timeout_ms: u64,
    /// Whether writes that come at the same time share a transaction.
    pub group_commit: bool,
}

/// Tokens and password hashes.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// What tokens, codes and kept answers are keyed with; empty for a generated one (`security::SigningKey`).
    #[serde(serialize_with = "hide_secret")]
    pub secret: SecretString,
    /// Minutes that an access token is good for.
    pub access_minutes: u32,
    /// Days that a refresh token is good for.
    pub refresh_days: u32,
    /// Days that a session goes on at most, however much it is used.
    pub session_days: u32,
    /// The `iss` of access tokens.
    pub issuer: String,
    /// The `aud` of access tokens.
    pub audience: String,
    /// argon2id: KiB of memory.
    pub argon2_m_kib: u32,
    /// argon2id: passes.
    pub argon2_t: u32,
    /// argon2id: lanes.
    pub argon2_p: u32,
    /// How many passwords are hashed at the same time; 0 is one fewer than there are processors, from 1 to 8.
    pub hash_parallel: u32,
    /// How many more may wait for their turn.
    pub hash_queue: u32,
}

/// One-time codes.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Otp {
    /// How they are delivered.
    pub delivery: OtpDelivery,
    /// Whether they also go to proved telephone numbers, as `[sms]` says.
    pub sms: bool,
}

/// Delivery of notifications.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The channels that there are; also those of users who chose none.
    pub channels: Vec<ChannelName>,
    /// How decided notifications reach those who deliver them.
    pub queue: Queue,
    /// `redis://` or `rediss://`, where the queue is Redis. Secret, for it may hold a password.
    #[serde(serialize_with = "hide_password")]
    pub redis_url: SecretString,
    /// Deliveries of one channel at the same time, of one process.
    pub parallel: u32,
    /// Milliseconds for one try.
    pub timeout_ms: u64,
    /// Seconds for which a process has a delivery for itself.
    pub lease_seconds: u32,
    /// Tries before a delivery is given up.
    pub max_attempts: u32,
    /// Milliseconds of the first wait after a failure; it doubles from try to try.
    pub backoff_first_ms: u32,
    /// Milliseconds of the longest wait.
    pub backoff_most_ms: u32,
    /// Milliseconds between two looks at an empty outbox.
    pub poll_ms: u32,
    /// Days for which deliveries that are settled, and runs of jobs, are kept.
    pub keep_days: u32,
}

/// Mail.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// `smtp://` (with STARTTLS) or `smtps://`, user and password included. Secret, for it may hold one.
    #[serde(serialize_with = "hide_password")]
    pub smtp_url: SecretString,
    /// The sender, as `Florin <florin@example.com>`.
    pub from: String,
}

/// Firebase Cloud Messaging.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// The file of the service account's key, JSON.
    pub credentials_file: String,
    /// Where messages are sent.
    pub base_url: String,
}

/// Short messages through Twilio, or what speaks like it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// Where messages are sent.
    pub base_url: String,
    /// The account.
    pub account_sid: String,
    /// Its password.
    #[serde(serialize_with = "hide_secret")]
    pub auth_token: SecretString,
    /// The sender: a number or a name.
    pub from: String,
}

/// Signed requests to an address of the operator's (Standard Webhooks).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where to. Secret, for its path or its parameters may hold one.
    #[serde(serialize_with = "hide_path")]
    pub url: SecretString,
    /// The secrets to sign with, `whsec_` and Base64: the new one and, while it is rotated, the old one.
    #[serde(serialize_with = "hide_secrets")]
    pub secrets: Vec<SecretString>,
    /// Whether the address may be a private one.
    pub allow_private: bool,
}

/// The scheduler's process.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduler {
    /// When it looks for what is due: a cron expression with seconds, in UTC.
    pub schedule: String,
    /// Where it answers `/livez`, `/readyz` and `/metrics`; empty for nowhere.
    pub bind: String,
}

/// Throttles.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests a minute of one user, or of one client's network when signed out, at this server; 0 turns every throttle
    /// by count off, but not those on wrong guesses.
    pub requests_per_minute: u32,
    /// Requests of one client at work at the same time; 0 is no limit.
    pub in_flight_per_client: u32,
}

/// What a new account gets when it names nothing, and how long its trail is kept.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Its currency.
    #[serde(deserialize_with = "currency", serialize_with = "as_code")]
    pub default_currency: Currency,
    /// Its zone.
    #[serde(deserialize_with = "zone", serialize_with = "as_name")]
    pub default_timezone: Zone,
    /// Days that the audit trail is kept.
    pub audit_days: u32,
}

/// The demo user.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// Whether it may be made.
    pub allowed: bool,
}

/// Logging, to standard error.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How events are written.
    pub format: LogFormat,
    /// Which: a level, or comma-separated `module=level`.
    pub level: String,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let refused = |_| serde::de::Error::custom("must be an address and a port, such as 127.0.0.1:8080");
    String::deserialize(deserializer)?.parse().map_err(refused)
}

fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
    Currency::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
    Zone::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}
