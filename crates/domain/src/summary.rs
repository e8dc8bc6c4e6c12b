//! The summary of a month: spending against its limits (rules.md, "Budgets").

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use crate::budget::{Limit, Scope};
use crate::calendar::Month;
use crate::id::{CategoryId, MAX_ID};
use crate::money::{self, MoneyError};

/// How spending stands against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Within the limit and no cause for worry.
    OnTrack,
    /// Within the limit, at least 80 % of it used, and a larger share of it than of the month's days.
    AtRisk,
    /// Past the limit.
    Over,
}

impl State {
    /// The stable name: `on_track`, `at_risk` or `over`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnTrack => "on_track",
            Self::AtRisk => "at_risk",
            Self::Over => "over",
        }
    }
}

/// A limit in force and how it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The limit, in minor units, zero or more.
    pub limit: i64,
    /// The limit less what was spent, in minor units; negative when over.
    pub remaining: i64,
    /// What was spent over the limit, in basis points, rounded down and held at 2^53 - 1, the last integer that a JSON
    /// number carries exactly. Of a limit of 0: 0 while nothing is spent, then `None`, as there is no such share.
    pub used_ratio_bp: Option<i64>,
    /// How it stands.
    pub state: State,
}

/// How the month runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The share of the month's days that have begun, today included, in basis points rounded down: 10,000 once the month
    /// is over, 0 before it begins.
    pub elapsed_bp: i64,
    /// What will have been spent at the month's end at the present daily rate, in minor units, rounded half up; what was
    /// spent once the month is over, `None` before it begins. Expenses of dates still ahead are part of the rate. Held at
    /// the end of `i64`, being a guess.
    pub projected: Option<i64>,
}

/// The whole month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// Everything spent in the month, in minor units.
    pub actual: i64,
    /// The overall limit and its use, when one is in force.
    pub usage: Option<Usage>,
    /// How the month runs.
    pub pace: Pace,
}

/// One category in the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CategoryLine {
    /// The category.
    pub category: CategoryId,
    /// What was spent in it, in minor units.
    pub actual: i64,
    /// Its limit and its use, when one is in force.
    pub usage: Option<Usage>,
}

/// A month's spending against its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The month.
    pub month: Month,
    /// All of it.
    pub total: Total,
    /// Every category with a limit or with spending, and Uncategorized always, by category.
    pub categories: Vec<CategoryLine>,
    /// The categories past their limit.
    pub over_budget: Vec<CategoryId>,
    /// The categories within their limit, those that used it up exactly included.
    pub under_budget: Vec<CategoryId>,
    /// What was spent in categories without a limit, in minor units; Uncategorized is one of them unless it has one.
    pub unbudgeted: i64,
    /// What was spent in Uncategorized, in minor units.
    pub uncategorized: i64,
}

/// Sums up `month` on the day `today`: the limits in force in it, one a scope (see [`crate::budget::in_force`]), and what
/// was spent in it by category, zero or more; rows of one category add up. `uncategorized` is that category's id.
///
/// # Errors
/// [`MoneyError::Overflow`] when a sum does not fit 64 bits.
pub fn summarize(
    month: Month,
    today: NaiveDate,
    limits: &[Limit],
    spent: &[(CategoryId, i64)],
    uncategorized: CategoryId,
) -> Result<Summary, MoneyError> {
    let elapsed = Elapsed::of(month, today);
    let mut actuals = BTreeMap::from([(uncategorized, 0)]);
    for (category, amount) in spent.iter().filter(|(_, amount)| *amount != 0) {
        let actual = actuals.entry(*category).or_insert(0);
        *actual = money::add(*actual, *amount)?;
    }
    let mut overall = None;
    let mut by_category = BTreeMap::new();
    for limit in limits {
        match limit.scope {
            Scope::Total => overall = Some(limit.amount),
            Scope::Category(category) => {
                actuals.entry(category).or_insert(0);
                by_category.insert(category, limit.amount);
            }
        }
    }
    let usage = |limit: Option<i64>, actual| limit.map(|limit| Usage::of(limit, actual, elapsed)).transpose();

    let categories = actuals
        .iter()
        .map(|(category, actual)| {
            let usage = usage(by_category.get(category).copied(), *actual)?;
            Ok(CategoryLine { category: *category, actual: *actual, usage })
        })
        .collect::<Result<Vec<_>, MoneyError>>()?;
    let actual = money::sum(actuals.values().copied())?;
    let within = |over: bool| {
        let is_over = |line: &&CategoryLine| line.usage.is_some_and(|usage| (usage.state == State::Over) == over);
        categories.iter().filter(is_over).map(|line| line.category).collect()
    };
    Ok(Summary {
        month,
        total: Total { actual, usage: usage(overall, actual)?, pace: elapsed.pace(actual) },
        over_budget: within(true),
        under_budget: within(false),
        unbudgeted: money::sum(categories.iter().filter(|line| line.usage.is_none()).map(|line| line.actual))?,
        uncategorized: actuals.get(&uncategorized).copied().unwrap_or(0),
        categories,
    })
}

impl Usage {
    fn of(limit: i64, actual: i64, elapsed: Elapsed) -> Result<Self, MoneyError> {
        let state = if actual > limit {
            State::Over
        } else if elapsed.is_outpaced(limit, actual) && i128::from(actual) * 5 >= i128::from(limit) * 4 {
            State::AtRisk
        } else {
            State::OnTrack
        };
        let used_ratio_bp = match (limit, actual) {
            (0, 0) => Some(0),
            (0, _) => None,
            _ => {
                let ratio = i128::from(actual) * 10_000 / i128::from(limit);
                Some(i64::try_from(ratio).map_or(MAX_ID, |ratio| ratio.min(MAX_ID)))
            }
        };
        let remaining = limit.checked_sub(actual).ok_or(MoneyError::Overflow)?;
        Ok(Self { limit, remaining, used_ratio_bp, state })
    }
}

/// How many days of the month have begun, of how many.
#[derive(Clone, Copy)]
struct Elapsed {
    begun: u32,
    days: u32,
}

impl Elapsed {
    fn of(month: Month, today: NaiveDate) -> Self {
        let (current, days) = (Month::of(today), month.days());
        let begun = match month.cmp(&current) {
            std::cmp::Ordering::Less => days,
            std::cmp::Ordering::Equal => today.day(),
            std::cmp::Ordering::Greater => 0,
        };
        Self { begun, days }
    }

    /// Whether a larger share of `limit` is used than of the days; exact, by multiplying crosswise.
    fn is_outpaced(self, limit: i64, actual: i64) -> bool {
        i128::from(actual) * i128::from(self.days) > i128::from(limit) * i128::from(self.begun)
    }

    fn pace(self, actual: i64) -> Pace {
        let (begun, days) = (i128::from(self.begun), i128::from(self.days));
        let projected = (self.begun > 0).then(|| {
            let twice = 2 * i128::from(actual) * days + begun;
            i64::try_from(twice / (2 * begun)).unwrap_or(i64::MAX)
        });
        Pace { elapsed_bp: i64::from(self.begun) * 10_000 / i64::from(self.days), projected }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const UNCATEGORIZED: CategoryId = CategoryId(99);
    const FOOD: CategoryId = CategoryId(1);
    const RENT: CategoryId = CategoryId(2);

    #[test]
    fn states_are_named() {
        assert_eq!([State::OnTrack, State::AtRisk, State::Over].map(State::as_str), ["on_track", "at_risk", "over"]);
    }

    fn april() -> Month {
        Month::parse("2026-04").unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        crate::calendar::parse_date(text).unwrap()
    }

    fn limit(scope: Scope, amount: i64) -> Limit {
        Limit { scope, from_month: april(), amount }
    }

    fn usage(today: &str, amount: i64, spent: i64) -> Usage {
        let limits = [limit(Scope::Category(FOOD), amount)];
        let summary = summarize(april(), day(today), &limits, &[(FOOD, spent)], UNCATEGORIZED).unwrap();
        summary.categories[0].usage.unwrap()
    }

    #[rstest]
    // The 15th of 30 days: half of the month.
    #[case("2026-04-15", 1000, 0, 0, State::OnTrack)]
    #[case("2026-04-15", 1000, 799, 7990, State::OnTrack)]
    #[case("2026-04-15", 1000, 800, 8000, State::AtRisk)]
    #[case("2026-04-15", 1000, 1000, 10_000, State::AtRisk)]
    #[case("2026-04-15", 1000, 1001, 10_010, State::Over)]
    // The 24th: four fifths. As much used is not ahead; a bit more is.
    #[case("2026-04-24", 1000, 800, 8000, State::OnTrack)]
    #[case("2026-04-24", 1000, 801, 8010, State::AtRisk)]
    #[case("2026-04-30", 1000, 1000, 10_000, State::OnTrack)]
    // Closed, and not yet begun.
    #[case("2026-05-01", 1000, 1000, 10_000, State::OnTrack)]
    #[case("2026-05-01", 1000, 1001, 10_010, State::Over)]
    #[case("2026-03-31", 1000, 799, 7990, State::OnTrack)]
    #[case("2026-03-31", 1000, 800, 8000, State::AtRisk)]
    #[case("2026-04-15", 0, 0, 0, State::OnTrack)]
    #[case("2026-04-15", 3, 2, 6666, State::OnTrack)]
    #[case("2026-04-15", 1, i64::MAX, MAX_ID, State::Over)]
    #[case("2026-04-15", i64::MAX, i64::MAX, 10_000, State::AtRisk)]
    fn a_limit_is_judged(
        #[case] today: &str,
        #[case] amount: i64,
        #[case] spent: i64,
        #[case] used_bp: i64,
        #[case] state: State,
    ) {
        let usage = usage(today, amount, spent);
        assert_eq!((usage.used_ratio_bp, usage.state, usage.remaining), (Some(used_bp), state, amount - spent));
    }

    #[test]
    fn of_a_limit_of_nothing_there_is_no_share() {
        let usage = usage("2026-04-15", 0, 1);
        assert_eq!((usage.used_ratio_bp, usage.state, usage.remaining), (None, State::Over, -1));
    }

    #[rstest]
    #[case("2026-04-01", 100, 333, Some(3000))]
    #[case("2026-04-15", 101, 5000, Some(202))]
    #[case("2026-04-28", 100, 9333, Some(107))]
    #[case("2026-04-30", 100, 10_000, Some(100))]
    #[case("2026-06-01", 100, 10_000, Some(100))]
    #[case("2026-03-31", 100, 0, None)]
    #[case("2026-04-01", i64::MAX, 333, Some(i64::MAX))]
    fn the_pace_projects_the_daily_rate(
        #[case] today: &str,
        #[case] spent: i64,
        #[case] elapsed_bp: i64,
        #[case] projected: Option<i64>,
    ) {
        let summary = summarize(april(), day(today), &[], &[(FOOD, spent)], UNCATEGORIZED).unwrap();
        assert_eq!(summary.total.pace, Pace { elapsed_bp, projected });
    }

    #[test]
    fn every_category_with_a_limit_or_spending_is_listed_and_uncategorized_always() {
        let limits = [limit(Scope::Total, 1000), limit(Scope::Category(RENT), 500), limit(Scope::Category(FOOD), 100)];
        let spent = [(CategoryId(7), 30), (FOOD, 100), (FOOD, 1), (CategoryId(8), 0)];
        let summary = summarize(april(), day("2026-04-15"), &limits, &spent, UNCATEGORIZED).unwrap();
        let lines: Vec<_> =
            summary.categories.iter().map(|line| (line.category.0, line.actual, line.usage.map(|u| u.limit))).collect();
        assert_eq!(lines, [(1, 101, Some(100)), (2, 0, Some(500)), (7, 30, None), (99, 0, None)]);
        assert_eq!((summary.over_budget, summary.under_budget), (vec![FOOD], vec![RENT]));
        assert_eq!((summary.unbudgeted, summary.uncategorized, summary.total.actual), (30, 0, 131));
        assert_eq!(summary.total.usage.map(|usage| (usage.limit, usage.remaining)), Some((1000, 869)));
    }

    #[test]
    fn uncategorized_is_unbudgeted_unless_it_has_a_limit() {
        let spent = [(UNCATEGORIZED, 40)];
        let summary = summarize(april(), day("2026-04-15"), &[], &spent, UNCATEGORIZED).unwrap();
        assert_eq!((summary.unbudgeted, summary.uncategorized), (40, 40));
        let limits = [limit(Scope::Category(UNCATEGORIZED), 50)];
        let summary = summarize(april(), day("2026-04-15"), &limits, &spent, UNCATEGORIZED).unwrap();
        assert_eq!((summary.unbudgeted, summary.uncategorized), (0, 40));
        assert_eq!(summary.under_budget, [UNCATEGORIZED]);
    }

    #[test]
    fn sums_do_not_wrap() {
        let result = |spent: &[_]| summarize(april(), day("2026-04-15"), &[], spent, UNCATEGORIZED);
        assert_eq!(result(&[(FOOD, i64::MAX), (FOOD, 1)]), Err(MoneyError::Overflow));
        assert_eq!(result(&[(FOOD, i64::MAX), (RENT, 1)]), Err(MoneyError::Overflow));
    }

    proptest! {
        #![proptest_config(crate::cases::cases(10_000))]

        #[test]
        fn the_parts_agree(
            today in 0..120_u64,
            limits in prop::collection::btree_map(0..6_i64, 0..2000_i64, 0..6),
            spent in prop::collection::vec((1..8_i64, 0..1500_i64), 0..10),
        ) {
            let today = day("2026-03-01") + chrono::Days::new(today);
            let scope = |id| if id == 0 { Scope::Total } else { Scope::Category(CategoryId(id)) };
            let limits: Vec<_> = limits.into_iter().map(|(id, amount)| limit(scope(id), amount)).collect();
            let spent: Vec<_> = spent.into_iter().map(|(id, amount)| (CategoryId(id), amount)).collect();
            let summary = summarize(april(), today, &limits, &spent, CategoryId(7)).unwrap();

            let actual = |lines: &mut dyn Iterator<Item = &CategoryLine>| lines.map(|line| line.actual).sum::<i64>();
            prop_assert_eq!(summary.total.actual, spent.iter().map(|(_, amount)| amount).sum::<i64>());
            prop_assert_eq!(summary.total.actual, actual(&mut summary.categories.iter()));
            let budgeted = actual(&mut summary.categories.iter().filter(|line| line.usage.is_some()));
            prop_assert_eq!(summary.total.actual, budgeted + summary.unbudgeted);
            prop_assert!(summary.categories.is_sorted_by_key(|line| line.category));
            let limited = limits.iter().filter(|limit| limit.scope != Scope::Total).count();
            prop_assert_eq!(summary.over_budget.len() + summary.under_budget.len(), limited);
            let usages = summary.categories.iter().map(|line| (line.actual, line.usage));
            for (actual, usage) in usages.chain([(summary.total.actual, summary.total.usage)]) {
                if let Some(usage) = usage {
                    prop_assert_eq!(usage.remaining + actual, usage.limit);
                    prop_assert_eq!(usage.state == State::Over, usage.remaining < 0);
                }
            }
        }
    }
}
