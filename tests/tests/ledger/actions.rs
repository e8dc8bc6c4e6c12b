//! The list of what happened.

use acceptance::category::{FOOD, TRAVEL};
use acceptance::{json, spawn};

#[tokio::test]
async fn actions_tell_what_they_did() {
    let app = spawn().await;
    let user = app.user().await;
    let body = json!({"amount": "45", "date": "2026-03-01", "notes": "Bus ride to airport", "tags": ["trip"]});
    let id = user.record(&body).await;
    app.clock.advance_seconds(1);
    user.patch_expense(id, &json!({"amount": "50", "category_id": FOOD})).await.expect(200);
    user.delete_expense(id).await.expect(204);
    user.undo().await.expect(200);
    let actions = user.all("/actions", 50).await;
    assert_eq!(actions.iter().map(|a| a["seq"].as_i64().unwrap()).collect::<Vec<_>>(), [4, 3, 2, 1]);
    let kinds: Vec<_> = actions.iter().map(|action| action["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reversal", "delete", "update", "create"]);
    assert!(actions.iter().all(|action| !action["summary"].as_str().unwrap().is_empty()));

    let [reversal, delete, update, create] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((&reversal["reverses"], &delete["reversed_by"]), (&json!(3), &json!(4)));
    assert!(reversal.get("reversed_by").is_none_or(acceptance::Value::is_null));
    assert!(update.get("reverses").is_none_or(acceptance::Value::is_null));
    assert_eq!(
        (&create["at"], &update["at"]),
        (&json!("2026-03-10T06:30:00.000Z"), &json!("2026-03-10T06:30:01.000Z"))
    );

    let made = &create["changes"][0];
    assert_eq!((&made["expense_id"], &made["before"]), (&json!(id), &json!(null)));
    for (field, value) in [
        ("amount", json!("45.00")),
        ("date", json!("2026-03-01")),
        ("notes", json!("Bus ride to airport")),
        ("tags", json!(["trip"])),
        ("external_id", json!(null)),
        ("logged_at", json!("2026-03-10T06:30:00.000Z")),
    ] {
        assert_eq!(made["after"][field], value, "{field}");
    }
    assert_eq!(made["after"]["category"], json!({"id": TRAVEL, "name": "Travel", "slug": "travel"}));
    assert_eq!(update["changes"][0]["before"], made["after"]);
    assert_eq!(update["changes"][0]["after"]["amount"], "50.00");
    assert_eq!(
        (&delete["changes"][0]["before"], &delete["changes"][0]["after"]),
        (&update["changes"][0]["after"], &json!(null))
    );
    assert_eq!(reversal["changes"][0]["after"], delete["changes"][0]["before"]);
}

#[tokio::test]
async fn actions_come_in_pages() {
    let app = spawn().await;
    let user = app.user().await;
    for _ in 0..12 {
        user.record(&json!({"amount": "1"})).await;
    }
    let whole = user.all("/actions", 200).await;
    assert_eq!(whole.len(), 12);
    for limit in [1, 5, 12] {
        assert_eq!(user.all("/actions", limit).await, whole);
    }
    let page = user.actions("?limit=12").await.expect(200);
    assert_eq!(page["next_cursor"], json!(null));
    user.actions("?cursor=garbage").await.invalid(&["/cursor invalid_cursor"]);
    user.actions("?limit=0").await.invalid(&["/limit out_of_range"]);
    user.actions("?before=3").await.invalid(&["/before unknown_field"]);
}
