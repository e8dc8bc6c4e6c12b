//! Statements that are finished even when nobody waits for them any more.
//!
//! sqlx 0.9 leaves a MySQL connection out of step with its server when a future is dropped between the parts of a
//! statement: the next one to use it would read answers that are not its own, or wait for ever. A web server drops a
//! request's future when its client goes away. So what is read, and BEGIN and COMMIT, run in tasks of their own; dropping
//! the future that waits for one of them lets go of its answer, and nothing else.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};

use super::deadline::{Deadline, is_silent};
use super::failure::is_lost;
use super::losses::Losses;

/// Runs a future to its end, whether or not the returned one is polled that far.
///
/// # Errors
/// What the future failed with; an error too when the runtime is shutting down.
pub(crate) async fn detached<T: Send + 'static>(
    future: impl Future<Output = Result<T, DbErr>> + Send + 'static,
) -> Result<T, DbErr> {
    match tokio::spawn(future).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(DbErr::Conn(RuntimeErr::Internal(error.to_string()))),
        },
    }
}

/// The same, for as long as a server may take.
///
/// # Errors
/// Those of [`detached`]; an error too when there was no answer in time.
pub(super) async fn detached_until<T: Send + 'static>(
    deadline: Deadline,
    future: impl Future<Output = Result<T, DbErr>> + Send + 'static,
) -> Result<T, DbErr> {
    detached(async move { deadline.bound(future).await? }).await
}

/// The most times a statement is sent when its connection broke.
const MAX_TRIES: u32 = 3;

/// Connections to read with, whose statements are finished in any case, or given up together with their connection when a
/// server does not answer. One whose connection broke is sent again on another.
#[derive(Debug, Clone)]
pub(crate) struct Reads {
    pool: DatabaseConnection,
    patience: Duration,
    losses: Losses,
    /// How many statements were asked.
    #[cfg(test)]
    asked: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Reads {
    /// Each statement has so long on a server, waiting for a connection included.
    pub(super) fn new(pool: DatabaseConnection, patience: Duration, losses: Losses) -> Self {
        Self {
            pool,
            patience,
            losses,
            #[cfg(test)]
            asked: std::sync::Arc::default(),
        }
    }

    /// How many statements were asked.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// The connections themselves.
    pub(super) const fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// Runs what only reads.
    pub(super) async fn run<T, Fut>(&self, ask: impl Fn(DatabaseConnection) -> Fut + Send + Sync) -> Result<T, DbErr>
    where
        T: Send + 'static,
        Fut: Future<Output = Result<T, DbErr>> + Send + 'static,
    {
        let deadline = self.deadline();
        let in_its_own_task = |pool| detached_until(deadline.clone(), ask(pool));
        self.try_until(in_its_own_task).await
    }

    /// The same in the present task, which nobody drops, until then.
    pub(super) async fn run_until<T, Fut>(
        &self,
        deadline: &Deadline,
        ask: impl Fn(DatabaseConnection) -> Fut + Send + Sync,
    ) -> Result<T, DbErr>
    where
        T: Send,
        Fut: Future<Output = Result<T, DbErr>> + Send,
    {
        self.try_until(|pool| {
            let asked = ask(pool);
            async move { deadline.bound(asked).await? }
        })
        .await
    }

    async fn try_until<T, Fut>(&self, ask: impl Fn(DatabaseConnection) -> Fut + Send + Sync) -> Result<T, DbErr>
    where
        T: Send,
        Fut: Future<Output = Result<T, DbErr>> + Send,
    {
        #[cfg(test)]
        self.asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut tries = 1;
        loop {
            match ask(self.pool.clone()).await {
                Err(error) if is_lost(&error) => {
                    self.losses.note();
                    if tries == MAX_TRIES || is_silent(&error) {
                        return Err(error);
                    }
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// When what is asked now has to be answered.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.pool.get_database_backend(), self.patience, &self.losses)
    }
}

#[async_trait]
impl ConnectionTrait for Reads {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(|pool| {
            let statement = statement.clone();
            async move { pool.execute_raw(statement).await }
        })
        .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(|pool| {
            let sql = sql.to_owned();
            async move { pool.execute_unprepared(&sql).await }
        })
        .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(|pool| {
            let statement = statement.clone();
            async move { pool.query_one_raw(statement).await }
        })
        .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(|pool| {
            let statement = statement.clone();
            async move { pool.query_all_raw(statement).await }
        })
        .await
    }
}
