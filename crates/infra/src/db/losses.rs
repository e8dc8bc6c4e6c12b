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
    /// Microseconds since the beginning; 0 as long as nothing was lost.
    last: Arc<AtomicU64>,
}

impl Losses {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { beginning: Instant::now(), last: Arc::default() }
    }

    /// A connection was lost just now.
    pub(super) fn note(&self) {
        self.last.fetch_max(micros(self.beginning.elapsed()).max(1), Ordering::Relaxed);
    }

    /// Whether there was one after a connection became idle, that long ago.
    pub(super) fn concern(&self, idle_for: Duration) -> bool {
        let last = self.last.load(Ordering::Relaxed);
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
    }
}
