//! The engines themselves, sent the statements of one new expense, a transaction each, by clients in C.

use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance::database::TestDatabase;

/// How many connections the raw clients of servers have.
pub(crate) const CONNECTIONS: usize = 16;

/// The people whose logs they write to: identifiers that follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct People {
    pub(crate) first: i64,
    pub(crate) count: usize,
}

/// Transactions a second on the database of that address.
pub(crate) fn rate(url: &str, people: People, seconds: f64, round: usize) -> f64 {
    match url.split("://").next() {
        Some("sqlite") => sqlite(url, people, seconds),
        Some("postgres") => postgres(url, people, seconds, round),
        _ => mariadb(url, people, seconds, round),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/served/raw")
}

/// The same SQLite as the server's, compiled once.
fn sqlite_client() -> PathBuf {
    let path = std::env::temp_dir().join(format!("florin-bench-sqlite-{}", std::process::id()));
    if !path.exists() {
        let home = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{}/.cargo", std::env::var("HOME").unwrap()));
        let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock")).unwrap();
        let version = lock.split("name = \"libsqlite3-sys\"\nversion = \"").nth(1).unwrap().split('"').next().unwrap();
        let registries = Path::new(&home).join("registry/src");
        let source = std::fs::read_dir(registries)
            .expect("the sources of crates")
            .map(|registry| registry.unwrap().path().join(format!("libsqlite3-sys-{version}/sqlite3")))
            .find(|path| path.join("sqlite3.c").is_file())
            .expect("the source of SQLite");
        let done = Command::new("cc")
            .args(["-O2", "-DSQLITE_THREADSAFE=1", "-I"])
            .arg(&source)
            .arg(folder().join("sqlite.c"))
            .arg(source.join("sqlite3.c"))
            .args(["-lpthread", "-ldl", "-lm", "-o"])
            .arg(&path)
            .status();
        assert!(done.expect("cc").success(), "the raw client is compiled");
    }
    path
}

fn sqlite(url: &str, people: People, seconds: f64) -> f64 {
    let mut client = Command::new(sqlite_client());
    client.arg(url.trim_start_matches("sqlite://"));
    client.args([people.first.to_string(), people.count.to_string(), seconds.to_string()]);
    said(client).trim().parse().expect("a rate")
}

fn said(mut command: Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The number after these words.
fn number_after(text: &str, words: &str) -> f64 {
    let rest = text.split(words).nth(1).unwrap_or_else(|| panic!("no {words:?} in {text}")).trim_start();
    let number = rest.split(|c: char| !(c.is_ascii_digit() || c == '.')).next().unwrap();
    number.parse().unwrap_or_else(|_| panic!("no number after {words:?} in {text}"))
}

fn postgres(url: &str, people: People, seconds: f64, round: usize) -> f64 {
    let mut client = Command::new("pgbench");
    let base = 1_000_000_000_000 + 10_000_000_000 * u64::try_from(round).unwrap();
    client.args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--file"]).arg(folder().join("postgres.sql"));
    client.arg(format!("--client={CONNECTIONS}")).arg(format!("--time={}", seconds.ceil()));
    client.args(["-D", "i=0", "-D", &format!("base={base}"), "-D", &format!("first={}", people.first)]);
    client.args(["-D", &format!("users={}", people.count)]).arg(url);
    number_after(&said(client), "tps = ")
}

fn mariadb(url: &str, people: People, seconds: f64, round: usize) -> f64 {
    let (user, rest) = url.split_once("://").unwrap().1.split_once(':').unwrap();
    let (password, rest) = rest.split_once('@').unwrap();
    let (address, database) = rest.split_once('/').unwrap();
    let (host, port) = address.split_once(':').unwrap();
    let base = 1_000_000_000_000 + 10_000_000_000 * round;
    let mut client = Command::new("sysbench");
    client.arg(folder().join("mariadb.lua"));
    client.args(["--db-driver=mysql", "--mysql-ssl=off", "--verbosity=3"]);
    client.args([
        format!("--mysql-host={host}"),
        format!("--mysql-port={port}"),
        format!("--mysql-user={user}"),
        format!("--mysql-password={password}"),
        format!("--mysql-db={database}"),
        format!("--threads={CONNECTIONS}"),
        format!("--time={}", seconds.ceil()),
        format!("--first={}", people.first),
        format!("--users={}", people.count),
        format!("--base={base}"),
    ]);
    client.arg("run");
    let said = said(client);
    // "transactions: 12345 (1234.56 per sec.)" or, without begin and commit of sysbench's own, "events/s".
    let total = number_after(&said, "total number of events:");
    let time = number_after(&said, "total time:");
    total / time
}

/// The people of a database, who signed up one after the other.
pub(crate) async fn people(database: &TestDatabase) -> People {
    let first = database.number("SELECT MIN(id) FROM user_login").await;
    let count = database.number("SELECT COUNT(*) FROM user_login").await;
    let last = database.number("SELECT MAX(id) FROM user_login").await;
    assert_eq!(last - first + 1, count, "identifiers without a gap");
    People { first, count: usize::try_from(count).unwrap() }
}
