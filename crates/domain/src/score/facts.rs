//! What a month is scored on.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

use crate::budget::{Limit, Scope};
use crate::calendar::Month;
use crate::id::CategoryId;

/// Live expenses of one date that were logged on one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Activity {
    /// The date on which they occur now, whatever it was before an edit.
    pub date: NaiveDate,
    /// The date in the user's zone on which they were first logged; edits keep it.
    pub logged_on: NaiveDate,
    /// Whether they came from an import, whose delay says nothing about the user.
    pub imported: bool,
    /// How many they are. A row of none or fewer is ignored.
    pub count: i64,
}

/// Everything that a score depends on. The order of the rows does not matter, and equal keys add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthFacts {
    /// The month to score.
    pub month: Month,
    /// Today in the user's zone.
    pub today: NaiveDate,
    /// The date in the user's zone on which the user signed up.
    pub signed_up_on: NaiveDate,
    /// The limits in force in the month, one a scope (see [`crate::budget::in_force`]).
    pub limits: Vec<Limit>,
    /// What was spent in the month by category, in minor units.
    pub spent: Vec<(CategoryId, i64)>,
    /// The live expenses of the month. Rows of other months are ignored.
    pub activity: Vec<Activity>,
}

impl MonthFacts {
    /// Whether the month lies behind today.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.month < Month::of(self.today)
    }

    /// What was spent within `scope`, in minor units; saturating, as no score changes that far out.
    #[must_use]
    pub fn spent_in(&self, scope: Scope) -> i64 {
        let within = |category| scope == Scope::Total || scope == Scope::Category(category);
        let total: i128 =
            self.spent.iter().filter(|(category, _)| within(*category)).map(|(_, amount)| i128::from(*amount)).sum();
        saturate(total)
    }

    /// The rows that stand for live expenses of this month.
    pub(super) fn live(&self) -> impl Iterator<Item = &Activity> {
        self.activity.iter().filter(|row| row.count > 0 && Month::of(row.date) == self.month)
    }

    /// The live rows whose date has come.
    pub(super) fn happened(&self) -> impl Iterator<Item = &Activity> {
        self.live().filter(|row| row.date <= self.today)
    }

    /// The days of the month (1 to 31) that have come and have an expense, imported ones included.
    pub(super) fn active_days(&self) -> BTreeSet<u32> {
        self.happened().map(|row| row.date.day()).collect()
    }

    /// The date of a day of this month, which must exist.
    pub(super) fn date(&self, day: u32) -> NaiveDate {
        self.month.first_day().with_day(day).unwrap_or_else(|| self.month.last_day())
    }
}

/// `value` held within the bounds of `i64`.
pub(super) fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value.is_negative() { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_bounds_is_held_there() {
        let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
        for (value, held) in
            [(0, 0), (-7, -7), (least - 1, i64::MIN), (most + 1, i64::MAX), (least, i64::MIN), (most, i64::MAX)]
        {
            assert_eq!(saturate(value), held, "{value}");
        }
    }
}
