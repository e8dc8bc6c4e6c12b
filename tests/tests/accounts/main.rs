//! Accounts: signing up, proving an address, logging in and out, and who is let in.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod codes;
mod devices;
mod forged;
mod in_force;
mod personal_tokens;
mod profile;
mod sessions;
mod sign_up;
mod tokens;
mod trail;
