//! The real programs, as processes.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::task::JoinHandle;

use crate::client::Client;

/// The server's program, built if it is missing or older than the sources.
#[must_use]
pub fn florin_api() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| program("florin-api"))
}

/// The server's program with crash points (`florin_infra::crash`): the debug build of the whole workspace. The release build,
/// and what `cargo build` makes without `--workspace`, have none.
///
/// # Panics
/// When the program does not die where it is told to.
#[must_use]
pub fn with_crash_points() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = florin_api().to_owned();
        if !dies(&path) {
            // Another build has taken its place since.
            build("florin-api");
            assert!(dies(&path), "{} has no crash points: cargo build --workspace", path.display());
        }
        path
    })
}

fn dies(program: &Path) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}/florin.db", folder.path().display());
    let place = Place::new(&url).with("CRASH_AT", "migration.begun:1").running(program.to_owned());
    place.run(&["migrate"]).status.signal() == Some(ABORTED)
}

/// The signal by which a process ends at a crash point (SIGABRT).
pub const ABORTED: i32 = 6;

/// The scheduler's program, likewise.
#[must_use]
pub fn florin_scheduler() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| program("florin-scheduler"))
}

/// The server's program as it was built for release, if it was.
#[must_use]
pub fn released() -> Option<PathBuf> {
    let path = folder().parent()?.join("release/florin-api");
    path.is_file().then_some(path)
}

/// The folder of the profile that this program was built with: it is target/PROFILE/deps/TEST.
fn folder() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this program");
    test.ancestors().nth(2).expect("the folder of the profile").to_path_buf()
}

fn program(name: &str) -> PathBuf {
    let folder = folder();
    let path = folder.join(name);
    let built = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
    if built.is_none_or(|built| newest_source() > built) {
        build(name);
    }
    path
}

fn build(name: &str) {
    let folder = folder();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root).args(["build", "--quiet", "--workspace", "--bin", name]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    if let Some(target) = folder.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    assert!(cargo.status().expect("cargo runs").success(), "{name} is built");
}

fn newest_source() -> SystemTime {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root");
    let mut open = vec![root.join("crates"), root.join("migration"), root.join("config")];
    let mut newest = SystemTime::UNIX_EPOCH;
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            open.extend(entries.map(|entry| entry.path()));
        } else if let Ok(modified) = fs::metadata(&path).and_then(|metadata| metadata.modified()) {
            newest = newest.max(modified);
        }
    }
    newest
}

/// A place to run programs in: an empty folder, a database, and settings by environment variables alone.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    variables: Vec<(String, String)>,
    program: Option<PathBuf>,
}

impl Place {
    /// A place with that database.
    #[must_use]
    pub fn new(database: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = Self { folder, variables: Vec::new(), program: None };
        place
            .with("FLORIN__DATABASE__URL", database)
            .with("FLORIN__SERVER__BIND", "127.0.0.1:0")
            .with("FLORIN__AUTH__ARGON2_M_KIB", "1024")
            .with("FLORIN__AUTH__ARGON2_T", "1")
            .with("FLORIN__LIMITS__REQUESTS_PER_MINUTE", "0")
            .with("FLORIN__LIMITS__IN_FLIGHT_PER_CLIENT", "0")
    }

    /// The same with one more variable, or another value for it.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// The same, but another build of the server's program.
    #[must_use]
    pub fn running(self, program: PathBuf) -> Self {
        Self { program: Some(program), ..self }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's program with these arguments, ready to run.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(self.program.as_deref().unwrap_or_else(|| florin_api()), arguments)
    }

    /// The scheduler's program with these arguments, ready to run.
    #[must_use]
    pub fn scheduler(&self, arguments: &[&str]) -> Command {
        self.command_of(florin_scheduler(), arguments)
    }

    fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Runs it, and returns its exit code and what it wrote to standard output and standard error.
    #[must_use]
    pub fn outcome(&self, arguments: &[&str]) -> (i32, String, String) {
        outcome(&self.run(arguments))
    }

    /// Runs the scheduler's program to its end, and returns the same of it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn schedule(&self, arguments: &[&str]) -> (i32, String, String) {
        outcome(&self.scheduler(arguments).output().expect("the program runs"))
    }

    /// Starts `serve` and waits until it says where it listens.
    pub async fn serve(&self) -> Server {
        let mut command = tokio::process::Command::from(self.command(&["serve"]));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the server starts");
        let mut log = BufReader::new(child.stderr.take().expect("standard error")).lines();
        let mut said = Vec::new();
        let base = loop {
            let line = tokio::time::timeout(Duration::from_secs(20), log.next_line()).await;
            let Some(line) = line.expect("the server says where it listens").expect("a line") else {
                panic!("the server ended: {said:?}");
            };
            if let Some(url) = line.split_whitespace().find_map(|word| word.strip_prefix("http://")) {
                break format!("http://{}", url.trim_end_matches([';', ',', '/']));
            }
            said.push(line);
        };
        // Somebody has to take the rest, whether or not it is read.
        let said = Arc::new(Mutex::new(said));
        let taking = tokio::spawn({
            let said = Arc::clone(&said);
            async move {
                while let Ok(Some(line)) = log.next_line().await {
                    said.lock().expect("the log").push(line);
                }
            }
        });
        let output = BufReader::new(child.stdout.take().expect("standard output")).lines();
        Server { client: Client::new(&base), child, output, log: said, taking: Some(taking) }
    }
}

fn outcome(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A running server. It is killed when this value goes.
#[derive(Debug)]
pub struct Server {
    /// A client that is not signed in.
    pub client: Client,
    /// The process.
    pub child: Child,
    output: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
    log: Arc<Mutex<Vec<String>>>,
    taking: Option<JoinHandle<()>>,
}

impl Server {
    /// The next line of standard output.
    pub async fn line(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_secs(10), self.output.next_line()).await;
        line.expect("a line in time").expect("a line").expect("a line before the end")
    }

    /// What is left on standard output, up to the process's end.
    pub async fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Ok(Some(line)) = self.output.next_line().await {
            lines.push(line);
        }
        lines
    }

    /// Ends it by SIGTERM, and returns every line of its log but the one that told where it listens.
    ///
    /// # Panics
    /// When it does not end well.
    pub async fn stop(mut self) -> Vec<String> {
        self.signal("TERM");
        let status = tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await;
        let status = status.expect("the server ends in time").expect("a status");
        assert!(status.success(), "{status}");
        if let Some(taking) = self.taking.take() {
            taking.await.expect("the log is read to its end");
        }
        std::mem::take(&mut *self.log.lock().expect("the log"))
    }

    /// Sends it a signal, as `TERM` or `KILL`.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().expect("the server runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill runs");
        assert!(sent.success(), "the signal is sent");
    }
}
