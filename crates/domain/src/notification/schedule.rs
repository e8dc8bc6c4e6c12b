//! When the daily checks are due: once a local date, from a local hour on, whatever clocks do.

use chrono::{Days, NaiveDate};

use crate::calendar::{Month, Timestamp, Zone};

/// The users of one zone who want to hear at one hour; they are checked together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cohort {
    /// Their zone.
    pub zone: Zone,
    /// Their hour, 0 to 23.
    pub hour: u8,
    /// The local date of the last check that was carried through; `None` before the first.
    pub done_on: Option<NaiveDate>,
}

/// For the first days of a month, the month before is looked at too.
const LOOKING_BACK_DAYS: u32 = 3;
/// How many missed dates are made up for at most.
const MOST_MISSED: i64 = 62;

/// The latest local date whose check is due at `now`: today from the hour on, else the day before. A date that a zone
/// skipped altogether is never one.
#[must_use]
pub fn due_date(now: Timestamp, zone: Zone, hour: u8) -> NaiveDate {
    let today = now.date_in(zone);
    if now.hour_in(zone) >= u32::from(hour) {
        return today;
    }
    let before = |date: NaiveDate| date.checked_sub_days(Days::new(1)).unwrap_or(date);
    let yesterday = before(today);
    if zone.has_date(yesterday) { yesterday } else { before(yesterday) }
}

/// The first instant of `date` at which it is `hour` o'clock or later in the zone.
#[must_use]
pub fn instant_of(date: NaiveDate, zone: Zone, hour: u8) -> Timestamp {
    zone.first_instant(date, hour)
}

/// The months that the checks of the dates after `done_on` up to `today` look at, in order. Of a first check: those of `today`
/// alone. `today` is the date on which the check is really made.
#[must_use]
pub fn months(done_on: Option<NaiveDate>, today: NaiveDate) -> Vec<Month> {
    use chrono::Datelike;
    let mut date = match done_on {
        Some(done) if done < today => {
            let missed = today.signed_duration_since(done).num_days().min(MOST_MISSED);
            today.checked_sub_days(Days::new(u64::try_from(missed - 1).unwrap_or(0))).unwrap_or(today)
        }
        _ => today,
    };
    let mut months = Vec::new();
    while date <= today {
        let month = Month::of(date);
        if date.day() <= LOOKING_BACK_DAYS {
            months.push(month.previous());
        }
        months.push(month);
        let Some(next) = date.succ_opt() else { break };
        date = next;
    }
    months.sort_unstable();
    months.dedup();
    months
}
