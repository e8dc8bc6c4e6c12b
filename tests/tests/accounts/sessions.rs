//! Log-in, refresh, log-out.

use acceptance::{App, User, json, spawn, spawn_with};

#[tokio::test]
async fn a_person_logs_in_by_password() {
    let app = spawn().await;
    let user = app.user().await;
    let tokens = app.client.login(&user.email.to_uppercase(), &user.password).await.expect(200);
    app.client.with_token(&tokens.text("access_token")).me().await.expect(200);
    let wrong = app.client.login(&user.email, "not the password").await.refused(401, "invalid_credentials");
    let absent = app.client.login("nobody@example.com", &user.password).await.refused(401, "invalid_credentials");
    assert_eq!(wrong.anonymous(), absent.anonymous());
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer"));
    let both = json!({"email": user.email, "password": user.password, "otp": "123456"});
    app.client.post("/auth/login", &both).await.refused(422, "invalid");
    app.client.post("/auth/login", &json!({"email": user.email})).await.refused(422, "invalid");
    // `null` is the same as left out.
    let mut one = json!({"email": user.email, "password": user.password, "otp": null});
    app.client.post("/auth/login", &one).await.expect(200);
    one["password"] = json!(null);
    app.client.post("/auth/login", &one).await.refused(422, "invalid");
    one["otp"] = json!("123456");
    app.client.post("/auth/login", &one).await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn refresh_tokens_rotate() {
    let app = spawn().await;
    let user = app.user().await;
    app.clock.advance_seconds(1);
    let second = app.client.refresh(&user.refresh_token).await.expect(200);
    assert_ne!(second["refresh_token"], user.refresh_token);
    assert_eq!(second["user"]["id"], user.id);
    app.client.with_token(&second.text("access_token")).me().await.expect(200);
    let third = app.client.refresh(&second.text("refresh_token")).await.expect(200);
    app.client.with_token(&third.text("access_token")).me().await.expect(200);
    for garbage in ["", "x", "flr_rt_AAAA", &user.refresh_token[1..]] {
        let answer = app.client.refresh(garbage).await;
        assert!(answer.status == 401 || answer.status == 422, "{answer:?}");
    }
}

#[tokio::test]
async fn a_used_refresh_token_ends_the_whole_family() {
    let app = spawn().await;
    let user = app.user().await;
    let other = user.another_session().await;
    let second = app.client.refresh(&user.refresh_token).await.expect(200);
    app.clock.advance_seconds(31);
    app.client.refresh(&user.refresh_token).await.refused(401, "invalid_refresh_token");
    // The thief's and the owner's branch are both dead, at once; other devices are not.
    app.client.refresh(&second.text("refresh_token")).await.refused(401, "invalid_refresh_token");
    app.client.with_token(&second.text("access_token")).me().await.refused(401, "invalid_token");
    user.me().await.refused(401, "invalid_token");
    other.me().await.expect(200);
    app.client.refresh(&other.refresh_token).await.expect(200);
}

#[tokio::test]
async fn a_lost_answer_is_forgiven_while_its_successor_is_unused() {
    let app = spawn().await;
    let user = app.user().await;
    let lost = app.client.refresh(&user.refresh_token).await.expect(200);
    app.clock.advance_seconds(30);
    let again = app.client.refresh(&user.refresh_token).await.expect(200);
    app.client.with_token(&again.text("access_token")).me().await.expect(200);
    // One live branch always: the successor that nobody used was replaced, and showing it later is a reuse.
    app.clock.advance_seconds(31);
    app.client.refresh(&lost.text("refresh_token")).await.refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_lost_answer_is_not_forgiven_once_its_successor_was_used() {
    let app = spawn().await;
    let user = app.user().await;
    let second = app.client.refresh(&user.refresh_token).await.expect(200);
    let third = app.client.refresh(&second.text("refresh_token")).await.expect(200);
    app.clock.advance_seconds(5);
    app.client.refresh(&user.refresh_token).await.refused(401, "invalid_refresh_token");
    app.client.refresh(&third.text("refresh_token")).await.refused(401, "invalid_refresh_token");
    user.me().await.refused(401, "invalid_token");
}

#[tokio::test]
async fn simultaneous_refreshes_leave_one_live_branch() {
    let app = spawn().await;
    let user = app.user().await;
    let tries = (0..8).map(|_| async { app.client.refresh(&user.refresh_token).await });
    let answers = futures::future::join_all(tries).await;
    let good: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert!(!good.is_empty(), "{answers:?}");
    let mut live = 0;
    for answer in &good {
        live += usize::from(app.client.refresh(&answer.text("refresh_token")).await.status == 200);
    }
    assert!(live <= 1, "{live} branches live on");
}

#[tokio::test]
async fn a_refresh_token_ends_by_itself() {
    let app = spawn().await;
    let user = app.user().await;
    let lifetime = app.client.login(&user.email, &user.password).await.expect(200);
    let seconds = lifetime["refresh_expires_in"].as_i64().unwrap();
    app.clock.advance_seconds(seconds);
    app.client.refresh(&lifetime.text("refresh_token")).await.refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_session_ends_at_its_age_however_much_it_is_used() {
    let app = spawn_with(|settings| (settings.auth.refresh_days, settings.auth.session_days) = (1, 2)).await;
    let user = app.user().await;
    let mut tokens = app.client.login(&user.email, &user.password).await.expect(200);
    assert_eq!(tokens["refresh_expires_in"], 86_400);
    for (later, refresh_for, access_for) in [(86_399, 86_400, 86_400), (86_000, 401, 401), (400, 1, 1)] {
        app.clock.advance_seconds(later);
        tokens = app.client.refresh(&tokens.text("refresh_token")).await.expect(200);
        assert_eq!((&tokens["refresh_expires_in"], &tokens["expires_in"]), (&json!(refresh_for), &json!(access_for)));
    }
    let session = app.client.with_token(&tokens.text("access_token"));
    session.me().await.expect(200);
    app.clock.advance_seconds(1);
    session.me().await.refused(401, "invalid_token");
    app.client.refresh(&tokens.text("refresh_token")).await.refused(401, "invalid_refresh_token");
    app.client.login(&user.email, &user.password).await.expect(200);
}

#[tokio::test]
async fn a_log_out_is_in_force_at_once() {
    let app = spawn().await;
    let user = app.user().await;
    let other = user.another_session().await;
    app.client.logout(&user.refresh_token).await.expect(204);
    user.me().await.refused(401, "invalid_token");
    user.create_expense(&json!({"amount": "1"})).await.refused(401, "invalid_token");
    app.client.refresh(&user.refresh_token).await.refused(401, "invalid_refresh_token");
    other.me().await.expect(200);
    // Again, and of nothing: no fault.
    app.client.logout(&user.refresh_token).await.expect(204);
    app.client.logout("flr_rt_nothing").await.expect(204);
}

async fn disable(app: &App, user: &User) {
    assert_eq!(app.database.execute(&format!("UPDATE user_login SET disabled_at = 1 WHERE id = {}", user.id)).await, 1);
}

#[tokio::test]
async fn a_disabled_person_is_refused_at_once() {
    let app = spawn().await;
    let user = app.user().await;
    user.me().await.expect(200);
    disable(&app, &user).await;
    user.me().await.refused(401, "invalid_token");
    user.create_expense(&json!({"amount": "1"})).await.refused(401, "invalid_token");
    assert_eq!(app.client.refresh(&user.refresh_token).await.status, 401);
    app.client.login(&user.email, &user.password).await.refused(403, "account_disabled");
    app.client.login(&user.email, "not the password").await.refused(401, "invalid_credentials");
    app.client.request_code(&user.email).await.expect(202);
    assert!(app.codes.all(&user.email).iter().all(|(purpose, _)| *purpose != "login"), "no code was sent");
    app.client.login_with_code(&user.email, "000000").await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn stored_secrets_are_of_no_use() {
    let app = spawn().await;
    let user = app.user().await;
    let secrets = [user.password.as_str(), user.refresh_token.as_str(), user.token().unwrap()];
    for secret in secrets {
        let found = app.database.find_text(secret).await;
        assert!(found.is_empty(), "a secret stands in {found:?}");
    }
}
