//! The repositories together, each test on a fresh database: SQLite unless `TEST_DATABASE` names another one.

mod database;
mod erasure;
mod export;
mod groups;
mod history;
mod large;
mod lists;
mod person;
pub(super) use person::{Person, lunch};
mod plans;
mod pruning;
mod races;
mod recategorizing;
mod remembering;
mod services;
mod settings;
mod tampering;
