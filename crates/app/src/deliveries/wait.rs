//! Waiting. How long to be idle decides nothing: what is due, and when, the clock says.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::Sleep;

/// A short rest, in milliseconds, after which somebody else's work may be done.
pub(super) const SHORT_MILLIS: u64 = 10;

/// A rest of so many milliseconds.
#[allow(clippy::disallowed_methods, reason = "how long to be idle decides nothing")]
pub(super) fn rest(millis: u64) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep(Duration::from_millis(millis)))
}

/// What a future gives within so many milliseconds. It is dropped when they are over: never one that works with a database.
#[allow(clippy::disallowed_methods, reason = "a guard against sinks that do not end; nothing depends on its length")]
pub(super) async fn within<T>(millis: u64, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(millis), future).await.ok()
}
