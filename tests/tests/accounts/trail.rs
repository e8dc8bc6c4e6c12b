//! My audit trail.

use acceptance::{Value, json, spawn};

#[tokio::test]
async fn my_trail_is_mine_newest_first_page_by_page() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    for n in 0..5 {
        // Two of each instant.
        app.clock.advance_millis(n % 2);
        let made = user.create_token(&json!({"name": "x", "scopes": ["read"]})).header("user-agent", "trail/1").await;
        if n == 4 {
            user.revoke_token(made.expect(201).id()).header("user-agent", "trail/2").await.expect(204);
        }
    }
    let made = user.all("/auth/login-events?event=token_created", 2).await;
    assert_eq!(made.len(), 5);
    let text = |row: &Value, member: &str| row[member].as_str().unwrap().to_owned();
    let instants: Vec<String> = made.iter().map(|row| text(row, "at")).collect();
    assert!(instants.is_sorted_by(|a, b| a >= b), "{instants:?}");
    let expected = json!({"at": app.clock.text(), "event": "token_created", "outcome": "ok", "ip": "127.0.0.1",
                          "user_agent": "trail/1"});
    assert_eq!(made[0], expected);
    let all = user.all("/auth/login-events", 3).await;
    assert_eq!(all.iter().filter(|row| row["event"] == "token_created").count(), 5);
    let latest = json!({"at": app.clock.text(), "event": "token_revoked", "outcome": "ok", "ip": "127.0.0.1",
                        "user_agent": "trail/2"});
    assert_eq!(all[0], latest);
    assert_eq!(
        other.login_events("?event=token_created").await.expect(200).json,
        json!({"data": [], "next_cursor": null})
    );

    let cursor = user.login_events("?event=token_created&limit=1").await.expect(200).text("next_cursor");
    user.login_events(&format!("?limit=1&cursor={cursor}")).await.invalid(&["/cursor invalid_cursor"]);
    user.login_events("?event=nothing").await.invalid(&["/event unknown_value"]);
    user.login_events("?user_id=1&limit=0").await.invalid(&["/limit out_of_range", "/user_id unknown_field"]);
    // A cursor grants nothing: with somebody else's, one goes on in one's own trail.
    let theirs = other.login_events(&format!("?event=token_created&cursor={cursor}")).await.expect(200);
    assert_eq!(theirs.data().len(), 0);
}

#[tokio::test]
async fn where_an_admin_was_is_not_told() {
    let app = spawn().await;
    let (user, admin) = (app.user().await, app.admin().await);
    let promoted = admin.patch_account(user.id, &json!({"role": "admin"})).header("user-agent", "office/1").await;
    promoted.expect(200);
    let row = &user.all("/auth/login-events?event=role_change", 50).await[0];
    let expected = json!({"at": app.clock.text(), "event": "role_change", "outcome": "ok", "ip": "", "user_agent": ""});
    assert_eq!(row, &expected);
}
