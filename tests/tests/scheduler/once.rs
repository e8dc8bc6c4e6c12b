//! `--once`, `--at` and `--dry-run`, beside a server on the same database.

use acceptance::binary::Place;
use acceptance::{App, Value, category, json, spawn};

/// The lines that the scheduler prints at an instant.
#[track_caller]
pub(crate) fn told(place: &Place, at: &str) -> Vec<Value> {
    lines(place, &["--once", "--at", at])
}

#[track_caller]
fn lines(place: &Place, arguments: &[&str]) -> Vec<Value> {
    let (code, stdout, stderr) = place.schedule(arguments);
    assert_eq!(code, 0, "{arguments:?}: {stderr}");
    stdout.lines().map(acceptance::parse).collect()
}

async fn overspent(app: &App, limit: &str, spent: &str) -> acceptance::User {
    let user = app.user_with(&json!({"timezone": "Asia/Kolkata"})).await;
    user.put_budget(&category::FOOD.to_string(), &json!({"limit": limit})).await.expect(200);
    user.create_expense(&json!({"amount": spent, "notes": "lunch"})).await.expect(201);
    user
}

#[tokio::test]
async fn an_overspend_is_one_line_with_the_fields_of_the_document() {
    let app = spawn().await;
    let user = overspent(&app, "1000.00", "1250.75").await;
    let place = Place::new(app.database.url());
    let told = told(&place, "2026-03-11T03:30:00Z");
    assert_eq!(told.len(), 1, "{told:?}");
    let line = &told[0];
    assert_eq!(line["user_id"], user.id);
    assert_eq!(line["type"], "overspend");
    assert_eq!(line["category_id"], category::FOOD);
    assert_eq!(line["message"], "You have overspent in category Food.");
    assert_eq!(line["month"], "2026-03");
    assert_eq!(line["limit"], "1000.00");
    assert_eq!(line["spent"], "1250.75");
    assert_eq!(line["currency"], "INR");
    assert_eq!(line["level"], 100);
    assert_eq!(line["created_at"], "2026-03-11T03:30:00.000Z");
    assert_eq!(line["code"], "category_limit_exceeded");
    assert_eq!(line["params"]["category"], "Food");
    assert!(line["id"].as_i64().is_some_and(|id| id > 0));
    assert_eq!(user.get("/notifications").await.expect(200)["data"][0]["id"], line["id"]);
    assert_eq!(self::told(&place, "2026-03-11T03:30:00Z").len(), 0, "a repeated run is silent");
    assert_eq!(self::told(&place, "2026-03-12T03:30:00Z").len(), 0, "and so is the next day's");
}

#[tokio::test]
async fn nobody_is_told_before_their_hour() {
    let app = spawn().await;
    // At noon of the tenth.
    let user = overspent(&app, "10.00", "11.00").await;
    user.put("/notification-preferences", &json!({"hour": 21})).await.expect(200);
    let place = Place::new(app.database.url());
    assert_eq!(told(&place, "2026-03-10T15:29:59Z").len(), 0, "20:59:59 in Kolkata");
    assert_eq!(told(&place, "2026-03-10T15:30:00Z").len(), 1, "21:00");
}

#[tokio::test]
async fn a_raised_limit_tells_again_and_what_is_undone_is_not_told() {
    let app = spawn().await;
    let user = overspent(&app, "100.00", "85.00").await;
    let place = Place::new(app.database.url());
    let at = "2026-03-11T04:00:00Z";
    let levels = |told: Vec<Value>| told.iter().map(|line| line["level"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(levels(told(&place, at)), [80]);
    user.create_expense(&json!({"amount": "20.00", "notes": "lunch"})).await.expect(201);
    user.undo().await.expect(200);
    assert_eq!(levels(told(&place, at)), [0_i64; 0], "it was taken back");
    user.redo().await.expect(200);
    assert_eq!(levels(told(&place, at)), [100]);
    user.put_budget(&category::FOOD.to_string(), &json!({"limit": "120.00"})).await.expect(200);
    assert_eq!(levels(told(&place, at)), [80], "another limit");
}

#[tokio::test]
async fn a_dry_run_prints_what_would_be_told_and_changes_nothing() {
    let app = spawn().await;
    overspent(&app, "10.00", "11.00").await;
    let place = Place::new(app.database.url());
    let at = "2026-03-11T04:00:00Z";
    let shown = lines(&place, &["--dry-run", "--at", at]);
    let again = lines(&place, &["--dry-run", "--at", at]);
    assert_eq!(shown, again);
    let rows = "SELECT (SELECT COUNT(*) FROM notification) + (SELECT COUNT(*) FROM daily_run) + (SELECT COUNT(*) FROM job_run)";
    assert_eq!(app.database.number(rows).await, 0);
    let mut told = told(&place, at);
    assert_eq!((shown.len(), told.len()), (1, 1));
    assert_eq!(shown[0]["id"], Value::Null);
    told[0]["id"] = Value::Null;
    assert_eq!(shown, told);
}

#[tokio::test]
async fn silence_is_told_on_the_sixth_day_and_no_more_often_than_it_should() {
    let app = spawn().await;
    let user = app.user_with(&json!({"timezone": "Asia/Kolkata"})).await;
    user.create_expense(&json!({"amount": "1.00"})).await.expect(201);
    let place = Place::new(app.database.url());
    let mut told_on = Vec::new();
    // From the tenth on, at 9:00 in Kolkata.
    for day in 0..=40_u32 {
        let date = chrono::NaiveDate::from_ymd_opt(2026, 3, 11).unwrap() + chrono::Days::new(day.into());
        for line in told(&place, &format!("{date}T03:30:00Z")) {
            assert_eq!((line["type"].as_str(), line["category_id"].clone()), (Some("inactivity"), Value::Null));
            told_on.push((line["params"]["days"].as_i64().unwrap(), date.to_string()));
        }
    }
    let expected = [(6, "2026-03-16"), (14, "2026-03-24"), (30, "2026-04-09")];
    assert_eq!(told_on, expected.map(|(days, date)| (days, date.to_owned())));
}

#[tokio::test]
async fn the_demo_user_is_told_of_their_overspending_and_only_once() {
    let database = acceptance::database::TestDatabase::migrated().await;
    let place = Place::new(database.url());
    let (code, _, stderr) = place.outcome(&["seed-demo"]);
    assert_eq!(code, 0, "{stderr}");
    let told = lines(&place, &["--once"]);
    let food = told.iter().find(|line| line["type"] == "overspend" && line["category_id"] == category::FOOD);
    let food = food.unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(food["message"], "You have overspent in category Food.");
    assert_eq!(lines(&place, &["--once"]), [Value::Null; 0]);
}
