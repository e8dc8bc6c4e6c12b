//! Civil dates, months and instants, parsed strictly.

use std::fmt;

use chrono::{
    DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;

/// An instant: UTC milliseconds since 1970-01-01T00:00:00Z, the same value on every database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads an RFC 3339 instant, as `2026-03-01T09:30:00Z` or `2026-03-01T15:00:00.5+05:30`. Parts of a millisecond are cut
    /// off.
    ///
    /// # Errors
    /// [`CalendarError::Instant`] for any other text, and for an instant whose year in UTC has no four digits, which RFC 3339
    /// cannot write: an offset leads from `0000-01-01` to the year -1, a leap second from `9999-12-31` to the year 10000.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        // chrono also takes a blank in place of the T.
        let written_in_full = text.len() <= 64 && matches!(text.as_bytes().get(10), Some(b'T' | b't'));
        let read = DateTime::parse_from_rfc3339(text).ok().filter(|_| written_in_full);
        let at = read.map(|at| Self(at.timestamp_millis())).ok_or(CalendarError::Instant)?;
        if (0..=9999).contains(&at.to_utc().year()) { Ok(at) } else { Err(CalendarError::Instant) }
    }

    /// RFC 3339 in UTC with exactly three decimals, as `2026-03-01T09:30:00.125Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// The civil date of this instant in `zone`.
    #[must_use]
    pub fn date_in(self, zone: Zone) -> NaiveDate {
        self.to_utc().with_timezone(&zone.0).date_naive()
    }

    /// The hour of the day of this instant in `zone`: 0 to 23.
    #[must_use]
    pub fn hour_in(self, zone: Zone) -> u32 {
        self.to_utc().with_timezone(&zone.0).hour()
    }

    /// This instant moved by `millis` (negative moves back), saturating at the ends of `i64`.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    fn to_utc(self) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(self.0).single().unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// Why a date, month or zone was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not a calendar date written `YYYY-MM-DD`.
    #[error("must be a calendar date written YYYY-MM-DD")]
    Date,
    /// Not a month written `YYYY-MM`.
    #[error("must be a month written YYYY-MM, from 1970-01 on")]
    Month,
    /// Not an instant as in RFC 3339.
    #[error("must be an instant as in RFC 3339, such as 2026-03-01T09:30:00Z")]
    Instant,
    /// Not a zone of the IANA time zone database.
    #[error("must be a time zone of the IANA database, such as Asia/Kolkata")]
    Zone,
    /// Before 1970-01-01 or more than a year after the user's today.
    #[error("must lie between 1970-01-01 and one year after today")]
    OutOfRange,
}

/// An IANA time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(Tz::UTC);

    /// Reads an IANA name, exactly as the database spells it.
    ///
    /// # Errors
    /// [`CalendarError::Zone`] for any other text.
    pub fn parse(name: &str) -> Result<Self, CalendarError> {
        name.parse::<Tz>().map(Self).map_err(|_| CalendarError::Zone)
    }

    /// The IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether the zone has that date. A zone that crosses the date line skips one.
    #[must_use]
    pub fn has_date(self, date: NaiveDate) -> bool {
        self.first_instant(date, 0).date_in(self) == date
    }

    /// The first instant at which it is that date and hour (0 to 23) or later in the zone. Where clocks are turned forward over
    /// it, that is the moment of turning; where they are turned back over it, its first occurrence.
    #[must_use]
    pub fn first_instant(self, date: NaiveDate, hour: u8) -> Timestamp {
        let time = NaiveTime::from_hms_opt(hour.into(), 0, 0).unwrap_or(NaiveTime::MIN);
        let mut local = date.and_time(time);
        // No zone has ever skipped more than a day; every gap ends on a quarter of an hour or on a minute of long ago.
        for _ in 0..=24 * 60 {
            match self.0.from_local_datetime(&local) {
                MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => {
                    return Timestamp(at.timestamp_millis());
                }
                MappedLocalTime::None => local = local.checked_add_signed(TimeDelta::minutes(1)).unwrap_or(local),
            }
        }
        Timestamp(local.and_utc().timestamp_millis())
    }
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0_u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

/// Reads a civil date written exactly `YYYY-MM-DD`: ASCII digits, no sign, no blanks.
///
/// # Errors
/// [`CalendarError::Date`] for anything else, including days that do not exist.
pub fn parse_date(text: &str) -> Result<NaiveDate, CalendarError> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return Err(CalendarError::Date);
    }
    let (Some(y), Some(m), Some(d)) = (digits(&bytes[..4]), digits(&bytes[5..7]), digits(&bytes[8..])) else {
        return Err(CalendarError::Date);
    };
    NaiveDate::from_ymd_opt(y.cast_signed(), m, d).ok_or(CalendarError::Date)
}

/// Checks that an expense may occur on `date`, given the user's `today`.
///
/// # Errors
/// [`CalendarError::OutOfRange`] before 1970-01-01 or after the same day next year (rules.md, "Money, dates, months").
pub fn check_occurrence(date: NaiveDate, today: NaiveDate) -> Result<(), CalendarError> {
    let last = today
        .with_year(today.year() + 1)
        .or_else(|| NaiveDate::from_ymd_opt(today.year() + 1, 3, 1))
        .unwrap_or(NaiveDate::MAX);
    if date.year() < 1970 || date > last { Err(CalendarError::OutOfRange) } else { Ok(()) }
}

/// A calendar month, stored as the integer `yyyymm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month that `date` lies in. No time zone is involved.
    #[must_use]
    pub fn of(date: NaiveDate) -> Self {
        Self(date.year() * 100 + date.month().cast_signed())
    }

    /// Reads a month written exactly `YYYY-MM`, from 1970 on.
    ///
    /// # Errors
    /// [`CalendarError::Month`] for anything else.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let bytes = text.as_bytes();
        if bytes.len() != 7 || bytes[4] != b'-' {
            return Err(CalendarError::Month);
        }
        match (digits(&bytes[..4]), digits(&bytes[5..])) {
            (Some(y), Some(m)) if y >= 1970 => Self::from_yyyymm((y * 100 + m).cast_signed()),
            _ => Err(CalendarError::Month),
        }
    }

    /// From its stored form, `yyyymm`.
    ///
    /// # Errors
    /// [`CalendarError::Month`] when the last two digits are no month or the year has more than four digits.
    pub const fn from_yyyymm(value: i32) -> Result<Self, CalendarError> {
        if value < 101 || value > 999_912 || value % 100 < 1 || value % 100 > 12 {
            return Err(CalendarError::Month);
        }
        Ok(Self(value))
    }

    /// The stored form, `yyyymm`.
    #[must_use]
    pub const fn yyyymm(self) -> i32 {
        self.0
    }

    /// The first day.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.0 / 100, (self.0 % 100).cast_unsigned(), 1).unwrap_or(NaiveDate::MIN)
    }

    /// The last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.next().first_day().checked_sub_days(Days::new(1)).unwrap_or(NaiveDate::MAX)
    }

    /// How many days it has: 28 to 31.
    #[must_use]
    pub fn days(self) -> u32 {
        self.last_day().day()
    }

    /// The month that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 % 100 == 12 { Self(self.0 + 89) } else { Self(self.0 + 1) }
    }

    /// The month before.
    #[must_use]
    pub const fn previous(self) -> Self {
        if self.0 % 100 == 1 { Self(self.0 - 89) } else { Self(self.0 - 1) }
    }

    /// How many months from `self` to `later`; negative when `later` is earlier.
    #[must_use]
    pub const fn months_until(self, later: Self) -> i32 {
        (later.0 / 100 - self.0 / 100) * 12 + later.0 % 100 - self.0 % 100
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_strictly() {
        assert_eq!(parse_date("2024-02-29"), Ok(NaiveDate::from_ymd_opt(2024, 2, 29).unwrap()));
        for bad in [
            "2023-02-29",
            "+262142-12-31",
            " 2024-01-01",
            "2024-1-01",
            "2024-01-01 ",
            "2024/01/01",
            "",
            "20240101",
            "2024-13-01",
            "2024-00-10",
            "-024-01-01",
            "２024-01-1",
        ] {
            assert_eq!(parse_date(bad), Err(CalendarError::Date), "{bad:?}");
        }
    }

    #[test]
    fn months_are_read_strictly_and_walk_over_the_year() {
        let december = Month::parse("2025-12").unwrap();
        assert_eq!(
            (december.next().to_string(), december.previous().to_string()),
            ("2026-01".into(), "2025-11".into())
        );
        assert_eq!(december.next().previous(), december);
        assert_eq!(Month::parse("2024-02").unwrap().days(), 29);
        assert_eq!(december.months_until(Month::parse("2026-02").unwrap()), 2);
        for bad in ["2025-13", "2025-00", "2025-1", "1969-12", "2025-012", "+025-01", "", "abcd-ef"] {
            assert_eq!(Month::parse(bad), Err(CalendarError::Month), "{bad:?}");
        }
    }

    #[test]
    fn stored_months_are_checked() {
        for good in [101, 112, 197_001, 202_612, 999_901, 999_912] {
            assert_eq!(Month::from_yyyymm(good).map(Month::yyyymm), Ok(good));
        }
        for bad in [i32::MIN, -202_601, -99, 0, 1, 12, 13, 99, 100, 113, 202_600, 202_613, 202_699, 999_913, 1_000_001]
        {
            assert_eq!(Month::from_yyyymm(bad), Err(CalendarError::Month), "{bad}");
        }
    }

    #[test]
    fn a_zone_is_named_and_tells_hours_and_gaps() {
        let apia = Zone::parse("Pacific/Apia").unwrap();
        assert_eq!((apia.name(), Zone::UTC.name()), ("Pacific/Apia", "UTC"));
        assert_eq!(Zone::parse("pacific/apia"), Err(CalendarError::Zone));
        let at = |text| Timestamp::parse(text).unwrap();
        let kolkata = Zone::parse("Asia/Kolkata").unwrap();
        assert_eq!(at("2026-03-10T03:29:59Z").hour_in(kolkata), 8);
        assert_eq!(at("2026-03-10T18:30:00Z").hour_in(kolkata), 0);
        // Samoa had no 30 December 2011: the day that begins at the same moment is the 31st.
        let turning = at("2011-12-30T10:00:00Z");
        for (date, there) in [("2011-12-29", true), ("2011-12-30", false), ("2011-12-31", true)] {
            assert_eq!(apia.has_date(parse_date(date).unwrap()), there, "{date}");
        }
        for hour in [0, 9, 23] {
            assert_eq!(apia.first_instant(parse_date("2011-12-30").unwrap(), hour), turning, "{hour}");
        }
        assert_eq!(apia.first_instant(parse_date("2011-12-31").unwrap(), 9), at("2011-12-30T19:00:00Z"));
        assert_eq!(turning.plus_millis(-1).date_in(apia), parse_date("2011-12-29").unwrap());
        assert_eq!(Timestamp(i64::MAX).plus_millis(1), Timestamp(i64::MAX));
    }

    #[test]
    fn an_expense_may_lie_one_year_ahead_and_no_further() {
        let day = |text| parse_date(text).unwrap();
        assert_eq!(check_occurrence(day("2025-03-01"), day("2024-02-29")), Ok(()));
        assert_eq!(check_occurrence(day("2025-03-02"), day("2024-02-29")), Err(CalendarError::OutOfRange));
        assert_eq!(check_occurrence(day("2026-03-10"), day("2025-03-10")), Ok(()));
        assert_eq!(check_occurrence(day("2026-03-11"), day("2025-03-10")), Err(CalendarError::OutOfRange));
        assert_eq!(check_occurrence(day("1970-01-01"), day("2024-02-29")), Ok(()));
        assert_eq!(check_occurrence(day("1969-12-31"), day("2024-02-29")), Err(CalendarError::OutOfRange));
    }

    #[test]
    fn instants_are_read_as_they_are_written() {
        let at = Timestamp(1_772_357_400_125);
        assert_eq!(Timestamp::parse(&at.to_rfc3339()), Ok(at));
        assert_eq!(Timestamp::parse("2026-03-01T15:00:00.1259+05:30"), Ok(at));
        for ends in ["0000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"] {
            assert_eq!(Timestamp::parse(ends).map(Timestamp::to_rfc3339).as_deref(), Ok(ends));
        }
        for bad in [
            "",
            "2026-03-01",
            "2026-03-01T09:30:00",
            "2026-03-01 09:30:00Z",
            "2026-02-30T09:30:00Z",
            "2026-03-01T24:30:00Z",
            "+262142-12-31T00:00:00Z",
            " 2026-03-01T09:30:00Z",
            "2026-03-01T09:30:00Z ",
            "1772357400",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T23:59:60Z",
        ] {
            assert_eq!(Timestamp::parse(bad), Err(CalendarError::Instant), "{bad:?}");
        }
    }

    #[test]
    fn the_date_of_an_instant_depends_on_the_zone() {
        let at = Timestamp(1_767_225_600_000 - 1);
        assert_eq!(at.to_rfc3339(), "2025-12-31T23:59:59.999Z");
        assert_eq!(at.date_in(Zone::UTC), parse_date("2025-12-31").unwrap());
        assert_eq!(at.date_in(Zone::parse("Asia/Kolkata").unwrap()), parse_date("2026-01-01").unwrap());
    }
}
