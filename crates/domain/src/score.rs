//! The score of a month, 0 to 100: weighted metrics over plain facts (rules.md, "The score").
//!
//! A [`Metric`] is one value behind one trait; a [`Model`] is a named list of weighted metrics. A new metric is one new
//! file and one line of a model. Everything is integer arithmetic, so the same facts give the same score everywhere.

pub mod adherence;
pub mod classic;
pub mod discipline;
pub mod frequency;

mod facts;
mod metric;
mod model;
mod next_step;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod worked_cases;

pub use facts::{Activity, MonthFacts};
pub use metric::{FULL_BP, Measure, Metric, Param, Reason};
pub use model::{DEFAULT_MODEL, Model, model, model_names};
pub use next_step::NextStep;

use crate::calendar::Month;

/// How much a score may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The month is over.
    Final,
    /// The month is still open: the score covers the days so far.
    Provisional,
    /// No expense in the month, or none that any metric can measure yet (such as one planned ahead, on the 1st, without
    /// limits). The score is 0.
    NoData,
}

impl Status {
    /// The stable name: `final`, `provisional` or `no_data`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Provisional => "provisional",
            Self::NoData => "no_data",
        }
    }
}

/// One metric's share of a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricScore {
    /// The metric's stable name, as `frequency`.
    pub key: &'static str,
    /// Its weight in the model, measured or not.
    pub weight: i64,
    /// Its value in basis points, 0 to 10,000; `None` when it could not be measured.
    pub value_bp: Option<i64>,
    /// What it brings to the score, in hundredths of a point: `weight * value_bp / measured_weight`, rounded half up. As
    /// each metric is rounded on its own, the sum may miss the exact score by a hundredth or so.
    pub points: i64,
    /// What it could bring at most, in hundredths of a point, rounded likewise; 0 when not measured, because its weight
    /// went to the others.
    pub max_points: i64,
    /// Why the value is what it is.
    pub reasons: Vec<Reason>,
}

impl MetricScore {
    /// The stable name of whether a value could be told: `measured` or `not_measured`.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        if self.value_bp.is_some() { "measured" } else { "not_measured" }
    }
}

/// The score of one month under one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// The month scored.
    pub month: Month,
    /// The model's name, as `standard/1`.
    pub model: &'static str,
    /// Whole points, 0 to 100.
    pub score: i64,
    /// How much it may be trusted.
    pub status: Status,
    /// The sum of the weights that could be measured; 0 for [`Status::NoData`].
    pub measured_weight: i64,
    /// Every metric of the model, in the model's order.
    pub metrics: Vec<MetricScore>,
    /// The one step that would bring the most; see [`NextStep`].
    pub next_step: Option<NextStep>,
}

impl Score {
    /// The metric named `key`, if the model has it.
    #[must_use]
    pub fn metric(&self, key: &str) -> Option<&MetricScore> {
        self.metrics.iter().find(|metric| metric.key == key)
    }
}

/// The three metrics as whole percent, rounded half up; `None` where not measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breakdown {
    /// Budget adherence.
    pub adherence: Option<i64>,
    /// Frequency.
    pub frequency: Option<i64>,
    /// Tracking discipline.
    pub discipline: Option<i64>,
}

/// The short form of a score's metrics.
#[must_use]
pub fn breakdown(score: &Score) -> Breakdown {
    let percent = |key| score.metric(key).and_then(|metric| metric.value_bp).map(|bp| round_half_up(bp, 100));
    Breakdown {
        adherence: percent(adherence::KEY),
        frequency: percent(frequency::KEY),
        discipline: percent(discipline::KEY),
    }
}

/// Scores a month: `round_half_up(sum(w * m) / sum(w))` over the metrics that can be measured, rounded once, from
/// basis points to whole points (rules.md, "The score").
///
/// A month after the current one is the caller's to refuse. A month without any live expense is [`Status::NoData`] with
/// score 0 under every model, whatever its limits. A month before sign-up is scored like any other.
#[must_use]
pub fn score(model: &Model, facts: &MonthFacts) -> Score {
    let mut score = assess(model, facts);
    score.next_step = next_step::find(model, facts, &score);
    score
}

/// The score without a next step, which is itself found by assessing what-ifs.
fn assess(model: &Model, facts: &MonthFacts) -> Score {
    let nothing_logged = facts.live().next().is_none();
    let measure = |metric: &dyn Metric| {
        if nothing_logged { Measure::unmeasured(Reason::new("nothing_logged", vec![])) } else { metric.measure(facts) }
    };
    let measures: Vec<_> =
        model.metrics.iter().map(|&(weight, metric)| (metric.key(), weight, measure(metric))).collect();
    let measured = || measures.iter().filter_map(|(_, weight, m)| m.value_bp.map(|value| (*weight, value)));
    let measured_weight: i64 = measured().map(|(weight, _)| weight).sum();
    let weighted: i64 = measured().map(|(weight, value)| weight * value).sum();
    let metrics = measures
        .into_iter()
        .map(|(key, weight, Measure { value_bp, reasons })| MetricScore {
            key,
            weight,
            value_bp,
            points: value_bp.map_or(0, |value| round_half_up(weight * value, measured_weight)),
            max_points: value_bp.map_or(0, |_| round_half_up(weight * FULL_BP, measured_weight)),
            reasons,
        })
        .collect();
    Score {
        month: facts.month,
        model: model.name,
        score: if measured_weight == 0 { 0 } else { round_half_up(weighted, measured_weight * FULL_BP / 100) },
        status: match (measured_weight, facts.is_over()) {
            (0, _) => Status::NoData,
            (_, true) => Status::Final,
            (_, false) => Status::Provisional,
        },
        measured_weight,
        metrics,
        next_step: None,
    }
}

/// `numerator / denominator` to the nearest integer, halves up; for a numerator of zero or more and a positive
/// denominator.
const fn round_half_up(numerator: i64, denominator: i64) -> i64 {
    (2 * numerator + denominator) / (2 * denominator)
}
