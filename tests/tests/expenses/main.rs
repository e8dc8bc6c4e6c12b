//! Expenses: what is taken, what is refused, and how they are found again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod batch;
mod categories;
mod changes;
mod external_ids;
mod fields;
mod forgetting;
mod learning;
mod lists;
mod notes;
mod recategorizing;
mod search;
mod strangers;
mod values;
mod versions;
