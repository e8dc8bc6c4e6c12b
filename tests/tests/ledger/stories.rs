//! Undo and redo as an editor has them.

use acceptance::category::{FITNESS, FOOD};
use acceptance::{User, Value, json, spawn};

use crate::next;

async fn amounts(user: &User) -> Vec<String> {
    let rows = acceptance::books::assert_sound(user).await;
    rows.iter().map(|row| row["amount"].as_str().unwrap().to_owned()).collect()
}

/// What undo must bring back: everything but what counts changes.
fn lasting(expense: &Value) -> Value {
    let mut lasting = expense.clone();
    for counter in ["version", "updated_at", "action"] {
        lasting.as_object_mut().unwrap().remove(counter);
    }
    lasting
}

#[tokio::test]
async fn undo_undo_redo_redo() {
    let app = spawn().await;
    let user = app.user().await;
    for amount in ["1", "2", "3"] {
        user.create_expense(&json!({"amount": amount, "date": "2026-03-01"})).await.expect(201);
    }
    let first = user.undo().await.expect(200);
    assert_eq!(
        (&first["reversed"]["seq"], &first["reversed"]["kind"], &first["action"]),
        (&json!(3), &json!("create"), &json!(4))
    );
    assert_eq!((next(&first, "next_undo"), next(&first, "next_redo")), (2, 4));
    assert_eq!(amounts(&user).await, ["1.00", "2.00"]);
    let second = user.undo().await.expect(200);
    assert_eq!((&second["reversed"]["seq"], next(&second, "next_undo"), next(&second, "next_redo")), (&json!(2), 1, 5));
    assert_eq!(amounts(&user).await, ["1.00"]);
    let third = user.redo().await.expect(200);
    assert_eq!((&third["reversed"]["seq"], &third["reversed"]["kind"]), (&json!(5), &json!("reversal")));
    assert_eq!((next(&third, "next_undo"), next(&third, "next_redo")), (2, 4));
    assert_eq!(amounts(&user).await, ["1.00", "2.00"]);
    let fourth = user.redo().await.expect(200);
    assert_eq!((next(&fourth, "next_undo"), next(&fourth, "next_redo")), (3, 0));
    assert_eq!(amounts(&user).await, ["1.00", "2.00", "3.00"]);
    user.redo().await.refused(404, "nothing_to_redo");
    // And all the way back, and forth again.
    for _ in 0..3 {
        user.undo().await.expect(200);
    }
    assert_eq!(amounts(&user).await, Vec::<String>::new());
    user.undo().await.refused(404, "nothing_to_reverse");
    for _ in 0..3 {
        user.redo().await.expect(200);
    }
    assert_eq!(amounts(&user).await, ["1.00", "2.00", "3.00"]);
    user.redo().await.refused(404, "nothing_to_redo");
}

#[tokio::test]
async fn nothing_to_take_back_is_404() {
    let app = spawn().await;
    let user = app.user().await;
    user.undo().await.refused(404, "nothing_to_reverse");
    user.redo().await.refused(404, "nothing_to_redo");
    user.reverse(1).await.refused(404, "not_found");
    user.record(&json!({"amount": "1"})).await;
    user.undo().await.expect(200);
    user.undo().await.refused(404, "nothing_to_reverse");
    assert_eq!(user.all("/actions", 50).await.len(), 2, "refusals leave no trace");
}

#[tokio::test]
async fn a_newer_action_supersedes_redo() {
    let app = spawn().await;
    let user = app.user().await;
    user.record(&json!({"amount": "1"})).await;
    user.record(&json!({"amount": "2"})).await;
    user.undo().await.expect(200);
    user.record(&json!({"amount": "3"})).await;
    user.redo().await.refused(409, "redo_superseded");
    let undone = user.undo().await.expect(200);
    assert_eq!(
        (&undone["reversed"]["seq"], next(&undone, "next_undo")),
        (&json!(4), 1),
        "it walks past what is taken back"
    );
    // The newest undo can be brought back; the one before the newer action cannot.
    assert_eq!(user.redo().await.expect(200)["reversed"]["seq"], 5);
    let again = user.redo().await;
    assert!(again.status == 404 || again.status == 409, "{again:?}");
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn a_button_takes_back_what_it_shows() {
    let app = spawn().await;
    let user = app.user().await;
    user.record(&json!({"amount": "1"})).await;
    user.record(&json!({"amount": "2"})).await;
    user.undo_expecting(1).await.refused(409, "stale");
    user.undo_expecting(3).await.refused(409, "stale");
    assert_eq!(user.undo_expecting(2).await.expect(200)["reversed"]["seq"], 2);
    user.undo_expecting(2).await.refused(409, "stale");
    user.post("/actions/redo", &json!({"expected_action": 1})).await.refused(409, "stale");
    user.post("/actions/redo", &json!({"expected_action": 2})).await.expect(200);
    user.undo_expecting(2).await.expect(200);
    let redo = user.undo_expecting(1).await.expect(200);
    assert_eq!(next(&redo, "next_redo"), redo["action"].as_i64().unwrap());
    for wrong in [json!({"expected_action": "2"}), json!({"expected_action": 0}), json!({"expected": 2}), json!([])] {
        user.post("/actions/undo", &wrong).await.refused(422, "invalid");
    }
    user.post("/actions/undo", &json!({})).await.refused(404, "nothing_to_reverse");
}

#[tokio::test]
async fn a_deletion_taken_back_brings_everything_back() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user
        .record(&json!({"amount": "12.50", "date": "2026-02-03", "notes": "“Tiffin” 🍱", "category_id": FITNESS,
                        "tags": ["a", "b c"], "external_id": "key"}))
        .await;
    let before = user.expense(id).await.expect(200).json;
    app.clock.advance_days(40);
    let user = user.another_session().await;
    user.delete_expense(id).await.expect(204);
    user.expense(id).await.refused(404, "not_found");
    let undone = user.undo().await.expect(200);
    let change = &undone["changes"][0];
    assert_eq!((&change["expense_id"], &change["before"]), (&json!(id), &json!(null)));
    let after = user.expense(id).await.expect(200).json;
    assert_eq!(lasting(&after), lasting(&before));
    assert_eq!(after["action"], undone["action"]);
    // Redo deletes the same one again, and undo brings it back again.
    user.redo().await.expect(200);
    user.expense(id).await.refused(404, "not_found");
    user.undo().await.expect(200);
    assert_eq!(lasting(&user.expense(id).await.expect(200).json), lasting(&before));
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn an_edit_taken_back_gives_back_each_field() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "5", "notes": "lunch", "tags": ["a"], "external_id": "k"})).await;
    let before = user.expense(id).await.expect(200).json;
    for patch in [
        json!({"amount": "6"}),
        json!({"date": "2025-12-31"}),
        json!({"notes": "gym membership"}),
        json!({"category_id": FITNESS}),
        json!({"category_id": FOOD}),
        json!({"tags": ["b", "c"]}),
        json!({"external_id": null}),
        json!({"amount": "7", "date": "2026-01-01", "notes": "", "tags": [], "category_id": FITNESS, "external_id": "l"}),
    ] {
        app.clock.advance_seconds(1);
        let changed = user.patch_expense(id, &patch).await.expect(200).json;
        assert_ne!(lasting(&changed), lasting(&before), "{patch}");
        user.undo().await.expect(200);
        assert_eq!(lasting(&user.expense(id).await.expect(200).json), lasting(&before), "{patch}");
        user.redo().await.expect(200);
        assert_eq!(lasting(&user.expense(id).await.expect(200).json), lasting(&changed), "{patch}");
        user.undo().await.expect(200);
        acceptance::books::assert_sound(&user).await;
    }
}

#[tokio::test]
async fn the_first_names_of_undo_still_answer() {
    let app = spawn().await;
    let user = app.user().await;
    for (path, amount) in [("/reverseLastAction", "1"), ("/api/reverseLastAction", "2"), ("/api/v1/actions/undo", "3")]
    {
        let id = user.record(&json!({"amount": amount})).await;
        let undone = user.at("POST", path).await.expect(200);
        assert_eq!((&undone["reversed"]["kind"], &undone["changes"][0]["expense_id"]), (&json!("create"), &json!(id)));
        user.at("POST", path).json(&json!({"expected_action": 1})).await.refused(404, "nothing_to_reverse");
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let refused = user.at(method, path).await.refused(405, "method_not_allowed");
            assert_eq!(refused.header("allow"), Some("POST"), "{method} {path}");
        }
        app.client.at("POST", path).await.refused(401, "invalid_token");
    }
    assert_eq!(user.at("GET", "/api/score").await.expect(200).json, user.score("").await.expect(200).json);
}

#[tokio::test]
async fn a_body_may_be_left_out_but_not_broken() {
    let app = spawn().await;
    let user = app.user().await;
    user.record(&json!({"amount": "1"})).await;
    user.undo().raw_json("{").await.refused(400, "malformed_json");
    user.undo().body("text/plain", b"{}").await.refused(415, "unsupported_media_type");
    user.undo().raw_json("").await.expect(200);
    user.redo().raw_json("{}").await.expect(200);
    user.undo().raw_json("{\"expected_action\": null}").await.expect(200);
}

#[tokio::test]
async fn people_undo_their_own_actions_only() {
    let app = spawn().await;
    let (ana, bob) = (app.user().await, app.user().await);
    ana.record(&json!({"amount": "1"})).await;
    bob.undo().await.refused(404, "nothing_to_reverse");
    bob.record(&json!({"amount": "2"})).await;
    ana.record(&json!({"amount": "3"})).await;
    assert_eq!(bob.undo().await.expect(200)["reversed"]["seq"], 1);
    assert_eq!(acceptance::books::assert_sound(&ana).await.len(), 2);
    assert_eq!(acceptance::books::assert_sound(&bob).await.len(), 0);
}
