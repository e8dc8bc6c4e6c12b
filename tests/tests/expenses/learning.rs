//! What somebody chooses is learned at once, and unlearned with what takes the choice back.

use acceptance::category::{FITNESS, FOOD, TRAVEL, UNCATEGORIZED};
use acceptance::{User, Value, json, spawn};

/// Where a note would go, and by whose choice.
async fn guess(user: &User, notes: &str) -> (i64, String) {
    let guess = user.categorize(&json!({"notes": notes})).await.expect(200);
    (guess["category"]["id"].as_i64().unwrap(), guess.text("source"))
}

fn learned(category: i64) -> (i64, String) {
    (category, "learned".to_owned())
}

fn none() -> (i64, String) {
    (UNCATEGORIZED, "none".to_owned())
}

#[tokio::test]
async fn a_correction_changes_the_next_guess_and_undoing_it_changes_it_back() {
    let app = spawn().await;
    let user = app.user().await;
    let before = guess(&user, "lunch with Ana").await;
    assert_eq!(before, (FOOD, "model".to_owned()));
    let id = user.record(&json!({"amount": "1", "notes": "lunch with Ana"})).await;
    user.patch_expense(id, &json!({"category_id": FITNESS})).await.expect(200);
    assert_eq!(guess(&user, "lunch with Ana").await, learned(FITNESS));
    // However it is spelled, and for what is recorded too.
    let next = user.create_expense(&json!({"amount": "2", "notes": "LUNCH with ana 1234"})).await.expect(201);
    assert_eq!(
        (&next["category"]["id"], &next["categorization"]),
        (
            &json!(FITNESS),
            &json!({"source": "learned", "matched": next["categorization"]["matched"], "confidence": 0.95,
                    "suggested": false, "model": next["categorization"]["model"]})
        )
    );
    assert!(next["categorization"]["model"].is_u64(), "{next:?}");
    assert!(!next["categorization"]["matched"].is_null(), "{next:?}");
    user.undo().await.expect(200);
    user.undo().await.expect(200);
    assert_eq!(guess(&user, "lunch with Ana").await, before);
    user.redo().await.expect(200);
    assert_eq!(guess(&user, "lunch with Ana").await, learned(FITNESS));
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn of_two_choices_the_last_one_counts_until_it_is_deleted() {
    let app = spawn().await;
    let user = app.user().await;
    assert_eq!(guess(&user, "qwxzy").await, none());
    user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": FITNESS})).await;
    assert_eq!(guess(&user, "qwxzy").await, learned(FITNESS));
    let second = user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": TRAVEL})).await;
    assert_eq!(guess(&user, "qwxzy").await, learned(TRAVEL));
    user.delete_expense(second).await.expect(204);
    assert_eq!(guess(&user, "qwxzy").await, learned(FITNESS));
    // A word of it among others.
    user.record(&json!({"amount": "1", "notes": "qwxzy monthly", "category_id": FITNESS})).await;
    assert_eq!(guess(&user, "the qwxzy in May").await, learned(FITNESS));
    // What the program chose by itself teaches nothing: it does not confirm itself.
    let ana = app.user().await;
    ana.record(&json!({"amount": "1", "notes": "lunch"})).await;
    assert_eq!(guess(&ana, "lunch").await, (FOOD, "model".to_owned()));
    assert_eq!(guess(&ana, "qwxzy").await, none(), "nobody else's choices");
}

/// What was chosen last is the last choice, whatever was done to the expenses since.
#[tokio::test]
async fn a_choice_is_as_old_as_it_was_when_it_was_made() {
    let app = spawn().await;
    let user = app.user().await;
    let choose = async |category: i64| {
        app.clock.advance_seconds(60);
        let body = json!({"amount": "1", "date": "2026-03-01", "notes": "qwxzy", "category_id": category});
        user.create_expense(&body).await.expect(201)
    };
    let a = choose(FITNESS).await;
    let (a, chosen_at) = (a.id(), a["categorization"]["chosen_at"].clone());
    assert_eq!(chosen_at, app.clock.text());
    let b = choose(TRAVEL).await.id();
    assert_eq!(guess(&user, "qwxzy").await, learned(TRAVEL));

    // Neither another edit, nor the same choice once more, nor taking either back.
    app.clock.advance_seconds(60);
    user.patch_expense(a, &json!({"amount": "2"})).await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, learned(TRAVEL));
    let before = user.expense(a).await.expect(200);
    assert_eq!(
        user.patch_expense(a, &json!({"category_id": FITNESS})).await.expect(200).json,
        before.json,
        "no change"
    );
    let replaced = json!({"amount": "3", "date": "2026-03-01", "notes": "qwxzy", "category_id": FITNESS});
    let replaced = user.put(&format!("/expenses/{a}"), &replaced).await.expect(200);
    assert_eq!(replaced["categorization"]["chosen_at"], chosen_at);
    user.undo().await.expect(200);
    user.undo().await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, learned(TRAVEL));

    // A correction is a new choice; taken back, the old one is as old as before.
    app.clock.advance_seconds(60);
    let corrected = user.patch_expense(a, &json!({"category_id": FOOD})).await.expect(200);
    assert_eq!(corrected["categorization"]["chosen_at"], app.clock.text());
    assert_eq!(guess(&user, "qwxzy").await, learned(FOOD));
    app.clock.advance_seconds(60);
    user.undo().await.expect(200);
    assert_eq!(user.expense(a).await.expect(200)["categorization"]["chosen_at"], chosen_at);
    assert_eq!(guess(&user, "qwxzy").await, learned(TRAVEL));
    user.redo().await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, learned(FOOD));
    user.undo().await.expect(200);

    // A merge keeps it, and so does bringing back what was deleted.
    let kites = user.own_category("Kites").await;
    let c = choose(kites).await.id();
    choose(TRAVEL).await;
    user.merge_category(kites, FITNESS).await.expect(204);
    assert_eq!(guess(&user, "qwxzy").await, learned(TRAVEL));
    user.delete_expense(c).await.expect(204);
    user.undo().await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, learned(TRAVEL));
    // What is chosen for somebody was not chosen by them.
    let freed = user.patch_expense(b, &json!({"category_id": null})).await.expect(200);
    assert!(freed["categorization"].get("chosen_at").is_none(), "{freed:?}");
    acceptance::books::assert_sound(&user).await;
}

/// Choices from before it was noted when they were made are as old as their expenses.
#[tokio::test]
async fn a_choice_of_which_nobody_knows_when_it_was_made_is_as_old_as_its_expense() {
    let mut app = spawn().await;
    let user = app.user().await;
    let old = user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": FITNESS})).await;
    app.clock.advance_seconds(60);
    user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": TRAVEL})).await;
    app.clock.advance_seconds(60);
    user.patch_expense(old, &json!({"category_id": FOOD})).await.expect(200);
    app.database.execute(&format!("UPDATE expenses SET category_chosen_at = NULL WHERE id = {old}")).await;
    // A server that has not seen it before.
    let there = app.another_instance().await.with_token(user.token().unwrap());
    let guess = there.categorize(&json!({"notes": "qwxzy"})).await.expect(200);
    assert_eq!(guess["category"]["id"], TRAVEL);
}

#[tokio::test]
async fn ones_own_keywords_come_first_and_a_choice_that_is_given_up_does_not_choose_itself() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "notes": "gym membership", "category_id": TRAVEL})).await;
    assert_eq!(guess(&user, "gym membership").await, learned(TRAVEL));
    user.put_keywords(FOOD, &["gym"]).await.expect(200);
    assert_eq!(guess(&user, "gym membership").await, (FOOD, "user_keyword".to_owned()));
    user.put_keywords(FOOD, &[]).await.expect(200);
    let freed = user.patch_expense(id, &json!({"category_id": null})).await.expect(200);
    assert_eq!(
        (&freed["category"]["id"], freed["categorization"]["source"].as_str()),
        (&json!(FITNESS), Some("model"))
    );
    assert_eq!(guess(&user, "gym membership").await, (FITNESS, "model".to_owned()));
}

#[tokio::test]
async fn what_was_learned_follows_a_merge_and_an_archived_category_is_not_guessed() {
    let app = spawn().await;
    let user = app.user().await;
    let created = user.create_category(&json!({"name": "Kites"})).await.expect(201);
    let kites = created.id();
    user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": kites})).await;
    assert_eq!(guess(&user, "qwxzy").await, learned(kites));
    user.patch_category(kites, &json!({"archived": true})).await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, none());
    user.patch_category(kites, &json!({"archived": false})).await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, learned(kites));
    user.merge_category(kites, TRAVEL).await.expect(204);
    assert_eq!(guess(&user, "qwxzy").await, learned(TRAVEL));
    user.undo().await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, learned(kites));
}

#[tokio::test]
async fn a_batch_teaches_and_is_taught() {
    let app = spawn().await;
    let user = app.user().await;
    let create = |notes: &str, category: Option<i64>| {
        let mut create = json!({"op": "create", "amount": "1", "notes": notes});
        if let Some(category) = category {
            create["category_id"] = json!(category);
        }
        create
    };
    let operations = json!({"operations": [create("qwxzy", Some(TRAVEL)), create("xyzzy", Some(FITNESS))]});
    user.batch(&operations).await.expect(200);
    assert_eq!(guess(&user, "xyzzy").await, learned(FITNESS));
    user.batch(&json!({"operations": [create("qwxzy", None)]})).await.expect(200);
    let recorded = user.all("/expenses?q=qwxzy&sort=-logged_at", 50).await;
    assert!(recorded.iter().all(|it| it["category"]["id"] == TRAVEL) && recorded.len() == 2, "{recorded:?}");
    assert!(recorded.iter().any(|it| it["categorization"]["source"] == "learned"), "{recorded:?}");
    user.undo().await.expect(200);
    user.undo().await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, none());
}

#[tokio::test]
async fn what_is_taught_at_one_server_is_known_at_the_other() {
    let mut app = spawn().await;
    let user = app.user().await;
    let there = app.another_instance().await.with_token(user.token().unwrap());
    let guess_there = async |notes: &str| {
        let guess = there.categorize(&json!({"notes": notes})).await.expect(200);
        (guess["category"]["id"].as_i64().unwrap(), guess.text("source"))
    };
    for round in 0..3_i64 {
        assert_eq!(guess_there("qwxzy").await, none());
        let category = [TRAVEL, FITNESS, FOOD][usize::try_from(round).unwrap()];
        let id = user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": category})).await;
        assert_eq!(guess_there("qwxzy").await, learned(category));
        there.patch_expense(id, &json!({"category_id": UNCATEGORIZED})).await.expect(200);
        assert_eq!(guess(&user, "qwxzy").await, guess_there("qwxzy").await);
        there.undo().await.expect(200);
        assert_eq!(guess(&user, "qwxzy").await, learned(category));
        // Many actions later.
        for _ in 0..5 {
            user.record(&json!({"amount": "1", "notes": "lunch"})).await;
        }
        there.delete_expense(id).await.expect(204);
        assert_eq!(guess(&user, "qwxzy").await, none());
    }
}

#[tokio::test]
async fn what_is_chosen_for_other_words_is_a_choice_of_its_own() {
    let app = spawn().await;
    let user = app.user().await;
    let choose = async |notes: &str, category: i64| {
        user.record(&json!({"amount": "1", "notes": notes, "category_id": category})).await
    };
    let first = choose("something else", FITNESS).await;
    app.clock.advance_seconds(1);
    choose("qwxzy", TRAVEL).await;
    app.clock.advance_seconds(1);
    // The same category for other words: nobody has chosen that before.
    user.patch_expense(first, &json!({"notes": "qwxzy", "category_id": FITNESS})).await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, learned(FITNESS));
    user.undo().await.expect(200);
    assert_eq!(guess(&user, "qwxzy").await, learned(TRAVEL));
}

#[tokio::test]
async fn a_batch_that_chooses_away_and_back_again_does_nothing() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1", "notes": "qwxzy", "category_id": TRAVEL})).await;
    let before = user.expense(id).await.expect(200);
    app.clock.advance_seconds(1);
    let update = |category: i64| json!({"op": "update", "id": id, "category_id": category});
    let done = user.batch(&json!({"operations": [update(FITNESS), update(TRAVEL)]})).await.expect(200);
    assert_eq!(done["action"], Value::Null);
    let after = user.expense(id).await.expect(200);
    assert_eq!((after.etag(), &after.body), (before.etag(), &before.body));
}
