//! The clock of the machine.

use chrono::Utc;
use florin_app::port::Clock;
use florin_domain::calendar::Timestamp;

/// Tells the machine's time, to the millisecond. It may step when the machine's clock is set.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(Utc::now().timestamp_millis())
    }
}
