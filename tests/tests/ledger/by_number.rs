//! Any past action can be reversed by its number, unless later ones in effect changed the same fields.

use acceptance::category::{FITNESS, FOOD};
use acceptance::{json, spawn};

#[tokio::test]
async fn different_fields_never_conflict() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "notes": "a", "category_id": FOOD, "tags": ["x"]})).await;
    user.patch_expense(id, &json!({"amount": "2"})).await.expect(200);
    user.patch_expense(id, &json!({"notes": "b"})).await.expect(200);
    user.patch_expense(id, &json!({"category_id": FITNESS})).await.expect(200);
    user.patch_expense(id, &json!({"tags": ["y"]})).await.expect(200);
    user.patch_expense(id, &json!({"date": "2026-01-01"})).await.expect(200);
    let reversed = user.reverse(2).await.expect(200);
    assert_eq!((&reversed["reversed"]["seq"], &reversed["reversed"]["kind"]), (&json!(2), &json!("update")));
    let now = user.expense(id).await.expect(200);
    assert_eq!(
        (&now["amount"], &now["notes"], &now["category"]["id"], &now["tags"], &now["date"]),
        (&json!("1.00"), &json!("b"), &json!(FITNESS), &json!(["y"]), &json!("2026-01-01"))
    );
    user.reverse(4).await.expect(200);
    assert_eq!(user.expense(id).await["category"]["id"], FOOD);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn the_same_field_is_a_conflict_that_names_what_blocks() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    user.patch_expense(id, &json!({"amount": "2"})).await.expect(200);
    user.patch_expense(id, &json!({"amount": "3", "notes": "c"})).await.expect(200);
    user.patch_expense(id, &json!({"notes": "d"})).await.expect(200);
    user.patch_expense(id, &json!({"amount": "5"})).await.expect(200);
    let before = user.expense(id).await.expect(200).json;
    let refused = user.reverse(2).await.refused(409, "conflict");
    assert_eq!(refused["blocking_actions"], json!([3, 5]));
    let refused = user.reverse(3).await.refused(409, "conflict");
    assert_eq!(refused["blocking_actions"], json!([4, 5]));
    let refused = user.reverse(1).await.refused(409, "conflict");
    assert_eq!(refused["blocking_actions"], json!([2, 3, 4, 5]), "deleting it would take all of them along");
    assert_eq!(user.expense(id).await.expect(200).json, before);
    // What was itself taken back blocks nothing.
    user.reverse(5).await.expect(200);
    user.reverse(4).await.expect(200);
    user.reverse(3).await.expect(200);
    user.reverse(2).await.expect(200);
    assert_eq!(user.expense(id).await["amount"], "1.00");
    user.reverse(1).await.expect(200);
    user.expense(id).await.refused(404, "not_found");
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn an_action_is_reversed_once() {
    let app = spawn().await;
    let user = app.user().await;
    user.record(&json!({"amount": "1"})).await;
    user.reverse(1).await.expect(200);
    user.reverse(1).await.refused(409, "already_reversed");
    user.undo().await.refused(404, "nothing_to_reverse");
    // Reversing the reversal is a redo.
    let redone = user.reverse(2).await.expect(200);
    assert_eq!(redone["reversed"]["kind"], "reversal");
    user.reverse(2).await.refused(409, "already_reversed");
    assert_eq!(user.undo().await.expect(200)["reversed"]["seq"], 1);
    user.reverse(99).await.refused(404, "not_found");
    for odd in ["0", "-1", "x", "1.0", "9007199254740992"] {
        let answer = user.call("POST", &format!("/actions/{odd}/reverse")).await;
        assert_eq!(answer.status, 404, "{odd}: {answer:?}");
    }
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn undo_walks_past_what_was_reversed_by_number() {
    let app = spawn().await;
    let user = app.user().await;
    for amount in ["1", "2", "3"] {
        user.record(&json!({"amount": amount})).await;
    }
    user.reverse(2).await.expect(200);
    assert_eq!(user.undo().await.expect(200)["reversed"]["seq"], 3);
    assert_eq!(user.undo().await.expect(200)["reversed"]["seq"], 1);
    user.undo().await.refused(404, "nothing_to_reverse");
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 0);
}

#[tokio::test]
async fn a_batch_is_reversed_whole_or_not_at_all() {
    let app = spawn().await;
    let user = app.user().await;
    let kept = user.record(&json!({"amount": "1"})).await;
    let gone = user.record(&json!({"amount": "2"})).await;
    let operations = json!([{"op": "create", "amount": "3"}, {"op": "update", "id": kept, "amount": "4"}, {"op": "delete", "id": gone}]);
    let made = user.batch(&json!({"operations": operations, "atomic": true})).await.expect(200);
    let made = made["results"][0]["expense"]["id"].as_i64().unwrap();
    user.patch_expense(made, &json!({"amount": "5"})).await.expect(200);
    let refused = user.reverse(3).await.refused(409, "conflict");
    assert_eq!(refused["blocking_actions"], json!([4]));
    assert_eq!(user.expense(kept).await["amount"], "4.00");
    user.expense(gone).await.refused(404, "not_found");
    user.undo().await.expect(200);
    user.undo().await.expect(200);
    assert_eq!(user.expense(kept).await["amount"], "1.00");
    assert_eq!(user.expense(gone).await["amount"], "2.00");
    user.expense(made).await.refused(404, "not_found");
    acceptance::books::assert_sound(&user).await;
}
