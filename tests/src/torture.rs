//! Faults on purpose: the shipped programs over real engines, a seeded workload, and a plain model that says afterwards
//! what must be there.
//!
//! `TORTURE` says how much: unset for what fits `make test` (the debug programs), `1` for minutes (`make torture`), `full` for the
//! figures of docs/reliability.md. With it set, the programs are those of the release build.

pub mod database_server;
pub mod fleet;
pub mod galera;
pub mod model;
pub mod mount;
pub mod person;
pub mod power;
pub mod proxy;
pub mod silence;

use std::io::Write;

use crate::binary::{Place, released};
use crate::database::Engine;

pub use database_server::DatabaseServer;
pub use fleet::Fleet;
pub use person::{Outcome, Person};

/// How large a scenario is: for `make test`, for `make torture`, for the figures.
#[must_use]
pub fn size(in_tests: usize, minutes: usize, full: usize) -> usize {
    match std::env::var("TORTURE").as_deref() {
        Ok("full") => full,
        Ok("") | Err(_) => in_tests,
        Ok(_) => minutes,
    }
}

/// Whether the programs are those of the release build.
#[must_use]
pub fn is_shipped() -> bool {
    std::env::var("TORTURE").is_ok_and(|value| !value.is_empty())
}

/// The seed of this run: `TORTURE_SEED`, or always the same.
#[must_use]
pub fn seed() -> u64 {
    std::env::var("TORTURE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_130)
}

/// A place on that database for the programs that are put to the test.
///
/// # Panics
/// When the release build is wanted and is not there.
#[must_use]
pub fn place(database: &str) -> Place {
    let place = Place::new(database)
        .with("FLORIN__AUTH__SECRET", "one secret for every server, before and after each crash")
        .with("FLORIN__AUTH__ACCESS_MINUTES", "1440");
    if is_shipped() { place.running(released().expect("the release build: cargo build --release")) } else { place }
}

/// Notes a figure of this engine, under the name of its row in docs/reliability.md: on standard error, and in the file that
/// `TORTURE_FIGURES` names.
///
/// # Panics
/// When the file cannot be written.
pub fn figure(row: &str, text: &str) {
    figure_of(Engine::chosen().name(), row, text);
}

/// The same, of what is no engine of its own, or of all of them.
///
/// # Panics
/// When the file cannot be written.
pub fn figure_of(engine: &str, row: &str, text: &str) {
    writeln!(std::io::stderr(), "figure: {row} | {engine} | {text}").ok();
    if let Ok(path) = std::env::var("TORTURE_FIGURES") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        writeln!(file.expect("the file of figures"), "{row}\t{engine}\t{text}").expect("a figure is written");
    }
}
