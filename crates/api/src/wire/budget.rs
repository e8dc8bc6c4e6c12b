//! Budgets: limits and since when they hold.

use florin_domain::budget::{Limit, Scope};
use florin_domain::calendar::Month;
use florin_domain::money::Currency;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::money::{LimitInput, refuse_malformed};
use super::{Fields, Reader};

/// A limit in force.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BudgetBody {
    /// What it bounds the spending in; `null` for all spending.
    #[schema(required = true, example = 1)]
    category_id: Option<i64>,
    /// May be 0: nothing is to be spent.
    #[schema(example = "5000.00")]
    limit: String,
    /// The first month in which it holds.
    #[schema(example = "2026-03")]
    from_month: String,
}

impl BudgetBody {
    /// A limit in its owner's currency.
    pub(crate) fn new(limit: Limit, currency: Currency) -> Self {
        Self {
            category_id: match limit.scope {
                Scope::Total => None,
                Scope::Category(id) => Some(id.0),
            },
            limit: currency.format(limit.amount),
            from_month: limit.from_month.to_string(),
        }
    }
}

/// The limits in force in a month.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BudgetsBody {
    #[schema(example = "2026-03")]
    month: String,
    /// ISO 4217 code.
    #[schema(example = "INR")]
    currency: String,
    /// The overall limit.
    #[schema(required = true)]
    total: Option<BudgetBody>,
    /// The limits on categories, by category.
    categories: Vec<BudgetBody>,
}

impl BudgetsBody {
    /// Limits, one a scope.
    pub(crate) fn new(month: Month, limits: Vec<Limit>, currency: Currency) -> Self {
        let (total, categories): (Vec<_>, Vec<_>) = limits.into_iter().partition(|limit| limit.scope == Scope::Total);
        let body = |limit| BudgetBody::new(limit, currency);
        Self {
            month: month.to_string(),
            currency: currency.code().to_owned(),
            total: total.into_iter().next().map(body),
            categories: categories.into_iter().map(body).collect(),
        }
    }
}

/// Which month.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonthQuery {
    /// The present month in your zone when it is left out.
    #[param(value_type = Option<String>, format = "month", example = "2026-03")]
    pub(crate) month: Option<Month>,
}

impl Fields for MonthQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { month: r.get("month").month() })
    }
}

/// From when on a limit is removed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FromMonthQuery {
    /// The first month without it; the present one in your zone when it is left out.
    #[param(value_type = Option<String>, format = "month", example = "2026-03")]
    pub(crate) from_month: Option<Month>,
}

impl Fields for FromMonthQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { from_month: r.get("from_month").month() })
    }
}

/// A limit to be set.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"limit": "5000", "from_month": "2026-03"}))]
pub(crate) struct LimitBody {
    /// 0 or more.
    #[schema(value_type = LimitInput)]
    pub(crate) limit: String,
    /// May be named, and must be your currency then.
    #[schema(example = "INR")]
    pub(crate) currency: Option<String>,
    /// The first month in which it holds; the present one in your zone when it is left out.
    #[schema(value_type = Option<String>, format = "month")]
    pub(crate) from_month: Option<Month>,
}

impl Fields for LimitBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let limit = r.need("limit").amount();
        refuse_malformed(r, "limit", limit.as_deref());
        let currency = r.get("currency").text(255);
        let from_month = r.get("from_month").month();
        Some(Self { limit: limit?, currency, from_month })
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::id::CategoryId;

    use super::*;

    #[test]
    fn the_overall_limit_stands_apart() {
        let from_month = Month::parse("2026-01").unwrap();
        let limit = |scope, amount| Limit { scope, from_month, amount };
        let limits = vec![limit(Scope::Total, 100_000), limit(Scope::Category(CategoryId(3)), 0)];
        let body = BudgetsBody::new(Month::parse("2026-03").unwrap(), limits, Currency::parse("INR").unwrap());
        let expected = serde_json::json!({
            "month": "2026-03", "currency": "INR",
            "total": {"category_id": null, "limit": "1000.00", "from_month": "2026-01"},
            "categories": [{"category_id": 3, "limit": "0.00", "from_month": "2026-01"}]
        });
        assert_eq!(serde_json::to_value(body).unwrap(), expected);
    }
}
