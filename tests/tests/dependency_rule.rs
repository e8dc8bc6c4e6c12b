//! Who may depend on whom, and other rules of the house that a compiler does not enforce (ARCHITECTURE.md).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn metadata() -> Metadata {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(rustc.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned();
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    command.other_options(["--offline".to_owned(), "--filter-platform".to_owned(), host]);
    command.exec().expect("cargo metadata")
}

fn package<'a>(metadata: &'a Metadata, name: &str) -> &'a Package {
    metadata.workspace_packages().into_iter().find(|p| p.name.as_str() == name).unwrap_or_else(|| panic!("no {name}"))
}

fn dependencies(package: &Package, kinds: &[DependencyKind]) -> BTreeSet<String> {
    package.dependencies.iter().filter(|d| kinds.contains(&d.kind)).map(|d| d.name.clone()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn layers_depend_inwards_only() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("florin-domain", &[][..]),
        ("florin-app", &["florin-domain"]),
        ("florin-migration", &[]),
        ("florin-infra", &["florin-app", "florin-domain", "florin-migration"]),
        ("florin-api", &["florin-app", "florin-domain", "florin-infra"]),
        ("florin-scheduler", &["florin-app", "florin-domain", "florin-infra"]),
        ("florin-trainer", &["florin-domain"]),
    ]);
    let members: BTreeSet<&str> = metadata.workspace_packages().iter().map(|p| p.name.as_str()).collect();
    let known: BTreeSet<&str> = allowed.keys().copied().chain(["acceptance"]).collect();
    assert_eq!(members, known, "a new package: say here what it may depend on");
    for (name, allowed) in allowed {
        let package = package(&metadata, name);
        let kinds = [DependencyKind::Normal, DependencyKind::Build, DependencyKind::Development];
        let mut ours = dependencies(package, &kinds);
        // A package may name itself to test with a feature of its own.
        ours.retain(|dependency| members.contains(dependency.as_str()) && dependency != name);
        let forbidden: Vec<_> = ours.difference(&set(allowed)).cloned().collect();
        assert!(forbidden.is_empty(), "{name} must not depend on {forbidden:?}");
    }
}

#[test]
fn the_domain_needs_little() {
    let metadata = metadata();
    let found = dependencies(package(&metadata, "florin-domain"), &[DependencyKind::Normal, DependencyKind::Build]);
    let expected = set(&[
        "aho-corasick",
        "async-trait",
        "chrono",
        "chrono-tz",
        "mockall",
        "sha2",
        "thiserror",
        "unicode-normalization",
    ]);
    assert_eq!(found, expected, "the domain is reused elsewhere: what it needs is decided here");
    let optional = package(&metadata, "florin-domain").dependencies.iter().filter(|d| d.optional);
    assert_eq!(optional.map(|d| d.name.as_str()).collect::<Vec<_>>(), ["mockall"]);
}

#[test]
fn the_use_cases_know_no_wire_and_no_storage() {
    let metadata = metadata();
    let found = dependencies(package(&metadata, "florin-app"), &[DependencyKind::Normal, DependencyKind::Build]);
    let expected = set(&["async-trait", "chrono", "florin-domain", "mockall", "thiserror", "tokio", "tracing"]);
    let more: Vec<_> = found.difference(&expected).collect();
    assert!(more.is_empty(), "florin-app: {more:?} would bring a wire format, HTTP or SQL; decide it here");
    let migration = dependencies(package(&metadata, "florin-migration"), &[DependencyKind::Normal]);
    assert_eq!(migration, set(&["async-trait", "sea-orm-migration"]));
}

/// Everything that ends up in a program: its normal and build dependencies, and theirs. From `cargo tree`, which leaves
/// out what no enabled feature asks for; the graph of `cargo metadata` does not.
fn closure(name: &str) -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args([
        "tree",
        "--offline",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--package",
        name,
    ]);
    let tree = command.output().expect("cargo tree");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn unwanted_crates_are_in_no_program() {
    for program in ["florin-api", "florin-scheduler"] {
        let linked = closure(program);
        assert!(linked.contains("florin-infra"), "the walk works");
        for unwanted in ["actix-governor", "openssl", "openssl-sys", "native-tls", "rsa", "ring", "mockall"] {
            assert!(!linked.contains(unwanted), "{program} links {unwanted}");
        }
    }
    let domain = closure("florin-domain");
    for unwanted in ["tokio", "serde", "serde_json", "sea-orm", "sqlx", "actix-web", "rand", "getrandom"] {
        assert!(!domain.contains(unwanted), "the domain links {unwanted}");
    }
}

/// Every Rust file of the repository, by its path from the root.
fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut open: Vec<PathBuf> = ["crates", "migration", "tests"].iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 100, "the sources are found");
    found.sort();
    found
}

#[test]
fn modules_are_files_of_their_name_and_not_long() {
    for (name, text) in sources() {
        assert!(!name.ends_with("/mod.rs"), "{name}: x.rs beside x/, not x/mod.rs");
        let lines = text.lines().count();
        assert!(lines <= 600, "{name} has {lines} lines: split it by concept");
    }
}

#[test]
fn the_orm_stays_in_the_adapters() {
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("crates/")) {
        let in_infra = name.starts_with("crates/infra/");
        for word in ["sea_orm", "sqlx", "sea_query"] {
            assert!(in_infra || !text.contains(&format!("{word}::")), "{name} uses {word}");
        }
        let in_db = name == "crates/infra/src/db.rs" || name.starts_with("crates/infra/src/db/");
        assert!(in_db || !text.contains("DbBackend"), "{name} tells databases apart; only db.rs may");
    }
}

#[test]
fn rules_tell_no_time_and_draw_no_numbers() {
    let sources = sources();
    let inner = sources.iter().filter(|(n, _)| n.starts_with("crates/domain/src") || n.starts_with("crates/app/src"));
    for (name, text) in inner {
        for word in ["Utc::now", "Local::now", "SystemTime::now", "Instant::now", "rand::", "getrandom", "std::env"] {
            assert!(!text.contains(word), "{name} uses {word}: take it through a port");
        }
    }
}
