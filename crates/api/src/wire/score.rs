//! Scores and how they explain themselves.

use std::collections::BTreeMap;

use florin_domain::calendar::Month;
use florin_domain::money::Currency;
use florin_domain::score::{MetricScore, NextStep, Param, Reason, Score, breakdown};
use serde::Serialize;
use serde_json::Number;
use utoipa::{IntoParams, ToSchema};

use super::number::decimal;
use super::{Fields, Reader};

/// The most characters of a model's name that are read.
const MAX_MODEL: usize = 64;

/// Which month, by which model.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScoreQuery {
    /// The present month in your zone when it is left out; none to come.
    #[param(value_type = Option<String>, format = "month", example = "2026-03")]
    pub(crate) month: Option<Month>,
    /// `standard/1` or `classic/1`.
    #[param(default = "standard/1")]
    pub(crate) model: Option<String>,
}

impl Fields for ScoreQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let month = r.get("month").month();
        Some(Self { month, model: r.get("model").text(MAX_MODEL) })
    }
}

/// Which months, by which model.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScoreHistoryQuery {
    /// The first month; five months before `to` when it is left out.
    #[param(value_type = Option<String>, format = "month", example = "2025-10")]
    pub(crate) from: Option<Month>,
    /// The last month, at most 60 months in all; the present one in your zone when it is left out.
    #[param(value_type = Option<String>, format = "month", example = "2026-03")]
    pub(crate) to: Option<Month>,
    /// `standard/1` or `classic/1`.
    #[param(default = "standard/1")]
    pub(crate) model: Option<String>,
}

impl Fields for ScoreHistoryQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let from = r.get("from").month();
        let to = r.get("to").month();
        Some(Self { from, to, model: r.get("model").text(MAX_MODEL) })
    }
}

/// The score of a month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoreBody {
    #[schema(example = "2026-03")]
    month: String,
    #[schema(minimum = 0, maximum = 100, example = 87)]
    score: i64,
    /// `final` (the month is over), `provisional` (it is open) or `no_data` (nothing can be measured; the score is 0).
    #[schema(example = "final")]
    status: &'static str,
    #[schema(example = "standard/1")]
    model: &'static str,
    /// The sum of the weights of what could be measured.
    #[schema(minimum = 0, example = 100)]
    measured_weight: i64,
    breakdown: BreakdownBody,
    /// Every metric of the model, in its order.
    metrics: Vec<MetricBody>,
    /// The one step that would bring the most; `null` when there is none.
    #[schema(required = true)]
    next_step: Option<NextStepBody>,
}

/// The metrics as whole percent; `null` where not measured.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BreakdownBody {
    #[schema(required = true, minimum = 0, maximum = 100)]
    adherence: Option<i64>,
    #[schema(required = true, minimum = 0, maximum = 100)]
    frequency: Option<i64>,
    #[schema(required = true, minimum = 0, maximum = 100)]
    discipline: Option<i64>,
}

/// One metric's share of a score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetricBody {
    #[schema(example = "frequency")]
    key: &'static str,
    #[schema(minimum = 0, example = 30)]
    weight: i64,
    /// Its value in basis points; `null` when it could not be measured.
    #[schema(required = true, minimum = 0, maximum = 10000)]
    value_bp: Option<i64>,
    /// What it brings to the score, with up to 2 decimals.
    #[schema(value_type = f64, minimum = 0, maximum = 100, example = 23.33)]
    points: Number,
    /// What it could bring at most; 0 when it could not be measured, as its weight went to the others.
    #[schema(value_type = f64, minimum = 0, maximum = 100, example = 30)]
    max_points: Number,
    /// `measured` or `not_measured`.
    #[schema(example = "measured")]
    status: &'static str,
    /// Why its value is what it is, most general first.
    reasons: Vec<ReasonBody>,
}

/// A statement to be put into words by the client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonBody {
    /// Stable.
    #[schema(example = "active_days")]
    code: &'static str,
    /// Amounts and dates are strings, numbers and category ids are numbers. The same members for the same code always.
    #[schema(example = json!({"active": 20, "wanted": 27, "counted_days": 31}))]
    params: BTreeMap<&'static str, ParamBody>,
}

/// A parameter of a reason, a step or a notification.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ParamBody {
    /// A number, or a category's id.
    Number(i64),
    /// An amount, a date or a fixed word.
    Text(String),
}

/// A step that would better the score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NextStepBody {
    /// Stable.
    #[schema(example = "log_today")]
    code: &'static str,
    /// Amounts and dates are strings, numbers and category ids are numbers. The same members for the same code always.
    #[schema(example = json!({"date": "2026-03-15"}))]
    params: BTreeMap<&'static str, ParamBody>,
    /// By how many whole points.
    #[schema(minimum = 1)]
    gain: i64,
}

/// Scores of several months.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoreHistoryBody {
    /// One for each month, earliest first.
    pub(crate) data: Vec<ScoreBody>,
    /// Always `null`: the list is not paged.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}

impl ScoreBody {
    /// A score, with amounts in its owner's currency.
    pub(crate) fn new(score: Score, currency: Currency) -> Self {
        let breakdown = breakdown(&score);
        let Score { month, model, score, status, measured_weight, metrics, next_step } = score;
        Self {
            month: month.to_string(),
            score,
            status: status.as_str(),
            model,
            measured_weight,
            breakdown: BreakdownBody {
                adherence: breakdown.adherence,
                frequency: breakdown.frequency,
                discipline: breakdown.discipline,
            },
            metrics: metrics.into_iter().map(|metric| metric_body(metric, currency)).collect(),
            next_step: next_step.map(|NextStep { code, params, gain }| {
                let params = params_body(params, currency);
                NextStepBody { code, params, gain }
            }),
        }
    }
}

fn metric_body(metric: MetricScore, currency: Currency) -> MetricBody {
    let status = metric.status();
    let MetricScore { key, weight, value_bp, points, max_points, reasons } = metric;
    let reason = |Reason { code, params }: Reason| ReasonBody { code, params: params_body(params, currency) };
    MetricBody {
        key,
        weight,
        value_bp,
        points: decimal(points, 2),
        max_points: decimal(max_points, 2),
        status,
        reasons: reasons.into_iter().map(reason).collect(),
    }
}

fn params_body(params: Vec<(&'static str, Param)>, currency: Currency) -> BTreeMap<&'static str, ParamBody> {
    let body = |param| match param {
        Param::Integer(number) => ParamBody::Number(number),
        Param::Category(id) => ParamBody::Number(id.0),
        Param::Money(amount) => ParamBody::Text(currency.format(amount)),
        Param::Date(date) => ParamBody::Text(date.to_string()),
        Param::Text(text) => ParamBody::Text(text),
    };
    params.into_iter().map(|(name, param)| (name, body(param))).collect()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use florin_domain::id::CategoryId;
    use florin_domain::score::Status;
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_written_by_their_kind() {
        let params = vec![
            ("kept", Param::Integer(2)),
            ("spent", Param::Money(125_075)),
            ("scope", Param::Text("total".to_owned())),
            ("until", Param::Date(NaiveDate::from_ymd_opt(2026, 3, 7).unwrap())),
            ("category_id", Param::Category(CategoryId(3))),
        ];
        let expected =
            json!({"kept": 2, "spent": "1250.75", "scope": "total", "until": "2026-03-07", "category_id": 3});
        let body = params_body(params, Currency::parse("INR").unwrap());
        assert_eq!(serde_json::to_value(body).unwrap(), expected);
    }

    #[test]
    fn a_score_is_written_as_the_contract_says() {
        let metric = MetricScore {
            key: "frequency",
            weight: 30,
            value_bp: Some(7_777),
            points: 2_333,
            max_points: 3_000,
            reasons: vec![Reason::new("active_days", vec![("active", Param::Integer(4))])],
        };
        let unmeasured = MetricScore {
            key: "budget_adherence",
            weight: 30,
            value_bp: None,
            points: 0,
            max_points: 0,
            reasons: Vec::new(),
        };
        let score = Score {
            month: Month::parse("2026-03").unwrap(),
            model: "standard/1",
            score: 78,
            status: Status::Provisional,
            measured_weight: 30,
            metrics: vec![unmeasured, metric],
            next_step: Some(NextStep { code: "set_a_budget", params: vec![("at_least", Param::Money(5))], gain: 3 }),
        };
        let body = serde_json::to_value(ScoreBody::new(score, Currency::parse("JPY").unwrap())).unwrap();
        let expected = json!({
            "month": "2026-03", "score": 78, "status": "provisional", "model": "standard/1", "measured_weight": 30,
            "breakdown": {"adherence": null, "frequency": 78, "discipline": null},
            "metrics": [
                {"key": "budget_adherence", "weight": 30, "value_bp": null, "points": 0, "max_points": 0,
                 "status": "not_measured", "reasons": []},
                {"key": "frequency", "weight": 30, "value_bp": 7777, "points": 23.33, "max_points": 30,
                 "status": "measured", "reasons": [{"code": "active_days", "params": {"active": 4}}]}
            ],
            "next_step": {"code": "set_a_budget", "params": {"at_least": "5"}, "gain": 3}
        });
        assert_eq!(body, expected);
    }
}
