//! Several operations in one call, as one action.

use acceptance::category::{FOOD, TRAVEL};
use acceptance::{Value, json, spawn};

#[tokio::test]
async fn an_atomic_batch_is_one_action() {
    let app = spawn().await;
    let user = app.user().await;
    let edited = user.record(&json!({"amount": "1", "notes": "edited"})).await;
    let deleted = user.record(&json!({"amount": "2"})).await;
    let known = user.record(&json!({"amount": "3", "external_id": "k"})).await;
    let operations = json!([
        {"op": "create", "amount": 12.50, "date": "2026-02-01", "category_id": FOOD, "tags": ["x"]},
        {"op": "update", "id": edited, "amount": "7"},
        {"op": "delete", "id": deleted},
        {"op": "create", "amount": "9", "external_id": "k"},
        {"op": "update", "id": edited, "notes": "twice"},
    ]);
    let answer = user.batch(&json!({"operations": operations, "atomic": true})).await.expect(200);
    let results = answer["results"].as_array().unwrap();
    let line: Vec<_> = results.iter().map(|r| (r["index"].as_i64().unwrap(), r["status"].as_i64().unwrap())).collect();
    assert_eq!(line, [(0, 201), (1, 200), (2, 204), (3, 200), (4, 200)]);
    assert_eq!(results[0]["expense"]["amount"], "12.50");
    assert!(results[2].get("expense").is_none_or(Value::is_null), "{answer:?}");
    assert_eq!(results[3]["expense"]["id"], known);
    assert_eq!(user.expense(edited).await.json, results[4]["expense"]);
    assert_eq!((&results[4]["expense"]["amount"], &results[4]["expense"]["notes"]), (&json!("7.00"), &json!("twice")));
    user.expense(deleted).await.refused(404, "not_found");

    let actions = user.all("/actions", 50).await;
    assert_eq!((actions.len(), &actions[0]["kind"]), (4, &json!("batch")));
    assert_eq!(actions[0]["changes"].as_array().unwrap().len(), 3, "one change for each expense that is different");
    acceptance::books::assert_sound(&user).await;
    user.undo().await.expect(200);
    assert_eq!(user.expense(edited).await["notes"], "edited");
    user.expense(deleted).await.expect(200);
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 3);
}

#[tokio::test]
async fn an_atomic_batch_names_every_fault_and_does_nothing() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    let gone = user.record(&json!({"amount": "1", "external_id": "gone"})).await;
    user.delete_expense(gone).await.expect(204);
    let operations = json!([
        {"op": "create", "amount": "5"},
        {"op": "update", "id": id, "amount": "2"},
        {"op": "create", "amount": "5", "category_id": 999_999},
        {"op": "create", "amount": "1.005", "notes": "a\u{0}"},
        {"op": "update", "id": 8_000_000_000_i64, "amount": "2"},
        {"op": "delete", "id": gone},
        {"op": "create", "amount": "5", "external_id": "gone"},
        {"op": "fly", "amount": "5"},
        {"op": "delete"},
        {"op": "delete", "id": id, "amount": "1"},
        {"amount": "5"},
        7,
        {"op": "create"},
        {"op": "update", "id": id, "amount": null},
    ]);
    for body in [json!({"operations": operations, "atomic": true}), json!({"operations": operations})] {
        let answer = user.batch(&body).await.refused(422, "invalid");
        let mut pointers: Vec<String> =
            answer.faults().iter().map(|f| f.split(' ').next().unwrap().to_owned()).collect();
        pointers.sort();
        pointers.dedup();
        let mut expected = [
            "/operations/2/category_id",
            "/operations/3/amount",
            "/operations/3/notes",
            "/operations/4/id",
            "/operations/5/id",
            "/operations/6/external_id",
            "/operations/7/op",
            "/operations/8/id",
            "/operations/9/amount",
            "/operations/10/op",
            "/operations/11",
            "/operations/12/amount",
            "/operations/13/amount",
        ];
        expected.sort_unstable();
        assert_eq!(pointers, expected, "{answer:?}");
    }
    assert_eq!(user.all("/actions", 50).await.len(), 3);
    assert_eq!(user.expense(id).await["amount"], "1.00");
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 1);
}

#[tokio::test]
async fn a_batch_that_is_not_atomic_does_what_it_can() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    let operations = json!([
        {"op": "create", "amount": "5", "category_id": TRAVEL},
        {"op": "create", "amount": "-5"},
        {"op": "update", "id": id, "date": "2026-02-30"},
        {"op": "delete", "id": 8_000_000_000_i64},
        {"op": "delete", "id": id},
        {"op": "update", "id": id, "amount": "2"},
    ]);
    let answer = user.batch(&json!({"operations": operations, "atomic": false})).await.expect(207);
    let results = answer["results"].as_array().unwrap();
    let line: Vec<_> = results.iter().map(|r| (r["index"].as_i64().unwrap(), r["status"].as_i64().unwrap())).collect();
    assert_eq!(line, [(0, 201), (1, 422), (2, 422), (3, 404), (4, 204), (5, 404)]);
    assert_eq!(results[1]["problem"]["code"], "invalid");
    let pointer = results[1]["problem"]["errors"][0]["pointer"].as_str().unwrap();
    assert!(["/operations/1/amount", "/amount"].contains(&pointer), "{answer:?}");
    assert_eq!(results[3]["problem"]["code"], "not_found");
    assert!(results[0].get("problem").is_none_or(Value::is_null), "{answer:?}");
    let actions = user.all("/actions", 50).await;
    assert_eq!((actions.len(), &actions[0]["kind"]), (2, &json!("batch")));
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 1);

    let nothing = json!([{"op": "create", "amount": "0"}]);
    let answer = user.batch(&json!({"operations": nothing, "atomic": false})).await.expect(207);
    assert_eq!(answer["results"][0]["status"], 422);
    assert_eq!(user.all("/actions", 50).await.len(), 2, "nothing was done: no action");
}

#[tokio::test]
async fn a_batch_has_an_end() {
    let app = spawn().await;
    let user = app.user().await;
    let many = |count: usize| {
        let operations: Vec<_> = (0..count).map(|n| json!({"op": "create", "amount": n + 1})).collect();
        user.batch(&json!({"operations": operations, "atomic": true}))
    };
    many(501).await.invalid(&["/operations too_many"]);
    assert_eq!(many(500).await.expect(200)["results"].as_array().unwrap().len(), 500);
    user.batch(&json!({"atomic": true})).await.invalid(&["/operations required"]);
    user.batch(&json!({"operations": {}, "atomic": true})).await.invalid(&["/operations wrong_type"]);
    user.batch(&json!({"operations": [], "atomic": "yes"})).await.invalid(&["/atomic wrong_type"]);
    user.batch(&json!({"operations": [], "extra": 1})).await.invalid(&["/extra unknown_field"]);
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 500);
    user.undo().await.expect(200);
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 0);
    user.redo().await.expect(200);
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 500);
}

#[tokio::test]
async fn keys_in_a_batch_follow_the_operations_before() {
    let app = spawn().await;
    let user = app.user().await;
    let one = user.record(&json!({"amount": "1", "external_id": "a"})).await;
    let operations = json!([
        {"op": "update", "id": one, "external_id": "b"},
        {"op": "create", "amount": "2", "external_id": "a"},
        {"op": "create", "amount": "3", "external_id": "a"},
    ]);
    let answer = user.batch(&json!({"operations": operations, "atomic": true})).await.expect(200);
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [200, 201, 200]);
    assert_eq!(results[1]["expense"], results[2]["expense"]);
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 2);
}

#[tokio::test]
async fn keys_that_moved_move_back() {
    let app = spawn().await;
    let user = app.user().await;
    let one = user.record(&json!({"amount": "1", "external_id": "a"})).await;
    let two = user.record(&json!({"amount": "2", "external_id": "b"})).await;
    let key = async |id: i64| user.expense(id).await.expect(200)["external_id"].clone();
    // The lower number takes the key before the higher one has been written.
    let swap = json!([
        {"op": "update", "id": two, "external_id": null},
        {"op": "update", "id": one, "external_id": "b"},
        {"op": "update", "id": two, "external_id": "a"},
    ]);
    user.batch(&json!({"operations": swap, "atomic": true})).await.expect(200);
    assert_eq!((key(one).await, key(two).await), (json!("b"), json!("a")));
    user.undo().await.expect(200);
    assert_eq!((key(one).await, key(two).await), (json!("a"), json!("b")));
    user.redo().await.expect(200);
    assert_eq!((key(one).await, key(two).await), (json!("b"), json!("a")));

    let replace = json!([
        {"op": "update", "id": two, "external_id": "c"},
        {"op": "create", "amount": "3", "external_id": "a"},
    ]);
    let answer = user.batch(&json!({"operations": replace, "atomic": true})).await.expect(200);
    let three = answer["results"][1]["expense"]["id"].as_i64().unwrap();
    user.undo().await.expect(200);
    assert_eq!(key(two).await, "a");
    user.expense(three).await.expect(404);
    user.redo().await.expect(200);
    assert_eq!((key(two).await, key(three).await), (json!("c"), json!("a")));
    for _ in 0..4 {
        user.undo().await.expect(200);
    }
    user.undo().await.refused(404, "nothing_to_reverse");
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 0);
}
