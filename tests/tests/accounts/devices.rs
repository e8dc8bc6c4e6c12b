//! My sessions: where I am logged in, and ending that from elsewhere.

use acceptance::{json, spawn};

#[tokio::test]
async fn the_devices_that_are_logged_in_are_listed() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    app.clock.advance_seconds(1);
    let login = json!({"email": user.email, "password": user.password});
    let phone = app.client.post("/auth/login", &login).header("user-agent", "phone/1 \"x\"").await.expect(200);
    let listed = user.sessions().await.expect(200);
    assert_eq!(listed.data().len(), 2, "{listed:?}");
    let [newest, first] = listed.data() else { panic!("{listed:?}") };
    let expected = json!({"id": newest["id"], "created_at": app.clock.text(), "last_used_at": app.clock.text(),
                          "ip": "127.0.0.1", "user_agent": "phone/1 \"x\"", "current": false});
    assert_eq!(newest, &expected);
    assert_eq!((&first["current"], &first["created_at"]), (&json!(true), &json!(acceptance::BEGINNING)));

    // A refresh is a use, of the same session.
    app.clock.advance_seconds(1);
    let refreshed = app.client.refresh(&user.refresh_token).await.expect(200);
    let user_again = app.client.with_token(&refreshed.text("access_token"));
    let listed = user_again.sessions().await.expect(200);
    assert_eq!((&listed.data()[0]["id"], &listed.data()[0]["last_used_at"]), (&first["id"], &json!(app.clock.text())));
    assert_eq!(listed.data()[0]["current"], true);
    assert_eq!(other.sessions().await.expect(200).data().len(), 1);

    // A session that was logged out, or can no longer be refreshed, is not one.
    app.client.logout(&phone.text("refresh_token")).await.expect(204);
    assert_eq!(user_again.sessions().await.expect(200).data().len(), 1);
    let days = phone["refresh_expires_in"].as_i64().unwrap() / (24 * 60 * 60);
    app.clock.advance_days(days + 1);
    let today = app.client.login(&user.email, &user.password).await.expect(200);
    let today = app.client.with_token(&today.text("access_token"));
    assert_eq!(today.sessions().await.expect(200).data().len(), 1);
    today.get("/auth/sessions?limit=1").await.refused(422, "invalid");
}

#[tokio::test]
async fn a_device_is_logged_out_from_another_one() {
    let app = spawn().await;
    let (user, other) = (app.user().await, app.user().await);
    let phone = user.another_session().await;
    let (here, there) = (user.session().await, phone.session().await);
    assert_ne!(here, there);
    let absent = user.end_session(there + 1000).await.refused(404, "not_found");
    let theirs = user.end_session(other.session().await).await.refused(404, "not_found");
    assert_eq!(absent.anonymous(), theirs.anonymous());
    user.end_session(there).header("if-match", "\"1\"").await.refused(412, "precondition_failed");
    phone.me().await.expect(200);

    user.end_session(there).await.expect(204);
    phone.me().await.refused(401, "invalid_token");
    app.client.refresh(&phone.refresh_token).await.refused(401, "invalid_refresh_token");
    user.end_session(there).await.refused(404, "not_found");
    assert_eq!(user.sessions().await.expect(200).data().len(), 1);
    assert_eq!(user.all("/auth/login-events?event=logout", 50).await.len(), 1, "one row");

    // The present one too.
    user.end_session(here).await.expect(204);
    user.me().await.refused(401, "invalid_token");
    other.me().await.expect(200);
    let back = app.client.login(&user.email, &user.password).await.expect(200);
    let back = app.client.with_token(&back.text("access_token"));
    assert_eq!(back.all("/auth/login-events?event=logout", 50).await.len(), 2);
}
