//! The summary of a month: states at their borders, and what is never left out.

use acceptance::category::{FOOD, RENT, TRAVEL, UNCATEGORIZED};
use acceptance::{Answer, Value, json, spawn};

fn line(summary: &Answer, category: i64) -> Value {
    let lines = summary["categories"].as_array().unwrap();
    lines.iter().find(|line| line["category"]["id"] == category).cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn an_empty_month_shows_uncategorized() {
    let app = spawn().await;
    let user = app.user().await;
    let summary = user.summary("").await.expect(200);
    assert_eq!((&summary["month"], &summary["currency"]), (&json!("2026-03"), &json!("INR")));
    assert_eq!(summary["categories"].as_array().unwrap().len(), 1);
    assert_eq!(
        line(&summary, UNCATEGORIZED),
        json!({"category": {"id": UNCATEGORIZED, "name": "Uncategorized", "slug": "uncategorized"}, "limit": null,
               "actual": "0.00", "remaining": null, "used_ratio": null, "state": null})
    );
    assert_eq!((&summary["total"]["limit"], &summary["total"]["actual"]), (&json!(null), &json!("0.00")));
    assert_eq!((&summary["over_budget"], &summary["under_budget"]), (&json!([]), &json!([])));
    assert_eq!((&summary["unbudgeted"], &summary["uncategorized"]), (&json!("0.00"), &json!("0.00")));
    user.summary("?month=2026-13").await.invalid(&["/month invalid_month"]);
    user.summary("?month=2026-03&x=1").await.invalid(&["/x unknown_field"]);
}

#[tokio::test]
async fn spending_is_held_against_each_limit() {
    let app = spawn().await;
    let user = app.user().await;
    user.put_budget(&FOOD.to_string(), &json!({"limit": "1000"})).await.expect(200);
    user.put_budget(&RENT.to_string(), &json!({"limit": "500"})).await.expect(200);
    user.put_budget("total", &json!({"limit": "1600"})).await.expect(200);
    user.spend("1040.10", "2026-03-02", FOOD).await;
    user.spend("500", "2026-03-01", RENT).await;
    user.spend("30", "2026-03-03", TRAVEL).await;
    user.spend("4", "2026-03-03", UNCATEGORIZED).await;
    user.spend("99", "2026-02-28", FOOD).await;
    let summary = user.summary("?month=2026-03").await.expect(200);
    let food = line(&summary, FOOD);
    assert_eq!(
        (&food["limit"], &food["actual"], &food["remaining"], &food["state"]),
        (&json!("1000.00"), &json!("1040.10"), &json!("-40.10"), &json!("over"))
    );
    assert_eq!(food["used_ratio"].to_string(), "1.0401");
    let rent = line(&summary, RENT);
    assert_eq!((&rent["remaining"], &rent["state"]), (&json!("0.00"), &json!("at_risk")));
    let total = &summary["total"];
    assert_eq!(
        (&total["limit"], &total["actual"], &total["remaining"]),
        (&json!("1600.00"), &json!("1574.10"), &json!("25.90"))
    );
    assert_eq!((&summary["over_budget"], &summary["under_budget"]), (&json!([FOOD]), &json!([RENT])));
    assert_eq!((&summary["unbudgeted"], &summary["uncategorized"]), (&json!("34.00"), &json!("4.00")));
    acceptance::books::assert_sound(&user).await;
}

/// What a limit of 1000.00 is called on a day of April, of 30 days, with this spent.
async fn state(instant: &str, limit: &str, spent: &str) -> String {
    let app = spawn().await;
    app.clock.set(instant);
    let user = app.user().await;
    user.put_budget(&FOOD.to_string(), &json!({"limit": limit, "from_month": "2026-04"})).await.expect(200);
    if spent != "0" {
        user.spend(spent, "2026-04-01", FOOD).await;
    }
    let summary = user.summary("?month=2026-04").await.expect(200);
    line(&summary, FOOD)["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn states_change_exactly_at_their_borders() {
    let (middle, late, last) = ("2026-04-15T06:30:00Z", "2026-04-24T06:30:00Z", "2026-04-30T06:30:00Z");
    for (instant, limit, spent, expected) in [
        (middle, "1000", "0", "on_track"),
        (middle, "1000", "799.99", "on_track"),
        (middle, "1000", "800", "at_risk"),
        (middle, "1000", "1000", "at_risk"),
        (middle, "1000", "1000.01", "over"),
        // As large a share as of the month is not ahead of it.
        (late, "1000", "800", "on_track"),
        (late, "1000", "800.01", "at_risk"),
        (last, "1000", "1000", "on_track"),
        ("2026-05-02T06:30:00Z", "1000", "1000", "on_track"),
        ("2026-05-02T06:30:00Z", "1000", "1000.01", "over"),
        (middle, "0", "0", "on_track"),
        (middle, "0", "0.01", "over"),
    ] {
        assert_eq!(state(instant, limit, spent).await, expected, "{instant}: {spent} of {limit}");
    }
}

#[tokio::test]
async fn a_limit_of_nothing_has_no_ratio_once_something_is_spent() {
    let app = spawn().await;
    let user = app.user().await;
    user.put_budget(&FOOD.to_string(), &json!({"limit": 0})).await.expect(200);
    assert_eq!(line(&user.summary("").await.expect(200), FOOD)["used_ratio"].to_string(), "0");
    user.spend("0.01", "2026-03-01", FOOD).await;
    let food = line(&user.summary("").await.expect(200), FOOD);
    assert_eq!(
        (&food["used_ratio"], &food["state"], &food["remaining"]),
        (&json!(null), &json!("over"), &json!("-0.01"))
    );
}

#[tokio::test]
async fn totals_follow_every_kind_of_change() {
    let app = spawn().await;
    let user = app.user().await;
    let actual = |month: &str, category: i64| {
        let call = user.summary(&format!("?month={month}"));
        async move { line(&call.await.expect(200), category)["actual"].as_str().unwrap_or("0.00").to_owned() }
    };
    let expense = user.spend("10", "2026-03-01", FOOD).await;
    let id = expense["id"].as_i64().unwrap();
    assert_eq!(actual("2026-03", FOOD).await, "10.00");
    // Category and month: neither, one, the other, both.
    user.patch_expense(id, &json!({"amount": "11"})).await.expect(200);
    assert_eq!(actual("2026-03", FOOD).await, "11.00");
    user.patch_expense(id, &json!({"category_id": TRAVEL})).await.expect(200);
    assert_eq!((actual("2026-03", FOOD).await, actual("2026-03", TRAVEL).await), ("0.00".into(), "11.00".into()));
    user.patch_expense(id, &json!({"date": "2026-02-28"})).await.expect(200);
    assert_eq!((actual("2026-03", TRAVEL).await, actual("2026-02", TRAVEL).await), ("0.00".into(), "11.00".into()));
    user.patch_expense(id, &json!({"date": "2026-01-31", "category_id": RENT, "amount": "12"})).await.expect(200);
    assert_eq!((actual("2026-02", TRAVEL).await, actual("2026-01", RENT).await), ("0.00".into(), "12.00".into()));
    user.delete_expense(id).await.expect(204);
    assert_eq!(actual("2026-01", RENT).await, "0.00");
    user.undo().await.expect(200);
    assert_eq!(actual("2026-01", RENT).await, "12.00");
    acceptance::books::assert_sound(&user).await;
}
