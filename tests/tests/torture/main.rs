//! The promises of docs/reliability.md, tried on the real programs, one scenario a module. `TORTURE` says how much; see
//! `acceptance::torture`. `make torture` runs all of it on every engine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod aborts;
mod commit;
mod crash_points;
mod database;
mod deadlock;
mod descriptors;
mod disk;
mod erasure;
mod histories;
mod kills;
mod power;
mod races;
mod retries;
mod sigterm;
mod silent;
mod slow;
mod tampering;
mod undo;
