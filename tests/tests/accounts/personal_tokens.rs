//! Personal access tokens: made, used, listed, revoked.

use std::time::Duration;

use acceptance::schema::Document;
use acceptance::{User, Value, json, spawn};

async fn noted(user: &User, event: &str) -> usize {
    user.all(&format!("/auth/login-events?event={event}"), 200).await.len()
}

#[tokio::test]
async fn a_token_acts_for_its_owner_until_it_is_revoked() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let body = json!({"name": "  backup ✓ ", "scopes": ["write", "read"], "expires_at": "2026-03-11T12:00:00+05:30"});
    let made = user.create_token(&body).await.expect(201);
    let secret = made.text("token");
    let random = secret.strip_prefix("flr_pat_").unwrap_or_else(|| panic!("{made:?}"));
    assert!(random.len() == 43 && random.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{made:?}");
    let shown = json!({"id": made.id(), "name": "backup ✓", "scopes": ["read", "write"], "created_at": app.clock.text(),
                       "expires_at": "2026-03-11T06:30:00.000Z", "last_used_at": null});
    let mut with_secret = shown.clone();
    with_secret["token"] = json!(secret);
    assert_eq!(made.json, with_secret);
    assert_eq!(user.tokens().await.expect(200).json, json!({"data": [shown]}));
    assert_eq!(other.tokens().await.expect(200).json, json!({"data": []}));

    let script = app.client.with_token(&secret);
    assert_eq!(script.me().await.expect(200)["id"], user.id);
    let expense = script.create_expense(&json!({"amount": "5"})).await.expect(201).id();
    assert_eq!(user.expense(expense).await.expect(200)["amount"], "5.00");
    let found = app.database.find_text(&secret).await;
    assert!(found.is_empty(), "the secret stands in {found:?}");

    other.revoke_token(made.id()).await.refused(404, "not_found");
    user.revoke_token(made.id() + 1000).await.refused(404, "not_found");
    user.revoke_token(made.id()).header("if-match", "\"1\"").await.refused(412, "precondition_failed");
    script.me().await.expect(200);
    user.revoke_token(made.id()).await.expect(204);
    script.me().await.refused(401, "invalid_token");
    user.revoke_token(made.id()).await.refused(404, "not_found");
    assert_eq!(user.tokens().await.expect(200).json, json!({"data": []}));
    assert_eq!((noted(&user, "token_created").await, noted(&user, "token_revoked").await), (1, 1), "one row each");
    assert_eq!((noted(&other, "token_created").await, noted(&other, "token_revoked").await), (0, 0));
}

#[tokio::test]
async fn every_wrong_field_of_a_token_is_named() {
    let app = spawn().await;
    let user = app.user().await;
    let ten_years = "2036-03-10T06:30:00.000Z";
    for (body, faults) in [
        (json!({}), &["/name required", "/scopes required"][..]),
        (json!({"name": " ", "scopes": []}), &["/name invalid_name", "/scopes invalid_scopes"]),
        (
            json!({"name": "x".repeat(101), "scopes": ["read", "read"]}),
            &["/name invalid_name", "/scopes invalid_scopes"],
        ),
        (json!({"name": "x\ny", "scopes": ["admin"]}), &["/name control_character", "/scopes/0 unknown_value"]),
        (json!({"name": 1, "scopes": "read"}), &["/name wrong_type", "/scopes wrong_type"]),
        (
            json!({"name": "", "scopes": ["Read"], "expires_at": "2026-03-10T06:30:00Z"}),
            &["/name invalid_name", "/scopes/0 unknown_value", "/expires_at out_of_range"],
        ),
        (json!({"name": "x", "scopes": ["read"], "expires_at": "tomorrow"}), &["/expires_at invalid_instant"]),
        (json!({"name": "x", "scopes": ["read"], "expires_at": "2036-03-12T00:00:00Z"}), &["/expires_at out_of_range"]),
        (
            json!({"name": "x", "scopes": ["read"], "user_id": 1, "id": 1, "token": "flr_pat_mine", "last_used_at": ten_years}),
            &["/id unknown_field", "/last_used_at unknown_field", "/token unknown_field", "/user_id unknown_field"],
        ),
    ] {
        user.create_token(&body).await.invalid(faults);
    }
    assert_eq!(user.tokens().await.expect(200).data().len(), 0);
    assert_eq!(noted(&user, "token_created").await, 0);
    for expires_at in [Value::Null, json!("2026-03-10T06:30:00.001Z"), json!(ten_years)] {
        let body = json!({"name": "x", "scopes": ["write"], "expires_at": expires_at});
        user.create_token(&body).await.expect(201);
    }
}

#[tokio::test]
async fn each_scope_grants_its_own_and_no_more() {
    let app = spawn().await;
    let user = app.user().await;
    let expense = user.record(&json!({"amount": "5"})).await;
    let before = user.all("/actions", 200).await;
    let (reads, _) = user.personal_token(&["read"]).await;
    let (writes, _) = user.personal_token(&["write"]).await;
    for path in ["/api/v1/me", "/api/v1/expenses", "/api/v1/actions/verify", "/api/score", "/api/v1/changes"] {
        for method in ["GET", "HEAD"] {
            reads.at(method, path).await.expect(200);
            assert_eq!(writes.at(method, path).await.status, 403, "{method} {path}");
        }
        writes.at("GET", path).await.refused(403, "insufficient_scope");
    }
    for (method, path) in [
        ("POST", "/api/v1/expenses".to_owned()),
        ("PUT", format!("/api/v1/expenses/{expense}")),
        ("PATCH", format!("/api/v1/expenses/{expense}")),
        ("DELETE", format!("/api/v1/expenses/{expense}")),
        ("POST", "/api/v1/expenses/batch".to_owned()),
        ("POST", "/api/v1/categorize".to_owned()),
        ("PUT", "/api/v1/budgets/total".to_owned()),
        ("POST", "/api/v1/actions/undo".to_owned()),
        ("POST", "/api/reverseLastAction".to_owned()),
        ("POST", "/reverseLastAction".to_owned()),
    ] {
        // What the body is like does not matter: it is not read.
        for body in ["{broken", "{}"] {
            reads.at(method, &path).raw_json(body).await.refused(403, "insufficient_scope");
        }
    }
    reads.create_expense(&json!({"amount": "7"})).await.refused(403, "insufficient_scope");
    assert_eq!(user.all("/actions", 200).await, before, "nothing happened");
    let made = writes.create_expense(&json!({"amount": "7"})).await.expect(201).id();
    reads.expense(made).await.expect(200);
    writes.at("POST", "/reverseLastAction").await.expect(200);
    reads.expense(made).await.refused(404, "not_found");
    // Who it is was found out all the same: what is not there is not there.
    reads.get("/nothing").await.refused(404, "not_found");
}

/// Every operation that takes a signed-in caller and concerns the account itself.
fn account_operations(document: &Value) -> Vec<(String, String)> {
    let all = Document::new(document.clone()).operations().into_iter();
    let signed_in = all.filter(|(path, method)| document["paths"][path][method].get("security").is_some());
    let concerns = |path: &str, method: &str| {
        path.starts_with("/api/v1/auth/")
            || path.starts_with("/api/v1/admin/")
            || path == "/api/v1/me/export"
            || (path == "/api/v1/me" && method != "get")
    };
    signed_in.filter(|(path, method)| concerns(path, method)).collect()
}

#[tokio::test]
async fn what_concerns_the_account_takes_a_log_in() {
    let app = spawn().await;
    let user = app.admin().await;
    let document = app.client.at("GET", "/openapi.json").await.expect(200).json;
    let operations = account_operations(&document);
    assert!(operations.len() >= 15, "{operations:?}");
    assert!(operations.contains(&("/api/v1/me/export".to_owned(), "get".to_owned())));
    let before = (user.me().await.json, user.sessions().await.json);
    let mut scripts = Vec::new();
    for scopes in [&["read"][..], &["write"], &["read", "write"]] {
        scripts.push(user.personal_token(scopes).await.0);
    }
    for (path, method) in &operations {
        let path = path.replace("{id}", &user.id.to_string());
        for script in &scripts {
            let call = script.at(&method.to_uppercase(), &path).raw_json("{broken");
            call.await.refused(403, "session_required");
        }
    }
    assert_eq!((user.me().await.json, user.sessions().await.json), before);
    assert_eq!(user.tokens().await.expect(200).data().len(), 3);
}

#[tokio::test]
async fn a_token_ends_by_itself() {
    let app = spawn().await;
    let user = app.user().await;
    let body = json!({"name": "short", "scopes": ["read"], "expires_at": "2026-03-10T06:31:00.500Z"});
    let made = user.create_token(&body).await.expect(201);
    let script = app.client.with_token(&made.text("token"));
    app.clock.set("2026-03-10T06:31:00.499Z");
    script.me().await.expect(200);
    app.clock.set("2026-03-10T06:31:00.500Z");
    script.me().await.refused(401, "invalid_token");
    let shown = user.tokens().await.expect(200);
    assert_eq!(shown.data().len(), 1, "it is shown until it is revoked: {shown:?}");
    user.revoke_token(made.id()).await.expect(204);
}

#[tokio::test]
async fn nobody_has_more_than_fifty() {
    let app = spawn().await;
    let user = app.user().await;
    let body = json!({"name": "one of many", "scopes": ["read"]});
    let tries = futures::future::join_all((0..55).map(|_| async { user.create_token(&body).await })).await;
    assert_eq!(tries.iter().filter(|answer| answer.status == 201).count(), 50);
    for refused in tries.into_iter().filter(|answer| answer.status != 201) {
        refused.refused(409, "too_many_tokens");
    }
    let listed = user.tokens().await.expect(200);
    assert_eq!(listed.data().len(), 50);
    user.create_token(&body).await.refused(409, "too_many_tokens");
    user.revoke_token(listed.data()[7]["id"].as_i64().unwrap()).await.expect(204);
    user.create_token(&body).await.expect(201);
    assert_eq!(noted(&user, "token_created").await, 51);
}

/// When the one token of a user was last used, once it is noted: that happens off the request's path.
async fn last_used(user: &User, wanted: &str) -> Value {
    for _ in 0..200 {
        let shown = user.tokens().await.expect(200).data()[0]["last_used_at"].clone();
        if shown == wanted {
            return shown;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    user.tokens().await.expect(200).data()[0]["last_used_at"].clone()
}

#[tokio::test]
async fn the_last_use_is_noted_to_the_minute() {
    let app = spawn().await;
    let user = app.user().await;
    let (script, _) = user.personal_token(&["read"]).await;
    let first = app.clock.text();
    script.me().await.expect(200);
    assert_eq!(last_used(&user, &first).await, first);
    app.clock.advance_millis(59_999);
    script.me().await.expect(200);
    app.clock.advance_millis(1);
    let second = app.clock.text();
    assert_eq!(user.tokens().await.expect(200).data()[0]["last_used_at"], first);
    // Refused, but used all the same: its owner wants to know.
    script.create_expense(&json!({"amount": "1"})).await.refused(403, "insufficient_scope");
    assert_eq!(last_used(&user, &second).await, second);
}

#[tokio::test]
async fn a_token_outlives_its_session_and_not_its_account() {
    let app = spawn().await;
    let user = app.user().await;
    let (script, _) = user.personal_token(&["read", "write"]).await;
    app.client.logout(&user.refresh_token).await.expect(204);
    script.me().await.expect(200);
    let refused = user.create_token(&json!({"name": "x", "scopes": ["read"]})).await;
    refused.refused(401, "invalid_token");
    app.database.execute(&format!("UPDATE user_login SET disabled_at = 1 WHERE id = {}", user.id)).await;
    script.me().await.refused(401, "invalid_token");
    app.database
        .execute(&format!("UPDATE user_login SET disabled_at = NULL, erased_at = 1 WHERE id = {}", user.id))
        .await;
    script.me().await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_token_is_shown_as_other_bearers_are() {
    let app = spawn().await;
    let user = app.user().await;
    let (script, _) = user.personal_token(&["read"]).await;
    let value = format!("bEARER  {}", script.token().unwrap());
    app.client.get("/me").header("authorization", &value).await.expect(200);
}
