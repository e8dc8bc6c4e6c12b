//! The summary of a month.

use florin_app::expenses::Shown;
use florin_domain::money::Currency;
use florin_domain::summary::{Pace, Summary, Usage};
use serde::Serialize;
use serde_json::Number;
use utoipa::ToSchema;

use super::category::CategoryRef;
use super::number::share;

/// A month's spending against its limits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryBody {
    #[schema(example = "2026-03")]
    month: String,
    /// ISO 4217 code.
    #[schema(example = "INR")]
    currency: String,
    total: TotalBody,
    /// Every category with a limit or with spending, and Uncategorized always.
    categories: Vec<CategoryLineBody>,
    /// The categories past their limit.
    over_budget: Vec<i64>,
    /// The categories within their limit, those that used it up exactly included.
    under_budget: Vec<i64>,
    /// What was spent in categories without a limit, Uncategorized included.
    #[schema(example = "120.00")]
    unbudgeted: String,
    /// What was spent in Uncategorized.
    #[schema(example = "0.00")]
    uncategorized: String,
}

/// All of a month's spending.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotalBody {
    /// The overall limit; `null` when there is none, and then `remaining`, `used_ratio` and `state` are too.
    #[schema(required = true, example = "20000.00")]
    limit: Option<String>,
    #[schema(example = "12500.00")]
    actual: String,
    /// Negative when over.
    #[schema(required = true, example = "7500.00")]
    remaining: Option<String>,
    /// What was spent over the limit, with up to 4 decimals; also `null` when something was spent of a limit of 0.
    #[schema(required = true, value_type = Option<f64>, minimum = 0, example = 0.625)]
    used_ratio: Option<Number>,
    /// `on_track`, `at_risk` (at least 80 % used, and more of the limit than of the month) or `over`.
    #[schema(required = true, example = "on_track")]
    state: Option<&'static str>,
    pace: PaceBody,
}

/// How a month runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaceBody {
    /// The share of the month's days that have begun, with up to 4 decimals: 1 once it is over.
    #[schema(value_type = f64, minimum = 0, maximum = 1, example = 0.4838)]
    elapsed: Number,
    /// What will have been spent at the month's end at the present daily rate; `null` before it begins.
    #[schema(required = true, example = "25833.33")]
    projected: Option<String>,
}

/// One category in a month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryLineBody {
    category: CategoryRef,
    /// Its limit; `null` when there is none, and then `remaining`, `used_ratio` and `state` are too.
    #[schema(required = true, example = "5000.00")]
    limit: Option<String>,
    #[schema(example = "5200.50")]
    actual: String,
    /// Negative when over.
    #[schema(required = true, example = "-200.50")]
    remaining: Option<String>,
    /// What was spent over the limit, with up to 4 decimals; also `null` when something was spent of a limit of 0.
    #[schema(required = true, value_type = Option<f64>, minimum = 0, example = 1.0401)]
    used_ratio: Option<Number>,
    /// `on_track`, `at_risk` (at least 80 % used, and more of the limit than of the month) or `over`.
    #[schema(required = true, example = "over")]
    state: Option<&'static str>,
}

/// A limit and its use; all `None` without a limit.
struct Used {
    limit: Option<String>,
    remaining: Option<String>,
    used_ratio: Option<Number>,
    state: Option<&'static str>,
}

impl Used {
    fn new(usage: Option<Usage>, currency: Currency) -> Self {
        Self {
            limit: usage.map(|usage| currency.format(usage.limit)),
            remaining: usage.map(|usage| currency.format(usage.remaining)),
            used_ratio: usage.and_then(|usage| usage.used_ratio_bp).map(share),
            state: usage.map(|usage| usage.state.as_str()),
        }
    }
}

impl PaceBody {
    fn new(pace: Pace, currency: Currency) -> Self {
        Self { elapsed: share(pace.elapsed_bp), projected: pace.projected.map(|amount| currency.format(amount)) }
    }
}

impl From<Shown<Summary>> for SummaryBody {
    fn from(shown: Shown<Summary>) -> Self {
        let Shown { data: summary, books } = shown;
        let currency = books.currency;
        let Used { limit, remaining, used_ratio, state } = Used::new(summary.total.usage, currency);
        let actual = currency.format(summary.total.actual);
        let pace = PaceBody::new(summary.total.pace, currency);
        let total = TotalBody { limit, actual, remaining, used_ratio, state, pace };
        let categories = summary.categories.iter().map(|line| {
            let Used { limit, remaining, used_ratio, state } = Used::new(line.usage, currency);
            let category = CategoryRef::new(line.category, &books.taxonomy);
            CategoryLineBody { category, limit, actual: currency.format(line.actual), remaining, used_ratio, state }
        });
        Self {
            month: summary.month.to_string(),
            currency: currency.code().to_owned(),
            total,
            categories: categories.collect(),
            over_budget: summary.over_budget.iter().map(|id| id.0).collect(),
            under_budget: summary.under_budget.iter().map(|id| id.0).collect(),
            unbudgeted: currency.format(summary.unbudgeted),
            uncategorized: currency.format(summary.uncategorized),
        }
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::summary::State;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_is_shown_with_its_use() {
        let inr = Currency::parse("INR").unwrap();
        let usage = Usage { limit: 500_000, remaining: -20_050, used_ratio_bp: Some(10_401), state: State::Over };
        let Used { limit, remaining, used_ratio, state } = Used::new(Some(usage), inr);
        assert_eq!((limit.as_deref(), remaining.as_deref()), (Some("5000.00"), Some("-200.50")));
        assert_eq!((used_ratio.unwrap().to_string(), state), ("1.0401".to_owned(), Some("over")));
        let none = Used::new(None, inr);
        assert!(none.limit.is_none() && none.remaining.is_none() && none.used_ratio.is_none() && none.state.is_none());
        let spent_of_nothing = Usage { limit: 0, remaining: -1, used_ratio_bp: None, state: State::Over };
        assert!(Used::new(Some(spent_of_nothing), inr).used_ratio.is_none());
    }

    #[test]
    fn the_pace_is_exact() {
        let jpy = Currency::parse("JPY").unwrap();
        let pace = PaceBody::new(Pace { elapsed_bp: 4_838, projected: Some(25_833) }, jpy);
        assert_eq!(serde_json::to_value(pace).unwrap(), json!({"elapsed": 0.4838, "projected": "25833"}));
        let pace = PaceBody::new(Pace { elapsed_bp: 0, projected: None }, jpy);
        assert_eq!(serde_json::to_value(pace).unwrap(), json!({"elapsed": 0, "projected": null}));
    }
}
