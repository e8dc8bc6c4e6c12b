//! The client's own key of an expense makes a creation repeatable.

use acceptance::{json, spawn};

#[tokio::test]
async fn a_known_key_answers_with_what_is_there() {
    let app = spawn().await;
    let user = app.user().await;
    let first = user.create_expense(&json!({"amount": "1", "external_id": "k"})).await.expect(201);
    let again = user.create_expense(&json!({"amount": "1", "external_id": "k"})).await.expect(200);
    assert_eq!((&again.json, again.etag()), (&first.json, first.etag()));
    let other = user.create_expense(&json!({"amount": "99", "notes": "other", "external_id": "k"})).await.expect(200);
    assert_eq!(other.json, first.json, "nothing was written");
    assert_eq!(user.all("/actions", 50).await.len(), 1);
    // Wrong fields are wrong all the same.
    user.create_expense(&json!({"amount": "0", "external_id": "k"})).await.invalid(&["/amount not_positive"]);
    // Another person's keys are theirs.
    app.user().await.create_expense(&json!({"amount": "1", "external_id": "k"})).await.expect(201);
}

#[tokio::test]
async fn a_deleted_expense_keeps_its_key() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "external_id": "k"})).await;
    user.delete_expense(id).await.expect(204);
    user.create_expense(&json!({"amount": "1", "external_id": "k"})).await.refused(409, "external_id_deleted");
    let other = user.record(&json!({"amount": "2"})).await;
    user.patch_expense(other, &json!({"external_id": "k"})).await.refused(409, "external_id_deleted");
    user.reverse(2).await.expect(200);
    assert_eq!(user.create_expense(&json!({"amount": "1", "external_id": "k"})).await.expect(200).id(), id);
}

#[tokio::test]
async fn an_undone_creation_sets_its_key_free() {
    let app = spawn().await;
    let user = app.user().await;
    let first = user.record(&json!({"amount": "1", "external_id": "k"})).await;
    user.undo().await.expect(200);
    let second = user.create_expense(&json!({"amount": "2", "external_id": "k"})).await.expect(201).id();
    assert_ne!(first, second);
    // The first cannot come back with its key while the second holds it.
    let blocked = user.reverse(2).await.refused(409, "conflict");
    assert_eq!(blocked["blocking_actions"], json!([3]));
    user.undo().await.expect(200);
    user.reverse(2).await.expect(200);
    assert_eq!(user.expense(first).await.expect(200)["external_id"], "k");
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn a_taken_key_is_not_given_twice() {
    let app = spawn().await;
    let user = app.user().await;
    let one = user.record(&json!({"amount": "1", "external_id": "a"})).await;
    let two = user.record(&json!({"amount": "2", "external_id": "b"})).await;
    user.patch_expense(two, &json!({"external_id": "a"})).await.refused(409, "external_id_taken");
    let put = json!({"amount": "2", "date": "2026-03-01", "external_id": "a"});
    user.put_expense(two, &put).await.refused(409, "external_id_taken");
    user.patch_expense(one, &json!({"external_id": "c"})).await.expect(200);
    user.patch_expense(two, &json!({"external_id": "a"})).await.expect(200);
    assert_eq!(user.create_expense(&json!({"amount": "9", "external_id": "a"})).await.expect(200).id(), two);
}

#[tokio::test]
async fn keys_are_compared_byte_for_byte() {
    let app = spawn().await;
    let user = app.user().await;
    let keys = ["k", "K", "k k", "k  k", "ｋ", "ķ", "k\u{301}", "ḱ", "ss", "ß", "SS", "i", "ı", "İ", "I", "🦀", "🦞"];
    let mut ids = Vec::new();
    for key in keys {
        ids.push(user.create_expense(&json!({"amount": "1", "external_id": key})).await.expect(201).id());
    }
    for (key, id) in keys.into_iter().zip(ids) {
        let found = user.create_expense(&json!({"amount": "1", "external_id": key})).await.expect(200);
        assert_eq!(found.id(), id, "{key:?}");
    }
    // Engines disagree on blanks at the end, so they are no part of a key.
    for blank in ["k ", " k", " ", "\u{a0}k", "k\u{3000}"] {
        let answer = user.create_expense(&json!({"amount": "1", "external_id": blank})).await;
        answer.invalid(&["/external_id invalid_external_id"]);
    }
}

#[tokio::test]
async fn simultaneous_creations_of_one_key_make_one_expense() {
    let app = spawn().await;
    let user = app.user().await;
    for round in 0..3 {
        let body = json!({"amount": "1", "external_id": format!("k{round}")});
        let answers = futures::future::join_all((0..16).map(|_| async { user.create_expense(&body).await })).await;
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(created, 1, "{answers:?}");
        let id = answers[0].id();
        assert!(answers.iter().all(|answer| [200, 201].contains(&answer.status) && answer.id() == id), "{answers:?}");
    }
    assert_eq!(acceptance::books::assert_sound(&user).await.len(), 3);
}
