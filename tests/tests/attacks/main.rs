//! Attacks on accounts, each with the figure that is promised against it (`FLORIN_TEST_FULL=1` gives the full size).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod flood;
mod guesses;
mod payloads;
mod secrets;
mod strings;
mod traces;
