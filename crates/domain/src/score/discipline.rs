//! Tracking discipline: how soon after its date an expense is logged.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::facts::{Activity, MonthFacts, saturate};
use super::metric::{FULL_BP, Measure, Metric, Param, Reason};

/// The key of tracking discipline in every model.
pub const KEY: &str = "tracking_discipline";

/// The mean of [`delay_bp`] over the expenses of each date, then over the dates, each in integer division, so that a day
/// with many expenses weighs no more than another (rules.md, "The score"). Imported expenses and dates still ahead are
/// left out; not measured when none is left.
///
/// Reasons:
/// - `logged_same_day {dates, of}`: on so many dates of so many everything was logged without delay.
/// - `late_entries {count, mean_delay_days}`, when any expense was late: how many, and by how many days on average,
///   rounded half up.
/// - `slowest_date {date, delay_days}`, likewise: the longest delay of the month, and the first date that had it.
/// - `nothing_to_time {}`.
#[derive(Debug, Clone, Copy)]
pub struct TrackingDiscipline;

impl Metric for TrackingDiscipline {
    fn key(&self) -> &'static str {
        KEY
    }

    fn measure(&self, facts: &MonthFacts) -> Measure {
        let mut dates: BTreeMap<NaiveDate, Date> = BTreeMap::new();
        for row in facts.happened().filter(|row| !row.imported) {
            dates.entry(row.date).or_default().add(row);
        }
        let of = i64::try_from(dates.len()).unwrap_or(i64::MAX);
        if of == 0 {
            return Measure::unmeasured(Reason::new("nothing_to_time", vec![]));
        }
        let sum: i64 = dates.values().map(Date::mean_bp).sum();
        Measure::of(sum / of, reasons(&dates, of))
    }
}

/// The straight pieces of the delay curve: days late, basis points.
const CURVE: [(i64, i64); 5] = [(0, FULL_BP), (1, 9000), (3, 7000), (7, 3000), (14, 0)];

/// What an expense earns that was logged `delay_days` after its date, in basis points: linear between 0 days (10,000),
/// 1 (9000), 3 (7000), 7 (3000) and 14 (0), in integer division. Logged ahead of its date counts as no delay.
#[must_use]
pub fn delay_bp(delay_days: i64) -> i64 {
    if delay_days <= 0 {
        return FULL_BP;
    }
    CURVE
        .windows(2)
        .find_map(|piece| match piece {
            &[(x0, y0), (x1, y1)] if (x0..=x1).contains(&delay_days) => {
                Some(y1 + (y0 - y1) * (x1 - delay_days) / (x1 - x0))
            }
            _ => None,
        })
        .unwrap_or(0)
}

/// How many days after its date an expense was logged, at least 0.
pub(super) fn delay_days(row: &Activity) -> i64 {
    row.logged_on.signed_duration_since(row.date).num_days().max(0)
}

/// The expenses of one date. Wide integers, as the counts are the caller's.
#[derive(Default)]
struct Date {
    sum_bp: i128,
    count: i128,
    late: i128,
    late_days: i128,
    longest: i64,
}

impl Date {
    fn add(&mut self, row: &Activity) {
        let (delay, count) = (delay_days(row), i128::from(row.count));
        self.sum_bp += i128::from(delay_bp(delay)) * count;
        self.count += count;
        if delay > 0 {
            self.late += count;
            self.late_days += i128::from(delay) * count;
            self.longest = self.longest.max(delay);
        }
    }

    fn mean_bp(&self) -> i64 {
        saturate(self.sum_bp / self.count.max(1))
    }
}

fn reasons(dates: &BTreeMap<NaiveDate, Date>, of: i64) -> Vec<Reason> {
    let mut same_day = 0;
    let (mut late, mut late_days) = (0, 0);
    let mut slowest: Option<(NaiveDate, i64)> = None;
    for (date, entries) in dates {
        late += entries.late;
        late_days += entries.late_days;
        if entries.late == 0 {
            same_day += 1;
        } else if slowest.is_none_or(|(_, longest)| entries.longest > longest) {
            slowest = Some((*date, entries.longest));
        }
    }
    let summary = vec![("dates", Param::Integer(same_day)), ("of", Param::Integer(of))];
    let mut reasons = vec![Reason::new("logged_same_day", summary)];
    if let Some((date, longest)) = slowest {
        let mean = saturate((2 * late_days + late) / (2 * late));
        let count = Param::Integer(saturate(late));
        reasons.push(Reason::new("late_entries", vec![("count", count), ("mean_delay_days", Param::Integer(mean))]));
        let params = vec![("date", Param::Date(date)), ("delay_days", Param::Integer(longest))];
        reasons.push(Reason::new("slowest_date", params));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(-5, 10_000)]
    #[case(0, 10_000)]
    #[case(1, 9000)]
    #[case(2, 8000)]
    #[case(3, 7000)]
    #[case(4, 6000)]
    #[case(5, 5000)]
    #[case(6, 4000)]
    #[case(7, 3000)]
    #[case(8, 2571)]
    #[case(10, 1714)]
    #[case(13, 428)]
    #[case(14, 0)]
    #[case(15, 0)]
    #[case(100_000, 0)]
    fn delay_costs_by_degrees(#[case] days: i64, #[case] bp: i64) {
        assert_eq!(delay_bp(days), bp);
    }

    #[test]
    fn the_curve_never_rises() {
        assert!((-2..40).all(|days| delay_bp(days + 1) <= delay_bp(days)));
    }
}
