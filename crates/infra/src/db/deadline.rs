//! How long a database server is waited for.
//!
//! A server that hangs, or whose machine lost its power, closes nothing: without a bound, whoever waits for its answer
//! waits for ever, and the connection is lent for ever. So on servers every statement and every unit of work has an
//! end, after which its connection is closed. A file has none: what waits for a disk cannot be called off.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use sea_orm::{DbBackend, DbErr, RuntimeErr};
use tokio::time::Instant;

use super::losses::Losses;

/// What a client waits for: with what comes before and after it, an answer is given within five seconds.
pub(crate) const PROMPT: Duration = Duration::from_secs(3);
/// What reads or writes many rows, and mostly nobody waits for.
pub(crate) const PATIENT: Duration = Duration::from_mins(1);
/// A unit of work that removes or moves all that somebody has.
pub(crate) const LONG: Duration = Duration::from_mins(5);
/// Whether the database can be used: readiness is answered within three seconds.
pub(super) const PROBE: Duration = Duration::from_millis(2500);
/// How much longer than its unit of work a COMMIT is waited for when it is sent at the last moment.
pub(super) const LAST_MOMENT: Duration = Duration::from_millis(300);

/// When something has to be over; never, on a file.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    at: Option<Instant>,
    losses: Losses,
}

impl Deadline {
    /// That long from now on a server. What is not over by then is one of these losses.
    pub(super) fn after(backend: DbBackend, patience: Duration, losses: &Losses) -> Self {
        Self { at: (backend != DbBackend::Sqlite).then(|| Instant::now() + patience), losses: losses.clone() }
    }

    /// This one, or a later one that is so far from now.
    pub(crate) fn at_least(&self, least: Duration) -> Self {
        Self { at: self.at.map(|at| at.max(Instant::now() + least)), losses: self.losses.clone() }
    }

    /// This one, or an earlier one that is so far from now.
    pub(super) fn at_most(&self, most: Duration) -> Self {
        Self { at: self.at.map(|at| at.min(Instant::now() + most)), losses: self.losses.clone() }
    }

    /// The earlier of the two.
    pub(crate) fn earlier(&self, other: &Self) -> Self {
        Self { at: [self.at, other.at].into_iter().flatten().min(), losses: self.losses.clone() }
    }

    /// # Errors
    /// That of a server that did not answer, when less than `least` is left.
    pub(crate) fn check(&self, least: Duration) -> Result<(), DbErr> {
        if self.at.is_some_and(|at| at <= Instant::now() + least) { Err(silent()) } else { Ok(()) }
    }

    /// What is left until then, at most `most`.
    pub(crate) fn left(&self, most: Duration) -> Duration {
        self.at.map_or(most, |at| at.saturating_duration_since(Instant::now()).min(most))
    }

    /// Polls a future until then. One that is not done is dropped: what it waits for has no answer, and its connection is
    /// not to be used again.
    pub(crate) async fn bound<T>(&self, future: impl Future<Output = T>) -> Result<T, DbErr> {
        let Some(at) = self.at else { return Ok(future.await) };
        let mut future = pin!(future);
        match tokio::time::timeout_at(at, &mut future).await {
            Ok(done) => Ok(done),
            Err(_) => {
                // Before the future gives its connection back.
                self.losses.note_abandoned();
                Err(silent())
            }
        }
    }
}

const SILENT: &str = "the database server did not answer in time";

/// The error for a server that does not answer.
pub(super) fn silent() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(SILENT.to_owned()))
}

/// Whether it is that error.
pub(super) fn is_silent(error: &DbErr) -> bool {
    matches!(error, DbErr::Conn(RuntimeErr::Internal(message)) if message == SILENT)
}
