//! Figures over months: the score, the summary, budgets, spending.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod budgets;
mod score;
mod spending;
mod summary;
