//! The same key and request: the same answer, and nothing done twice.

use acceptance::binary::Place;
use acceptance::category::TRAVEL;
use acceptance::database::TestDatabase;
use acceptance::{Answer, User, json, spawn};

/// Another answer to the same request: the same status, body and headers that matter, and it says so.
#[track_caller]
fn assert_replayed(first: &Answer, again: &Answer) {
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again:?}");
    assert_eq!(first.header("idempotency-replayed"), None, "{first:?}");
    assert_eq!((first.status, &first.body), (again.status, &again.body), "{first:?}\n{again:?}");
    for header in ["content-type", "etag", "location"] {
        assert_eq!(first.header(header), again.header(header), "{header}");
    }
}

async fn actions(user: &User) -> usize {
    user.all("/actions", 200).await.len()
}

#[tokio::test]
async fn a_retry_gets_the_answer_of_the_first_try() {
    let app = spawn().await;
    let user = app.user().await;
    let body = json!({"amount": "12.50", "notes": "Bus ride", "tags": ["team"]});
    let first = user.create_expense(&body).header("idempotency-key", "k-1").await.expect(201);
    // What happened meanwhile does not change what was answered.
    user.patch_expense(first.id(), &json!({"amount": "13"})).await.expect(200);
    let again = user.create_expense(&body).header("idempotency-key", "k-1").await;
    assert_replayed(&first, &again);
    assert_eq!(user.expenses("").await.data().len(), 1);
    // Another key is another write; so is no key.
    user.create_expense(&body).header("idempotency-key", "k-2").await.expect(201);
    user.create_expense(&body).await.expect(201);
    assert_eq!(user.expenses("").await.data().len(), 3);
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn another_request_under_the_same_key_is_a_mistake() {
    let app = spawn().await;
    let user = app.user().await;
    user.create_expense(&json!({"amount": "1"})).header("idempotency-key", "k").await.expect(201);
    let other_body = user.create_expense(&json!({"amount": "2"})).header("idempotency-key", "k").await;
    other_body.refused(422, "idempotency_key_reused");
    let other_path = user.post("/categorize", &json!({"amount": "1"})).header("idempotency-key", "k").await;
    other_path.refused(422, "idempotency_key_reused");
    let other_method = user.put_expense(1, &json!({"amount": "1"})).header("idempotency-key", "k").await;
    other_method.refused(422, "idempotency_key_reused");
    assert_eq!(user.expenses("").await.data().len(), 1);
}

#[tokio::test]
async fn keys_belong_to_a_person_and_not_to_a_token() {
    let app = spawn().await;
    let (ana, bob) = (app.user().await, app.user().await);
    let body = json!({"amount": "1"});
    let first = ana.create_expense(&body).header("idempotency-key", "k").await.expect(201);
    let bobs = bob.create_expense(&body).header("idempotency-key", "k").await.expect(201);
    assert_ne!(first.id(), bobs.id());
    let refreshed = app.client.refresh(&ana.refresh_token).await.expect(200).text("access_token");
    let again = ana.with_token(&refreshed).create_expense(&body).header("idempotency-key", "k").await;
    assert_replayed(&first, &again);
    let elsewhere = ana.another_session().await;
    assert_replayed(&first, &elsewhere.create_expense(&body).header("idempotency-key", "k").await);
}

#[tokio::test]
async fn what_takes_a_log_in_is_not_told_again_to_a_personal_access_token() {
    let app = spawn().await;
    let user = app.user().await;
    let (script, _) = user.personal_token(&["read", "write"]).await;
    let body = json!({"name": "another", "scopes": ["read", "write"]});
    let first = user.create_token(&body).header("idempotency-key", "k").await.expect(201);
    script.create_token(&body).header("idempotency-key", "k").await.refused(403, "session_required");
    let elsewhere = user.another_session().await;
    assert_replayed(&first, &elsewhere.create_token(&body).header("idempotency-key", "k").await);
    // Nor what was answered to a log-in where none was needed: these are tokens of a session.
    let body = json!({"refresh_token": user.refresh_token});
    let first = user.post("/auth/refresh", &body).header("idempotency-key", "r").await.expect(200);
    script.post("/auth/refresh", &body).header("idempotency-key", "r").await.refused(403, "session_required");
    assert_replayed(&first, &elsewhere.post("/auth/refresh", &body).header("idempotency-key", "r").await);
    // What both may do is one thing, whoever asks again.
    let body = json!({"amount": "1"});
    let first = user.create_expense(&body).header("idempotency-key", "e").await.expect(201);
    assert_replayed(&first, &script.create_expense(&body).header("idempotency-key", "e").await);
    let first = script.create_expense(&body).header("idempotency-key", "s").await.expect(201);
    assert_replayed(&first, &user.create_expense(&body).header("idempotency-key", "s").await);
}

#[tokio::test]
async fn who_is_no_admin_any_more_is_told_nothing_again() {
    let app = spawn().await;
    let (admin, other, user) = (app.admin().await, app.admin().await, app.user().await);
    let account = format!("/admin/users/{}", user.id);
    let patch = json!({"disabled": false});
    let first = admin.patch(&account, &patch).header("idempotency-key", "k").await.expect(200);
    assert_replayed(&first, &admin.patch(&account, &patch).header("idempotency-key", "k").await);
    let demoted = json!({"role": "user"});
    other.patch(&format!("/admin/users/{}", admin.id), &demoted).await.expect(200);
    admin.patch(&account, &patch).header("idempotency-key", "k").await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_key_is_good_for_a_day() {
    let app = spawn().await;
    let mut user = app.user().await;
    let body = json!({"amount": "1"});
    let first = user.create_expense(&body).header("idempotency-key", "k").await.expect(201);
    app.clock.advance_millis(24 * 3_600_000 - 1);
    user.log_in_again().await;
    assert_replayed(&first, &user.create_expense(&body).header("idempotency-key", "k").await);
    app.clock.advance_millis(1);
    let other = json!({"amount": "2"});
    let later = user.create_expense(&other).header("idempotency-key", "k").await.expect(201);
    assert_ne!(later.id(), first.id());
    assert_replayed(&later, &user.create_expense(&other).header("idempotency-key", "k").await);
}

#[tokio::test]
async fn refusals_are_kept_too_but_for_those_that_pass() {
    let app = spawn().await;
    let user = app.user().await;
    // By the reader, by a rule, by absence, by a precondition.
    let invalid = || user.create_expense(&json!({"amount": "-1"})).header("idempotency-key", "a");
    let first = invalid().await.expect(422);
    assert_replayed(&first, &invalid().header("x-request-id", &first.text("request_id")).await);
    let absent = || user.delete_expense(77).header("idempotency-key", "b");
    let first = absent().await.expect(404);
    user.record(&json!({"amount": "1"})).await;
    assert_replayed(&first, &absent().header("x-request-id", &first.text("request_id")).await);
    let nothing = || user.redo().header("idempotency-key", "c");
    let first = nothing().await.expect(404);
    user.undo().await.expect(200);
    assert_replayed(&first, &nothing().header("x-request-id", &first.text("request_id")).await);
    let malformed = || user.call("POST", "/expenses").raw_json("{").header("idempotency-key", "d");
    let first = malformed().await.expect(400);
    assert_replayed(&first, &malformed().header("x-request-id", &first.text("request_id")).await);
    // A refusal for want of a token is not kept: with one it is worked on.
    let body = json!({"amount": "1"});
    app.client.with_token("nonsense").create_expense(&body).header("idempotency-key", "e").await.expect(401);
    user.create_expense(&body).header("idempotency-key", "e").await.expect(201);
    // What is refused before anybody reads the key is not kept either.
    user.create_expense(&json!({"amount": "1", "notes": "x".repeat(2_000_000)}))
        .header("idempotency-key", "f")
        .await
        .expect(413);
    user.create_expense(&body).header("idempotency-key", "f").await.expect(201);
}

#[tokio::test]
async fn keys_are_visible_ascii_of_some_length() {
    let app = spawn().await;
    let user = app.user().await;
    let body = json!({"amount": "1"});
    for bad in ["", " ", "a b", "é", &"k".repeat(256)] {
        let answer = user.create_expense(&body).header("idempotency-key", bad).await;
        answer.refused(400, "malformed_idempotency_key");
    }
    let twice = user.create_expense(&body).header("idempotency-key", "a").header("idempotency-key", "b").await;
    twice.refused(400, "malformed_idempotency_key");
    assert_eq!(actions(&user).await, 0);
    for good in ["!", "~", &"k".repeat(255), "01930e4a-7c5b-7d6e-8f00-aabbccddeeff"] {
        user.create_expense(&body).header("idempotency-key", good).await.expect(201);
    }
    // On reads, and signed out, the header means nothing.
    user.get("/expenses").header("idempotency-key", "a b").await.expect(200);
    app.client.request_code("nobody@example.com").header("idempotency-key", "a b").await.expect(202);
}

#[tokio::test]
async fn another_server_and_one_that_started_again_know_the_answer() {
    let mut app = spawn().await;
    let user = app.user().await;
    let body = json!({"amount": "7", "category_id": TRAVEL});
    let first = user.create_expense(&body).header("idempotency-key", "k").await.expect(201);
    let undone = user.undo().header("idempotency-key", "u").await.expect(200);
    let there = app.another_instance().await.with_token(user.token().unwrap());
    assert_replayed(&first, &there.create_expense(&body).header("idempotency-key", "k").await);
    assert_replayed(&undone, &there.undo().header("idempotency-key", "u").await);
    assert_eq!(there.all("/actions", 200).await.len(), 2);
}

#[tokio::test]
async fn a_killed_server_leaves_whole_answers_behind() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url()).with("FLORIN__AUTH__SECRET", "the same secret before and after a crash");
    let (code, demo, errors) = place.outcome(&["seed-demo"]);
    assert_eq!(code, 0, "{errors}");
    let demo = acceptance::parse(&demo);
    let (email, password) = (demo["email"].as_str().unwrap(), demo["password"].as_str().unwrap());
    for round in 0..3 {
        let mut server = place.serve().await;
        let tokens = server.client.login(email, password).await.expect(200);
        let client = server.client.with_token(&tokens.text("access_token"));
        let key = |n: usize| format!("{round}-{n}");
        let body = |n: usize| json!({"amount": n + 1, "notes": format!("kept r{round}n{n}")});
        let mut asked = Vec::new();
        for n in 0..12 {
            let (client, key, body) = (client.clone(), key(n), body(n));
            asked.push(tokio::spawn(async move {
                client.create_expense(&body).header("idempotency-key", &key).try_send().await
            }));
        }
        tokio::time::sleep(std::time::Duration::from_millis(8 + 6 * round)).await;
        server.signal("KILL");
        let mut answers = Vec::new();
        for task in asked {
            answers.push(task.await.unwrap().ok());
        }
        let _ = server.child.wait().await;
        let server = place.serve().await;
        let client = server.client.with_token(&tokens.text("access_token"));
        for (n, first) in answers.iter().enumerate() {
            let again = client.create_expense(&body(n)).header("idempotency-key", &key(n)).await.expect(201);
            if let Some(first) = first {
                assert_replayed(first, &again);
            }
            let found = client.expenses(&format!("?q=r{round}n{n}")).await.expect(200);
            assert_eq!(found.data().len(), 1, "{n}: {found:?}");
            assert_eq!(found.data()[0], again.json, "what was answered is what is there");
        }
    }
}

#[tokio::test]
async fn what_was_sealed_with_another_secret_is_not_done_again() {
    let mut app = spawn().await;
    let user = app.user().await;
    let body = json!({"amount": "1"});
    user.create_expense(&body).header("idempotency-key", "k").await.expect(201);
    let there = app
        .another_instance_with(|settings| settings.auth.secret = "another secret, of 32 bytes and more".into())
        .await;
    let tokens = there.login(&user.email, &user.password).await.expect(200);
    let there = there.with_token(&tokens.text("access_token"));
    there.create_expense(&body).header("idempotency-key", "k").await.refused(409, "idempotency_answer_lost");
    assert_eq!(there.expenses("").await.data().len(), 1);
}

#[tokio::test]
async fn what_a_script_may_not_do_its_owner_may_under_the_same_key() {
    let app = spawn().await;
    let user = app.user().await;
    let (script, _) = user.personal_token(&["write"]).await;
    let rename = |client: &acceptance::Client| client.patch_me(&json!({"name": "Ana"})).header("idempotency-key", "k");
    rename(&script).await.refused(403, "session_required");
    let renamed = rename(&user).await.expect(200);
    assert_eq!(renamed["name"], "Ana");
    assert_eq!(renamed.header("idempotency-replayed"), None);
}

#[tokio::test]
async fn a_key_is_nowhere_in_the_database() {
    let app = spawn().await;
    let user = app.user().await;
    user.create_expense(&json!({"amount": "1"})).header("idempotency-key", "easily-found-4711").await.expect(201);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM idempotency_key").await, 1);
    assert_eq!(app.database.find_text("easily-found-4711").await, Vec::<String>::new());
}
