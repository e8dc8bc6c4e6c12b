//! Notifications over the API: what people see of theirs, what they want to hear and where, and what admins see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod devices;
mod documented;
mod inbox;
mod oversight;
mod preferences;
