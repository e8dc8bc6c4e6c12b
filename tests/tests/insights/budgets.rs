//! Limits hold from a month on, and no change rewrites a month before it.

use acceptance::category::{FOOD, RENT};
use acceptance::{User, Value, json, spawn};

async fn limits(user: &User, month: &str) -> Vec<(Value, Value, Value)> {
    let budgets = user.budgets(&format!("?month={month}")).await.expect(200);
    assert_eq!((&budgets["month"], &budgets["currency"]), (&json!(month), &json!("INR")));
    let row = |row: &Value| (row["category_id"].clone(), row["limit"].clone(), row["from_month"].clone());
    let total = (!budgets["total"].is_null()).then(|| row(&budgets["total"]));
    total.into_iter().chain(budgets["categories"].as_array().unwrap().iter().map(row)).collect()
}

fn limit(category: Value, limit: &str, from: &str) -> (Value, Value, Value) {
    (category, json!(limit), json!(from))
}

#[tokio::test]
async fn a_limit_holds_from_its_month_until_it_is_changed() {
    let app = spawn().await;
    let user = app.user().await;
    let put = user.put_budget("1", &json!({"limit": "1000", "from_month": "2026-01"})).await.expect(200);
    assert_eq!(put.json, json!({"category_id": 1, "limit": "1000.00", "from_month": "2026-01"}));
    user.put_budget("1", &json!({"limit": 1500.5})).await.expect(200);
    user.put_budget("total", &json!({"limit": "9000", "from_month": "2026-05"})).await.expect(200);
    user.put_budget("3", &json!({"limit": "0", "from_month": "2026-04"})).await.expect(200);
    assert_eq!(limits(&user, "2025-12").await, []);
    assert_eq!(limits(&user, "2026-01").await, [limit(json!(1), "1000.00", "2026-01")]);
    assert_eq!(limits(&user, "2026-02").await, [limit(json!(1), "1000.00", "2026-01")]);
    assert_eq!(limits(&user, "2026-03").await, [limit(json!(1), "1500.50", "2026-03")], "the present month by default");
    assert_eq!(
        limits(&user, "2026-06").await,
        [
            limit(json!(null), "9000.00", "2026-05"),
            limit(json!(1), "1500.50", "2026-03"),
            limit(json!(3), "0.00", "2026-04")
        ]
    );
    assert_eq!(user.budgets("").await.expect(200).json, user.budgets("?month=2026-03").await.expect(200).json);
    // The same month again replaces.
    user.put_budget("1", &json!({"limit": "7", "from_month": "2026-01"})).await.expect(200);
    assert_eq!(limits(&user, "2026-02").await, [limit(json!(1), "7.00", "2026-01")]);
    assert_eq!(limits(&user, "2026-03").await, [limit(json!(1), "1500.50", "2026-03")]);
}

#[tokio::test]
async fn a_removal_takes_effect_from_its_month() {
    let app = spawn().await;
    let user = app.user().await;
    user.put_budget("1", &json!({"limit": "1000", "from_month": "2026-01"})).await.expect(200);
    user.put_budget("total", &json!({"limit": "2000", "from_month": "2026-01"})).await.expect(200);
    user.delete_budget("1", "").await.expect(204);
    user.delete_budget("total", "?from_month=2026-02").await.expect(204);
    let total = |from: &str| limit(json!(null), "2000.00", from);
    assert_eq!(limits(&user, "2026-01").await, [total("2026-01"), limit(json!(1), "1000.00", "2026-01")]);
    assert_eq!(limits(&user, "2026-02").await, [limit(json!(1), "1000.00", "2026-01")]);
    assert_eq!(limits(&user, "2026-03").await, []);
    user.put_budget("1", &json!({"limit": "5", "from_month": "2026-06"})).await.expect(200);
    assert_eq!(limits(&user, "2026-05").await, []);
    assert_eq!(limits(&user, "2026-07").await, [limit(json!(1), "5.00", "2026-06")]);
    user.delete_budget("2", "").await.refused(404, "not_found");
}

#[tokio::test]
async fn wrong_limits_are_refused() {
    let app = spawn().await;
    let user = app.user().await;
    for (body, pointer) in [
        (json!({}), "/limit"),
        (json!({"limit": "-1"}), "/limit"),
        (json!({"limit": "1.005"}), "/limit"),
        (json!({"limit": "10000000000.01"}), "/limit"),
        (json!({"limit": true}), "/limit"),
        (json!({"limit": null}), "/limit"),
        (json!({"limit": "5", "from_month": "2026-3"}), "/from_month"),
        (json!({"limit": "5", "from_month": "1969-12"}), "/from_month"),
        (json!({"limit": "5", "currency": "USD"}), "/currency"),
        (json!({"limit": "5", "category_id": 1}), "/category_id"),
    ] {
        let answer = user.put_budget("1", &body).await.refused(422, "invalid");
        assert!(answer.faults()[0].starts_with(&format!("{pointer} ")), "{body}: {answer:?}");
    }
    for odd in ["999", "0", "x", "-1", "1.0", "Total"] {
        assert_eq!(user.put_budget(odd, &json!({"limit": "5"})).await.status, 404, "{odd}");
    }
    user.budgets("?month=2026-13").await.invalid(&["/month invalid_month"]);
    user.delete_budget("1", "?from_month=x").await.invalid(&["/from_month invalid_month"]);
    assert_eq!(limits(&user, "2026-03").await, []);
}

#[tokio::test]
async fn limits_of_an_archived_category_end_with_the_month() {
    let app = spawn().await;
    let user = app.user().await;
    let own = user.own_category("Sailing").await;
    user.put_budget(&own.to_string(), &json!({"limit": "10", "from_month": "2026-01"})).await.expect(200);
    user.archive_category(own).await.expect(204);
    assert_eq!(limits(&user, "2026-02").await.len(), 1, "a past month is as it was");
    assert_eq!(limits(&user, "2026-04").await, []);
    user.put_budget(&own.to_string(), &json!({"limit": "10"})).await.refused(409, "category_archived");
}

#[tokio::test]
async fn a_changed_limit_rewrites_no_past_summary_and_no_past_score() {
    let app = spawn().await;
    let user = app.user().await;
    user.put_budget(&FOOD.to_string(), &json!({"limit": "100", "from_month": "2026-01"})).await.expect(200);
    user.put_budget(&RENT.to_string(), &json!({"limit": "100", "from_month": "2026-01"})).await.expect(200);
    user.spend("150", "2026-02-10", FOOD).await;
    let (summary, score) =
        (user.summary("?month=2026-02").await.expect(200), user.score("?month=2026-02").await.expect(200));
    user.put_budget(&FOOD.to_string(), &json!({"limit": "500"})).await.expect(200);
    user.delete_budget(&RENT.to_string(), "").await.expect(204);
    assert_eq!(user.summary("?month=2026-02").await.expect(200).json, summary.json);
    assert_eq!(user.score("?month=2026-02").await.expect(200).json, score.json);
}
