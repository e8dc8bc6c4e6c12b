//! Many clients at once, on one server and on two.
//!
//! `FLORIN_TEST_LOAD_SECONDS` says how long the mixed load runs (3).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod instances;
mod load;
mod races;
