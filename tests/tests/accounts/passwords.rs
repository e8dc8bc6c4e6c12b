//! Forgotten passwords, changed passwords, and hashes that are made anew.

use acceptance::codes::another_code;
use acceptance::{json, spawn};

const NEW: &str = "another password altogether";

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_code() {
    let app = spawn().await;
    let user = app.user().await;
    let other = user.another_session().await;
    let nobody = app.client.forgot_password("nobody@example.com").await.expect(202);
    let somebody = app.client.forgot_password(&user.email).await.expect(202);
    assert_eq!(nobody.body, somebody.body);
    assert_eq!(somebody.json, json!({"verification": {"channel": "email", "expires_in": 600}}));
    assert_eq!(app.codes.all("nobody@example.com"), []);
    let otp = app.codes.latest(&user.email, "reset");

    let wrong = app.client.reset_password(&user.email, &another_code(&otp), NEW).await.refused(401, "invalid_otp");
    let absent = app.client.reset_password("nobody@example.com", &otp, NEW).await.refused(401, "invalid_otp");
    assert_eq!(wrong.anonymous(), absent.anonymous());
    // A bad password costs no code.
    app.client.reset_password(&user.email, &otp, "short").await.invalid(&["/new_password password_too_short"]);
    app.client.reset_password(&user.email, &otp, &user.email).await.invalid(&["/new_password password_too_common"]);
    app.client.login(&user.email, &user.password).await.expect(200);
    app.client.reset_password(&user.email.to_uppercase(), &otp, NEW).await.expect(204);
    app.client.reset_password(&user.email, &otp, NEW).await.refused(401, "invalid_otp");
    for signed_in in [&user, &other] {
        signed_in.me().await.refused(401, "invalid_token");
        app.client.refresh(&signed_in.refresh_token).await.refused(401, "invalid_refresh_token");
    }
    app.client.login(&user.email, &user.password).await.refused(401, "invalid_credentials");
    app.client.login(&user.email, NEW).await.expect(200);
}

#[tokio::test]
async fn a_reset_revokes_personal_access_tokens() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let insert = |id: i64, owner: i64| {
        let hash = format!("{id:032}");
        format!(
            "INSERT INTO personal_token (id, user_id, name, scopes, hash, created_at) \
             VALUES ({id}, {owner}, 'laptop', 'read', CAST('{hash}' AS {}), 1)",
            match acceptance::database::Engine::chosen() {
                acceptance::database::Engine::Sqlite => "BLOB",
                acceptance::database::Engine::MySql(_) => "BINARY",
                acceptance::database::Engine::Postgres(_) => "BYTEA",
            }
        )
    };
    app.database.execute(&insert(1, user.id)).await;
    app.database.execute(&insert(2, other.id)).await;
    app.client.forgot_password(&user.email).await.expect(202);
    app.client.reset_password(&user.email, &app.codes.latest(&user.email, "reset"), NEW).await.expect(204);
    let live = "SELECT MAX(id) FROM personal_token WHERE revoked_at IS NULL";
    assert_eq!(app.database.number(live).await, 2);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM personal_token WHERE revoked_at IS NULL").await, 1);
}

#[tokio::test]
async fn only_a_proved_person_is_sent_a_code_to_reset() {
    let app = spawn().await;
    let email = app.new_address();
    app.client.register(&json!({"email": email, "password": "correct horse battery"})).await.expect(202);
    app.client.forgot_password(&email).await.expect(202);
    let user = app.user().await;
    app.database.execute(&format!("UPDATE user_login SET disabled_at = 1 WHERE id = {}", user.id)).await;
    app.client.forgot_password(&user.email).await.expect(202);
    for address in [&email, &user.email] {
        assert!(app.codes.all(address).iter().all(|(purpose, _)| *purpose != "reset"), "{address}");
        app.client.reset_password(address, "123456", NEW).await.refused(401, "invalid_otp");
    }
}

#[tokio::test]
async fn an_admins_new_password_is_longer_and_only_the_admin_is_told() {
    let app = spawn().await;
    let user = app.user().await;
    app.database.execute(&format!("UPDATE user_login SET user_type = 'admin' WHERE id = {}", user.id)).await;
    app.client.forgot_password(&user.email).await.expect(202);
    let otp = app.codes.latest(&user.email, "reset");
    app.client.reset_password(&user.email, &another_code(&otp), "fourteen bytes").await.refused(401, "invalid_otp");
    app.client.reset_password(&user.email, &otp, "fourteen bytes").await.invalid(&["/new_password password_too_short"]);
    app.client.reset_password(&user.email, &otp, "fifteen bytes 4").await.expect(204);
    let tokens = app.client.login(&user.email, "fifteen bytes 4").await.expect(200);
    let admin = app.client.with_token(&tokens.text("access_token"));
    admin.change_password("fifteen bytes 4", "fourteen bytes").await.invalid(&["/new_password password_too_short"]);
}

#[tokio::test]
async fn a_password_is_changed_and_other_sessions_end() {
    let app = spawn().await;
    let user = app.user().await;
    let other = user.another_session().await;
    user.signed_out().change_password(&user.password, NEW).await.refused(401, "invalid_token");
    user.change_password("not the password", NEW).await.invalid(&["/current_password wrong_password"]);
    user.change_password(&user.password, &user.password).await.invalid(&["/new_password password_unchanged"]);
    user.change_password(&user.password, "short").await.invalid(&["/new_password password_too_short"]);
    user.change_password("not the password", "florin2026").await.invalid(&["/new_password password_too_common"]);
    other.me().await.expect(200);
    user.change_password(&user.password, NEW).await.expect(204);
    user.me().await.expect(200);
    app.client.refresh(&user.refresh_token).await.expect(200);
    other.me().await.refused(401, "invalid_token");
    app.client.refresh(&other.refresh_token).await.refused(401, "invalid_refresh_token");
    app.client.login(&user.email, &user.password).await.refused(401, "invalid_credentials");
    app.client.login(&user.email, NEW).await.expect(200);
}

#[tokio::test]
async fn every_fault_of_a_form_is_named_at_once() {
    let app = spawn().await;
    let user = app.user().await;
    let call = |path: &str, body| app.client.post(path, &body);
    let email = json!({"email": "ana", "x": 1});
    for path in ["/auth/otp", "/auth/password/forgot"] {
        call(path, email.clone()).await.invalid(&["/email invalid_email", "/x unknown_field"]);
    }
    call("/auth/login", email.clone()).await.invalid(&[
        "/email invalid_email",
        "/password required",
        "/x unknown_field",
    ]);
    call("/auth/login", json!({"email": 1, "password": 2}))
        .await
        .invalid(&["/email wrong_type", "/password wrong_type"]);
    call("/auth/verify", email).await.invalid(&["/email invalid_email", "/otp required", "/x unknown_field"]);
    call("/auth/password/reset", json!({"email": "ana", "new_password": "short"})).await.invalid(&[
        "/email invalid_email",
        "/new_password password_too_short",
        "/otp required",
    ]);
    call("/auth/refresh", json!({"x": 1})).await.invalid(&["/refresh_token required", "/x unknown_field"]);
    user.put("/auth/password", &json!({"new_password": "short"}))
        .await
        .invalid(&["/current_password required", "/new_password password_too_short"]);
    assert!(app.database.events().await.iter().all(|event| event.what.ends_with(" ok")), "nothing was tried");
}

#[tokio::test]
async fn a_hash_is_made_anew_when_the_cost_was_raised() {
    let mut app = spawn().await;
    let user = app.user().await;
    let dearer = app.another_instance_with(|settings| settings.auth.argon2_m_kib = 4096).await;
    let hash = format!("SELECT password_hash FROM user_cred WHERE user_id = {}", user.id);
    let old = app.database.texts(&hash).await;
    assert!(old[0].contains("m=1024,"), "{old:?}");
    dearer.login(&user.email, "not the password").await.refused(401, "invalid_credentials");
    assert_eq!(app.database.texts(&hash).await, old);
    let both = (0..2).map(|_| async { dearer.login(&user.email, &user.password).await.expect(200) });
    futures::future::join_all(both).await;
    let new = app.database.texts(&hash).await;
    assert!(new[0].contains("m=4096,"), "{new:?}");
    dearer.login(&user.email, &user.password).await.expect(200);
    assert_eq!(app.database.texts(&hash).await, new, "once");
    user.me().await.expect(200);
}
