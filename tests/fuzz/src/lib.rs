//! The properties of `tests/src/fuzzed.rs`, with those few files of the server that they are about: the whole server
//! would take a sanitizer's build many minutes, and brings nothing to it.

#![allow(clippy::expect_used, reason = "a property ends by panicking")]

extern crate self as florin_api;

#[path = "../../src/fuzzed.rs"]
pub mod fuzzed;
pub mod wire;
