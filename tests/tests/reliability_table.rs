//! docs/reliability.md is held to the truth: every promise has its row, every row a figure of each engine and a test that is
//! there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

use std::fs;

use acceptance::named_tests::{missing, root, tests_named_in};

/// What people trust it with when it comes to money, and to staying up: the rows of the two tables, in their order.
const PROMISES: [(&str, &[&str]); 2] = [
    (
        "Money",
        &[
            "client aborts (RST)",
            "kill -9 of the server under load",
            "the database killed or restarted under load",
            "power cut (SQLite)",
            "any history, concurrent, failed, retried",
            "a total or an action altered by SQL",
            "parallel undo",
            "undo",
            "retries",
            "commit cut by the network",
            "concurrent edits",
            "deadlock, serialization",
            "disk full",
            "engines",
        ],
    ),
    (
        "Staying up",
        &[
            "slow head",
            "slow body",
            "write stall",
            "SIGTERM",
            "database away",
            "database silent",
            "read-only database",
            "file descriptors exhausted",
            "no input gives a panic or a 5xx",
            "headers of every answer",
            "CORS off unless configured",
            "unsafe configuration",
            "upgrades",
        ],
    ),
];

fn page() -> String {
    fs::read_to_string(root().join("docs/reliability.md")).unwrap()
}

/// The rows of the table below a heading: cells without the blanks around them.
fn rows<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, section) = page.split_once(&format!("## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

#[test]
fn every_promise_has_a_row_a_test_and_a_figure_of_each_engine() {
    let page = page();
    for (heading, promises) in PROMISES {
        let rows = rows(&page, heading);
        let named: Vec<&str> = rows.iter().map(|row| row[0]).collect();
        assert_eq!(named, promises, "the rows of {heading}");
        for row in rows {
            let [_, promise, shown_by, sqlite, mariadb, postgres] = row[..] else { panic!("not six cells: {row:?}") };
            assert!(!promise.is_empty(), "{row:?}");
            assert!(!tests_named_in(shown_by).is_empty(), "what shows it? {row:?}");
            for figure in [sqlite, mariadb, postgres] {
                // Where there is nothing to measure, the cell says why.
                assert!(figure.len() > 1, "a figure is missing: {row:?}");
            }
        }
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let named = tests_named_in(&page());
    assert!(named.len() >= 20, "the names are found");
    let missing = missing(&named);
    assert!(missing.is_empty(), "docs/reliability.md names what is not there:\n{}", missing.join("\n"));
}
