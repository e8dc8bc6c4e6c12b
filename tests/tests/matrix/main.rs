//! Another person's things are as absent as what never was, on every operation that takes an identifier, and nobody gives
//! themselves what is not theirs to give.
//!
//! The operations are taken from the OpenAPI document: one that this program does not know how to feed fails it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod feed;
mod powers;
mod slots;
mod strangers;
