//! Members of bodies that would give their sender what is not theirs to give.

use acceptance::{User, Value, json, spawn};

/// What no request body takes, with values that would matter.
fn powers(other: &User) -> Vec<(&'static str, Value)> {
    vec![
        ("role", json!("admin")),
        ("user_type", json!("admin")),
        ("is_admin", json!(true)),
        ("user_id", json!(other.id)),
        ("owner_id", json!(other.id)),
        ("id", json!(other.id)),
        ("verified", json!(true)),
        ("verified_at", json!("2026-03-10T00:00:00Z")),
        ("email_verified", json!(true)),
        ("disabled", json!(false)),
        ("disabled_at", json!(null)),
        ("erased_at", json!(null)),
        ("created_at", json!("2020-01-01T00:00:00Z")),
        ("updated_at", json!("2020-01-01T00:00:00Z")),
        ("logged_at", json!("2020-01-01T00:00:00Z")),
        ("version", json!(99)),
        ("action", json!(1)),
        ("live", json!(false)),
        ("imported", json!(true)),
        ("categorization", json!({"source": "user"})),
        ("password_hash", json!("$argon2id$x")),
        ("session_id", json!(1)),
        ("scopes", json!(["write"])),
        ("token", json!("flr_pat_mine")),
        ("__proto__", json!({"role": "admin"})),
    ]
}

#[tokio::test]
async fn nobody_gives_themselves_what_is_not_theirs_to_give() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let expense = user.record(&json!({"amount": "5"})).await;
    let seen = async |user: &User| {
        (
            user.me().await.json,
            user.all("/expenses", 200).await,
            user.all("/actions", 200).await,
            user.tokens().await.json,
            user.get("/devices").await.json,
            user.get("/notification-preferences").await.json,
        )
    };
    let before = (seen(&user).await, seen(&other).await);
    for (name, value) in powers(&other) {
        let with = |mut body: Value| {
            body[name] = value.clone();
            body
        };
        let fault = format!("/{name} unknown_field");
        let address = app.new_address();
        let register = with(json!({"email": address, "password": "a password of many words"}));
        app.client.register(&register).await.invalid(&[&fault]);
        assert!(app.codes.all(&address).is_empty(), "{name}: nobody was signed up");
        user.patch_me(&with(json!({"name": "x"}))).await.invalid(&[&fault]);
        user.create_expense(&with(json!({"amount": "1"}))).await.invalid(&[&fault]);
        user.put_expense(expense, &with(json!({"amount": "1", "date": "2026-03-01"}))).await.invalid(&[&fault]);
        user.patch_expense(expense, &with(json!({"amount": "1"}))).await.invalid(&[&fault]);
        let operation = with(json!({"op": "create", "amount": "1"}));
        if name != "id" {
            let batch = user.batch(&json!({"operations": [operation], "atomic": true})).await;
            batch.invalid(&[&format!("/operations/0{fault}")]);
        }
        user.create_category(&with(json!({"name": "Mine"}))).await.invalid(&[&fault]);
        user.put_budget("total", &with(json!({"limit": "5"}))).await.invalid(&[&fault]);
        if name != "scopes" {
            user.create_token(&with(json!({"name": "x", "scopes": ["read"]}))).await.invalid(&[&fault]);
        }
        user.put("/notification-preferences", &with(json!({}))).await.invalid(&[&fault]);
        if name != "token" {
            user.post("/devices", &with(json!({"token": "t", "platform": "web"}))).await.invalid(&[&fault]);
        }
        user.post("/actions/undo", &with(json!({}))).await.invalid(&[&fault]);
    }
    assert_eq!((seen(&user).await, seen(&other).await), before, "nothing of it had an effect");
}
