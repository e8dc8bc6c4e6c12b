//! When a channel pauses: because the other side asked to be left alone, or because it seems to be down.

use florin_domain::calendar::Timestamp;
use florin_domain::notification::delivery::Backoff;

/// Failures in a row after which a channel seems to be down.
const DOWN_AFTER: u32 = 5;
/// The longest pause of a channel that seems to be down, in milliseconds: how late its recovery may be noticed.
const MOST_MILLIS: i64 = 60_000;
/// The most that the other side may ask for: a day, in milliseconds.
const MOST_ASKED: i64 = 24 * 60 * 60 * 1000;

/// What is known of a channel in this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gate {
    paused_until: Option<Timestamp>,
    failures: u32,
    pauses: u32,
}

/// What the other side asked for, within bounds.
pub(super) fn asked(after_millis: Option<i64>) -> Option<i64> {
    after_millis.map(|millis| millis.clamp(0, MOST_ASKED))
}

impl Gate {
    /// Until when the channel pauses, if it does at `now`.
    pub(super) fn pause(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused_until.filter(|until| now < *until)
    }

    /// How many may be tried at once, of `all`: one alone, to see, while the channel seems to be down.
    pub(super) const fn slots(&self, all: usize) -> usize {
        if self.failures >= DOWN_AFTER { 1 } else { all }
    }

    /// The other side answered, whatever it said.
    pub(super) const fn answered(&mut self) {
        *self = Self { paused_until: None, failures: 0, pauses: 0 };
    }

    /// A try failed that may succeed later. `asked` is what the other side asked for, in milliseconds.
    pub(super) fn failed(&mut self, now: Timestamp, asked: Option<i64>, backoff: &Backoff, random: u64) {
        self.failures = self.failures.saturating_add(1);
        let mut until = asked.map(|millis| now.plus_millis(millis));
        // Those that were under way when the pause began say nothing new.
        if self.failures >= DOWN_AFTER && self.pause(now).is_none() {
            self.pauses = self.pauses.saturating_add(1);
            let most_millis = backoff.most_millis.min(MOST_MILLIS);
            let growing = Backoff { most_millis, max_attempts: u32::MAX, ..*backoff };
            let seen = growing.wait(self.pauses, None, random).map(|millis| now.plus_millis(millis));
            until = until.max(seen);
        }
        self.paused_until = self.paused_until.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { first_millis: 5000, most_millis: 3_600_000, max_attempts: 15 };

    fn at(millis: i64) -> Timestamp {
        Timestamp(1_790_000_000_000 + millis)
    }

    #[test]
    fn a_few_failures_pause_nothing() {
        let mut gate = Gate::default();
        for _ in 0..4 {
            gate.failed(at(0), None, &BACKOFF, 9);
        }
        assert_eq!((gate.pause(at(0)), gate.slots(8)), (None, 8));
        gate.answered();
        gate.failed(at(0), None, &BACKOFF, 9);
        assert_eq!(gate.pause(at(0)), None, "not in a row");
    }

    #[test]
    fn what_the_other_side_asks_for_is_kept() {
        let mut gate = Gate::default();
        gate.failed(at(0), Some(30_000), &BACKOFF, 9);
        assert_eq!(gate.pause(at(29_999)), Some(at(30_000)));
        assert_eq!(gate.pause(at(30_000)), None);
        gate.failed(at(1), Some(10), &BACKOFF, 9);
        assert_eq!(gate.pause(at(29_999)), Some(at(30_000)), "never shortened");
        assert_eq!(asked(Some(i64::MAX)), Some(MOST_ASKED));
        assert_eq!(asked(Some(-1)), Some(0));
    }

    #[test]
    fn a_channel_that_is_down_is_tried_one_at_a_time_after_growing_pauses() {
        let mut gate = Gate::default();
        for _ in 0..8 {
            gate.failed(at(0), None, &BACKOFF, 0);
        }
        let mut now = gate.pause(at(0)).unwrap();
        assert_eq!(now, at(2500), "the last three of the eight were under way already");
        let mut pauses = Vec::new();
        for _ in 0..7 {
            assert_eq!((gate.pause(now), gate.slots(8)), (None, 1));
            gate.failed(now, None, &BACKOFF, 0);
            let until = gate.pause(now).unwrap();
            pauses.push(until.0 - now.0);
            now = until;
        }
        assert_eq!(pauses, [5000, 10_000, 20_000, 30_000, 30_000, 30_000, 30_000]);
        gate.answered();
        assert_eq!((gate.pause(now), gate.slots(8)), (None, 8));
    }
}
