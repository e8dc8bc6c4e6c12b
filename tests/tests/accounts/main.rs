//! Accounts: signing up, proving an address, logging in and out, and who is let in.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod audit;
mod codes;
mod devices;
mod enumeration;
mod erasure;
mod export;
mod forged;
mod housekeeping;
mod in_force;
mod passwords;
mod personal_tokens;
mod profile;
mod races;
mod sessions;
mod sign_up;
mod throttles;
mod tokens;
mod trail;
mod unproved;
