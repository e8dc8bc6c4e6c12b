//! Admins: looking after accounts, the trail, figures, verification, and what they do not see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod accounts;
mod documented;
mod figures;
mod privacy;
mod trail;
