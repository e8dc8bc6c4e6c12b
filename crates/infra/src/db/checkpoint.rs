//! Bringing home what SQLite's write-ahead log holds, beside the writer.
//!
//! SQLite leaves that to whoever commits when the log has become long: one commit in some thousand pages then takes many times
//! as long as the others. Here a connection of its own does most of it before the log is that long, while the writer goes on.
//! What came meanwhile the writer brings home between two of its transactions; only when nothing is left the log begins anew. So
//! it does not grow without bound, and what is not of the ledger, or comes while somebody reads for long, SQLite sees to as ever.
//!
//! Versions of SQLite before 3.51.3 could lose pages when two connections did this at the same time as a third one wrote.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::sync::Mutex;

/// After how many changes of the ledger: each changes some ten pages.
const CHANGES: usize = 1000;
/// Waits for nobody: what readers or a writer are at is left for the next time.
const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// How often the log is tried to be emptied while somebody, or another process, is at it; and the pause between.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// The connections, if the database is a file. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Checkpoints(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    own: DatabaseConnection,
    writing: DatabaseConnection,
    changes: AtomicUsize,
    /// Of two who are at it at the same time SQLite refuses one.
    turn: Mutex<()>,
}

impl Checkpoints {
    /// Through a connection of its own; `None` for a server, which does so by itself.
    pub(super) fn new(own: Option<DatabaseConnection>, writing: &DatabaseConnection) -> Self {
        let inner = |own| Inner { own, writing: writing.clone(), changes: AtomicUsize::new(0), turn: Mutex::new(()) };
        Self(own.map(|own| Arc::new(inner(own))))
    }

    /// Counts what was committed, and begins when it is enough. Nobody waits for it.
    pub(super) fn note(&self, changes: usize) {
        let Some(inner) = &self.0 else { return };
        if inner.changes.fetch_add(changes, Ordering::Relaxed) + changes < CHANGES {
            return;
        }
        let inner = Arc::clone(inner);
        tokio::spawn(async move {
            let Ok(_turn) = inner.turn.try_lock() else { return };
            inner.changes.store(0, Ordering::Relaxed);
            if let Err(error) = inner.bring_home().await {
                tracing::debug!(%error, "a checkpoint failed");
            }
        });
    }

    /// Brings everything home and empties the log; whether it could be done. A server has none.
    ///
    /// # Errors
    /// What the database failed with.
    pub(super) async fn truncate(&self) -> Result<bool, DbErr> {
        let Some(inner) = &self.0 else { return Ok(true) };
        let _turn = inner.turn.lock().await;
        for tries in 1..=TRIES {
            let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
            let answer = inner.writing.query_one_raw(asked).await?;
            let is_busy: i64 = answer.map_or(Ok(0), |row| row.try_get_by_index(0))?;
            if is_busy == 0 {
                return Ok(true);
            }
            if tries < TRIES {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(false)
    }

    /// Closes its own connection.
    pub(super) async fn close(&self) {
        if let Some(inner) = &self.0
            && let Err(error) = inner.own.close_by_ref().await
        {
            tracing::warn!(%error, "closing a database pool failed");
        }
    }
}

impl Inner {
    async fn bring_home(&self) -> Result<(), DbErr> {
        self.own.execute_unprepared(PASSIVE).await?;
        self.writing.execute_unprepared(PASSIVE).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Database, DatabaseOptions};

    const ROUNDS: usize = 30;
    const PAGES: usize = 20;

    /// Waits until nobody is at it.
    async fn done(database: &Database) {
        let inner = database.inner.checkpoints.0.clone().unwrap();
        while inner.changes.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        drop(inner.turn.lock().await);
    }

    #[tokio::test]
    async fn the_log_stays_short_and_is_emptied_when_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/florin.db", folder.path().display());
        let options = DatabaseOptions { create: true, ..DatabaseOptions::default() };
        let database = Database::connect(&url, &options).await.unwrap();
        let log = || std::fs::metadata(folder.path().join("florin.db-wal")).unwrap().len();
        database.writing().execute_unprepared("CREATE TABLE page (bytes BLOB NOT NULL) STRICT").await.unwrap();
        for round in 0..ROUNDS {
            for _ in 0..PAGES {
                database.writing().execute_unprepared("INSERT INTO page VALUES (zeroblob(3000))").await.unwrap();
            }
            database.note_changes(CHANGES);
            if round + 1 < ROUNDS {
                done(&database).await;
            }
        }
        // Each row changes two pages. Without checkpoints the log would hold those of all rounds.
        let of_all = u64::try_from(ROUNDS * PAGES * 2 * 4096).unwrap();
        assert!(log() < of_all / 4, "{} of {of_all} bytes", log());
        // The last one is still at it.
        database.forget_removed().await;
        assert_eq!(log(), 0);
        database.close().await;
    }
}
