//! The audit trail: one row for each attempt, which nobody can forge.

use std::time::Duration;

use acceptance::codes::another_code;
use acceptance::{App, json, spawn};

const NEW: &str = "another password altogether";

/// The rows since the last look, as `kind outcome` of a user.
struct Trail<'a> {
    app: &'a App,
    seen: usize,
}

impl Trail<'_> {
    #[track_caller]
    fn check(&mut self, expected: &[(&str, Option<i64>)]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let rows = self.app.database.events().await;
            let new: Vec<_> = rows[self.seen..].iter().map(|event| (event.what.as_str(), event.user)).collect();
            assert_eq!(new, expected, "at {caller}");
            self.seen = rows.len();
        }
    }
}

#[tokio::test]
async fn each_attempt_leaves_exactly_one_row() {
    let app = spawn().await;
    let mut trail = Trail { app: &app, seen: 0 };
    let (email, password) = (app.new_address(), "correct horse battery");
    app.client.register(&json!({"email": email, "password": password})).await.expect(202);
    let id = app.database.number("SELECT id FROM user_login").await;
    let user = Some(id);
    trail.check(&[("sign_up ok", user)]).await;

    app.client.request_code(&email).await.expect(202);
    app.client.request_code("nobody@example.com").await.expect(202);
    trail.check(&[("code ok", user), ("code ok", None)]).await;
    let otp = app.codes.latest(&email, "verify");
    app.client.verify(&email, &another_code(&otp)).await.refused(401, "invalid_otp");
    app.client.verify("nobody@example.com", &otp).await.refused(401, "invalid_otp");
    trail.check(&[("verify failed", user), ("verify failed", None)]).await;
    app.client.login(&email, password).await.refused(403, "email_not_verified");
    trail.check(&[("login failed", user)]).await;
    let first = app.client.verify(&email, &otp).await.expect(200);
    trail.check(&[("verify ok", user)]).await;
    app.client.register(&json!({"email": email, "password": password})).await.expect(202);
    trail.check(&[("sign_up failed", user)]).await;

    let second = app.client.login(&email, password).await.expect(200);
    app.client.login(&email, "not the password").await.refused(401, "invalid_credentials");
    app.client.login("nobody@example.com", password).await.refused(401, "invalid_credentials");
    trail.check(&[("login ok", user), ("login failed", user), ("login failed", None)]).await;
    app.client.request_code(&email).await.expect(202);
    let otp = app.codes.latest(&email, "login");
    app.client.login_with_code(&email, &another_code(&otp)).await.refused(401, "invalid_credentials");
    app.client.login_with_code(&email, &otp).await.expect(200);
    app.client.login_with_code("nobody@example.com", &otp).await.refused(401, "invalid_credentials");
    trail.check(&[("code ok", user), ("login failed", user), ("login ok", user), ("login failed", None)]).await;

    let old = first.text("refresh_token");
    app.client.refresh(&old).await.expect(200);
    app.clock.advance_seconds(31);
    app.client.refresh(&old).await.refused(401, "invalid_refresh_token");
    app.client.refresh(&old).await.refused(401, "invalid_refresh_token");
    app.client.refresh("flr_rt_nothing").await.refused(401, "invalid_refresh_token");
    trail
        .check(&[("refresh ok", user), ("refresh failed", user), ("refresh failed", user), ("refresh failed", None)])
        .await;

    let signed_in = app.client.with_token(&second.text("access_token"));
    signed_in.change_password("not the password", NEW).await.refused(422, "invalid");
    signed_in.change_password(password, NEW).await.expect(204);
    trail.check(&[("password_change failed", user), ("password_change ok", user)]).await;
    app.client.logout(&second.text("refresh_token")).await.expect(204);
    app.client.logout(&second.text("refresh_token")).await.expect(204);
    app.client.logout("flr_rt_nothing").await.expect(204);
    trail.check(&[("logout ok", user)]).await;

    app.client.forgot_password(&email).await.expect(202);
    app.client.forgot_password("nobody@example.com").await.expect(202);
    let otp = app.codes.latest(&email, "reset");
    app.client.reset_password(&email, &another_code(&otp), NEW).await.refused(401, "invalid_otp");
    app.client.reset_password("nobody@example.com", &otp, NEW).await.refused(401, "invalid_otp");
    app.client.reset_password(&email, &otp, "yet another password").await.expect(204);
    trail
        .check(&[
            ("code ok", user),
            ("code ok", None),
            ("password_reset failed", user),
            ("password_reset failed", None),
            ("password_reset ok", user),
        ])
        .await;
    // Two of fifty are spent already.
    for _ in 0..48 {
        app.client.login(&email, "not the password").await.refused(401, "invalid_credentials");
    }
    trail.check(&[("login failed", user); 48]).await;
    app.client.login(&email, "not the password").await.refused(429, "too_many_attempts");
    signed_in.me().await.refused(401, "invalid_token");
    trail.check(&[("login failed", user)]).await;
}

#[tokio::test]
async fn nobody_writes_a_line_of_their_own() {
    let app = spawn().await;
    let long = "x".repeat(5_000);
    // What HTTP lets through: tabs, and bytes beyond ASCII, those of control characters among them.
    let passing =
        ["a\tb", "x\u{85}login ok\u{9b}2J", r"Mozilla/5.0 \r\nlogin ok %0d%0a", "'; DROP TABLE login_event; --"];
    for user_agent in passing.into_iter().chain([long.as_str()]) {
        app.client
            .post("/auth/login", &json!({"email": "nobody@example.com", "password": "not the password"}))
            .header("x-forwarded-for", "6.6.6.6, \u{85}login ok, 7.7.7.7")
            .header("user-agent", user_agent)
            .await
            .refused(401, "invalid_credentials");
    }
    // What it does not: requests with bare line ends and escapes in a header are none.
    let body = r#"{"email": "nobody@example.com", "password": "not the password"}"#;
    for bad in ["a\rlogin ok", "a\nlogin ok", "\u{1b}[2J", "a\0b"] {
        let raw = format!(
            "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
             User-Agent: {bad}\r\nX-Forwarded-For: {bad}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let (answer, _) = acceptance::raw::exchange(app.client.base(), raw.as_bytes(), Duration::from_secs(5)).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{bad:?}: {answer}");
    }
    let rows = app.database.events().await;
    assert_eq!(rows.len(), 5, "{rows:?}");
    for row in &rows {
        assert_eq!(row.ip, "127.0.0.1", "{row:?}");
        assert_eq!((row.what.as_str(), row.user), ("login failed", None));
        assert!(row.user_agent.chars().count() <= 200 && !row.user_agent.chars().any(char::is_control), "{row:?}");
    }
    assert!(rows.iter().any(|row| row.user_agent.starts_with("Mozilla/5.0 \\r\\nlogin ok")), "kept as text: {rows:?}");
}
