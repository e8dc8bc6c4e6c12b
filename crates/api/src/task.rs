//! Work that must not be cut short.
//!
//! A handler is dropped when its client resets the connection, wherever it happens to wait. A transaction dropped while
//! it begins hands its connection back open, and the writes of somebody else are lost with it. So every mutation runs in
//! a task of its own, which nobody drops; the handler only waits for it.

use std::future::Future;

use florin_app::error::AppError;
use tracing::Instrument;

use crate::edge::in_flight;
use crate::problem::{self, Problem};

/// Runs a mutation to its end, whatever becomes of the client. Until then it counts as in flight for that client.
///
/// # Errors
/// What the work answers; 500 when it panics.
pub async fn mutate<T: Send + 'static>(
    work: impl Future<Output = Result<T, AppError>> + Send + 'static,
) -> problem::Result<T> {
    let slot = in_flight::current();
    let work = async move {
        let result = work.await;
        drop(slot);
        result
    };
    match tokio::spawn(work.in_current_span()).await {
        Ok(result) => result.map_err(Problem::from),
        Err(error) => Err(Problem::internal().caused_by(error)),
    }
}
