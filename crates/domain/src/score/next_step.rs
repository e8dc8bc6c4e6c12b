//! The one step that would better a score the most, found by scoring what-ifs.

use chrono::{Datelike, NaiveDate};

use super::facts::{Activity, MonthFacts};
use super::frequency::{self, block_end};
use super::metric::Param;
use super::model::Model;
use super::{Score, Status, assess};
use crate::budget::{Limit, Scope};
use crate::calendar::Month;

/// A concrete step and what it would bring. The gain is exact: scoring the facts with the step taken gives the present
/// score plus the gain, as long as what is logged keeps within the limits.
///
/// Codes:
/// - `log_today {date}`: log an expense of today, today.
/// - `log_on_more_days {days, until}`: by the date `until`, the end of the running block of [`frequency`], log the
///   expenses of `days` more days, each on its day. The gain is that of the score on `until`, with the first `days` days
///   from today on that have no expense yet.
/// - `log_same_day {days, until}`: the same, where there are days enough and only the punctuality gains.
/// - `set_a_budget {scope, at_least}`: set an overall limit (`scope`: `total`) of at least the money spent so far. Only
///   where no limit is in force: more limits would only water down the ones that were not kept.
///
/// There is no step for a closed month, which cannot be bettered honestly; nor one that promises to mend a limit already
/// passed; nor one that gains less than a whole point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// Stable snake_case.
    pub code: &'static str,
    /// Named parameters, always the same ones in the same order for a code.
    pub params: Vec<(&'static str, Param)>,
    /// Whole points of the score, at least 1.
    pub gain: i64,
}

/// The step with the largest gain; the soonest done among equals. While nothing is logged, the first expense is the
/// step: all others build on it.
pub(super) fn find(model: &Model, facts: &MonthFacts, present: &Score) -> Option<NextStep> {
    if Month::of(facts.today) != facts.month {
        return None;
    }
    let today = log_today(model, facts, present);
    if present.status == Status::NoData {
        return today;
    }
    [today, set_a_budget(model, facts, present), log_until_block_ends(model, facts, present)]
        .into_iter()
        .flatten()
        .reduce(|best, step| if step.gain > best.gain { step } else { best })
}

/// The step, if it gains at all.
fn step(code: &'static str, params: Vec<(&'static str, Param)>, present: &Score, then: &Score) -> Option<NextStep> {
    let gain = then.score - present.score;
    (gain > 0).then_some(NextStep { code, params, gain })
}

fn logged_on_its_day(date: NaiveDate) -> Activity {
    Activity { date, logged_on: date, imported: false, count: 1 }
}

fn log_today(model: &Model, facts: &MonthFacts, present: &Score) -> Option<NextStep> {
    if facts.live().any(|row| row.date == facts.today) {
        return None;
    }
    let mut then = facts.clone();
    then.activity.push(logged_on_its_day(facts.today));
    step("log_today", vec![("date", Param::Date(facts.today))], present, &assess(model, &then))
}

fn set_a_budget(model: &Model, facts: &MonthFacts, present: &Score) -> Option<NextStep> {
    if !facts.limits.is_empty() {
        return None;
    }
    let amount = facts.spent_in(Scope::Total);
    let mut then = facts.clone();
    then.limits.push(Limit { scope: Scope::Total, from_month: facts.month, amount });
    let params = vec![("scope", Param::Text("total".into())), ("at_least", Param::Money(amount))];
    step("set_a_budget", params, present, &assess(model, &then))
}

/// The fewest more days in the running block that bring the most. The block is the one of the next day that can still be
/// logged on its day: today, or tomorrow when today has an expense.
fn log_until_block_ends(model: &Model, facts: &MonthFacts, present: &Score) -> Option<NextStep> {
    let taken: Vec<u32> = facts.live().map(|row| row.date.day()).collect();
    let today = facts.today.day();
    let next = if taken.contains(&today) { today + 1 } else { today };
    // After the last day of the month none is free.
    let until = block_end(next).min(facts.month.days());
    let free = (next..=until).filter(|day| !taken.contains(day));

    let mut then = MonthFacts { today: facts.date(until), ..facts.clone() };
    // Time passes whether or not anything is logged: only what logging adds to that is a step.
    let mut best = (0, assess(model, &then));
    for (days, day) in (1..).zip(free) {
        then.activity.push(logged_on_its_day(facts.date(day)));
        let score = assess(model, &then);
        if score.score > best.1.score {
            best = (days, score);
        }
    }
    let (days, score) = best;
    if days == 0 {
        return None;
    }
    let frequency = |score: &Score| score.metric(frequency::KEY).and_then(|metric| metric.value_bp);
    let code = if frequency(&score) > frequency(present) { "log_on_more_days" } else { "log_same_day" };
    let params = vec![("days", Param::Integer(days)), ("until", Param::Date(facts.date(until)))];
    step(code, params, present, &score)
}
