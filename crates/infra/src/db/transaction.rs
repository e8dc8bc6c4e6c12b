//! Units of work: one transaction, run again from BEGIN when another one was in the way.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use florin_domain::repository::RepositoryError;
use sea_orm::{
    DatabaseTransaction, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use super::deadline::{Deadline, LAST_MOMENT, PROMPT};
use super::detached::detached_until;
use super::hold::is_on_galera;
use super::{Database, Failure};
use crate::crash::crash_point;

/// The most times a unit of work is run.
const MAX_TRIES: u32 = 5;
/// The same on a Galera cluster: there a write does not wait for one at another node, but finds out at its end that it came too late.
const MAX_TRIES_ON_GALERA: u32 = 20;
/// No further try begins after this long.
const RETRY_BUDGET: Duration = Duration::from_secs(2);
/// How long a server may take to roll back; then its connection is closed, which is the same.
const ROLLBACK: Duration = Duration::from_millis(500);
/// The first pause lasts up to this many milliseconds, each further one up to twice as many as the one before.
const FIRST_PAUSE_MILLIS: u64 = 10;

/// An open transaction, lent to a unit of work. It is committed or rolled back by [`Database::write`] alone.
#[derive(Debug, Clone)]
pub(crate) struct Tx(Arc<DatabaseTransaction>);

impl Deref for Tx {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.0
    }
}

impl Database {
    /// Runs `work` in one transaction and commits it when it succeeds. Its first error ends it: the transaction may be gone
    /// by then, so that a later statement would commit alone. When another transaction was in the way, or the connection
    /// broke before COMMIT, it is run again from BEGIN, at most five times (on a Galera cluster twenty) and for two seconds; so `work`
    /// must have no effect outside its transaction. A server that has not answered by `deadline` is not waited for any longer: the
    /// connection is closed, and nothing was committed unless COMMIT was under way.
    ///
    /// Never call it inside `work`: SQLite has one writing connection. Dropping the returned future rolls back, unless COMMIT
    /// was under way. It should not come to that: the connection is then closed, and opening one is slow. Those who serve
    /// clients that may go away run every write in a task of its own.
    ///
    /// # Errors
    /// What `work` refused with; else what the database failed with, which for one that did not answer is a full disk when it said
    /// so a moment ago. [`Failure::OutcomeUnknown`] when the connection was lost during COMMIT, or COMMIT was not answered.
    pub(crate) async fn try_write_until<T, F, Fut>(&self, deadline: Deadline, work: F) -> Result<T, Failure>
    where
        F: Fn(Tx) -> Fut + Send,
        Fut: Future<Output = Result<T, Failure>> + Send,
        T: Send,
    {
        let started = Instant::now();
        let mut tries = 1;
        loop {
            let most = if is_on_galera() { MAX_TRIES_ON_GALERA } else { MAX_TRIES };
            let failure = match self.attempt(&deadline, &work).await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if failure.is_loss() {
                self.inner.losses.note();
            }
            let pause = pause(tries);
            if !failure.is_transient() || tries >= most || started.elapsed() + pause > RETRY_BUDGET {
                return Err(self.told(failure));
            }
            tracing::debug!(tries, ?failure, "a transaction is tried again");
            tokio::time::sleep(pause).await;
            tries += 1;
        }
    }

    /// As [`Self::try_write_until`], for as long as a client waits.
    ///
    /// # Errors
    /// Those of [`Self::try_write_until`].
    pub(crate) async fn try_write<T, F, Fut>(&self, work: F) -> Result<T, Failure>
    where
        F: Fn(Tx) -> Fut + Send,
        Fut: Future<Output = Result<T, Failure>> + Send,
        T: Send,
    {
        self.try_write_until(self.deadline(PROMPT), work).await
    }

    /// As [`Self::try_write`], where an unknown outcome is simply `Unavailable`.
    ///
    /// # Errors
    /// Those of [`Self::try_write`], as the repository's.
    pub(crate) async fn write<T, F, Fut>(&self, work: F) -> Result<T, RepositoryError>
    where
        F: Fn(Tx) -> Fut + Send,
        Fut: Future<Output = Result<T, Failure>> + Send,
        T: Send,
    {
        Ok(self.try_write(work).await?)
    }

    /// As [`Self::write`], for work on many rows: with that patience instead of a client's.
    ///
    /// # Errors
    /// Those of [`Self::write`].
    pub(crate) async fn write_within<T, F, Fut>(&self, patience: Duration, work: F) -> Result<T, RepositoryError>
    where
        F: Fn(Tx) -> Fut + Send,
        Fut: Future<Output = Result<T, Failure>> + Send,
        T: Send,
    {
        Ok(self.try_write_until(self.deadline(patience), work).await?)
    }

    /// When what begins now has to be over, with that patience.
    pub(crate) fn deadline(&self, patience: Duration) -> Deadline {
        Deadline::after(self.backend(), patience, &self.inner.losses)
    }

    async fn attempt<T, F, Fut>(&self, deadline: &Deadline, work: &F) -> Result<T, Failure>
    where
        F: Fn(Tx) -> Fut + Send,
        Fut: Future<Output = Result<T, Failure>> + Send,
        T: Send,
    {
        let tx = Tx(Arc::new(self.begin(deadline.clone()).await?));
        crash_point("transaction.begun");
        // Work that is called off leaves its connection in the middle of a statement: not even ROLLBACK can be sent. The pool
        // closes it.
        let result = deadline.bound(work(tx.clone())).await?;
        let tx = Arc::try_unwrap(tx.0).map_err(|_| Failure::internal("a unit of work kept its transaction"))?;
        match result {
            Ok(done) => {
                crash_point("transaction.before_commit");
                let committed = detached_until(deadline.at_least(LAST_MOMENT), tx.commit()).await;
                committed.map_err(Failure::of_commit)?;
                crash_point("transaction.committed");
                Ok(done)
            }
            Err(failure) => {
                // The database may have rolled back by itself; the pool closes connections that are left half-way.
                if let Err(error) = detached_until(deadline.at_most(ROLLBACK), tx.rollback()).await {
                    tracing::debug!(%error, "rolling back failed");
                }
                Err(failure)
            }
        }
    }

    /// SQLite takes the write lock with BEGIN: a transaction that reads first and is then refused the lock cannot wait for
    /// it. The other two run at READ COMMITTED, which every connection is set to.
    pub(super) async fn begin(&self, deadline: Deadline) -> Result<DatabaseTransaction, DbErr> {
        let mode = (self.backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        let pool = self.inner.write.clone();
        detached_until(deadline, async move { pool.begin_with_options(options).await }).await
    }

    /// A transaction to read in, in which everything is as of one moment: that of its first read. To be used inside
    /// [`super::detached()`] alone.
    ///
    /// # Errors
    /// What the database failed with.
    pub(crate) async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        // A SQLite transaction is always a snapshot, and warns when it is told to be one.
        let level = (self.backend() != DbBackend::Sqlite).then_some(IsolationLevel::RepeatableRead);
        let pool = self.inner.read.pool().clone();
        let begun = async move { pool.begin_with_config(level, None).await };
        detached_until(self.deadline(PROMPT), begun).await
    }
}

/// A pause of random length before the next try, so that those in each other's way part. It grows for the first four.
fn pause(tries: u32) -> Duration {
    let most = FIRST_PAUSE_MILLIS << tries.min(MAX_TRIES - 1);
    let random = getrandom::u64().unwrap_or_default();
    Duration::from_millis(1 + random % most)
}
