//! One try: whatever the sink does, it ends, and as one of the ways that are known.

use std::sync::Arc;

use florin_domain::notification::delivery::Leased;

use crate::port::{NotificationSink, SinkError};

use super::wait;

/// Calls the sink in a task of its own, for so many milliseconds at most. A panic is a failure like another.
pub(super) async fn deliver(
    sink: Arc<dyn NotificationSink>,
    leased: Leased,
    guard_millis: u64,
) -> Result<(), SinkError> {
    let later = |reason: &str| SinkError::Later { reason: reason.to_owned(), after_millis: None };
    let called = tokio::spawn(async move { wait::within(guard_millis, sink.deliver(&leased)).await });
    match called.await {
        Ok(Some(result)) => result,
        Ok(None) => Err(later("the channel did not answer within the lease")),
        Err(error) => {
            tracing::error!(%error, "a channel panicked");
            Err(later("the channel panicked"))
        }
    }
}
