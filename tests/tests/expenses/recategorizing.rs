//! Choosing anew for what was recorded before.

use std::collections::BTreeMap;

use acceptance::category::{FITNESS, FOOD, RENT, TRAVEL, UNCATEGORIZED};
use acceptance::{User, Value, json, spawn};

async fn record(user: &User, notes: &str, category: Option<i64>) -> i64 {
    let mut body = json!({"amount": "1.25", "date": "2026-03-01", "notes": notes});
    if let Some(category) = category {
        body["category_id"] = json!(category);
    }
    user.record(&body).await
}

/// Where everything lies and why, by expense.
async fn lie(user: &User) -> BTreeMap<i64, (Value, Value)> {
    let expenses = user.all("/expenses", 200).await;
    expenses
        .into_iter()
        .map(|it| (it["id"].as_i64().unwrap(), (it["category"].clone(), it["categorization"].clone())))
        .collect()
}

async fn category_of(user: &User, id: i64) -> (i64, String) {
    let shown = user.expense(id).await.expect(200);
    (shown["category"]["id"].as_i64().unwrap(), shown["categorization"]["source"].as_str().unwrap().to_owned())
}

fn of(category: i64, source: &str) -> (i64, String) {
    (category, source.to_owned())
}

#[tokio::test]
async fn keywords_and_choices_of_today_are_applied_to_the_past() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let theirs = record(&other, "qwxzy", None).await;
    let known = record(&user, "qwxzy", None).await;
    let lunch = record(&user, "lunch with Ana", None).await;
    let unsure = record(&user, "zzyzx", None).await;
    let gone = record(&user, "qwxzy", None).await;
    user.delete_expense(gone).await.expect(204);
    // From here on it would be another category: by a keyword, and by a choice.
    user.put_keywords(TRAVEL, &["qwxzy"]).await.expect(200);
    let mine = [record(&user, "lunch with Ana", Some(RENT)).await, record(&user, "qwxzy lunch", Some(FITNESS)).await];
    let before = (lie(&user).await, user.all("/actions", 200).await);

    let dry = user.recategorize_dry().await.expect(200);
    assert_eq!((lie(&user).await, user.all("/actions", 200).await), before, "it changes nothing");
    assert_eq!(dry["action"], Value::Null);
    app.clock.advance_seconds(60);
    let done = user.recategorize().await.expect(200);
    let action = before.1.len() + 1;
    assert_eq!(
        (&done["examined"], &done["changed"], &done["action"], &done["more"]),
        (&json!(3), &json!(2), &json!(action), &json!(false))
    );
    for member in ["examined", "changed", "more", "changes"] {
        assert_eq!(dry[member], done[member], "{member}");
    }
    assert_eq!((&dry["dry_run"], &done["dry_run"]), (&json!(true), &json!(false)));

    // What it says is what was and what is.
    let after = lie(&user).await;
    let changes = done["changes"].as_array().unwrap();
    assert_eq!(changes.iter().map(|it| it["expense_id"].as_i64().unwrap()).collect::<Vec<_>>(), [lunch, known]);
    for change in changes {
        let id = change["expense_id"].as_i64().unwrap();
        assert_eq!(change["notes"], user.expense(id).await["notes"]);
        for (side, there) in [("from", &before.0[&id]), ("to", &after[&id])] {
            assert_eq!((&change[side]["category"], &change[side]["categorization"]), (&there.0, &there.1), "{side}");
        }
        let guess = user.categorize(&json!({"notes": change["notes"]})).await.expect(200);
        assert_eq!(change["to"]["category"], guess["category"]);
        for member in ["source", "matched", "confidence", "suggested", "model"] {
            assert_eq!(change["to"]["categorization"][member], guess[member]);
        }
    }
    assert_eq!(category_of(&user, known).await, of(TRAVEL, "user_keyword"));
    assert_eq!(category_of(&user, lunch).await, of(RENT, "learned"));
    assert_eq!(category_of(&user, unsure).await, of(UNCATEGORIZED, "none"));
    for id in mine {
        assert_eq!(after[&id], before.0[&id], "an explicit choice");
    }
    assert_eq!(category_of(&other, theirs).await, of(UNCATEGORIZED, "none"));
    let latest = &user.all("/actions", 200).await[0];
    assert_eq!((&latest["kind"], &latest["summary"]), (&json!("recategorize"), &json!("Categorized 2 expenses again")));
    acceptance::books::assert_sound(&user).await;

    // Once more there is nothing to do.
    let again = user.recategorize().await.expect(200);
    assert_eq!((&again["examined"], &again["changed"], &again["action"]), (&json!(3), &json!(0), &Value::Null));
    assert_eq!(user.all("/actions", 200).await.len(), action);

    // It is taken back and brought back as a whole.
    user.undo().await.expect(200);
    assert_eq!(lie(&user).await, before.0);
    acceptance::books::assert_sound(&user).await;
    user.redo().await.expect(200);
    assert_eq!(lie(&user).await, after);
    acceptance::books::assert_sound(&user).await;
    let none = other.recategorize().await.expect(200);
    assert_eq!((&none["examined"], &none["action"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn what_nothing_is_sure_of_and_what_was_archived_stays_where_it_is() {
    let app = spawn().await;
    let user = app.user().await;
    let (kites, stamps) = (user.own_category("Kites").await, user.own_category("Stamps").await);
    user.put_keywords(kites, &["qwxzy"]).await.expect(200);
    user.put_keywords(stamps, &["zzyzx"]).await.expect(200);
    let (kite, stamp) = (record(&user, "qwxzy", None).await, record(&user, "zzyzx", None).await);
    let lunch = record(&user, "lunch zzyzx", None).await;
    assert_eq!(category_of(&user, lunch).await, of(stamps, "user_keyword"));
    // Nobody knows any more why, but nobody knows better.
    user.put_keywords(kites, &[]).await.expect(200);
    let done = user.recategorize().await.expect(200);
    assert_eq!((&done["examined"], &done["changed"]), (&json!(3), &json!(0)));
    assert_eq!(category_of(&user, kite).await, of(kites, "user_keyword"));
    // An archived category keeps its expenses: undo could not put them back.
    user.patch_category(stamps, &json!({"archived": true})).await.expect(200);
    let done = user.recategorize().await.expect(200);
    assert_eq!((&done["examined"], &done["changed"]), (&json!(1), &json!(0)));
    assert_eq!(category_of(&user, lunch).await, of(stamps, "user_keyword"));
    user.patch_category(stamps, &json!({"archived": false})).await.expect(200);
    // The keyword of a merged category speaks for the other.
    user.merge_category(stamps, TRAVEL).await.expect(204);
    user.put_keywords(FOOD, &["lunch"]).await.expect(200);
    let done = user.recategorize().await.expect(200);
    assert_eq!(done["examined"], 3);
    assert_eq!(category_of(&user, stamp).await, of(TRAVEL, "user_keyword"));
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn the_same_key_has_one_effect_and_a_wrong_query_has_none() {
    let mut app = spawn().await;
    let user = app.user().await;
    let there = app.another_instance().await.with_token(user.token().unwrap());
    let id = record(&user, "qwxzy", None).await;
    user.put_keywords(TRAVEL, &["qwxzy"]).await.expect(200);
    for query in ["dry_run=yes", "dry_run=1", "dryrun=true", "dry_run=true&dry_run=true"] {
        user.call("POST", &format!("/categories/recategorize?{query}")).await.refused(422, "invalid");
    }
    // What is said in the wrong place is not overlooked.
    let misplaced = user.call("POST", "/categories/recategorize").json(&json!({"dry_run": true}));
    assert_eq!(misplaced.await.refused(422, "invalid")["errors"][0]["pointer"], "/dry_run");
    user.call("GET", "/categories/recategorize").await.refused(405, "method_not_allowed");
    let script = user.personal_token(&["read"]).await.0;
    script.recategorize().await.refused(403, "insufficient_scope");
    assert_eq!(category_of(&user, id).await, of(UNCATEGORIZED, "none"));

    let first = user.recategorize().header("idempotency-key", "once").await.expect(200);
    assert_eq!(first["changed"], 1);
    // A keyword that would have it elsewhere: asking once more under the same name does nothing.
    user.put_keywords(FOOD, &["qwxzy"]).await.expect(200);
    for client in [&*user, &there] {
        let again = client.recategorize().header("idempotency-key", "once").await.expect(200);
        assert_eq!((&again.body, again.header("idempotency-replayed")), (&first.body, Some("true")));
    }
    assert_eq!(category_of(&user, id).await, of(TRAVEL, "user_keyword"));
    let dry = user.recategorize_dry().header("idempotency-key", "dry").await.expect(200);
    assert_eq!((&dry["changed"], &dry["action"]), (&json!(1), &Value::Null));
    assert_eq!(user.recategorize().await.expect(200)["changed"], 1);
    assert_eq!(category_of(&user, id).await, of(FOOD, "user_keyword"));
}
