//! The real program: its exit codes, its signals, its output, and what outlives it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod commands;
mod crashes;
mod export;
mod start;
