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

/// How many days a note may be ahead of the date that is due. After a clock went back by no more, each date keeps its one check.
const MOST_AHEAD_DAYS: u64 = 7;

/// The latest date that a note may bear when the check of `due` is the latest that is due. One beyond was left by a clock that
/// was ahead, and counts for nothing: to look once more tells nobody anything twice, not to look leaves them without.
#[must_use]
pub fn latest_note(due: NaiveDate) -> NaiveDate {
    due.checked_add_days(Days::new(MOST_AHEAD_DAYS)).unwrap_or(due)
}

/// The latest local date whose check is due at `now`: today once its hour has come ([`instant_of`]), though clocks may have been
/// turned back over it since; else the day before. A date that a zone skipped altogether is never one.
#[must_use]
pub fn due_date(now: Timestamp, zone: Zone, hour: u8) -> NaiveDate {
    let today = now.date_in(zone);
    if instant_of(today, zone, hour) <= now {
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
    let due = done_on.map_or(1, |done| today.signed_duration_since(done).num_days().clamp(1, MOST_MISSED));
    let mut date = today.checked_sub_days(Days::new(u64::try_from(due - 1).unwrap_or(0))).unwrap_or(today);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::calendar::parse_date;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn at(instant: &str) -> Timestamp {
        Timestamp::parse(instant).unwrap()
    }

    #[rstest]
    #[case::at_the_hour("Asia/Kolkata", 9, "2026-03-10T03:30:00Z", "2026-03-10")]
    #[case::a_moment_before("Asia/Kolkata", 9, "2026-03-10T03:29:59.999Z", "2026-03-09")]
    #[case::midnight("Asia/Kolkata", 0, "2026-03-09T18:30:00Z", "2026-03-10")]
    #[case::the_last_hour("Asia/Kolkata", 23, "2026-03-10T17:29:59Z", "2026-03-09")]
    #[case::kathmandu("Asia/Kathmandu", 9, "2026-03-10T03:15:00Z", "2026-03-10")]
    #[case::leap_day("UTC", 9, "2028-02-29T09:00:00Z", "2028-02-29")]
    #[case::after_a_leap_day("UTC", 9, "2028-03-01T08:00:00Z", "2028-02-29")]
    #[case::new_year("America/New_York", 9, "2026-01-01T13:59:59Z", "2025-12-31")]
    // Clocks go from 2 to 3 o'clock: 2 has come at 3.
    #[case::before_a_gap("America/New_York", 2, "2026-03-08T06:59:59Z", "2026-03-07")]
    #[case::after_a_gap("America/New_York", 2, "2026-03-08T07:00:00Z", "2026-03-08")]
    // Clocks go from 2 back to 1 o'clock: 1 has come the first time, and stays so.
    #[case::before_an_overlap("America/New_York", 1, "2026-11-01T04:59:59Z", "2026-10-31")]
    #[case::first_time("America/New_York", 1, "2026-11-01T05:00:00Z", "2026-11-01")]
    #[case::second_time("America/New_York", 1, "2026-11-01T06:00:00Z", "2026-11-01")]
    // From 3:45 back to 2:45: 3 had come.
    #[case::back_over_the_hour("Pacific/Chatham", 3, "2011-04-02T14:00:00Z", "2011-04-03")]
    // From 23 o'clock to midnight: 23 has come then, a day later.
    #[case::gap_at_midnight("America/Nuuk", 23, "2024-03-31T01:00:00Z", "2024-03-30")]
    // At midnight back to 23 o'clock of the day before.
    #[case::midnight_overlap("America/Sao_Paulo", 23, "2018-02-18T02:30:00Z", "2018-02-17")]
    // Half an hour: from 2:00 to 2:30.
    #[case::half_a_gap("Australia/Lord_Howe", 2, "2026-10-03T15:29:59Z", "2026-10-03")]
    #[case::half_a_gap_over("Australia/Lord_Howe", 2, "2026-10-03T15:30:00Z", "2026-10-04")]
    // Samoa had no 30 December 2011.
    #[case::before_the_date_line("Pacific/Apia", 9, "2011-12-30T09:59:59Z", "2011-12-29")]
    #[case::over_the_date_line("Pacific/Apia", 9, "2011-12-30T10:00:00Z", "2011-12-29")]
    #[case::at_the_hour_after_it("Pacific/Apia", 9, "2011-12-30T19:00:00Z", "2011-12-31")]
    // The same instant, 25 hours apart.
    #[case::furthest_ahead("Pacific/Kiritimati", 9, "2026-03-09T19:00:00Z", "2026-03-10")]
    #[case::furthest_behind("Pacific/Pago_Pago", 9, "2026-03-09T19:00:00Z", "2026-03-08")]
    fn a_date_is_due_once_its_hour_has_come(
        #[case] name: &str,
        #[case] hour: u8,
        #[case] now: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(due_date(at(now), zone(name), hour), parse_date(expected).unwrap());
    }

    #[rstest]
    #[case("Asia/Kolkata", "2026-03-10", 9, "2026-03-10T03:30:00Z")]
    #[case("America/New_York", "2026-03-08", 2, "2026-03-08T07:00:00Z")]
    #[case("America/New_York", "2026-11-01", 1, "2026-11-01T05:00:00Z")]
    #[case("Australia/Lord_Howe", "2026-10-04", 2, "2026-10-03T15:30:00Z")]
    #[case("Pacific/Apia", "2011-12-31", 0, "2011-12-30T10:00:00Z")]
    #[case("America/Sao_Paulo", "2018-11-04", 0, "2018-11-04T03:00:00Z")]
    fn the_hour_comes_at_an_instant(#[case] name: &str, #[case] date: &str, #[case] hour: u8, #[case] expected: &str) {
        assert_eq!(instant_of(parse_date(date).unwrap(), zone(name), hour), at(expected));
    }

    #[rstest]
    #[case::first_check("2026-03-10", None, &["2026-03"])]
    #[case::first_of_a_month("2026-03-01", None, &["2026-02", "2026-03"])]
    #[case::third_of_a_month("2026-03-03", Some("2026-03-02"), &["2026-02", "2026-03"])]
    #[case::fourth_of_a_month("2026-03-04", Some("2026-03-03"), &["2026-03"])]
    #[case::first_of_a_year("2026-01-01", Some("2025-12-31"), &["2025-12", "2026-01"])]
    #[case::missed_over_the_end("2026-03-10", Some("2026-02-20"), &["2026-02", "2026-03"])]
    #[case::missed_since_the_last_look_back("2026-03-10", Some("2026-03-03"), &["2026-03"])]
    #[case::missed_a_look_back("2026-03-10", Some("2026-03-02"), &["2026-02", "2026-03"])]
    #[case::leap_day("2028-02-29", Some("2028-02-28"), &["2028-02"])]
    #[case::after_a_leap_day("2028-03-01", Some("2028-02-29"), &["2028-02", "2028-03"])]
    #[case::missed_a_year("2026-03-10", Some("2025-01-01"), &["2026-01", "2026-02", "2026-03"])]
    #[case::asked_again("2026-03-03", Some("2026-03-03"), &["2026-02", "2026-03"])]
    #[case::clock_went_back("2026-03-10", Some("2026-04-10"), &["2026-03"])]
    fn months_are_those_of_the_dates_since(#[case] today: &str, #[case] done: Option<&str>, #[case] expected: &[&str]) {
        let months = months(done.map(|done| parse_date(done).unwrap()), parse_date(today).unwrap());
        assert_eq!(months.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_note_may_be_a_week_ahead() {
        assert_eq!(latest_note(parse_date("2028-02-25").unwrap()), parse_date("2028-03-03").unwrap());
        assert_eq!(latest_note(NaiveDate::MAX), NaiveDate::MAX);
    }

    const ZONES: [&str; 12] = [
        "UTC",
        "America/Nuuk",
        "Pacific/Chatham",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "America/New_York",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Antarctica/Troll",
        "Pacific/Apia",
        "Pacific/Kiritimati",
    ];

    proptest! {
        #![proptest_config(crate::cases::cases(2_000))]

        /// Whatever clocks do: the due date is one that the zone has, its hour has come, and that of the next one has not.
        #[test]
        fn the_hour_of_the_due_date_has_come_and_the_next_ones_has_not(
            millis in 600_000_000_000_i64..2_200_000_000_000,
            index in 0..ZONES.len(),
            hour in 0_u8..24,
        ) {
            let (now, zone) = (Timestamp(millis), zone(ZONES[index]));
            let due = due_date(now, zone, hour);
            prop_assert!(zone.has_date(due));
            prop_assert!(instant_of(due, zone, hour) <= now, "{}", due);
            let mut next = due.succ_opt().unwrap();
            if !zone.has_date(next) {
                next = next.succ_opt().unwrap();
            }
            prop_assert!(instant_of(next, zone, hour) > now, "{}", due);
        }

        /// Run every day or once after a while, the same months are looked at.
        #[test]
        fn a_missed_run_looks_where_daily_ones_would_have(start in 0_u64..20_000, missed in 1_u64..60) {
            let first = parse_date("1990-01-01").unwrap().checked_add_days(Days::new(start)).unwrap();
            let date = |after: u64| first.checked_add_days(Days::new(after)).unwrap();
            let mut daily: Vec<_> = (1..=missed).flat_map(|n| months(Some(date(n - 1)), date(n))).collect();
            daily.sort_unstable();
            daily.dedup();
            prop_assert_eq!(months(Some(date(0)), date(missed)), daily);
        }
    }
}
