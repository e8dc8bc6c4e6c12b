//! Deliveries handed to workers over a real Redis. Each test starts one of its own, on a free port, and ends it: it may then be
//! emptied, stopped and started again at will.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod server;
mod workers;
