//! The scheduler as a program: what it prints, what it leaves alone, many of it at once, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod crowds;
mod deaths;
mod life;
mod once;
mod start;
