//! The worked cases of the score (rules.md), told to the server day by day.

use acceptance::category::{FOOD, RENT};
use acceptance::{Answer, App, User, json, spawn};

const ENTERTAINMENT: i64 = 5;

/// Noon in India on a day of April 2026, counted on into May.
fn noon(day: u32) -> String {
    if day <= 30 { format!("2026-04-{day:02}T06:30:00.000Z") } else { format!("2026-05-{:02}T06:30:00.000Z", day - 30) }
}

struct Month {
    app: App,
    user: User,
}

impl Month {
    /// Somebody who signed up on a day of April (0: long before).
    async fn signed_up_on(day: u32) -> Self {
        let app = spawn().await;
        app.clock.set(if day == 0 { "2026-01-05T06:30:00.000Z".to_owned() } else { noon(day) }.as_str());
        let user = app.user().await;
        Self { app, user }
    }

    async fn with_limits(self) -> Self {
        for (category, limit) in [(FOOD, "1000"), (RENT, "500")] {
            let body = json!({"limit": limit, "from_month": "2026-01"});
            self.user.put_budget(&category.to_string(), &body).await.expect(200);
        }
        self
    }

    /// Logs one expense for each pair of a day and the day on which it is logged. The first two make up what is spent
    /// on food and rent.
    async fn log(mut self, entries: &[(u32, u32)], food: &str, rent: &str) -> Self {
        let mut entries = entries.to_vec();
        entries.sort_by_key(|(day, logged)| (*logged, *day));
        for (n, (day, logged)) in entries.into_iter().enumerate() {
            self.at(logged).await;
            let amount = match n {
                0 => food,
                1 => rent,
                _ => "0.01",
            };
            let category = *[FOOD, RENT].get(n).unwrap_or(&ENTERTAINMENT);
            let body = json!({"amount": amount, "date": format!("2026-04-{day:02}"), "category_id": category});
            self.user.create_expense(&body).await.expect(201);
        }
        self
    }

    /// Moves the clock to noon of a day, and logs in again when the token has ended by then.
    async fn at(&mut self, day: u32) {
        self.app.clock.set(&noon(day));
        self.user.log_in_again().await;
    }

    async fn closed(mut self) -> Answer {
        self.at(40).await;
        self.user.score("?month=2026-04").await.expect(200)
    }
}

fn same_day(days: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
    days.into_iter().map(|day| (day, day)).collect()
}

/// The score, then adherence, frequency and discipline in basis points (-1: not measured).
fn figures(answer: &Answer) -> (i64, [i64; 3]) {
    let value = |key: &str| {
        let metrics = answer["metrics"].as_array().unwrap();
        let metric =
            metrics.iter().find(|metric| metric["key"] == key).unwrap_or_else(|| panic!("no {key}: {answer:?}"));
        metric["value_bp"].as_i64().unwrap_or(-1)
    };
    let score = answer["score"].as_i64().unwrap();
    (score, [value("budget_adherence"), value("frequency"), value("tracking_discipline")])
}

async fn worked(entries: &[(u32, u32)], food: &str) -> (i64, [i64; 3]) {
    let answer = Month::signed_up_on(0).await.with_limits().await.log(entries, food, "400").await.closed().await;
    assert_eq!((&answer["status"], &answer["model"]), (&json!("final"), &json!("standard/1")));
    assert_eq!((&answer["month"], &answer["measured_weight"]), (&json!("2026-04"), &json!(100)));
    assert_eq!(answer["next_step"], json!(null), "a closed month cannot be bettered");
    figures(&answer)
}

#[tokio::test]
async fn an_expense_every_day_logged_the_same_day() {
    assert_eq!(worked(&same_day(1..=30), "900").await, (100, [10000, 10000, 10000]));
}

#[tokio::test]
async fn every_other_day() {
    assert_eq!(worked(&same_day((1..=30).step_by(2)), "900").await, (100, [10000, 10000, 10000]));
}

#[tokio::test]
async fn twelve_days() {
    let days = [1, 4, 6, 8, 11, 13, 16, 18, 20, 23, 26, 29];
    assert_eq!(worked(&same_day(days), "900").await, (98, [10000, 9222, 10000]));
}

#[tokio::test]
async fn every_day_logged_the_next_day() {
    let entries: Vec<_> = (1..=30).map(|day| (day, day + 1)).collect();
    assert_eq!(worked(&entries, "900").await, (96, [10000, 10000, 9000]));
}

#[tokio::test]
async fn every_day_caught_up_weekly() {
    let entries: Vec<_> = (1..=30_u32).map(|day| (day, day.div_ceil(7) * 7)).collect();
    assert_eq!(worked(&entries, "900").await, (87, [10000, 10000, 6833]));
}

#[tokio::test]
async fn the_whole_month_entered_on_the_30th() {
    let entries: Vec<_> = (1..=30).map(|day| (day, 30)).collect();
    assert_eq!(worked(&entries, "900").await, (68, [10000, 10000, 2033]));
}

#[tokio::test]
async fn every_day_to_the_15th_then_nothing() {
    assert_eq!(worked(&same_day(1..=15), "900").await, (86, [10000, 5444, 10000]));
}

#[tokio::test]
async fn pairs_of_days() {
    assert_eq!(worked(&same_day([1, 7, 8, 14, 15, 21, 22, 28, 29]), "900").await, (91, [10000, 6888, 10000]));
}

#[tokio::test]
async fn a_limit_passed_by_a_fifth_and_by_as_much_again() {
    assert_eq!(worked(&same_day(1..=30), "1200").await, (97, [9000, 10000, 10000]));
    assert_eq!(worked(&same_day(1..=30), "2000").await, (85, [5000, 10000, 10000]));
}

#[tokio::test]
async fn no_limits_give_their_weight_to_the_others() {
    let month = Month::signed_up_on(0).await.log(&same_day(1..=30), "900", "400").await;
    let answer = month.closed().await;
    assert_eq!((figures(&answer), &answer["measured_weight"]), ((100, [-1, 10000, 10000]), &json!(70)));
    assert_eq!(answer["breakdown"], json!({"adherence": null, "frequency": 100, "discipline": 100}));
}

#[tokio::test]
async fn one_expense_on_the_tenth() {
    assert_eq!(worked(&same_day([10]), "900").await, (72, [10000, 777, 10000]));
}

#[tokio::test]
async fn nothing_logged_is_no_data() {
    let answer = Month::signed_up_on(0).await.with_limits().await.closed().await;
    assert_eq!(
        (&answer["score"], &answer["status"], &answer["measured_weight"]),
        (&json!(0), &json!("no_data"), &json!(0))
    );
    assert_eq!(answer["breakdown"], json!({"adherence": null, "frequency": null, "discipline": null}));
    let month = Month::signed_up_on(0).await.with_limits().await.log(&[(3, 3)], "1", "1").await;
    month.user.undo().await.expect(200);
    let answer = month.closed().await;
    assert_eq!((&answer["score"], &answer["status"]), (&json!(0), &json!("no_data")), "a deleted expense is none");
}

#[tokio::test]
async fn the_month_of_sign_up_counts_from_that_day() {
    let daily = same_day(20..=30);
    let month = Month::signed_up_on(20).await.with_limits().await.log(&daily, "900", "400").await;
    assert_eq!(figures(&month.closed().await), (100, [10000, 10000, 10000]));
    let mut backdated = daily;
    backdated.push((1, 20));
    let month = Month::signed_up_on(20).await.with_limits().await.log(&backdated, "900", "400").await;
    assert_eq!(figures(&month.closed().await), (97, [10000, 10000, 9166]));
}

#[tokio::test]
async fn an_open_month_counts_the_days_so_far() {
    let mut month = Month::signed_up_on(0).await.with_limits().await.log(&same_day([1, 3, 4]), "900", "400").await;
    month.at(6).await;
    let answer = month.user.score("?month=2026-04").await.expect(200);
    assert_eq!((figures(&answer), &answer["status"]), ((100, [10000, 10000, 10000]), &json!("provisional")));
    assert_eq!(month.user.score("").await.expect(200).json, answer.json, "left out, it is the present month");
    month.user.score("?month=2026-05").await.invalid(&["/month month_in_future"]);
    // The month begins where the user is: on the last evening in UTC it is May in India.
    month.app.clock.set("2026-04-30T18:30:00.000Z");
    month.user.log_in_again().await;
    assert_eq!(month.user.score("").await.expect(200)["month"], "2026-05");
    assert_eq!(month.user.score("?month=2026-04").await.expect(200)["status"], "final");
}

#[tokio::test]
async fn metrics_explain_themselves_and_a_step_says_what_it_brings() {
    let mut month = Month::signed_up_on(0).await.with_limits().await.log(&same_day([1]), "900", "400").await;
    month.at(6).await;
    let before = month.user.score("").await.expect(200);
    for metric in before["metrics"].as_array().unwrap() {
        assert!(["measured", "not_measured"].contains(&metric["status"].as_str().unwrap()), "{metric}");
        for reason in metric["reasons"].as_array().unwrap() {
            assert!(reason["code"].is_string() && reason["params"].is_object(), "{metric}");
        }
        assert!(metric["points"].is_number() && metric["max_points"].is_number() && metric["weight"].is_number());
    }
    let step = &before["next_step"];
    assert_eq!(
        (&step["code"], &step["params"]),
        (&json!("log_on_more_days"), &json!({"days": 2, "until": "2026-04-07"}))
    );
    let gain = step["gain"].as_i64().unwrap();
    month.user.create_expense(&json!({"amount": "0.01"})).await.expect(201);
    month.at(7).await;
    month.user.create_expense(&json!({"amount": "0.01"})).await.expect(201);
    let after = month.user.score("").await.expect(200);
    assert_eq!(after["score"].as_i64().unwrap(), before["score"].as_i64().unwrap() + gain, "{after:?}");
}

#[tokio::test]
async fn the_classic_model_has_its_own_figures() {
    let mut month = Month::signed_up_on(0).await.log(&[(1, 1), (2, 3), (3, 3)], "900", "400").await;
    month.at(40).await;
    let classic = month.user.score("?month=2026-04&model=classic/1").await.expect(200);
    assert_eq!((figures(&classic), &classic["model"]), ((60, [10000, 1000, 6666]), &json!("classic/1")));
    month.user.score("?model=classic%2F1&month=2026-04").await.expect(200);
    month.user.score("?model=classic").await.invalid(&["/model unknown_model"]);
    let empty = month.user.score("?month=2026-03&model=classic/1").await.expect(200);
    assert_eq!((&empty["score"], &empty["status"]), (&json!(0), &json!("no_data")));
}

#[tokio::test]
async fn a_history_has_one_entry_a_month() {
    let mut month = Month::signed_up_on(0).await.with_limits().await.log(&same_day(1..=30), "900", "400").await;
    month.at(40).await;
    let user = &month.user;
    let history = user.score_history("?from=2026-03&to=2026-05").await.expect(200);
    let months: Vec<_> = history.data().iter().map(|entry| entry["month"].as_str().unwrap()).collect();
    assert_eq!(months, ["2026-03", "2026-04", "2026-05"]);
    for entry in history.data() {
        let single = user.score(&format!("?month={}", entry["month"].as_str().unwrap())).await.expect(200);
        assert_eq!((&entry["score"], &entry["status"]), (&single["score"], &single["status"]));
    }
    assert_eq!(history.data()[1]["score"], 100);
    user.score_history("?from=2026-05&to=2026-04").await.refused(422, "invalid");
    user.score_history("?from=2026-05&to=2026-06").await.refused(422, "invalid");
    user.score_history("?from=1970-01&to=2026-05").await.refused(422, "invalid");
    assert!(!user.score_history("").await.expect(200).data().is_empty());
}
