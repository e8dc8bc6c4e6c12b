//! Notifications as lines of JSON, one an object, for whatever reads the scheduler's output.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use florin_app::port::{NotificationSink, SinkError};
use florin_domain::notification::delivery::Leased;
use tokio::sync::Mutex;

use super::payload::Payload;
use super::{later, refused};

type Output = Box<dyn Write + Send>;

/// Writes each notification as a line, which is flushed before it counts as delivered.
#[derive(Clone)]
pub struct LogSink {
    output: Arc<Mutex<Output>>,
    timeout: Duration,
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogSink").finish_non_exhaustive()
    }
}

impl LogSink {
    /// To standard output; a line that cannot be written within `timeout` is tried again later.
    #[must_use]
    pub fn standard_output(timeout: Duration) -> Self {
        Self::to(Box::new(io::stdout()), timeout)
    }

    /// The same to anything.
    #[must_use]
    pub fn to(output: Output, timeout: Duration) -> Self {
        Self { output: Arc::new(Mutex::new(output)), timeout }
    }
}

#[async_trait]
impl NotificationSink for LogSink {
    async fn deliver(&self, delivery: &Leased) -> Result<(), SinkError> {
        let line = serde_json::to_string(&Payload::from(&delivery.notification));
        let line = line.map_err(|_| refused("it cannot be written as JSON"))? + "\n";
        let writing = async {
            let mut output = Arc::clone(&self.output).lock_owned().await;
            // Whoever reads may be slow. The lock goes along, so that lines never mix, and whoever waits for it waits for a
            // lock and not in a thread.
            let written = tokio::task::spawn_blocking(move || {
                output.write_all(line.as_bytes())?;
                output.flush()
            });
            match written.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(later(format!("the output cannot be written to: {}", error.kind()))),
                Err(_) => Err(later("the writer of the output ended")),
            }
        };
        tokio::time::timeout(self.timeout, writing).await.unwrap_or_else(|_| Err(later("nobody reads the output")))
    }
}
