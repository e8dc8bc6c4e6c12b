//! Delivery of a notification over one channel: states, and when to try again.

use crate::calendar::Timestamp;
use crate::id::{DeliveryId, DeviceId, NotificationId, UserId};

use super::{Channel, Notification};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// To be tried, now or later.
    Pending,
    /// Taken by the channel.
    Delivered,
    /// Given up; an admin may have it tried again.
    Dead,
    /// No longer true, or no longer wanted, before it was delivered.
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Dead, Self::Cancelled];

    /// The stored form.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Pending => 0,
            Self::Delivered => 1,
            Self::Dead => 2,
            Self::Cancelled => 3,
        }
    }

    /// The state of that stored form.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// The channel needs none of the user's.
    None,
    /// A mail address, and what its owner wants to be called.
    Email {
        /// The address.
        email: String,
        /// The name; may be empty.
        name: String,
    },
    /// A device's registration token.
    Device {
        /// Which device.
        device: DeviceId,
        /// Its token.
        token: String,
    },
    /// A telephone number as E.164 writes it.
    Phone(String),
    /// There was one when it was decided, and it is gone.
    Gone,
}

/// A delivery that this process has leased: nobody else tries it until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Which.
    pub id: DeliveryId,
    /// The number of this lease. What is reported under an older one is ignored.
    pub fence: i64,
    /// How often it was tried, this time included.
    pub attempt: u32,
    /// Over what.
    pub channel: Channel,
    /// Where to.
    pub address: Address,
    /// What.
    pub notification: Notification,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it.
    Delivered,
    /// Not now: to be tried again at that instant.
    Again {
        /// When.
        at: Timestamp,
        /// Why, for operators; no secret and nobody's data.
        reason: String,
    },
    /// Never.
    Dead {
        /// Why, as above.
        reason: String,
    },
    /// It is no longer true or wanted.
    Cancelled,
    /// Not tried at all, as this process is about to end or its channel pauses: to be tried from that instant on, and not
    /// counted.
    Released {
        /// When.
        at: Timestamp,
    },
}

/// When to try again: the wait doubles from try to try, up to a bound, and is spread at random so that those that failed
/// together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait, in milliseconds.
    pub first_millis: i64,
    /// The longest, in milliseconds.
    pub most_millis: i64,
    /// How many tries there are in all before it is given up.
    pub max_attempts: u32,
}

impl Backoff {
    /// How long to wait after the `attempt`-th try (from 1): between half of the doubled wait and all of it, as `random` (any
    /// number) says. What the other side asked for, in milliseconds, is a lower bound. `None` when it is to be given up.
    #[must_use]
    pub fn wait(&self, attempt: u32, asked_for: Option<i64>, random: u64) -> Option<i64> {
        if attempt >= self.max_attempts {
            return None;
        }
        let factor = 2_i64.checked_pow(attempt.saturating_sub(1));
        let doubled = factor.map_or(self.most_millis, |factor| self.first_millis.saturating_mul(factor));
        let whole = doubled.clamp(1, self.most_millis.max(1));
        let half = whole / 2;
        let spread = i64::try_from(random % u64::try_from(whole - half + 1).unwrap_or(1)).unwrap_or(0);
        Some((half + spread).max(asked_for.unwrap_or(0)))
    }
}

/// A delivery as operators see it: nothing of what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Which.
    pub id: DeliveryId,
    /// Of which notification.
    pub notification: NotificationId,
    /// Whose.
    pub user: UserId,
    /// Of which kind.
    pub kind: super::Kind,
    /// Over what.
    pub channel: Channel,
    /// Where it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it is tried next, or until when it is leased; of a pending one.
    pub next_at: Option<Timestamp>,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// Why it failed last.
    pub last_error: Option<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEFAULT: Backoff = Backoff { first_millis: 5000, most_millis: 3_600_000, max_attempts: 15 };

    #[test]
    fn waits_double_up_to_the_bound_and_then_it_is_given_up() {
        let most: Vec<Option<i64>> = (1..=15)
            .map(|attempt| (0..20_000).filter_map(|n| DEFAULT.wait(attempt, None, n * 180 + n % 180)).max())
            .collect();
        assert_eq!(most[14], None, "the last try is the fifteenth");
        assert!(most[..14].is_sorted(), "{most:?}");
        assert!(most[..14].iter().all(Option::is_some));
        assert!((4000..=5000).contains(&most[0].unwrap()));
        assert!((3_500_000..=3_600_000).contains(&most[13].unwrap()));
        // What default.toml says of these numbers: about six hours at most.
        let hours = most.iter().flatten().sum::<i64>() / 3_600_000;
        assert!((4..=6).contains(&hours), "{hours}");
    }

    #[test]
    fn states_are_read_back_as_written() {
        for (state, code, name) in [
            (State::Pending, 0, "pending"),
            (State::Delivered, 1, "delivered"),
            (State::Dead, 2, "dead"),
            (State::Cancelled, 3, "cancelled"),
        ] {
            assert_eq!((state.code(), state.as_str(), State::from_code(code)), (code, name, Some(state)));
        }
        assert_eq!(State::from_code(4), None);
    }

    #[test]
    fn a_wait_is_spread_over_its_second_half_both_ends_included() {
        let waits = [0, 1, 2499, 2500, 2501].map(|random| DEFAULT.wait(1, None, random));
        assert_eq!(waits, [2500, 2501, 4999, 5000, 2500].map(Some));
    }

    #[test]
    fn what_the_other_side_asks_for_is_a_lower_bound() {
        assert_eq!(DEFAULT.wait(1, Some(60_000), 7), Some(60_000));
        assert_eq!(DEFAULT.wait(1, Some(-5), 0), Some(2500));
        assert_eq!(DEFAULT.wait(15, Some(60_000), 7), None, "it does not buy another try");
    }

    proptest! {
        #[test]
        fn a_wait_is_between_half_of_the_doubled_one_and_all_of_it(
            first in 1..=86_400_000_i64,
            most in 1..=86_400_000_i64,
            attempt in 1..=200_u32,
            random: u64,
        ) {
            let backoff = Backoff { first_millis: first, most_millis: most, max_attempts: 201 };
            let whole = (0..attempt - 1).fold(first, |wait, _| wait.saturating_mul(2).min(most)).clamp(1, most);
            let wait = backoff.wait(attempt, None, random).unwrap();
            prop_assert!(whole / 2 <= wait && wait <= whole, "{wait} of {whole}");
        }

        #[test]
        fn no_number_is_too_much(
            first: i64, most: i64, max_attempts: u32, attempt: u32, asked: Option<i64>, random: u64,
        ) {
            let wait = Backoff { first_millis: first, most_millis: most, max_attempts }.wait(attempt, asked, random);
            prop_assert_eq!(wait.is_none(), attempt >= max_attempts);
            prop_assert!(wait.is_none_or(|wait| wait >= 0 && wait >= asked.unwrap_or(0)));
        }
    }
}
