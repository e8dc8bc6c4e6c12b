//! Everybody's audit trail.

use acceptance::{json, spawn};

#[tokio::test]
async fn who_did_what_to_whom_is_told_page_by_page() {
    let app = spawn().await;
    let (admin, user) = (app.admin().await, app.user().await);
    user.create_token(&json!({"name": "x", "scopes": ["read"]})).header("user-agent", "home/1").await.expect(201);
    app.clock.advance_seconds(1);
    admin.patch_account(user.id, &json!({"role": "admin"})).header("user-agent", "office/1").await.expect(200);
    app.clock.advance_seconds(1);
    admin.revoke_sessions(user.id).header("user-agent", "office/2").await.expect(204);

    let row = |event: &str, at: &str, actor: Option<i64>, agent: &str| {
        json!({"at": at, "event": event, "outcome": "ok", "user_id": user.id, "actor_id": actor, "ip": "127.0.0.1",
               "user_agent": agent})
    };
    let one = async |query: &str| {
        let rows = admin.all(&format!("/admin/login-events?{query}"), 1).await;
        assert_eq!(rows.len(), 1, "{query}: {rows:?}");
        rows[0].clone()
    };
    let at = app.clock.text();
    assert_eq!(one("event=sessions_revoked").await, row("sessions_revoked", &at, Some(admin.id), "office/2"));
    let by_both = format!("event=role_change&user_id={}", user.id);
    assert_eq!(one(&by_both).await, row("role_change", "2026-03-10T06:30:01.000Z", Some(admin.id), "office/1"));
    assert_eq!(one("event=token_created").await, row("token_created", acceptance::BEGINNING, None, "home/1"));
    assert_eq!(admin.all(&format!("/admin/login-events?event=role_change&user_id={}", admin.id), 50).await.len(), 0);
    let all = admin.all("/admin/login-events", 2).await;
    let instants: Vec<&str> = all.iter().map(|row| row["at"].as_str().unwrap()).collect();
    assert!(all.len() >= 3 && instants.is_sorted_by(|a, b| a >= b), "{all:?}");

    let cursor = admin.get("/admin/login-events?limit=1").await.expect(200).text("next_cursor");
    admin.get(&format!("/admin/login-events?event=login&cursor={cursor}")).await.invalid(&["/cursor invalid_cursor"]);
    admin.login_events(&format!("?cursor={cursor}")).await.invalid(&["/cursor invalid_cursor"]);
    admin.get("/admin/login-events?user_id=x&event=y").await.invalid(&["/user_id wrong_type", "/event unknown_value"]);
}
