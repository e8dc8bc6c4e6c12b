//! The promises of docs/reliability.md, tried on the real programs, one scenario a module. `TORTURE` says how much; see
//! `acceptance::torture`. `make torture` runs all of it on every engine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod database;
mod descriptors;
mod disk;
mod kills;
mod silent;
mod two_servers;
