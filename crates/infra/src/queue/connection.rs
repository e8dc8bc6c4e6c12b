//! A connection to Redis that is made when it is needed, and made anew after it broke.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisResult};
use tokio::sync::Mutex;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(2);

/// A connection, or the place of one.
pub(super) struct Connection {
    client: Client,
    open: Mutex<Option<MultiplexedConnection>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(url: &str) -> RedisResult<Self> {
        Ok(Self { client: Client::open(url)?, open: Mutex::default() })
    }

    /// Works with the connection; no answer may take longer than that. After a failure of the connection the next one is a new
    /// one.
    pub(super) async fn with<T>(
        &self,
        answer: Duration,
        work: impl AsyncFnOnce(MultiplexedConnection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let mut connection = self.connected().await?;
        connection.set_response_timeout(answer);
        let worked = work(connection).await;
        // An answer that came too late would be taken for that of the next question by nobody, but the other side may be gone.
        if worked.as_ref().is_err_and(|error| error.is_io_error() || error.is_unrecoverable_error()) {
            *self.open.lock().await = None;
        }
        worked
    }

    async fn connected(&self) -> RedisResult<MultiplexedConnection> {
        let mut open = self.open.lock().await;
        if let Some(connection) = &*open {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(CONNECTING));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(open.insert(connection).clone())
    }
}
