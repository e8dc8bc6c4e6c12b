//! The daily checks on a real database and under a clock of the tests' own: who hears of what, when, and only once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod oracle;
mod people;
mod plan;
mod repeated;
mod year;
