//! Statements that are finished even when nobody waits for them any more.
//!
//! sqlx 0.9 leaves a MySQL connection out of step with its server when a future is dropped between the parts of a
//! statement: the next one to use it would read answers that are not its own, or wait for ever. A web server drops a
//! request's future when its client goes away. So what is read, and BEGIN and COMMIT, run in tasks of their own; dropping
//! the future that waits for one of them lets go of its answer, and nothing else.

use std::future::Future;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};

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

/// Connections to read with, whose statements are finished in any case.
#[derive(Debug, Clone)]
pub(crate) struct Reads(pub(super) DatabaseConnection);

#[async_trait]
impl ConnectionTrait for Reads {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let pool = self.0.clone();
        detached(async move { pool.execute_raw(statement).await }).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let (pool, sql) = (self.0.clone(), sql.to_owned());
        detached(async move { pool.execute_unprepared(&sql).await }).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let pool = self.0.clone();
        detached(async move { pool.query_one_raw(statement).await }).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let pool = self.0.clone();
        detached(async move { pool.query_all_raw(statement).await }).await
    }
}
