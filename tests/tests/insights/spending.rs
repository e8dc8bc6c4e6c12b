//! Series for charts.

use acceptance::category::{FOOD, TRAVEL};
use acceptance::{App, User, Value, json, spawn};

async fn filled() -> (App, User) {
    let app = spawn().await;
    let user = app.user().await;
    for (amount, date, category, tags) in [
        ("10", "2026-01-31", FOOD, json!(["a"])),
        ("5", "2026-03-02", FOOD, json!(["a", "b"])),
        ("2.50", "2026-03-08", TRAVEL, json!([])),
        ("20", "2026-03-09", TRAVEL, json!(["b"])),
    ] {
        let body = json!({"amount": amount, "date": date, "category_id": category, "tags": tags});
        user.create_expense(&body).await.expect(201);
    }
    let gone = user.record(&json!({"amount": "999", "date": "2026-03-02"})).await;
    user.delete_expense(gone).await.expect(204);
    (app, user)
}

fn series(answer: &acceptance::Answer) -> Vec<(String, Vec<String>)> {
    let texts = |values: &Value| values.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
    let rows = answer["series"].as_array().unwrap();
    rows.iter().map(|row| (row["key"].as_str().unwrap().to_owned(), texts(&row["values"]))).collect()
}

fn row(key: &str, values: &[&str]) -> (String, Vec<String>) {
    (key.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())
}

#[tokio::test]
async fn spending_is_grouped_over_the_whole_range() {
    let (_app, user) = filled().await;
    let range = "?from=2026-01-15&to=2026-03-31";
    let by_category = user.spending(&format!("{range}&group_by=category")).await.expect(200);
    assert_eq!(
        (&by_category["currency"], &by_category["buckets"]),
        (&json!("INR"), &json!(["2026-01", "2026-02", "2026-03"]))
    );
    assert_eq!(series(&by_category), [row("2", &["0.00", "0.00", "22.50"]), row("1", &["10.00", "0.00", "5.00"])]);
    assert_eq!(by_category["series"][1]["label"], "Food");
    let by_tag = user.spending(&format!("{range}&group_by=tag")).await.expect(200);
    let mut tags = series(&by_tag);
    tags.sort();
    assert_eq!(tags[0], row("a", &["10.00", "0.00", "5.00"]));
    assert_eq!(tags[1], row("b", &["0.00", "0.00", "25.00"]), "an expense with two tags is in both");
    assert_eq!(tags[2].1, ["0.00", "0.00", "2.50"], "what has no tag");
    let by_month = user.spending(&format!("{range}&group_by=month")).await.expect(200);
    assert_eq!(series(&by_month), [row("total", &["10.00", "0.00", "27.50"])]);
    let by_week = user.spending("?from=2026-03-02&to=2026-03-15&group_by=week").await.expect(200);
    assert_eq!(
        (&by_week["buckets"], series(&by_week)),
        (&json!(["2026-W10", "2026-W11"]), vec![row("total", &["7.50", "20.00"])])
    );
    let by_weekday = user.spending("?from=2026-03-01&to=2026-03-31&group_by=weekday").await.expect(200);
    assert_eq!(by_weekday["buckets"], json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]));
    assert_eq!(series(&by_weekday), [row("total", &["25.00", "0.00", "0.00", "0.00", "0.00", "0.00", "2.50"])]);
    let by_day = user.spending("?from=2026-03-08&to=2026-03-10&group_by=day").await.expect(200);
    assert_eq!(by_day["buckets"], json!(["2026-03-08", "2026-03-09", "2026-03-10"]));
    assert_eq!(series(&by_day), [row("total", &["2.50", "20.00", "0.00"])]);
}

#[tokio::test]
async fn wrong_ranges_and_groups_are_refused() {
    let (_app, user) = filled().await;
    for query in [
        "?from=2026-03-31&to=2026-03-01&group_by=day",
        "?from=1970-01-01&to=2026-03-01&group_by=day",
        "?group_by=year",
        "?group_by=day,week",
        "?group_by=day&group_by=week",
        "?from=2026-02-30&group_by=day",
        "?group_by=day&x=1",
    ] {
        user.spending(query).await.refused(422, "invalid");
    }
    let default = user.spending("?group_by=day").await.expect(200);
    assert_eq!(default["buckets"].as_array().unwrap().len(), 31, "the present month");
}
