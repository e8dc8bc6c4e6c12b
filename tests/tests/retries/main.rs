//! Requests that a client gives an `Idempotency-Key` (http-api.md, "Conventions"; trust.md, "Money": retries).
//!
//! `FLORIN_TEST_FULL=1` runs the rounds of the promises: 100 of 64 parallel uses of one key.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod every_write;
mod races;
mod replays;
