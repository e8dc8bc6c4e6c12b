//! Power cuts of a SQLite database: what the real server asked of the system is recorded, and what may be left of it on the
//! disk is put together for any moment.
//!
//! A kill shows nothing here: what a process wrote outlives it, synced or not. `strace` records the system calls on the
//! database's files and the answers sent to clients, in their order; [`Disk`] follows the calls and knows what was synced.

pub mod disk;
pub mod trace;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::binary::{florin_api, released};
use crate::torture::is_shipped;

pub use disk::{Disk, Left};
pub use trace::{Event, Trace};

/// What is recorded: everything by which a file or a folder changes, how a file may be changed past that (`mmap`), and what
/// is sent.
const CALLS: &str = "open,openat,openat2,creat,pwrite64,write,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,\
    sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat,sendto,sendmsg,sendmmsg,sendfile,copy_file_range,mmap";

/// Records what a server's program asks of the system, over any number of starts.
#[derive(Debug)]
pub struct Recorder {
    folder: TempDir,
    strace: PathBuf,
}

impl Recorder {
    /// A recorder that has nothing yet.
    ///
    /// # Panics
    /// When `strace` is not installed.
    #[must_use]
    pub fn new() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let strace = std::env::split_paths(&path).map(|folder| folder.join("strace")).find(|file| file.is_file());
        let strace = strace.expect("strace is not installed: install the package `strace`");
        Self { folder: tempfile::tempdir().expect("a temporary folder"), strace }
    }

    /// A program that stands for the server's, and has it recorded.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        let program = if is_shipped() { released() } else { Some(florin_api().to_owned()) };
        let program = program.expect("the release build: cargo build --release");
        let script = self.folder.path().join("recorded");
        // -D: the server stays the child, for signals and its end. -A: one record for all starts.
        let text = format!(
            "#!/bin/sh\nexec '{}' -D -f -A -yy -xx -s 16777216 -o '{}' -e trace={} -- '{}' \"$@\"\n",
            self.strace.display(),
            self.record().display(),
            CALLS.replace(' ', ""),
            program.display()
        );
        std::fs::write(&script, text).expect("the program is written");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it may be run");
        script
    }

    fn record(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    /// What was done to the files of a folder so far, after the server ended for the `starts`th time.
    ///
    /// # Panics
    /// When the recording does not end, or holds what cannot be followed.
    pub async fn trace(&self, folder: &Path, starts: usize) -> Trace {
        // strace outlives the server by a moment.
        for _ in 0..600 {
            let text = std::fs::read(self.record()).expect("the recording");
            if let Some(trace) = Trace::read(&text, folder, starts) {
                return trace;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the recording does not end: {}", self.record().display());
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}
