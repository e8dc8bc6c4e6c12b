//! What is answered about accounts, sessions, tokens and trails is what the OpenAPI document promises.

use acceptance::schema::Document;
use acceptance::{Answer, json, spawn};

#[tokio::test]
async fn the_answers_are_as_documented() {
    let app = spawn().await;
    let document = Document::new(app.client.at("GET", "/openapi.json").await.expect(200).json);
    let as_promised = |answer: Answer| {
        let asked: Vec<&str> = answer.asked.split_whitespace().take(2).collect();
        let path = asked[1].split('?').next().unwrap();
        let media_type = answer.header("content-type").unwrap_or_default();
        let differences = document.differences(asked[0], path, answer.status, media_type, &answer.json);
        assert!(differences.is_empty(), "not as documented: {differences:?}\n{answer:?}");
        answer
    };
    let (admin, user) = (app.admin().await, app.user().await);
    let body = json!({"name": "x", "scopes": ["read"], "expires_at": "2027-01-01T00:00:00Z"});
    let made = as_promised(user.create_token(&body).await.expect(201));
    as_promised(user.create_token(&json!({})).await.expect(422));
    as_promised(user.tokens().await.expect(200));
    as_promised(user.sessions().await.expect(200));
    as_promised(user.login_events("?limit=1").await.expect(200));
    let script = app.client.with_token(&made.text("token"));
    as_promised(script.create_expense(&json!({"amount": "1"})).await.expect(403));
    as_promised(script.tokens().await.expect(403));
    as_promised(user.revoke_token(made.id()).await.expect(204));
    as_promised(user.revoke_token(made.id()).await.expect(404));
    as_promised(user.end_session(8_000_000_000).await.expect(404));
    as_promised(user.get("/admin/stats").await.expect(403));
    as_promised(admin.get("/admin/users?limit=1").await.expect(200));
    as_promised(admin.account(user.id).await.expect(200));
    as_promised(admin.patch_account(user.id, &json!({"role": "admin"})).await.expect(200));
    as_promised(admin.patch_account(admin.id, &json!({"role": "user"})).await.expect(409));
    as_promised(admin.patch_account(user.id, &json!({})).header("if-match", "\"1\"").await.expect(412));
    as_promised(admin.get("/admin/login-events?event=role_change").await.expect(200));
    as_promised(admin.get("/admin/stats").await.expect(200));
    user.record(&json!({"amount": "1", "category_id": 1})).await;
    app.database.execute("UPDATE monthly_expense SET total = total + 1").await;
    as_promised(admin.call("POST", "/admin/verify").await.expect(200));
    as_promised(admin.revoke_sessions(user.id).await.expect(204));
}
