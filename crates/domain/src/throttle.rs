//! How often something may be tried, counted where all servers see it.
//!
//! A throttle is a leaky bucket told by one instant (the generic cell rate algorithm): so many at once, and one more each
//! interval. In any stretch of time T at most `burst + T / interval` are allowed, whatever the pattern.

use crate::calendar::Timestamp;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A kind of attempt and its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// The stored name.
    pub name: &'static str,
    /// How many are allowed at once.
    pub burst: i64,
    /// After how many milliseconds one more is allowed.
    pub interval_millis: i64,
}

/// Wrong passwords of one account, whoever guesses from wherever: at most 100 in any 24 hours (50 at once, and 50 more
/// spread over a day). Never switched off. The owner still gets in by a one-time code.
pub const PASSWORD_GUESSES: Throttle = Throttle { name: "password", burst: 50, interval_millis: DAY / 50 };
/// Log-ins tried from one client address.
pub const LOG_INS: Throttle = Throttle { name: "log_in", burst: 100, interval_millis: 3 * SECOND };
/// Sign-ups from one client address.
pub const SIGN_UPS: Throttle = Throttle { name: "sign_up", burst: 30, interval_millis: 2 * MINUTE };
/// Codes asked for from one client address.
pub const CODE_REQUESTS: Throttle = Throttle { name: "code_request", burst: 30, interval_millis: MINUTE };
/// Messages to one e-mail address, codes and others.
pub const MESSAGES: Throttle = Throttle { name: "message", burst: 5, interval_millis: 5 * MINUTE };
/// Short messages to one telephone number: each costs the operator money, and who asks for them may earn it.
pub const TEXTS: Throttle = Throttle { name: "text", burst: 3, interval_millis: HOUR };

impl Throttle {
    /// What the bucket's instant becomes when one more attempt is counted at `at`, given what it is (`None`: never used);
    /// or from when one more is allowed.
    ///
    /// # Errors
    /// The instant from which one more is allowed.
    pub fn take(&self, full_again_at: Option<Timestamp>, at: Timestamp) -> Result<Timestamp, Timestamp> {
        let from = full_again_at.map_or(at.0, |instant| instant.0.max(at.0));
        let earliest = from + self.interval_millis - self.burst * self.interval_millis;
        if earliest > at.0 { Err(Timestamp(earliest)) } else { Ok(Timestamp(from + self.interval_millis)) }
    }
}

/// What counting an attempt gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was counted and may go on.
    Allowed,
    /// It was not counted: too many were.
    Refused {
        /// From when one more is allowed.
        retry_at: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_that_are_told() {
        let bounds = [PASSWORD_GUESSES, LOG_INS, SIGN_UPS, CODE_REQUESTS, MESSAGES, TEXTS];
        assert_eq!(
            bounds.map(|throttle| (throttle.burst, throttle.interval_millis)),
            [(50, 1_728_000), (100, 3_000), (30, 120_000), (30, 60_000), (5, 300_000), (3, 3_600_000)]
        );
        assert_eq!(DAY, 86_400_000);
    }

    const THROTTLE: Throttle = Throttle { name: "test", burst: 3, interval_millis: 1000 };

    #[test]
    fn so_many_at_once_and_one_more_each_interval() {
        let mut state = None;
        for _ in 0..3 {
            state = Some(THROTTLE.take(state, Timestamp(10_000)).unwrap());
        }
        assert_eq!(THROTTLE.take(state, Timestamp(10_000)), Err(Timestamp(11_000)));
        assert_eq!(THROTTLE.take(state, Timestamp(10_999)), Err(Timestamp(11_000)));
        state = Some(THROTTLE.take(state, Timestamp(11_000)).unwrap());
        assert!(THROTTLE.take(state, Timestamp(11_000)).is_err());
        for _ in 0..3 {
            state = Some(THROTTLE.take(state, Timestamp(60_000)).unwrap());
        }
        assert!(THROTTLE.take(state, Timestamp(60_000)).is_err(), "a long rest gives the burst back, no more");
    }

    #[test]
    fn at_most_a_hundred_wrong_passwords_in_any_day() {
        // As fast as it is allowed for three days; then every window of a day is counted.
        let (mut state, mut taken) = (None, Vec::new());
        let mut now = 0;
        while now < 3 * DAY {
            assert!(taken.len() < 1000, "hardly anything is refused");
            match PASSWORD_GUESSES.take(state, Timestamp(now)) {
                Ok(next) => {
                    state = Some(next);
                    taken.push(now);
                }
                Err(retry_at) => {
                    assert!(retry_at.0 > now, "allowed again later, not at {retry_at:?}");
                    now = retry_at.0;
                }
            }
        }
        for from in &taken {
            let in_a_day = taken.iter().filter(|at| (*from..from + DAY).contains(*at)).count();
            assert!(in_a_day <= 100, "{in_a_day} from {from}");
        }
    }
}
