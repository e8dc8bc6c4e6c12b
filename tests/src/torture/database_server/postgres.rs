//! PostgreSQL.

use std::path::PathBuf;
use std::process::Command;

use super::process::program;
use super::{ADMINISTRATOR, DatabaseServer, PASSWORD};

/// What makes the database and the product's user in a new server.
pub(super) const FIRST: [&str; 2] =
    ["CREATE ROLE florin LOGIN PASSWORD 'florin'", "CREATE DATABASE florin OWNER florin"];

/// The folder of its programs, the newest where several are installed.
fn folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    folders.sort();
    folders.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// Makes the files of a new server.
pub(super) fn install(server: &DatabaseServer) {
    let password = server.home.join("password");
    std::fs::write(&password, PASSWORD).expect("the password");
    server.account.own(&password);
    let mut command = Command::new(program("initdb", &folders()));
    command.arg(format!("--pgdata={}", server.home.join("data").display()));
    if let Some(log_folder) = &server.log_folder {
        command.arg(format!("--waldir={}", log_folder.join("wal").display()));
    }
    command.arg(format!("--username={ADMINISTRATOR}")).arg(format!("--pwfile={}", password.display()));
    // Small segments, so that a small disk has room for several of them.
    command.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--no-sync"]);
    server.account.run(&command, &server.home.join("log"));
}

/// The server's program, with what makes its commits outlive a power cut.
pub(super) fn command(server: &DatabaseServer) -> Command {
    let mut command = Command::new(program("postgres", &folders()));
    let home = server.home.display();
    command.args(["-D", &format!("{home}/data"), "-k", &home.to_string(), "-h", "127.0.0.1"]);
    command.args(["-p", &server.port.to_string()]);
    for setting in [
        "fsync=on",
        "synchronous_commit=on",
        "full_page_writes=on",
        "max_connections=100",
        "shared_buffers=32MB",
        "dynamic_shared_memory_type=mmap",
        "max_wal_size=32MB",
        "jit=off",
        "logging_collector=off",
    ] {
        command.args(["-c", setting]);
    }
    command
}
