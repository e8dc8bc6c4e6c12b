//! SECURITY.md is held to the truth: each test that it names is there, and each requirement of the ASVS has its row.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use acceptance::named_tests::{missing, root, tests_named_in};

/// An identifier such as V6.2.1, in the order of the standard.
type Id = [u32; 3];

/// The requirements of ASVS 5.0.0, section by section: those of level 1, then those of level 2.
const ASVS: [(&str, &[u32], &[u32]); 75] = [
    ("1.1", &[], &[1, 2]),
    ("1.2", &[1, 2, 3, 4, 5], &[6, 7, 8, 9]),
    ("1.3", &[1, 2], &[3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ("1.4", &[], &[1, 2, 3]),
    ("1.5", &[1], &[2]),
    ("2.1", &[1], &[2, 3]),
    ("2.2", &[1, 2], &[3]),
    ("2.3", &[1], &[2, 3, 4]),
    ("2.4", &[], &[1]),
    ("3.2", &[1, 2], &[]),
    ("3.3", &[1], &[2, 3, 4]),
    ("3.4", &[1, 2], &[3, 4, 5, 6]),
    ("3.5", &[1, 2, 3], &[4, 5]),
    ("3.7", &[], &[1, 2]),
    ("4.1", &[1], &[2, 3]),
    ("4.2", &[], &[1]),
    ("4.3", &[], &[1, 2]),
    ("4.4", &[1], &[2, 3, 4]),
    ("5.1", &[], &[1]),
    ("5.2", &[1, 2], &[3]),
    ("5.3", &[1, 2], &[]),
    ("5.4", &[], &[1, 2, 3]),
    ("6.1", &[1], &[2, 3]),
    ("6.2", &[1, 2, 3, 4, 5, 6, 7, 8], &[9, 10, 11, 12]),
    ("6.3", &[1, 2], &[3, 4]),
    ("6.4", &[1, 2], &[3, 4]),
    ("6.5", &[], &[1, 2, 3, 4, 5]),
    ("6.6", &[], &[1, 2, 3]),
    ("6.8", &[], &[1, 2, 3, 4]),
    ("7.1", &[], &[1, 2, 3]),
    ("7.2", &[1, 2, 3, 4], &[]),
    ("7.3", &[], &[1, 2]),
    ("7.4", &[1, 2], &[3, 4, 5]),
    ("7.5", &[], &[1, 2]),
    ("7.6", &[], &[1, 2]),
    ("8.1", &[1], &[2]),
    ("8.2", &[1, 2], &[3]),
    ("8.3", &[1], &[]),
    ("8.4", &[], &[1]),
    ("9.1", &[1, 2, 3], &[]),
    ("9.2", &[1], &[2, 3, 4]),
    ("10.1", &[], &[1, 2]),
    ("10.2", &[], &[1, 2]),
    ("10.3", &[], &[1, 2, 3, 4]),
    ("10.4", &[1, 2, 3, 4, 5], &[6, 7, 8, 9, 10, 11]),
    ("10.5", &[], &[1, 2, 3, 4, 5]),
    ("10.6", &[], &[1, 2]),
    ("10.7", &[], &[1, 2, 3]),
    ("11.1", &[], &[1, 2]),
    ("11.2", &[], &[1, 2, 3]),
    ("11.3", &[1, 2], &[3]),
    ("11.4", &[1], &[2, 3, 4]),
    ("11.5", &[], &[1]),
    ("11.6", &[], &[1]),
    ("12.1", &[1], &[2, 3]),
    ("12.2", &[1, 2], &[]),
    ("12.3", &[], &[1, 2, 3, 4]),
    ("13.1", &[], &[1]),
    ("13.2", &[], &[1, 2, 3, 4, 5]),
    ("13.3", &[], &[1, 2]),
    ("13.4", &[1], &[2, 3, 4, 5]),
    ("14.1", &[], &[1, 2]),
    ("14.2", &[1], &[2, 3, 4]),
    ("14.3", &[1], &[2, 3]),
    ("15.1", &[1], &[2, 3]),
    ("15.2", &[1], &[2, 3]),
    ("15.3", &[1], &[2, 3, 4, 5, 6, 7]),
    ("16.1", &[], &[1]),
    ("16.2", &[], &[1, 2, 3, 4, 5]),
    ("16.3", &[], &[1, 2, 3, 4]),
    ("16.4", &[], &[1, 2, 3]),
    ("16.5", &[], &[1, 2, 3]),
    ("17.1", &[], &[1]),
    ("17.2", &[], &[1, 2, 3, 4]),
    ("17.3", &[], &[1, 2]),
];

/// Level 1 or 2 of each requirement.
fn levels() -> BTreeMap<Id, u32> {
    let mut levels = BTreeMap::new();
    for (section, first, second) in ASVS {
        let (chapter, section) = section.split_once('.').unwrap();
        for (level, numbers) in [(1, first), (2, second)] {
            for number in numbers {
                let id = [chapter.parse().unwrap(), section.parse().unwrap(), *number];
                assert_eq!(levels.insert(id, level), None, "V{chapter}.{section}.{number} stands here twice");
            }
        }
    }
    levels
}

fn security() -> String {
    fs::read_to_string(root().join("SECURITY.md")).unwrap()
}

#[test]
fn every_test_that_is_named_is_there() {
    let named = tests_named_in(&security());
    assert!(named.len() > 100, "the names are found");
    let missing = missing(&named);
    assert!(missing.is_empty(), "SECURITY.md names what is not there:\n{}", missing.join("\n"));
}

/// A row of the table of requirements.
struct Row {
    ids: Vec<Id>,
    levels: String,
    how: String,
    shown_by: String,
}

fn id(text: &str) -> Option<Id> {
    let numbers: Vec<u32> = text.strip_prefix('V')?.split('.').map_while(|number| number.parse().ok()).collect();
    numbers.try_into().ok()
}

/// The requirements of a cell such as `V1.2.1`, `V1.4.1, V1.4.3` or `V4.4.1 to V4.4.4`.
fn ids(cell: &str, known: &BTreeMap<Id, u32>) -> Vec<Id> {
    let read = |text: &str| {
        let id = id(text).unwrap_or_else(|| panic!("{text} is no requirement"));
        assert!(known.contains_key(&id), "{text} is no requirement of level 1 or 2");
        id
    };
    let mut found = Vec::new();
    for part in cell.split(", ") {
        match part.split_once(" to ") {
            Some((first, last)) => found.extend(known.range(read(first)..=read(last)).map(|(id, _)| *id)),
            None => found.push(read(part)),
        }
    }
    found
}

fn rows(text: &str, known: &BTreeMap<Id, u32>) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("| V")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, about, levels, _, how, shown_by, _] = cells[..] else { panic!("not five cells: {line}") };
        let owned = str::to_owned;
        rows.push(Row { ids: ids(about, known), levels: owned(levels), how: owned(how), shown_by: owned(shown_by) });
    }
    rows
}

#[test]
fn every_requirement_has_one_row() {
    let known = levels();
    let mut rows_of: BTreeMap<Id, usize> = known.keys().map(|id| (*id, 0)).collect();
    for row in rows(&security(), &known) {
        let levels: BTreeSet<String> = row.ids.iter().map(|id| known[id].to_string()).collect();
        let levels = levels.into_iter().collect::<Vec<_>>().join(", ");
        assert_eq!(row.levels, levels, "the level of {:?}", row.ids);
        let excused = row.how.starts_with("n/a: ") || row.how.starts_with("**not met**: ");
        let shown = !row.shown_by.is_empty() || row.how.starts_with("this page");
        assert!(excused || shown, "what shows {:?}?", row.ids);
        for id in row.ids {
            *rows_of.entry(id).or_default() += 1;
        }
    }
    let wrong: Vec<_> = rows_of.into_iter().filter(|(_, rows)| *rows != 1).collect();
    assert!(wrong.is_empty(), "requirements with no row or several: {wrong:?}");
}

#[test]
fn the_summary_counts_right() {
    let (known, text) = (levels(), security());
    let rows = rows(&text, &known);
    let count =
        |start: &str| -> usize { rows.iter().filter(|row| row.how.starts_with(start)).map(|row| row.ids.len()).sum() };
    let [partly, not_met, operator, not_applicable] =
        ["**partly**: ", "**not met**: ", "**operator**: ", "n/a: "].map(count);
    let all = known.len();
    let met = all - partly - not_met - operator - not_applicable;
    let summary = format!(
        "Of {all} requirements {met} are met, {partly} in part, {not_met} are not met, {operator} are left to the operator, \
         and {not_applicable} do not apply."
    );
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&summary), "SECURITY.md should say: {summary}");
}
