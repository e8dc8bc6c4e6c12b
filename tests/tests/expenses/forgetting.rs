//! What was learned from somebody's choices is shown, and forgotten when they want it.

use acceptance::category::{FITNESS, FOOD, TRAVEL, UNCATEGORIZED};
use acceptance::{Client, Value, json, spawn};

async fn guess(client: &Client, notes: &str) -> (i64, String) {
    let guess = client.categorize(&json!({"notes": notes})).await.expect(200);
    (guess["category"]["id"].as_i64().unwrap(), guess.text("source"))
}

async fn learned(client: &Client) -> Value {
    client.me().await.expect(200)["learned"].clone()
}

fn told(choices: i64, notes: i64, words: i64, since: Option<&str>) -> Value {
    json!({"choices": choices, "notes": notes, "words": words, "since": since})
}

fn of(category: i64, source: &str) -> (i64, String) {
    (category, source.to_owned())
}

#[tokio::test]
async fn what_was_learned_is_shown_and_forgotten_at_every_server() {
    let mut app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let there = app.another_instance().await.with_token(user.token().unwrap());
    assert_eq!(learned(&user).await, told(0, 0, 0, None));
    let choose = async |notes: &str| user.record(&json!({"amount": "1", "notes": notes, "category_id": FITNESS})).await;
    choose("qwxzy once").await;
    let corrected = choose("QWXZY twice").await;
    choose("qwxzy once").await;
    // Nothing is learned of what says nothing, nor from what was chosen for them.
    choose("").await;
    user.record(&json!({"amount": "1", "notes": "lunch"})).await;
    other.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": FITNESS})).await;
    for client in [&*user, &there] {
        assert_eq!(learned(client).await, told(3, 2, 3, None));
        assert_eq!(guess(client, "qwxzy once").await, of(FITNESS, "learned"));
    }
    user.patch_expense(corrected, &json!({"category_id": TRAVEL})).await.expect(200);
    assert_eq!(guess(&there, "qwxzy twice").await, of(TRAVEL, "learned"));

    app.clock.advance_seconds(60);
    let since = app.clock.text();
    there.delete("/me/learned").await.expect(204);
    for client in [&*user, &there] {
        assert_eq!(learned(client).await, told(0, 0, 0, Some(&since)));
        assert_eq!(guess(client, "qwxzy once").await, of(UNCATEGORIZED, "none"));
    }
    assert_eq!(learned(&other).await, told(1, 1, 1, None));
    assert_eq!(guess(&other, "qwxzy").await, of(FITNESS, "learned"), "that is theirs");
    // The expenses lie where they lay, by their owner's choice.
    let corrected = user.expense(corrected).await.expect(200);
    assert_eq!(
        (&corrected["category"]["id"], corrected["categorization"]["source"].as_str()),
        (&json!(TRAVEL), Some("client"))
    );

    // Neither undo nor redo of what was done before brings anything back.
    app.clock.advance_seconds(60);
    user.undo().await.expect(200);
    assert_eq!(learned(&user).await, told(0, 0, 0, Some(&since)));
    user.redo().await.expect(200);
    for client in [&*user, &there] {
        assert_eq!(guess(client, "qwxzy twice").await, of(UNCATEGORIZED, "none"));
    }

    // From now on choices count again, also of expenses that are older.
    user.patch_expense(corrected.id(), &json!({"category_id": FOOD})).await.expect(200);
    for client in [&*user, &there] {
        assert_eq!(guess(client, "qwxzy twice").await, of(FOOD, "learned"));
        assert_eq!(guess(client, "qwxzy once").await.0, FOOD, "by the word that they share");
        assert_eq!(learned(client).await, told(1, 1, 2, Some(&since)));
    }
    app.clock.advance_seconds(60);
    for _ in 0..2 {
        user.delete("/me/learned").await.expect(204);
        assert_eq!(learned(&there).await, told(0, 0, 0, Some(&app.clock.text())));
    }
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn what_is_forgotten_stays_forgotten_when_the_clock_goes_back() {
    let app = spawn().await;
    let user = app.user().await;
    user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": FITNESS})).await;
    app.clock.advance_seconds(60);
    user.delete("/me/learned").await.expect(204);
    let before = learned(&user).await;
    app.clock.advance_seconds(-30);
    user.delete("/me/learned").await.expect(204);
    assert_eq!(learned(&user).await, before);
}

/// The tag of a profile says what was learned too, but that does not stand in the way of a change of the profile.
#[tokio::test]
async fn a_profile_is_read_anew_when_something_was_learned_and_changed_all_the_same() {
    let app = spawn().await;
    let user = app.user().await;
    let first = user.me().await.expect(200).etag();
    user.get("/me").header("if-none-match", &first).await.expect(304);
    user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": FITNESS})).await;
    let second = user.get("/me").header("if-none-match", &first).await.expect(200).etag();
    assert_ne!(first, second);
    user.get("/me").header("if-none-match", &second).await.expect(304);
    let named = user.patch("/me", &json!({"name": "Ana"})).header("if-match", &first).await.expect(200);
    assert_eq!((&named["learned"], &named["name"]), (&told(1, 1, 1, None), &json!("Ana")));
    user.get("/me").header("if-none-match", &named.etag()).await.expect(304);
    for stale in [first, second] {
        user.patch("/me", &json!({"name": "Bo"})).header("if-match", &stale).await.refused(412, "precondition_failed");
    }
    user.delete("/me/learned").header("if-match", "\"1\"").await.refused(412, "precondition_failed");
    assert_eq!(learned(&user).await, told(1, 1, 1, None));
}

#[tokio::test]
async fn who_names_a_category_once_more_after_forgetting_teaches_it_again() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": FITNESS})).await;
    app.clock.advance_seconds(60);
    user.delete("/me/learned").await.expect(204);
    // By a clock that is behind: it was chosen after it was forgotten all the same.
    app.clock.advance_seconds(-5);
    user.patch_expense(id, &json!({"category_id": FITNESS})).await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, of(FITNESS, "learned"));
    // And is forgotten again, though that clock is still behind.
    user.delete("/me/learned").await.expect(204);
    assert_eq!(guess(&user, "qwxzy").await, of(UNCATEGORIZED, "none"));
}
