//! What must hold of a score for any input (rules.md, "The score").

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use proptest::sample::Index;

use super::frequency::Frequency;
use super::*;
use crate::budget::{Limit, Scope};
use crate::id::CategoryId;

const CATEGORIES: i64 = 4;

fn plus(date: NaiveDate, days: i64) -> NaiveDate {
    match u64::try_from(days) {
        Ok(days) => date + Days::new(days),
        Err(_) => date - Days::new(days.unsigned_abs()),
    }
}

fn amounts() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..3000_i64, 1 => Just(0), 1 => 0..i64::MAX]
}

fn scopes() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(Scope::Total), (1..=CATEGORIES).prop_map(|id| Scope::Category(CategoryId(id)))]
}

prop_compose! {
    /// A row of the month, of up to two days more than it has: the last may lie outside.
    fn activities(month: Month)(day in 0..33_i64, delay in -5..40_i64, imported in prop::bool::weighted(0.2), count in 0..4_i64) -> Activity {
        let date = plus(month.first_day(), day);
        Activity { date, logged_on: plus(date, delay), imported, count }
    }
}

fn months() -> impl Strategy<Value = Month> {
    prop::sample::select(vec!["2025-02", "2024-02", "2026-04", "2026-03"]).prop_map(|text| Month::parse(text).unwrap())
}

/// Closed and open months, of users old and new.
fn facts() -> impl Strategy<Value = MonthFacts> {
    months()
        .prop_flat_map(|month| {
            let day = prop_oneof![3 => 0..31_i64, 1 => 31..60_i64];
            let sign_up = prop_oneof![2 => 0..31_i64, 1 => -40..0_i64];
            let limits = prop::collection::btree_map(scopes(), amounts(), 0..4);
            let spent = prop::collection::vec((1..=CATEGORIES, amounts()), 0..6);
            (Just(month), day, sign_up, limits, spent, prop::collection::vec(activities(month), 0..25))
        })
        .prop_map(|(month, today, sign_up, limits, spent, activity)| MonthFacts {
            month,
            today: plus(month.first_day(), today),
            signed_up_on: plus(month.first_day(), sign_up),
            limits: limits.into_iter().map(|(scope, amount)| Limit { scope, from_month: month, amount }).collect(),
            spent: spent.into_iter().map(|(id, amount)| (CategoryId(id), amount)).collect(),
            activity,
        })
}

fn models() -> impl Strategy<Value = &'static Model> {
    prop::sample::select(model_names().collect::<Vec<_>>()).prop_map(|name| model(name).unwrap())
}

fn value(model: &Model, facts: &MonthFacts, key: &str) -> Option<i64> {
    model.metrics.iter().find(|(_, metric)| metric.key() == key).unwrap().1.measure(facts).value_bp
}

fn integer(step: &NextStep, name: &str) -> usize {
    match step.params.iter().find(|(key, _)| *key == name) {
        Some((_, Param::Integer(n))) => usize::try_from(*n).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn date(step: &NextStep, name: &str) -> NaiveDate {
    match step.params.iter().find(|(key, _)| *key == name) {
        Some((_, Param::Date(date))) => *date,
        other => panic!("{other:?}"),
    }
}

/// The facts once the step is taken, from its published parameters alone.
fn taken(step: &NextStep, facts: &MonthFacts) -> MonthFacts {
    let mut then = facts.clone();
    let log = |date| Activity { date, logged_on: date, imported: false, count: 1 };
    match step.code {
        "log_today" => then.activity.push(log(date(step, "date"))),
        "log_on_more_days" | "log_same_day" => {
            then.today = date(step, "until");
            let occupied = |day: NaiveDate| facts.activity.iter().any(|row| row.date == day && row.count > 0);
            let free = facts.today.iter_days().take_while(|day| *day <= then.today).filter(|day| !occupied(*day));
            then.activity.extend(free.take(integer(step, "days")).map(log));
            assert_eq!(then.activity.len(), facts.activity.len() + integer(step, "days"), "there are days enough");
        }
        "set_a_budget" => match step.params.iter().find(|(key, _)| *key == "at_least") {
            Some((_, Param::Money(amount))) => {
                then.limits.push(Limit { scope: Scope::Total, from_month: facts.month, amount: *amount });
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other}"),
    }
    then
}

proptest! {
    #![proptest_config(crate::cases::cases(10_000))]

    #[test]
    fn a_score_and_its_parts_stay_in_bounds(model in models(), facts in facts()) {
        let score = score(model, &facts);
        prop_assert!((0..=100).contains(&score.score));
        prop_assert_eq!(score.status == Status::NoData, score.measured_weight == 0);
        prop_assert_eq!(score.metrics.len(), model.metrics.len());
        for metric in &score.metrics {
            prop_assert!(metric.value_bp.is_none_or(|bp| (0..=10_000).contains(&bp)));
            prop_assert!(0 <= metric.points && metric.points <= metric.max_points && metric.max_points <= 10_000);
            prop_assert!(!metric.reasons.is_empty());
        }
        // The points of the metrics, each rounded on its own, add up to the score.
        let points: i64 = score.metrics.iter().map(|metric| metric.points).sum();
        prop_assert!((points - score.score * 100).abs() <= 52);
        let most: i64 = score.metrics.iter().map(|metric| metric.max_points).sum();
        prop_assert_eq!(most, if score.measured_weight == 0 { 0 } else { 10_000 });
    }

    #[test]
    fn spending_more_never_raises_adherence(model in models(), facts in facts(), category in 1..=CATEGORIES, more in 0..4000_i64) {
        let mut then = facts.clone();
        then.spent.push((CategoryId(category), more));
        prop_assert!(value(model, &then, adherence::KEY) <= value(model, &facts, adherence::KEY));
    }

    #[test]
    fn one_more_active_day_never_lowers_frequency(model in models(), facts in facts(), day in 0..31_i64) {
        let date = plus(facts.month.first_day(), day);
        let mut then = facts.clone();
        then.activity.push(Activity { date, logged_on: date, imported: false, count: 1 });
        prop_assert!(value(model, &then, frequency::KEY) >= value(model, &facts, frequency::KEY));
    }

    #[test]
    fn logging_today_never_lowers_frequency(facts in facts(), today in 0..28_i64) {
        let today = plus(facts.month.first_day(), today);
        let facts = MonthFacts { today, ..facts };
        let mut then = facts.clone();
        then.activity.push(Activity { date: today, logged_on: today, imported: false, count: 1 });
        prop_assert!(Frequency.measure(&then).value_bp >= Frequency.measure(&facts).value_bp);
    }

    #[test]
    fn more_delay_never_raises_discipline(model in models(), facts in facts(), row in any::<Index>(), more in 1..20_i64) {
        prop_assume!(!facts.activity.is_empty());
        let mut then = facts.clone();
        let row = row.index(then.activity.len());
        then.activity[row].logged_on = plus(then.activity[row].logged_on, more);
        prop_assert!(value(model, &then, discipline::KEY) <= value(model, &facts, discipline::KEY));
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(
        model in models(),
        (facts, shuffled) in facts().prop_flat_map(|facts| {
            let MonthFacts { limits, spent, activity, .. } = facts.clone();
            let rows = (Just(limits).prop_shuffle(), Just(spent).prop_shuffle(), Just(activity).prop_shuffle());
            (Just(facts), rows)
        }),
    ) {
        let (limits, spent, activity) = shuffled;
        prop_assert_eq!(score(model, &MonthFacts { limits, spent, activity, ..facts.clone() }), score(model, &facts));
    }

    #[test]
    fn a_row_of_two_is_two_rows(model in models(), facts in facts()) {
        let halves = |row: &Activity| [Activity { count: row.count - 1, ..*row }, Activity { count: row.count.min(1), ..*row }];
        let activity = facts.activity.iter().flat_map(halves).collect();
        prop_assert_eq!(score(model, &MonthFacts { activity, ..facts.clone() }), score(model, &facts));
    }

    #[test]
    fn the_gain_of_a_step_is_true(model in models(), facts in facts()) {
        let now = score(model, &facts);
        if let Some(step) = now.next_step {
            prop_assert!(step.gain > 0 && Month::of(facts.today) == facts.month);
            prop_assert_eq!(score(model, &taken(&step, &facts)).score, now.score + step.gain, "{:?}", step);
        }
    }
}
