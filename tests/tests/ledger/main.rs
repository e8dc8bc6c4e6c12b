//! The ledger over HTTP: undo, redo, reversal by number, and the books behind them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod actions;
mod audit;
mod by_number;
mod categories;
mod histories;
mod stories;
mod tags;

use acceptance::{Answer, Value};

/// The number of the action that undo or redo would take next; 0 for none.
fn next(answer: &Answer, which: &str) -> i64 {
    let line: &Value = &answer[which];
    if line.is_null() { 0 } else { line["seq"].as_i64().unwrap_or_else(|| panic!("{answer:?}")) }
}
