//! Access tokens: who is let in, and who is not.

use acceptance::{json, spawn};

#[tokio::test]
async fn a_missing_or_malformed_header_is_refused_with_one_body() {
    let app = spawn().await;
    let user = app.user().await;
    let expected = app.client.me().await.refused(401, "invalid_token");
    assert_eq!(expected.header("www-authenticate"), Some("Bearer"));
    let token = user.token().unwrap();
    for value in [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        token.into(),
        format!("Basic {token}"),
        format!("Bearer {token} x"),
        format!("Bearer {token},{token}"),
        format!("Token {token}"),
        "Bearer \u{e9}".into(),
    ] {
        let answer = app.client.get("/me").header("authorization", &value).await.refused(401, "invalid_token");
        assert_eq!(answer.anonymous(), expected.anonymous(), "{value:?}");
    }
    app.client.get("/me").header("authorization", &format!("bearer {token}")).await.expect(200);
}

#[tokio::test]
async fn an_access_token_ends_to_the_second() {
    let app = spawn().await;
    let user = app.user().await;
    let lifetime = app.client.login(&user.email, &user.password).await.expect(200)["expires_in"].as_i64().unwrap();
    app.clock.advance_millis(lifetime * 1000 - 1);
    user.me().await.expect(200);
    app.clock.advance_millis(1);
    user.me().await.refused(401, "invalid_token");
    // The refresh token still is in force.
    let tokens = app.client.refresh(&user.refresh_token).await.expect(200);
    app.client.with_token(&tokens.text("access_token")).me().await.expect(200);
}

#[tokio::test]
async fn a_token_is_asked_for_before_anything_is_read() {
    let app = spawn().await;
    for (method, path) in [
        ("GET", "/me"),
        ("GET", "/expenses"),
        ("GET", "/expenses/1"),
        ("GET", "/actions"),
        ("GET", "/actions/verify"),
        ("GET", "/summary"),
        ("GET", "/score"),
        ("GET", "/changes"),
        ("GET", "/tags"),
        ("GET", "/categories"),
        ("GET", "/budgets"),
    ] {
        app.client.call(method, path).await.refused(401, "invalid_token");
    }
    for (method, path) in [
        ("POST", "/expenses"),
        ("PUT", "/expenses/1"),
        ("PATCH", "/expenses/1"),
        ("POST", "/expenses/batch"),
        ("POST", "/actions/undo"),
        ("POST", "/actions/redo"),
        ("PATCH", "/me"),
        ("POST", "/categories"),
        ("POST", "/categorize"),
        ("PUT", "/budgets/1"),
    ] {
        app.client.call(method, path).raw_json("{broken").await.refused(401, "invalid_token");
    }
    app.client.at("POST", "/reverseLastAction").json(&json!({})).await.refused(401, "invalid_token");
}
