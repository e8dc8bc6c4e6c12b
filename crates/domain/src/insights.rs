//! Chart-ready series of spending: buckets along the axis, and a value in each for every series.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Weekday};

use crate::calendar::Month;
use crate::id::CategoryId;
use crate::money::{self, MoneyError};

/// The most buckets that one chart may have: a year of days and some more.
pub const MAX_BUCKETS: usize = 400;

/// The most series that one chart may have. The smallest of more are summed up as [`SeriesKey::Other`]: nobody reads a chart
/// of more lines, and one person may have made ten thousands of tags.
pub const MAX_SERIES: usize = 100;

/// What spending is grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// A series a category over the months of the range.
    Category,
    /// A series a tag over the months of the range. An expense with two tags is in both series.
    Tag,
    /// One series over the days of the range.
    Day,
    /// One series over the ISO weeks, Monday to Sunday, that the range touches.
    Week,
    /// One series over the months that the range touches.
    Month,
    /// One series over the seven days of the week.
    Weekday,
}

impl GroupBy {
    /// Every grouping.
    pub const ALL: [Self; 6] = [Self::Category, Self::Tag, Self::Day, Self::Week, Self::Month, Self::Weekday];

    /// Reads the stable name; `None` when there is no such grouping.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.as_str() == name)
    }

    /// The stable name: `category`, `tag`, `day`, `week`, `month` or `weekday`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Tag => "tag",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Weekday => "weekday",
        }
    }

    /// Whether there is a series for each key, rather than one for all.
    const fn is_keyed(self) -> bool {
        matches!(self, Self::Category | Self::Tag)
    }
}

/// What a series stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeriesKey {
    /// All spending.
    Total,
    /// One category.
    Category(CategoryId),
    /// One tag.
    Tag(String),
    /// What has no tag.
    Untagged,
    /// All that is too small to have a series of its own.
    Other,
}

/// Spending of one date under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendingRow {
    /// The date on which it occurred.
    pub date: NaiveDate,
    /// Its series when grouping by category or tag; of no account otherwise.
    pub key: SeriesKey,
    /// Minor units.
    pub amount: i64,
}

/// One line of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What it stands for.
    pub key: SeriesKey,
    /// The sum of the values, in minor units.
    pub total: i64,
    /// A value for each bucket of the chart, in minor units; 0 where nothing was spent.
    pub values: Vec<i64>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The labels along the axis: days as `2026-03-01`, ISO weeks as `2026-W09`, months as `2026-03`, weekdays as `mon`.
    pub buckets: Vec<String>,
    /// The series, at most [`MAX_SERIES`], the largest total first, then by key. A single one, [`SeriesKey::Total`], unless grouped by category
    /// or tag.
    pub series: Vec<Series>,
}

/// Why a chart could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InsightsError {
    /// The range ends before it begins.
    #[error("must not begin after it ends")]
    Reversed,
    /// More than [`MAX_BUCKETS`] buckets.
    #[error("spans more than {MAX_BUCKETS} of these; choose a shorter range or a coarser grouping")]
    TooManyBuckets,
    /// A sum that does not fit 64 bits.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Charts the rows from `from` to `to`, both included, in any order; rows of other dates are left out. The buckets cover
/// the whole range, whether or not anything was spent; those at its ends hold only what lies inside.
///
/// # Errors
/// [`InsightsError::Reversed`], [`InsightsError::TooManyBuckets`], or [`MoneyError::Overflow`] when a sum does not fit.
pub fn chart(group: GroupBy, from: NaiveDate, to: NaiveDate, rows: &[SpendingRow]) -> Result<Chart, InsightsError> {
    if from > to {
        return Err(InsightsError::Reversed);
    }
    let axis = Axis::of(group, from);
    let length = usize::try_from(axis.position(to)).map_or(usize::MAX, |last| last.saturating_add(1));
    let length = if group == GroupBy::Weekday { WEEKDAYS.len() } else { length };
    if length > MAX_BUCKETS {
        return Err(InsightsError::TooManyBuckets);
    }

    let rows = || rows.iter().filter(|row| (from..=to).contains(&row.date));
    let shown = shown(group, rows())?;
    let mut values: BTreeMap<SeriesKey, Vec<i64>> = BTreeMap::new();
    if !group.is_keyed() {
        values.insert(SeriesKey::Total, vec![0; length]);
    }
    for row in rows() {
        let key = match &shown {
            None => SeriesKey::Total,
            Some(shown) if shown.contains(&row.key) => row.key.clone(),
            Some(_) => SeriesKey::Other,
        };
        let series = values.entry(key).or_insert_with(|| vec![0; length]);
        let bucket = usize::try_from(axis.position(row.date)).ok().and_then(|position| series.get_mut(position));
        if let Some(value) = bucket {
            *value = money::add(*value, row.amount)?;
        }
    }
    let mut series = values
        .into_iter()
        .map(|(key, values)| Ok(Series { key, total: money::sum(values.iter().copied())?, values }))
        .collect::<Result<Vec<_>, MoneyError>>()?;
    // Stable, so that equal totals stay ordered by key. What was summed up comes last, however large.
    series.sort_by_key(|series| (series.key == SeriesKey::Other, Reverse(series.total)));
    Ok(Chart { buckets: axis.labels(length), series })
}

/// The keys that get a series of their own; `None` when there is one series for all.
fn shown<'a>(
    group: GroupBy,
    rows: impl Iterator<Item = &'a SpendingRow>,
) -> Result<Option<BTreeSet<SeriesKey>>, MoneyError> {
    if !group.is_keyed() {
        return Ok(None);
    }
    let mut totals: BTreeMap<&SeriesKey, i64> = BTreeMap::new();
    for row in rows {
        let total = totals.entry(&row.key).or_default();
        *total = money::add(*total, row.amount)?;
    }
    let mut keys: Vec<(Reverse<i64>, &SeriesKey)> = totals.into_iter().map(|(key, n)| (Reverse(n), key)).collect();
    if keys.len() > MAX_SERIES {
        keys.sort_unstable();
        keys.truncate(MAX_SERIES - 1);
    }
    Ok(Some(keys.into_iter().map(|(_, key)| key.clone()).collect()))
}

const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Mon, "mon"),
    (Weekday::Tue, "tue"),
    (Weekday::Wed, "wed"),
    (Weekday::Thu, "thu"),
    (Weekday::Fri, "fri"),
    (Weekday::Sat, "sat"),
    (Weekday::Sun, "sun"),
];

/// The buckets, counted on from the one that the range begins in.
#[derive(Clone, Copy)]
enum Axis {
    Days(NaiveDate),
    /// The first week, counted from the one of 0001-01-01, which was a Monday.
    Weeks(i32),
    Months(Month),
    Weekdays,
}

impl Axis {
    fn of(group: GroupBy, from: NaiveDate) -> Self {
        match group {
            GroupBy::Day => Self::Days(from),
            GroupBy::Week => Self::Weeks(week(from)),
            GroupBy::Category | GroupBy::Tag | GroupBy::Month => Self::Months(Month::of(from)),
            GroupBy::Weekday => Self::Weekdays,
        }
    }

    fn position(self, date: NaiveDate) -> i64 {
        match self {
            Self::Days(first) => date.signed_duration_since(first).num_days(),
            Self::Weeks(first) => i64::from(week(date) - first),
            Self::Months(first) => i64::from(first.months_until(Month::of(date))),
            Self::Weekdays => i64::from(date.weekday().num_days_from_monday()),
        }
    }

    fn labels(self, length: usize) -> Vec<String> {
        match self {
            Self::Days(first) => first.iter_days().take(length).map(|day| day.to_string()).collect(),
            Self::Weeks(first) => (first..)
                .take(length)
                .map(|week| {
                    let monday = NaiveDate::from_num_days_from_ce_opt(week * 7 + 1).unwrap_or_default();
                    format!("{:04}-W{:02}", monday.iso_week().year(), monday.iso_week().week())
                })
                .collect(),
            Self::Months(first) => std::iter::successors(Some(first), |month| Some(month.next()))
                .take(length)
                .map(|month| month.to_string())
                .collect(),
            Self::Weekdays => WEEKDAYS.iter().map(|(_, label)| (*label).to_owned()).collect(),
        }
    }
}

fn week(date: NaiveDate) -> i32 {
    (date.num_days_from_ce() - 1).div_euclid(7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        crate::calendar::parse_date(text).unwrap()
    }

    fn row(date: &str, key: SeriesKey, amount: i64) -> SpendingRow {
        SpendingRow { date: day(date), key, amount }
    }

    fn tag(name: &str) -> SeriesKey {
        SeriesKey::Tag(name.to_owned())
    }

    #[test]
    fn groupings_are_read_by_name() {
        assert!(GroupBy::ALL.into_iter().all(|group| GroupBy::parse(group.as_str()) == Some(group)));
        assert_eq!((GroupBy::parse("year"), GroupBy::parse("Day"), GroupBy::parse("")), (None, None, None));
    }

    #[rstest]
    #[case(GroupBy::Day, "2026-02-27", "2026-03-01", "2026-02-27=1 2026-02-28=0 2026-03-01=2")]
    #[case(GroupBy::Week, "2026-02-27", "2026-03-10", "2026-W09=3 2026-W10=4 2026-W11=0")]
    #[case(GroupBy::Week, "2024-12-29", "2025-01-06", "2024-W52=0 2025-W01=8 2025-W02=0")]
    #[case(GroupBy::Month, "2026-02-28", "2026-04-01", "2026-02=0 2026-03=6 2026-04=0")]
    #[case(GroupBy::Weekday, "2026-02-01", "2026-03-31", "mon=4 tue=0 wed=0 thu=0 fri=1 sat=0 sun=2")]
    #[case(GroupBy::Day, "2026-03-02", "2026-03-02", "2026-03-02=4")]
    fn a_range_is_charted_whole(#[case] group: GroupBy, #[case] from: &str, #[case] to: &str, #[case] expected: &str) {
        let rows = [
            row("2026-03-01", SeriesKey::Category(CategoryId(1)), 2),
            row("2026-02-27", SeriesKey::Category(CategoryId(2)), 1),
            row("2026-03-02", SeriesKey::Category(CategoryId(1)), 4),
            row("2024-12-31", SeriesKey::Untagged, 8),
        ];
        let chart = chart(group, day(from), day(to), &rows).unwrap();
        let [series] = &chart.series[..] else { panic!("{chart:?}") };
        assert_eq!((series.key.clone(), series.total), (SeriesKey::Total, series.values.iter().sum::<i64>()));
        let shown: Vec<_> =
            chart.buckets.iter().zip(&series.values).map(|(at, value)| format!("{at}={value}")).collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn keys_make_series_over_months_the_largest_first() {
        let rows = [
            row("2026-01-05", tag("b"), 5),
            row("2026-02-05", tag("a"), 5),
            row("2026-03-05", tag("c"), 4),
            row("2026-01-06", tag("c"), 2),
            row("2026-01-06", SeriesKey::Untagged, 5),
            row("2026-04-01", tag("d"), 100),
        ];
        let chart = chart(GroupBy::Tag, day("2026-01-06"), day("2026-03-31"), &rows).unwrap();
        assert_eq!(chart.buckets, ["2026-01", "2026-02", "2026-03"]);
        let series: Vec<_> = chart.series.into_iter().map(|series| (series.key, series.values)).collect();
        assert_eq!(
            series,
            [(tag("c"), vec![2, 0, 4]), (tag("a"), vec![0, 5, 0]), (SeriesKey::Untagged, vec![5, 0, 0])]
        );
    }

    #[rstest]
    #[case(GroupBy::Day, "2026-01-01", "2027-02-04", 400)]
    #[case(GroupBy::Month, "1970-01-31", "2003-04-01", 400)]
    #[case(GroupBy::Category, "1970-01-31", "2003-04-01", 400)]
    #[case(GroupBy::Week, "2026-01-05", "2033-09-04", 400)]
    #[case(GroupBy::Weekday, "1970-01-01", "9999-12-31", 7)]
    fn charts_are_bounded(#[case] group: GroupBy, #[case] from: &str, #[case] to: &str, #[case] buckets: usize) {
        assert_eq!(chart(group, day(from), day(to), &[]).unwrap().buckets.len(), buckets);
        if buckets == MAX_BUCKETS {
            let later = day(to) + chrono::Days::new(31);
            assert_eq!(chart(group, day(from), later, &[]), Err(InsightsError::TooManyBuckets));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let (from, to) = (day("2026-01-02"), day("2026-01-01"));
        assert_eq!(chart(GroupBy::Weekday, from, to, &[]), Err(InsightsError::Reversed));
        assert_eq!(chart(GroupBy::Day, day("0001-01-01"), day("9999-12-31"), &[]), Err(InsightsError::TooManyBuckets));
        let rows = [row("2026-01-01", SeriesKey::Total, i64::MAX), row("2026-01-02", SeriesKey::Total, 1)];
        assert_eq!(chart(GroupBy::Day, to, from, &rows), Err(InsightsError::Money(MoneyError::Overflow)));
        assert_eq!(chart(GroupBy::Month, to, from, &rows), Err(InsightsError::Money(MoneyError::Overflow)));
    }

    proptest! {
        #![proptest_config(crate::cases::cases(10_000))]

        #[test]
        fn every_amount_is_charted_once(
            group in prop::sample::select(GroupBy::ALL.to_vec()),
            from in 0..800_u64,
            length in 0..400_u64,
            rows in prop::collection::vec((0..1200_u64, 1..4_i64, 0..1000_i64), 0..20),
        ) {
            let at = |days| day("2024-01-01") + chrono::Days::new(days);
            let (from, to) = (at(from), at(from + length));
            let rows: Vec<_> = rows
                .into_iter()
                .map(|(date, id, amount)| SpendingRow { date: at(date), key: SeriesKey::Category(CategoryId(id)), amount })
                .collect();
            let chart = chart(group, from, to, &rows).unwrap();
            let inside: i64 = rows.iter().filter(|row| from <= row.date && row.date <= to).map(|row| row.amount).sum();
            prop_assert_eq!(chart.series.iter().map(|series| series.total).sum::<i64>(), inside);
            prop_assert!(chart.series.iter().all(|series| series.values.len() == chart.buckets.len()));
            prop_assert!(group == GroupBy::Weekday || chart.buckets.is_sorted());
        }
    }

    #[test]
    fn as_many_tags_as_are_shown_are_all_shown() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 5).unwrap();
        let row = |n: i64| SpendingRow { date, key: SeriesKey::Tag(format!("t{n:04}")), amount: n };
        let rows: Vec<_> = (1..=100).map(row).collect();
        let chart = chart(GroupBy::Tag, date, date, &rows).unwrap();
        assert_eq!(chart.series.len(), 100);
        assert_eq!(chart.series.last().map(|series| &series.key), Some(&SeriesKey::Tag("t0001".into())));
    }

    #[test]
    fn many_tags_are_summed_up() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 5).unwrap();
        let row = |n: i64| SpendingRow { date, key: SeriesKey::Tag(format!("t{n:04}")), amount: n };
        let rows: Vec<_> = (1..=1000).map(row).collect();
        let chart = chart(GroupBy::Tag, date, date, &rows).unwrap();
        assert_eq!(chart.series.len(), MAX_SERIES);
        assert_eq!(chart.series[0].key, SeriesKey::Tag("t1000".into()));
        let other = chart.series.last().unwrap();
        assert_eq!((&other.key, other.total), (&SeriesKey::Other, (1..=901).sum()));
        assert_eq!(chart.series.iter().map(|series| series.total).sum::<i64>(), (1..=1000).sum());
    }
}
