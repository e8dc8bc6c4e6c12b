//! Budget adherence: how far spending stayed within the limits.

use crate::budget::{Limit, Scope};

use super::facts::MonthFacts;
use super::metric::{FULL_BP, Measure, Metric, Param, Reason, count};

/// The key of budget adherence in every model.
pub const KEY: &str = "budget_adherence";

/// The plain mean of [`kept_bp`] over the limits in force, the overall one counting as one more, in integer division.
/// Not measured without limits (rules.md, "The score").
///
/// All of the month's spending counts, dates still ahead included, as it does in the summary.
///
/// Reasons:
/// - `within_limits {kept, of}`: so many limits of so many were kept.
/// - `over_limit {category_id | scope, limit, spent, over}`, one for each limit that was not, the overall one
///   (`scope`: `total`) first, then by category; the amounts are money.
/// - `no_limits {}`.
#[derive(Debug, Clone, Copy)]
pub struct BudgetAdherence;

impl Metric for BudgetAdherence {
    fn key(&self) -> &'static str {
        KEY
    }

    fn measure(&self, facts: &MonthFacts) -> Measure {
        if facts.limits.is_empty() {
            return Measure::unmeasured(Reason::new("no_limits", vec![]));
        }
        let mut limits = facts.limits.clone();
        limits.sort_by_key(|limit| (limit.scope, limit.amount));
        let spent: Vec<i64> = limits.iter().map(|limit| facts.spent_in(limit.scope)).collect();
        let of = count(&limits);
        let sum: i64 = limits.iter().zip(&spent).map(|(limit, spent)| kept_bp(limit.amount, *spent)).sum();
        let over: Vec<Reason> = limits
            .iter()
            .zip(&spent)
            .filter(|(limit, spent)| **spent > limit.amount)
            .map(|(limit, spent)| over_limit(limit, *spent))
            .collect();
        let kept = Param::Integer(of - count(&over));
        let mut reasons = vec![Reason::new("within_limits", vec![("kept", kept), ("of", Param::Integer(of))])];
        reasons.extend(over);
        Measure::of(sum / of, reasons)
    }
}

/// How well one limit was kept, in basis points: all of it up to the limit, then linear to nothing at twice the limit.
/// A limit of 0 is kept by spending nothing, and only so. Both amounts are minor units.
#[must_use]
pub fn kept_bp(limit: i64, spent: i64) -> i64 {
    if spent <= limit {
        return FULL_BP;
    }
    if limit <= 0 {
        return 0;
    }
    let over = i128::from(spent) - i128::from(limit);
    let lost = over * i128::from(FULL_BP) / i128::from(limit);
    FULL_BP - i64::try_from(lost).map_or(FULL_BP, |lost| lost.min(FULL_BP))
}

fn over_limit(limit: &Limit, spent: i64) -> Reason {
    let subject = match limit.scope {
        Scope::Total => ("scope", Param::Text("total".into())),
        Scope::Category(id) => ("category_id", Param::Category(id)),
    };
    let over = spent.saturating_sub(limit.amount);
    Reason::new(
        "over_limit",
        vec![
            subject,
            ("limit", Param::Money(limit.amount)),
            ("spent", Param::Money(spent)),
            ("over", Param::Money(over)),
        ],
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(1000, 0, 10_000)]
    #[case(1000, 999, 10_000)]
    #[case(1000, 1000, 10_000)]
    #[case(1000, 1001, 9990)]
    #[case(1000, 1100, 9000)]
    #[case(1000, 1500, 5000)]
    #[case(1000, 1999, 10)]
    #[case(1000, 2000, 0)]
    #[case(1000, 2001, 0)]
    #[case(1000, i64::MAX, 0)]
    #[case(3, 4, 6667)]
    #[case(i64::MAX, i64::MAX, 10_000)]
    #[case(0, 0, 10_000)]
    #[case(0, 1, 0)]
    fn a_limit_is_kept_by_degrees(#[case] limit: i64, #[case] spent: i64, #[case] bp: i64) {
        assert_eq!(kept_bp(limit, spent), bp);
    }
}
