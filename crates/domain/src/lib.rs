//! Florin's rules, pure: no I/O, no clock, no randomness. Every instant, identifier and stored value comes in as an
//! argument; every decision goes out as a value. The crate is meant to be reused by other services.
//!
//! Money is an `i64` of minor units (paise, cents, fils), instants are UTC milliseconds since 1970, ratios are basis
//! points (10,000 = all). Floating point touches none of them.

pub mod account;
pub mod budget;
pub mod calendar;
pub mod categorizer;
pub mod category;
pub mod device;
pub mod expense;
pub mod id;
pub mod insights;
pub mod ledger;
pub mod login_event;
pub mod money;
pub mod notification;
pub mod personal_token;
pub mod phone;
pub mod receipt;
pub mod repository;
pub mod score;
pub mod session;
pub mod summary;
pub mod tag;
pub mod text;
pub mod throttle;

#[cfg(test)]
mod cases;
