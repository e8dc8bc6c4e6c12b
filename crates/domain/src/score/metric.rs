//! What a metric is and how it explains itself.

use chrono::NaiveDate;

use super::facts::MonthFacts;
use crate::id::CategoryId;

/// The best value a metric can have, in basis points.
pub const FULL_BP: i64 = 10_000;

/// One value about a month.
pub trait Metric: Send + Sync {
    /// The stable name that clients see, as `frequency`. A model holds each key once.
    fn key(&self) -> &'static str;

    /// Measures a month that has at least one live expense.
    fn measure(&self, facts: &MonthFacts) -> Measure;
}

/// A metric's value and why it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Basis points, 0 to [`FULL_BP`]; `None` when there is nothing to measure.
    pub value_bp: Option<i64>,
    /// The reasons, most general first.
    pub reasons: Vec<Reason>,
}

impl Measure {
    /// A value with its reasons.
    #[must_use]
    pub const fn of(value_bp: i64, reasons: Vec<Reason>) -> Self {
        Self { value_bp: Some(value_bp), reasons }
    }

    /// No value, and why.
    #[must_use]
    pub fn unmeasured(reason: Reason) -> Self {
        Self { value_bp: None, reasons: vec![reason] }
    }
}

/// A statement that a client can render in its own words: a stable code and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable snake_case. Each metric documents its codes; `nothing_logged`, without parameters, may stand at any metric
    /// of a month that has no expense.
    pub code: &'static str,
    /// Named parameters, always the same ones in the same order for a code.
    pub params: Vec<(&'static str, Param)>,
}

impl Reason {
    /// A reason.
    #[must_use]
    pub const fn new(code: &'static str, params: Vec<(&'static str, Param)>) -> Self {
        Self { code, params }
    }
}

/// A parameter of a reason or a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// A plain number.
    Integer(i64),
    /// An amount in minor units of the user's currency.
    Money(i64),
    /// A fixed word.
    Text(String),
    /// A civil date.
    Date(NaiveDate),
    /// A category.
    Category(CategoryId),
}

/// The length of a list as a parameter.
pub(super) fn count<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}
