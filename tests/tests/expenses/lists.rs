//! Lists: filters, orders and pages, compared with the same done here.

use std::collections::BTreeSet;

use acceptance::books::{category_of, minor};
use acceptance::category::{FOOD, RENT, TRAVEL, UNCATEGORIZED};
use acceptance::random::Random;
use acceptance::{App, User, Value, json, spawn};

/// Expenses with many ties in everything that can be sorted by.
async fn fill(app: &App, user: &User, count: usize) -> Vec<Value> {
    let mut random = Random::new(7);
    let dates = ["2025-12-31", "2026-01-01", "2026-02-28", "2026-03-01", "2026-03-09", "2026-03-10", "2026-04-01"];
    let amounts = ["1", "1.00", "2.50", "10", "10.01", "99.99", "1000", "10000000000"];
    let tags = ["home", "work", "über", "a b"];
    for n in 0..count {
        if random.below(3) == 0 {
            app.clock.advance_millis(1);
        }
        let chosen: BTreeSet<_> = (0..random.below(3)).map(|_| *random.pick(&tags)).collect();
        let category = random.pick(&[FOOD, TRAVEL, RENT, UNCATEGORIZED]);
        let body = json!({"amount": random.pick(&amounts), "date": random.pick(&dates), "notes": format!("number {n}"),
                          "tags": chosen, "category_id": category});
        user.record(&body).await;
    }
    let deleted = user.record(&json!({"amount": "1", "date": "2026-03-01", "tags": ["home"]})).await;
    user.delete_expense(deleted).await.expect(204);
    let all = user.all("/expenses?sort=-logged_at", 200).await;
    assert_eq!(all.len(), count);
    all
}

fn key(sort: &str, row: &Value) -> (String, i128) {
    match sort.trim_start_matches('-') {
        "date" => (row["date"].as_str().unwrap().to_owned(), 0),
        "amount" => (String::new(), minor(&row["amount"])),
        _ => (row["logged_at"].as_str().unwrap().to_owned(), 0),
    }
}

fn sorted(rows: &[Value], sort: &str) -> Vec<i64> {
    let mut rows: Vec<&Value> = rows.iter().collect();
    rows.sort_by_key(|row| (key(sort, row), row["id"].as_i64().unwrap()));
    if sort.starts_with('-') {
        rows.reverse();
    }
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn pages_of_any_size_are_the_sorted_whole() {
    let app = spawn().await;
    let user = app.user().await;
    let all = fill(&app, &user, 53).await;
    for sort in ["-date", "date", "-amount", "amount", "-logged_at"] {
        let expected = sorted(&all, sort);
        for limit in [1, 2, 7, 53, 200] {
            let pages = user.all(&format!("/expenses?sort={sort}"), limit).await;
            assert_eq!(ids(&pages), expected, "{sort}, {limit} at a time");
        }
    }
    assert_eq!(ids(&user.all("/expenses", 50).await), sorted(&all, "-date"), "the default");
    assert_eq!(user.expenses("").await.expect(200).data().len(), 50);
    let exact = user.expenses("?limit=53").await.expect(200);
    assert_eq!((exact.data().len(), &exact["next_cursor"]), (53, &json!(null)), "no empty page follows");
}

#[tokio::test]
async fn filters_find_what_they_name_and_nothing_else() {
    let app = spawn().await;
    let user = app.user().await;
    let all = fill(&app, &user, 60).await;
    let has_tag = |row: &Value, tag: &str| row["tags"].as_array().unwrap().contains(&json!(tag));
    let date = |row: &Value| row["date"].as_str().unwrap().to_owned();
    type Filter<'a> = (&'a str, Box<dyn Fn(&Value) -> bool + 'a>);
    let filters: Vec<Filter<'_>> = vec![
        ("month=2026-03", Box::new(|row| date(row).starts_with("2026-03"))),
        ("month=2024-01", Box::new(|_| false)),
        ("from=2026-01-01", Box::new(|row| date(row).as_str() >= "2026-01-01")),
        ("to=2026-01-01", Box::new(|row| date(row).as_str() <= "2026-01-01")),
        ("from=2026-01-01&to=2026-03-01", Box::new(|row| ("2026-01-01"..="2026-03-01").contains(&date(row).as_str()))),
        ("from=2026-03-09&to=2026-03-09", Box::new(|row| date(row) == "2026-03-09")),
        ("category_id=1", Box::new(|row| category_of(row) == FOOD)),
        ("category_id=1&category_id=3", Box::new(|row| [FOOD, RENT].contains(&category_of(row)))),
        ("uncategorized=true", Box::new(|row| category_of(row) == UNCATEGORIZED)),
        ("tag=home", Box::new(|row| has_tag(row, "home"))),
        ("tag=HOME", Box::new(|row| has_tag(row, "home"))),
        ("tag=home&tag=work", Box::new(|row| has_tag(row, "home") && has_tag(row, "work"))),
        ("tag=%C3%BCber", Box::new(|row| has_tag(row, "über"))),
        ("tag=a+b", Box::new(|row| has_tag(row, "a b"))),
        ("tag=nothing", Box::new(|_| false)),
        ("min_amount=10", Box::new(|row| minor(&row["amount"]) >= 1000)),
        ("max_amount=10.00", Box::new(|row| minor(&row["amount"]) <= 1000)),
        ("min_amount=10.01&max_amount=99.99", Box::new(|row| (1001..=9999).contains(&minor(&row["amount"])))),
        ("min_amount=0", Box::new(|_| true)),
        ("q=number", Box::new(|_| true)),
        ("q=7", Box::new(|row| row["notes"] == "number 7")),
        (
            "month=2026-03&category_id=2&min_amount=2&tag=work",
            Box::new(|row| {
                date(row).starts_with("2026-03")
                    && category_of(row) == TRAVEL
                    && minor(&row["amount"]) >= 200
                    && has_tag(row, "work")
            }),
        ),
    ];
    for (query, matches) in filters {
        let expected: Vec<Value> = all.iter().filter(|row| matches(row)).cloned().collect();
        for sort in ["-date", "amount"] {
            let found = user.all(&format!("/expenses?{query}&sort={sort}"), 9).await;
            assert_eq!(ids(&found), sorted(&expected, sort), "{query}");
        }
    }
}

#[tokio::test]
async fn a_cursor_goes_with_its_filters_only() {
    let app = spawn().await;
    let user = app.user().await;
    fill(&app, &user, 8).await;
    let first = user.expenses("?limit=2&month=2026-03").await.expect(200);
    let cursor = first.text("next_cursor");
    for other in [
        "",
        "month=2026-04",
        "month=2026-03&sort=date",
        "month=2026-03&category_id=1",
        "from=2026-03-01",
        "month=2026-03&q=x",
    ] {
        let answer = user.expenses(&format!("?limit=2&cursor={cursor}&{other}")).await;
        answer.invalid(&["/cursor invalid_cursor"]);
    }
    user.expenses(&format!("?limit=5&cursor={cursor}&month=2026-03")).await.expect(200);
    let by_amount = user.expenses("?limit=2&sort=amount").await.expect(200).text("next_cursor");
    for garbage in ["x", "AAAA", &cursor[1..], &format!("{cursor}A"), &by_amount] {
        user.expenses(&format!("?limit=2&month=2026-03&cursor={garbage}")).await.invalid(&["/cursor invalid_cursor"]);
    }
    let actions = user.actions("?limit=1").await.expect(200).text("next_cursor");
    assert_eq!(user.expenses(&format!("?cursor={actions}")).await.status, 422);
    // Another person's cursor shows nothing of theirs.
    let other = app.user().await;
    let answer = other.expenses(&format!("?limit=2&month=2026-03&cursor={cursor}")).await;
    assert!(answer.status == 422 || answer.data().is_empty(), "{answer:?}");
}

#[tokio::test]
async fn a_page_follows_on_whatever_happens_meanwhile() {
    let app = spawn().await;
    let user = app.user().await;
    let all = fill(&app, &user, 30).await;
    let expected = sorted(&all, "-date");
    let first = user.expenses("?limit=10").await.expect(200);
    // A new one before the cursor, and the last one shown is gone: the rest neither repeats nor skips.
    user.record(&json!({"amount": "1", "date": "2026-05-01"})).await;
    user.delete_expense(expected[9]).await.expect(204);
    let rest = user.expenses(&format!("?limit=50&cursor={}", first.text("next_cursor"))).await.expect(200);
    assert_eq!(ids(rest.data()), expected[10..]);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let app = spawn().await;
    let user = app.user().await;
    for (query, fault) in [
        ("limit=0", "/limit out_of_range"),
        ("limit=201", "/limit out_of_range"),
        ("limit=-1", "/limit out_of_range"),
        ("limit=ten", "/limit wrong_type"),
        ("limit=", "/limit wrong_type"),
        ("limit=1&limit=2", "/limit repeated"),
        ("month=2026-13", "/month invalid_month"),
        ("month=2026-3", "/month invalid_month"),
        ("month=202603", "/month invalid_month"),
        ("month=", "/month invalid_month"),
        ("from=2026-02-30", "/from invalid_date"),
        ("to=yesterday", "/to invalid_date"),
        ("category_id=x", "/category_id/0 wrong_type"),
        ("category_id=0", "/category_id/0 out_of_range"),
        ("sort=notes", "/sort unknown_value"),
        ("sort=--date", "/sort unknown_value"),
        ("sort=date;DROP", "/sort unknown_value"),
        ("uncategorized=maybe", "/uncategorized wrong_type"),
        ("offset=3", "/offset unknown_field"),
        ("page=2", "/page unknown_field"),
        ("Month=2026-03", "/Month unknown_field"),
        ("tag%5B%5D=x", "/tag[] unknown_field"),
    ] {
        let answer = user.expenses(&format!("?{query}")).await.refused(422, "invalid");
        let pointer = fault.split(' ').next().unwrap().trim_end_matches("/0");
        let found = answer.faults();
        assert!(
            found.iter().any(|f| f == fault || f.replacen("/0", "", 1) == fault.replacen("/0", "", 1)),
            "{query} {pointer}: {answer:?}"
        );
    }
    for bad in ["min_amount=1.005", "min_amount=-1", "max_amount=1e3", "max_amount=x", "min_amount="] {
        let answer = user.expenses(&format!("?{bad}")).await.refused(422, "invalid");
        assert!(answer.faults()[0].starts_with(&format!("/{}", bad.split('=').next().unwrap())), "{answer:?}");
    }
    for malformed in ["q=%", "q=%zz", "q=%ff", "q=%c3%28", "%f0=1"] {
        assert_eq!(user.expenses(&format!("?{malformed}")).await.status, 400, "{malformed}");
    }
    let answer = user.expenses("?q=%00").await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let both = user.expenses("?limit=0&month=x&offset=1").await.refused(422, "invalid");
    assert_eq!(both.faults().len(), 3, "{both:?}");
}
