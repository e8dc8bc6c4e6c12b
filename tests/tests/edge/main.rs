//! What holds for every request, whatever its route.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod aborts;
mod bodies;
mod limits;
mod operations;
mod requests;
mod timeouts;
