//! The metrics of `classic/1`: the first, plainer formulas, kept for comparison (rules.md, "The score"). They bear the
//! keys of the metrics that they stand in for, and their reasons.

use std::collections::BTreeMap;

use crate::score::{adherence, discipline, frequency};

use super::adherence::BudgetAdherence;
use super::facts::MonthFacts;
use super::metric::{FULL_BP, Measure, Metric, Param, Reason};

/// [`BudgetAdherence`], but 10,000 without limits, with the reason `no_limits {}`.
#[derive(Debug, Clone, Copy)]
pub struct ClassicAdherence;

impl Metric for ClassicAdherence {
    fn key(&self) -> &'static str {
        adherence::KEY
    }

    fn measure(&self, facts: &MonthFacts) -> Measure {
        let Measure { value_bp, reasons } = BudgetAdherence.measure(facts);
        Measure { value_bp: value_bp.or(Some(FULL_BP)), reasons }
    }
}

/// Active days over the days of the month, in an open month too. Dates still ahead are not active yet.
///
/// Reason: `active_days {active, wanted, counted_days}`, where every day of the month is wanted and counted.
#[derive(Debug, Clone, Copy)]
pub struct ClassicFrequency;

impl Metric for ClassicFrequency {
    fn key(&self) -> &'static str {
        frequency::KEY
    }

    fn measure(&self, facts: &MonthFacts) -> Measure {
        let active = i64::try_from(facts.active_days().len()).unwrap_or(i64::MAX);
        let days = i64::from(facts.month.days());
        let params = vec![
            ("active", Param::Integer(active)),
            ("wanted", Param::Integer(days)),
            ("counted_days", Param::Integer(days)),
        ];
        Measure::of(active * FULL_BP / days, vec![Reason::new("active_days", params)])
    }
}

/// The share of active dates on which no expense, imported ones included, was logged after its date. Dates still ahead
/// are not active yet; not measured without an active date.
///
/// Reasons: `logged_same_day {dates, of}`, `nothing_to_time {}`.
#[derive(Debug, Clone, Copy)]
pub struct ClassicDiscipline;

impl Metric for ClassicDiscipline {
    fn key(&self) -> &'static str {
        discipline::KEY
    }

    fn measure(&self, facts: &MonthFacts) -> Measure {
        let mut on_time = BTreeMap::new();
        for row in facts.happened() {
            *on_time.entry(row.date).or_insert(true) &= discipline::delay_days(row) == 0;
        }
        let (dates, of) = on_time.values().fold((0, 0), |(dates, of), kept| (dates + i64::from(*kept), of + 1));
        if of == 0 {
            return Measure::unmeasured(Reason::new("nothing_to_time", vec![]));
        }
        let params = vec![("dates", Param::Integer(dates)), ("of", Param::Integer(of))];
        Measure::of(dates * FULL_BP / of, vec![Reason::new("logged_same_day", params)])
    }
}
