//! Every write of openapi.json that is signed in takes a key: the second request of the same key changes nothing.

use acceptance::category::{FOOD, TRAVEL};
use acceptance::notifications::Told;
use acceptance::{App, Client, User, Value, json, spawn};

/// A request, as it is asked twice.
struct Ask {
    operation: &'static str,
    method: &'static str,
    path: String,
    body: Option<Value>,
}

/// What the password is changed to on the way.
const NEW_PASSWORD: &str = "another password of many words";

/// One request for each operation that signed-in people write with, in an order in which each succeeds.
async fn asks(app: &App, user: &User) -> Vec<Ask> {
    let number = json!({"phone": "+919812345678", "password": user.password});
    user.put("/me/phone", &number).await.expect(202);
    let phone_code = app.codes.latest(&user.email, "phone");
    let token = user.create_token(&json!({"name": "other", "scopes": ["read"]})).await.expect(201).id();
    user.another_session().await;
    let sessions = user.sessions().await.expect(200);
    let elsewhere = sessions.data().iter().find(|session| session["current"] == false).unwrap()["id"].clone();
    let somebody = app.user().await.id;
    let expense = user.record(&json!({"amount": "1", "tags": ["a"]})).await;
    let other = user.record(&json!({"amount": "2", "tags": ["b"]})).await;
    let gone = user.record(&json!({"amount": "3"})).await;
    let spare = user.record(&json!({"amount": "4"})).await;
    let spare = &user.expense(spare).await["action"].clone();
    let told = app.tell(user.id, Told::Inactivity(6)).await;
    app.tell(user.id, Told::Inactivity(14)).await;
    let dead = app.deliver(user.id, told, "email", 2).await;
    let device = user.post("/devices", &json!({"token": "old", "platform": "ios"})).await.expect(201).id();
    let (own, merged) = (user.own_category("Own").await, user.own_category("Merged").await);
    let ask = |operation, method, path: String, body| Ask { operation, method, path, body };
    vec![
        ask("createExpense", "POST", "/expenses".into(), Some(json!({"amount": "5"}))),
        ask(
            "replaceExpense",
            "PUT",
            format!("/expenses/{expense}"),
            Some(json!({"amount": "6", "date": "2026-03-01", "tags": ["a"]})),
        ),
        ask("updateExpense", "PATCH", format!("/expenses/{other}"), Some(json!({"notes": "changed"}))),
        ask("deleteExpense", "DELETE", format!("/expenses/{gone}"), None),
        ask(
            "batchExpenses",
            "POST",
            "/expenses/batch".into(),
            Some(json!({"operations": [{"op": "create", "amount": "9"}, {"op": "delete", "id": other}]})),
        ),
        ask("undo", "POST", "/actions/undo".into(), None),
        ask("redo", "POST", "/actions/redo".into(), None),
        ask("reverseAction", "POST", format!("/actions/{spare}/reverse"), None),
        ask("reverseLastAction", "POST", "/reverseLastAction".into(), None),
        ask("reverseLastActionUnversioned", "POST", "/api/reverseLastAction".into(), None),
        ask("createCategory", "POST", "/categories".into(), Some(json!({"name": "New"}))),
        ask("updateCategory", "PATCH", format!("/categories/{own}"), Some(json!({"name": "Renamed"}))),
        ask("deleteCategory", "DELETE", format!("/categories/{merged}?merge_into={own}"), None),
        ask("putKeywords", "PUT", format!("/categories/{TRAVEL}/keywords"), Some(json!({"keywords": ["zumba"]}))),
        ask("categorize", "POST", "/categorize".into(), Some(json!({"notes": "zumba"}))),
        ask("recategorize", "POST", "/categories/recategorize".into(), None),
        ask("renameTag", "PATCH", "/tags/b".into(), Some(json!({"name": "c"}))),
        ask("deleteTag", "DELETE", "/tags/c".into(), None),
        ask("putBudget", "PUT", format!("/budgets/{FOOD}"), Some(json!({"limit": "100"}))),
        ask("deleteBudget", "DELETE", format!("/budgets/{FOOD}"), None),
        ask("putTotalBudget", "PUT", "/budgets/total".into(), Some(json!({"limit": "100"}))),
        ask("deleteTotalBudget", "DELETE", "/budgets/total".into(), None),
        ask("createToken", "POST", "/auth/tokens".into(), Some(json!({"name": "script", "scopes": ["read"]}))),
        ask("revokeToken", "DELETE", format!("/auth/tokens/{token}"), None),
        ask("endSession", "DELETE", format!("/auth/sessions/{elsewhere}"), None),
        ask(
            "changePassword",
            "PUT",
            "/auth/password".into(),
            Some(json!({"current_password": user.password, "new_password": NEW_PASSWORD})),
        ),
        ask("updateUser", "PATCH", format!("/admin/users/{somebody}"), Some(json!({"disabled": true}))),
        ask("revokeSessions", "POST", format!("/admin/users/{somebody}/revoke-sessions"), None),
        ask("readNotification", "POST", format!("/notifications/{told}/read"), None),
        ask("readAllNotifications", "POST", "/notifications/read-all".into(), None),
        ask("putNotificationPreferences", "PUT", "/notification-preferences".into(), Some(json!({"hour": 18}))),
        ask("registerDevice", "POST", "/devices".into(), Some(json!({"token": "new", "platform": "web"}))),
        ask("removeDevice", "DELETE", format!("/devices/{device}"), None),
        ask("retryDelivery", "POST", format!("/admin/outbox/{dead}/retry"), None),
        ask("verifyAll", "POST", "/admin/verify".into(), None),
        ask("verifyPhone", "POST", "/me/phone/verify".into(), Some(json!({"otp": phone_code}))),
        ask("putPhone", "PUT", "/me/phone".into(), Some(json!({"phone": "+919812345679", "password": NEW_PASSWORD}))),
        ask("deletePhone", "DELETE", "/me/phone".into(), None),
        ask("forgetLearned", "DELETE", "/me/learned".into(), None),
        ask("updateMe", "PATCH", "/me".into(), Some(json!({"name": "Ana"}))),
    ]
}

/// Writes that are left out, each with the reason.
const LEFT_OUT: &[(&str, &str)] = &[("eraseMe", "afterwards there is nobody who could ask again")];

async fn send(client: &Client, ask: &Ask, key: &str) -> acceptance::Answer {
    let path = if ask.path.starts_with("/api/") || ask.path == "/reverseLastAction" {
        ask.path.clone()
    } else {
        format!("/api/v1{}", ask.path)
    };
    let call = client.at(ask.method, &path).header("idempotency-key", key);
    match &ask.body {
        Some(body) => call.json(body).await,
        None => call.await,
    }
}

/// All that a person can see, but for the audit of what they did.
async fn state(user: &User) -> Value {
    json!({
        "expenses": user.all("/expenses", 200).await,
        "actions": user.all("/actions", 200).await,
        "categories": user.all("/categories?include_archived=true", 200).await,
        "tags": user.all("/tags", 200).await,
        "budgets": user.budgets("").await.json,
        "me": user.me().await.json,
        "phone": user.get("/me/phone").await.json["phone"],
        "tokens": user.tokens().await.json,
        "sessions": user.sessions().await.json,
        "notifications": user.all("/notifications", 200).await,
        "preferences": user.get("/notification-preferences").await.etag(),
        "devices": user.get("/devices").await.json,
        "outbox": user.all("/admin/outbox", 200).await,
        "trail": user.all("/auth/login-events", 200).await,
    })
}

#[tokio::test]
async fn every_write_takes_a_key() {
    let app = spawn().await;
    let user = app.admin().await;
    let asks = asks(&app, &user).await;
    for ask in &asks {
        let first = send(&user, ask, ask.operation).await;
        assert!(first.status < 300, "{}: {first:?}", ask.operation);
        let between = state(&user).await;
        let again = send(&user, ask, ask.operation).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{}: {again:?}", ask.operation);
        assert_eq!((first.status, &first.body), (again.status, &again.body), "{}", ask.operation);
        assert_eq!(state(&user).await, between, "{} was done twice", ask.operation);
    }
    acceptance::books::assert_sound(&user).await;

    // Whoever adds a write says here how it is asked.
    let document = app.client.at("GET", "/openapi.json").await.expect(200).json;
    let mut unknown = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let is_write = method != "get" && operation.get("security").is_some();
            let known = asks.iter().any(|ask| ask.operation == id) || LEFT_OUT.iter().any(|(left, _)| *left == id);
            if is_write && !known {
                unknown.push(format!("{method} {path} ({id})"));
            }
        }
    }
    assert!(unknown.is_empty(), "writes that nobody asks twice: {unknown:?}");
}
