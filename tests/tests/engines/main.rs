//! One history, the same answers byte for byte on SQLite, MariaDB and PostgreSQL.
//!
//! Each program run on one engine compares with the same file of `tests/snapshots`, so what two engines answer differently
//! fails on at least one of them. Every answer is also held against the OpenAPI document.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod record;
mod scripted;
mod unscripted;
