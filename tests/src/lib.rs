//! The harness of Florin's acceptance suite. It starts the real server in this process, on a free port, with the real
//! adapters and a database of its own, and talks to it over HTTP. Injected are only a clock that tests advance and a
//! sender of one-time codes that remembers them.
//!
//! `TEST_DATABASE` chooses the engine: unset or `sqlite`, or the address of a server (`mysql://…`, `postgres://…`) whose
//! user may create databases. Anything else, or a server that does not answer, ends the tests; nothing is ever skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a harness of tests, whatever goes wrong has to end the test"
)]

pub mod answer;
pub mod app;
pub mod binary;
pub mod books;
pub mod client;
pub mod clock;
pub mod codes;
pub mod crowd;
pub mod database;
pub mod endpoints;
pub mod fuzzed;
pub mod history;
pub mod http_sink;
pub mod named_tests;
pub mod notifications;
pub mod outbox;
pub mod random;
pub mod raw;
pub mod release;
pub mod schema;
pub mod sink;
pub mod smtp;
pub mod snapshot;
pub mod torture;
pub mod user;

pub use answer::Answer;
pub use app::{App, spawn, spawn_on, spawn_with};
pub use client::Client;
pub use serde_json::{Value, json};
pub use user::User;

/// The instant at which every test begins: noon of Tuesday, 10 March 2026 in Asia/Kolkata, the zone of users who name
/// none.
pub const BEGINNING: &str = "2026-03-10T06:30:00.000Z";

/// The ids of system categories that tests name.
pub mod category {
    /// Food.
    pub const FOOD: i64 = 1;
    /// Travel.
    pub const TRAVEL: i64 = 2;
    /// Rent.
    pub const RENT: i64 = 3;
    /// Grocery.
    pub const GROCERY: i64 = 4;
    /// Fitness.
    pub const FITNESS: i64 = 6;
    /// Where nothing is known.
    pub const UNCATEGORIZED: i64 = 19;
}

/// How large a test is: `full` when `FLORIN_TEST_FULL=1`, for the figures of the promises, else what fits CI.
#[must_use]
pub fn size(in_ci: usize, full: usize) -> usize {
    if std::env::var("FLORIN_TEST_FULL").is_ok_and(|value| value == "1") { full } else { in_ci }
}

/// JSON from text that must be JSON.
///
/// # Panics
/// When it is not.
#[must_use]
#[track_caller]
pub fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
