//! The worked cases of rules.md, "The score", and the borders that it leaves between the lines. The month is April 2026,
//! of 30 days.

use chrono::NaiveDate;
use rstest::rstest;

use super::*;
use crate::budget::{Limit, Scope};
use crate::id::CategoryId;

const FOOD: CategoryId = CategoryId(1);
const RENT: CategoryId = CategoryId(2);

/// A day of April, counted on into May.
fn april(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 4, 1).unwrap() + chrono::Days::new(u64::from(day) - 1)
}

fn limit(scope: Scope, amount: i64) -> Limit {
    Limit { scope, from_month: Month::parse("2026-01").unwrap(), amount }
}

fn logged(date: u32, logged_on: u32) -> Activity {
    Activity { date: april(date), logged_on: april(logged_on), imported: false, count: 1 }
}

fn same_day(days: impl IntoIterator<Item = u32>) -> Vec<Activity> {
    days.into_iter().map(|day| logged(day, day)).collect()
}

/// A closed month of an old user, with two limits kept.
fn closed(activity: Vec<Activity>) -> MonthFacts {
    MonthFacts {
        month: Month::parse("2026-04").unwrap(),
        today: NaiveDate::from_ymd_opt(2026, 6, 10).unwrap(),
        signed_up_on: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(),
        limits: vec![limit(Scope::Category(FOOD), 100_000), limit(Scope::Category(RENT), 50_000)],
        spent: vec![(FOOD, 90_000), (RENT, 40_000)],
        activity,
    }
}

fn open(today: u32, activity: Vec<Activity>) -> MonthFacts {
    MonthFacts { today: april(today), ..closed(activity) }
}

fn standard(facts: &MonthFacts) -> Score {
    score(model(DEFAULT_MODEL).unwrap(), facts)
}

fn classic(facts: &MonthFacts) -> Score {
    score(model("classic/1").unwrap(), facts)
}

/// The score, then adherence, frequency and discipline.
fn figures(score: &Score) -> (i64, [Option<i64>; 3]) {
    (score.score, [0, 1, 2].map(|at| score.metrics[at].value_bp))
}

fn codes(metric: &MetricScore) -> Vec<&'static str> {
    metric.reasons.iter().map(|reason| reason.code).collect()
}

fn spending_of_food(amount: i64) -> MonthFacts {
    MonthFacts { spent: vec![(FOOD, amount), (RENT, 40_000)], ..closed(same_day(1..=30)) }
}

fn signed_up_on_20(extra: Option<Activity>) -> MonthFacts {
    MonthFacts { signed_up_on: april(20), ..closed(same_day(20..=30).into_iter().chain(extra).collect()) }
}

#[rstest]
#[case::every_day(closed(same_day(1..=30)), 100, [Some(10_000), Some(10_000), Some(10_000)])]
#[case::every_other_day(closed(same_day((1..=30).step_by(2))), 100, [Some(10_000), Some(10_000), Some(10_000)])]
#[case::twelve_days(
    closed(same_day([1, 4, 6, 8, 11, 13, 16, 18, 20, 23, 26, 29])), 98, [Some(10_000), Some(9222), Some(10_000)]
)]
#[case::next_day(
    closed((1..=30).map(|day| logged(day, day + 1)).collect()), 96, [Some(10_000), Some(10_000), Some(9000)]
)]
#[case::caught_up_weekly(
    closed((1..=30).map(|day| logged(day, day.div_ceil(7) * 7)).collect()), 87, [Some(10_000), Some(10_000), Some(6833)]
)]
#[case::all_on_the_30th(
    closed((1..=30).map(|day| logged(day, 30)).collect()), 68, [Some(10_000), Some(10_000), Some(2033)]
)]
#[case::half_the_month(closed(same_day(1..=15)), 86, [Some(10_000), Some(5444), Some(10_000)])]
#[case::pairs_of_days(
    closed(same_day([1, 7, 8, 14, 15, 21, 22, 28, 29])), 91, [Some(10_000), Some(6888), Some(10_000)]
)]
#[case::over_by_a_fifth(spending_of_food(120_000), 97, [Some(9000), Some(10_000), Some(10_000)])]
#[case::over_by_double(spending_of_food(200_000), 85, [Some(5000), Some(10_000), Some(10_000)])]
#[case::no_limits(
    MonthFacts { limits: vec![], ..closed(same_day(1..=30)) }, 100, [None, Some(10_000), Some(10_000)]
)]
#[case::one_expense(closed(same_day([10])), 72, [Some(10_000), Some(777), Some(10_000)])]
#[case::signed_up_late(signed_up_on_20(None), 100, [Some(10_000), Some(10_000), Some(10_000)])]
#[case::and_backdated(signed_up_on_20(Some(logged(1, 20))), 97, [Some(10_000), Some(10_000), Some(9166)])]
fn worked(#[case] facts: MonthFacts, #[case] points: i64, #[case] metrics: [Option<i64>; 3]) {
    let score = standard(&facts);
    assert_eq!(figures(&score), (points, metrics));
    assert_eq!(score.status, Status::Final);
    assert_eq!(score.next_step, None);
}

#[test]
fn states_are_named() {
    let states = [Status::Final, Status::Provisional, Status::NoData];
    assert_eq!(states.map(Status::as_str), ["final", "provisional", "no_data"]);
}

#[test]
fn nothing_logged_is_no_data_under_every_model() {
    for name in model_names() {
        let score = score(model(name).unwrap(), &closed(vec![]));
        assert_eq!((figures(&score), score.status, score.measured_weight), ((0, [None; 3]), Status::NoData, 0));
        assert!(score.metrics.iter().all(|m| codes(m) == ["nothing_logged"] && (m.points, m.max_points) == (0, 0)));
        assert_eq!(breakdown(&score), Breakdown { adherence: None, frequency: None, discipline: None });
        assert_eq!((score.model, score.next_step), (name, None));
    }
}

#[rstest]
// Five days have passed; today, the 6th, is not active and does not count.
#[case(open(6, same_day([1, 3, 4])), 100, [Some(10_000), Some(10_000), Some(10_000)])]
// So 2 days want 1, where 3 would want 2.
#[case(open(3, same_day([1])), 100, [Some(10_000), Some(10_000), Some(10_000)])]
// Today counts once it is active: 5 days want 3.
#[case(open(5, same_day([1, 5])), 90, [Some(10_000), Some(6666), Some(10_000)])]
// A date ahead is neither active nor on time.
#[case(open(6, same_day([1, 3, 7, 8])), 90, [Some(10_000), Some(6666), Some(10_000)])]
// Nothing but a date ahead, on the 1st: only the limits can be measured.
#[case(open(1, same_day([9])), 100, [Some(10_000), None, None])]
#[case(open(2, same_day([9])), 50, [Some(10_000), Some(0), None])]
fn an_open_month_counts_what_has_passed(
    #[case] facts: MonthFacts,
    #[case] points: i64,
    #[case] metrics: [Option<i64>; 3],
) {
    let score = standard(&facts);
    assert_eq!(figures(&score), (points, metrics));
    assert_eq!(score.status, Status::Provisional);
}

#[test]
fn the_month_of_sign_up_takes_the_better_reading() {
    // Nothing since the 20th, but the weeks before were written up: the whole month is the better one.
    let facts = MonthFacts { signed_up_on: april(20), ..closed(same_day(1..=14)) };
    assert_eq!(figures(&standard(&facts)).1[1], Some(4666));
    // The window is cut at the month's borders: the 20th and 21st want 1, the 22nd to 28th 3, the last two 1.
    let facts = MonthFacts { signed_up_on: april(20), ..closed(same_day([21, 22, 25, 30])) };
    assert_eq!(figures(&standard(&facts)).1[1], Some((2 * 3 + 7 * 2 + 2 * 3) * 10_000 / (3 * 11)));
    // On the day of sign-up, before anything is logged for it, there is no window yet.
    let facts = MonthFacts { signed_up_on: april(20), ..open(20, vec![logged(19, 20)]) };
    assert_eq!(figures(&standard(&facts)).1[1], Some(5 * 10_000 / (3 * 19)));
}

#[test]
fn nothing_measured_is_no_data() {
    let score = standard(&MonthFacts { limits: vec![], ..open(1, same_day([9])) });
    assert_eq!((figures(&score), score.status), ((0, [None; 3]), Status::NoData));
    assert_eq!(codes(&score.metrics[1]), ["no_days_yet"]);
}

#[test]
fn limits_are_averaged_and_the_overall_one_counts_as_one_more() {
    let mut facts = closed(same_day(1..=30));
    facts.limits.push(limit(Scope::Total, 120_000));
    // 130,000 over 120,000: 10,000 * 10,000 / 120,000 = 833 are lost.
    assert_eq!(figures(&standard(&facts)).1[0], Some((10_000 + 10_000 + 9167) / 3));
    let adherence = &standard(&facts).metrics[0];
    let over = Reason::new(
        "over_limit",
        vec![
            ("scope", Param::Text("total".into())),
            ("limit", Param::Money(120_000)),
            ("spent", Param::Money(130_000)),
            ("over", Param::Money(10_000)),
        ],
    );
    let kept = Reason::new("within_limits", vec![("kept", Param::Integer(2)), ("of", Param::Integer(3))]);
    assert_eq!(adherence.reasons, [kept, over]);
}

#[test]
fn dates_weigh_alike_and_imports_are_left_out() {
    let many_late = Activity { count: 9, ..logged(2, 9) };
    let imported = Activity { imported: true, ..logged(3, 30) };
    let facts = closed(vec![logged(1, 1), logged(2, 2), many_late, imported]);
    // The 2nd: (10,000 + 9 * 3000) / 10 = 3700. The 3rd is active, but not timed.
    let score = standard(&facts);
    assert_eq!(figures(&score).1[2], Some((10_000 + 3700) / 2));
    let active = ("active", Param::Integer(3));
    assert_eq!(score.metrics[1].reasons[0].params[0], active);
    assert_eq!(
        score.metrics[2].reasons,
        [
            Reason::new("logged_same_day", vec![("dates", Param::Integer(1)), ("of", Param::Integer(2))]),
            Reason::new("late_entries", vec![("count", Param::Integer(9)), ("mean_delay_days", Param::Integer(7))]),
            Reason::new("slowest_date", vec![("date", Param::Date(april(2))), ("delay_days", Param::Integer(7))]),
        ]
    );
    let only_imported = standard(&closed(vec![imported]));
    assert_eq!((figures(&only_imported).1[2], only_imported.measured_weight), (None, 60));
    assert_eq!(codes(&only_imported.metrics[2]), ["nothing_to_time"]);
}

#[test]
fn a_limit_that_is_used_up_exactly_is_kept() {
    let kept = Reason::new("within_limits", vec![("kept", Param::Integer(2)), ("of", Param::Integer(2))]);
    assert_eq!(standard(&spending_of_food(100_000)).metrics[0].reasons, [kept]);
}

#[test]
fn the_slowest_date_is_the_first_of_the_longest_delay() {
    let score = standard(&closed(vec![logged(2, 5), logged(5, 12), logged(8, 15), logged(20, 21)]));
    let slowest = vec![("date", Param::Date(april(5))), ("delay_days", Param::Integer(7))];
    assert_eq!(score.metrics[2].reasons[2], Reason::new("slowest_date", slowest));
    // (3 + 7 + 7 + 1) / 4 = 4.5, rounded up.
    let late = vec![("count", Param::Integer(4)), ("mean_delay_days", Param::Integer(5))];
    assert_eq!(score.metrics[2].reasons[1], Reason::new("late_entries", late));
}

#[test]
fn of_equal_readings_the_whole_month_is_told() {
    let facts = MonthFacts { signed_up_on: april(1), ..closed(same_day(1..=30)) };
    assert_eq!(codes(&standard(&facts).metrics[1]), ["active_days"]);
}

#[test]
fn no_day_of_a_month_ahead_is_counted() {
    let today = NaiveDate::from_ymd_opt(2026, 3, 20).unwrap();
    let score = standard(&MonthFacts { today, ..closed(same_day(1..=30)) });
    assert_eq!((figures(&score).1[1], codes(&score.metrics[1])), (None, vec!["no_days_yet"]));
}

#[test]
fn sparse_blocks_are_named() {
    let score = standard(&closed(same_day([1, 3, 5, 8, 9, 10, 15, 16, 17, 22])));
    let sparse = |from, to, active, wanted| {
        Reason::new(
            "sparse_block",
            vec![
                ("from", Param::Date(april(from))),
                ("to", Param::Date(april(to))),
                ("active", Param::Integer(active)),
                ("wanted", Param::Integer(wanted)),
            ],
        )
    };
    assert_eq!(score.metrics[1].reasons[1..], [sparse(22, 28, 1, 3), sparse(29, 30, 0, 1)]);
    assert_eq!(
        codes(&standard(&signed_up_on_20(Some(logged(1, 20)))).metrics[1]),
        ["active_days", "counted_from_sign_up"]
    );
}

#[test]
fn the_weight_of_what_is_not_measured_goes_to_the_others() {
    let score = standard(&MonthFacts { limits: vec![], ..closed(same_day([10])) });
    assert_eq!(score.measured_weight, 70);
    let points: Vec<_> = score.metrics.iter().map(|m| (m.status(), m.points, m.max_points)).collect();
    assert_eq!(points, [("not_measured", 0, 0), ("measured", 333, 4286), ("measured", 5714, 5714)]);
    // 30 * 777 + 40 * 10,000 over 70 is 6047 basis points.
    assert_eq!(score.score, 60);
    assert_eq!(breakdown(&score), Breakdown { adherence: None, frequency: Some(8), discipline: Some(100) });
}

#[test]
fn the_classic_model_keeps_the_first_formulas() {
    let imported = Activity { imported: true, ..logged(3, 30) };
    let facts = MonthFacts { limits: vec![], ..closed(vec![logged(1, 1), logged(1, 2), logged(2, 2), imported]) };
    let score = classic(&facts);
    assert_eq!(figures(&score), (46, [Some(10_000), Some(1000), Some(3333)]));
    assert_eq!(figures(&classic(&closed(same_day(1..=30)))).0, 100);
    assert_eq!(figures(&classic(&open(6, same_day([1, 3, 9])))), (72, [Some(10_000), Some(666), Some(10_000)]));
}

fn next(facts: &MonthFacts) -> Option<(&'static str, i64)> {
    standard(facts).next_step.map(|step| (step.code, step.gain))
}

#[rstest]
// The first expense of the month comes before anything else.
#[case(open(20, vec![]), Some(("log_today", 73)))]
#[case(open(1, vec![]), Some(("log_today", 100)))]
// 1 of the 3 days that the week wants: two more by the 7th.
#[case(open(6, same_day([1])), Some(("log_on_more_days", 20)))]
// On the last day of the block, today is all there is.
#[case(open(7, same_day([1, 3])), Some(("log_today", 10)))]
// Frequency is full, punctuality is not.
#[case(open(5, vec![logged(1, 4), logged(2, 4), logged(3, 4), logged(4, 4)]), Some(("log_same_day", 3)))]
// All is well.
#[case(open(6, same_day(1..=6)), None)]
#[case(open(30, same_day([1, 30])), None)]
// No limit yet, and the others leave points: an overall limit takes 30 of 100.
#[case(MonthFacts { limits: vec![], ..open(30, same_day([1, 30])) }, Some(("set_a_budget", 11)))]
#[case(MonthFacts { limits: vec![], ..open(6, same_day(1..=6)) }, None)]
// Today is taken: tomorrow, the last day of the month, is left.
#[case(open(29, same_day([1, 29]).into_iter().chain([logged(2, 29)]).collect()), Some(("log_on_more_days", 4)))]
#[case(open(30, same_day([1, 30]).into_iter().chain([logged(2, 30)]).collect()), None)]
fn the_next_step_is_the_best(#[case] facts: MonthFacts, #[case] expected: Option<(&'static str, i64)>) {
    assert_eq!(next(&facts), expected);
}

#[test]
fn a_step_asks_for_no_more_days_than_it_needs() {
    let params = standard(&open(3, same_day([1]))).next_step.map(|step| step.params);
    assert_eq!(params, None, "two days want one");
    let params = standard(&open(4, vec![])).next_step.map(|step| step.params);
    assert_eq!(params, Some(vec![("date", Param::Date(april(4)))]));
    // The 8th to the 14th want three, of which one is there.
    let params = standard(&open(12, same_day([1, 3, 5, 9]))).next_step.map(|step| step.params);
    assert_eq!(params, Some(vec![("days", Param::Integer(2)), ("until", Param::Date(april(14)))]));
    // Today is taken, so the step starts tomorrow, in the next block.
    let params = standard(&open(14, same_day([1, 3, 9, 14]))).next_step.map(|step| step.params);
    assert_eq!(params, Some(vec![("days", Param::Integer(3)), ("until", Param::Date(april(21)))]));
}
