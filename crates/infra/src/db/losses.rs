//! When a connection to the server was last lost: what was idle then is lost too, mostly, and is not lent again.
//!
//! After a restart of the database every idle connection is dead, and each would fail somebody's request before it is
//! noticed. After a loss of power each would have somebody wait in vain.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The last loss. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Losses {
    beginning: Instant,
    last: Arc<Last>,
}

/// Microseconds since the beginning; 0 for never.
#[derive(Debug, Default)]
struct Last {
    lost: AtomicU64,
    abandoned: AtomicU64,
}

/// How long after somebody gave up waiting a connection that is given back may be theirs.
const GIVING_BACK: Duration = Duration::from_secs(2);

impl Losses {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { beginning: Instant::now(), last: Arc::default() }
    }

    /// A connection was lost just now.
    pub(super) fn note(&self) {
        self.last.lost.fetch_max(micros(self.beginning.elapsed()).max(1), Ordering::Relaxed);
    }

    /// One is about to be given back in the middle of a statement, whose answer was not waited for.
    pub(super) fn note_abandoned(&self) {
        self.note();
        self.last.abandoned.fetch_max(micros(self.beginning.elapsed()).max(1), Ordering::Relaxed);
    }

    /// Whether a connection that is given back now may be in the middle of a statement. It is not to be tried: sqlx 0.9
    /// panics when it reads an answer to another question than its last.
    pub(super) fn may_be_abandoned(&self) -> bool {
        let last = self.last.abandoned.load(Ordering::Relaxed);
        last != 0 && micros(self.beginning.elapsed().saturating_sub(GIVING_BACK)) <= last
    }

    /// Whether there was one after a connection became idle, that long ago.
    pub(super) fn concern(&self, idle_for: Duration) -> bool {
        let last = self.last.lost.load(Ordering::Relaxed);
        last != 0 && micros(self.beginning.elapsed().saturating_sub(idle_for)) <= last
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_idle_at_a_loss_is_not_lent_again() {
        let losses = Losses::new();
        assert!(!losses.concern(Duration::from_mins(1)), "nothing was lost");
        std::thread::sleep(Duration::from_millis(20));
        losses.note();
        assert!(losses.concern(Duration::from_millis(10)), "idle before");
        std::thread::sleep(Duration::from_millis(20));
        assert!(!losses.concern(Duration::from_millis(5)), "idle since");
        assert!(!losses.may_be_abandoned(), "it broke");
        losses.note_abandoned();
        assert!(losses.may_be_abandoned());
        assert!(losses.concern(Duration::from_millis(5)), "others are silent too");
    }
}
