//! SQLite: each test gets a file, a copy of one that was migrated once.

use std::path::Path;

use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{TestDatabase, migrate};

/// A new folder, in memory where that is possible: these files need not outlive a power cut. On disk for figures that should
/// mean something, as `tests/servers.sh` has it for the servers.
fn folder() -> TempDir {
    if std::env::var_os("FLORIN_TEST_DURABLE").is_some_and(|value| !value.is_empty()) {
        return tempfile::tempdir().expect("a temporary folder");
    }
    let memory = Path::new("/dev/shm");
    let in_memory = tempfile::Builder::new().prefix("florin-test-").tempdir_in(memory);
    in_memory.or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}/florin.db", folder.path().display())
}

pub(super) fn empty() -> TestDatabase {
    let folder = folder();
    TestDatabase { url: url(&folder), folder: Some(folder) }
}

pub(super) async fn migrated() -> TestDatabase {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let file = MIGRATED.get_or_init(|| async {
        let folder = folder();
        migrate(&url(&folder)).await;
        std::fs::read(folder.path().join("florin.db")).expect("the migrated file")
    });
    let database = empty();
    let folder = database.folder.as_ref().expect("a folder");
    std::fs::write(folder.path().join("florin.db"), file.await).expect("a copy of the migrated file");
    database
}
