//! Deliveries from the outbox: channels that hang, fail or ask for patience, and processes that stop or die.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod channels;
mod ending;
mod outage;
