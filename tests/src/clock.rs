//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::DateTime;
use florin_app::port::Clock;
use florin_domain::calendar::Timestamp;

/// A clock that stands still until a test moves it. Clones tell the same time.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// A clock that shows an instant, written as in RFC 3339.
    #[must_use]
    pub fn at(instant: &str) -> Self {
        Self(Arc::new(AtomicI64::new(millis(instant))))
    }

    /// Moves it to an instant. Tokens made before may have ended by then, or, going back, not be in force yet.
    pub fn set(&self, instant: &str) {
        self.0.store(millis(instant), Ordering::SeqCst);
    }

    /// Moves it on.
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Moves it on by whole seconds.
    pub fn advance_seconds(&self, seconds: i64) {
        self.advance_millis(seconds * 1000);
    }

    /// Moves it on by whole days of 24 hours.
    pub fn advance_days(&self, days: i64) {
        self.advance_seconds(days * 24 * 60 * 60);
    }

    /// What it shows, in milliseconds since 1970.
    #[must_use]
    pub fn millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// What it shows, as the API writes instants.
    #[must_use]
    pub fn text(&self) -> String {
        Timestamp(self.millis()).to_rfc3339()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.millis())
    }
}

fn millis(instant: &str) -> i64 {
    DateTime::parse_from_rfc3339(instant).expect("an instant as in RFC 3339").timestamp_millis()
}
