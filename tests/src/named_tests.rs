//! Pages that name the tests that show what they say are held to it: each test is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
///
/// # Panics
/// Never: this package lies in it.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root").to_path_buf()
}

/// What `file.rs::function` names there are in code spans, the file by as much of the end of its path as tells it apart.
#[must_use]
pub fn tests_named_in(text: &str) -> BTreeSet<(String, String)> {
    let spans = text.split('`').skip(1).step_by(2);
    let pairs = spans.filter_map(|span| span.split_once("::").filter(|(file, _)| file.ends_with(".rs")));
    pairs.map(|(file, function)| (file.to_owned(), function.to_owned())).collect()
}

/// The functions of each Rust file of the programs and the tests, by its path.
fn functions() -> BTreeMap<String, BTreeSet<String>> {
    let root = root();
    let mut open = vec![root.join("crates"), root.join("tests")];
    let mut found = BTreeMap::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                open.extend((path.file_name().expect("readable") != "target").then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("readable");
                let after =
                    text.lines().filter_map(|line| line.trim_start().split_once("fn ")).filter(|(before, _)| {
                        before.split_whitespace().all(|word| ["pub", "pub(crate)", "async", "const"].contains(&word))
                    });
                let name = |(_, rest): (&str, &str)| {
                    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()
                };
                let short = path.strip_prefix(&root).expect("readable").to_string_lossy().into_owned();
                found.insert(short, after.map(name).collect());
            }
        }
    }
    found
}

/// Those of them that are not there.
#[must_use]
pub fn missing(named: &BTreeSet<(String, String)>) -> Vec<String> {
    let functions = functions();
    let is_there = |(file, function): &&(String, String)| {
        let end = format!("/{file}");
        functions.iter().any(|(path, functions)| path.ends_with(&end) && functions.contains(function))
    };
    named.iter().filter(|name| !is_there(name)).map(|(file, function)| format!("{file}::{function}")).collect()
}
