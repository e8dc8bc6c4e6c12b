//! Listing, promoting, disabling.

use acceptance::{Value, json, spawn};

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn accounts_are_listed_and_found() {
    let app = spawn().await;
    let admin = app.admin().await;
    let details = json!({"name": "Ana 🌱", "currency": "EUR", "timezone": "Europe/Lisbon"});
    let ana = acceptance::User::sign_up(&app.client, &app.codes, "ana_b%c@mail.example.com", &details).await;
    let ben = app.user().await;
    let expected = json!({"id": ana.id, "email": "ana_b%c@mail.example.com", "name": "Ana 🌱", "role": "user",
                          "verified": true, "disabled": false, "created_at": acceptance::BEGINNING, "currency": "EUR",
                          "timezone": "Europe/Lisbon"});
    assert_eq!(admin.account(ana.id).await.expect(200).json, expected);
    assert_eq!(
        admin.get("/admin/users?q=ana_b").await.expect(200).json,
        json!({"data": [expected], "next_cursor": null})
    );
    let found = async |q: &str| ids(&admin.all(&format!("/admin/users{q}"), 2).await);
    assert_eq!(found("").await, [ben.id, ana.id, admin.id], "the youngest first");
    assert_eq!(found("?q=ANA+MAIL.example").await, [ana.id]);
    assert_eq!(found("?q=%EF%BD%81na").await, [ana.id], "as addresses are read");
    assert_eq!(found("?q=b%25c").await, [ana.id]);
    assert_eq!(found("?q=person").await, [ben.id, admin.id]);
    assert_eq!(found("?q=person_").await, [0; 0], "no wildcards");
    assert_eq!(found("?q=%25").await, [ana.id]);
    assert_eq!(found("?q=Ana+%F0%9F%8C%B1").await, [0; 0], "names are not searched");
    assert_eq!(found("?q=").await.len(), 3);

    let cursor = admin.get("/admin/users?limit=1").await.expect(200).text("next_cursor");
    admin.get(&format!("/admin/users?q=ana&cursor={cursor}")).await.invalid(&["/cursor invalid_cursor"]);
    admin.get(&format!("/admin/users?q={}", "x".repeat(255))).await.invalid(&["/q too_long"]);
    admin.get("/admin/users?email=x").await.invalid(&["/email unknown_field"]);

    app.database.execute(&format!("UPDATE user_login SET erased_at = 1 WHERE id = {}", ben.id)).await;
    assert_eq!(found("").await, [ana.id, admin.id]);
    let absent = admin.account(8_000_000_000).await.refused(404, "not_found");
    assert_eq!(admin.account(ben.id).await.refused(404, "not_found").anonymous(), absent.anonymous());
    admin.patch_account(ben.id, &json!({"disabled": true})).await.refused(404, "not_found");
    admin.revoke_sessions(ben.id).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_account_is_changed_and_each_change_is_noted_once() {
    let app = spawn().await;
    let (admin, user) = (app.admin().await, app.user().await);
    let before = admin.account(user.id).await.expect(200);
    let kinds = async || {
        let rows = admin.all(&format!("/admin/login-events?user_id={}", user.id), 200).await;
        let by_admin = rows.into_iter().filter(|row| row["actor_id"] == admin.id);
        by_admin.map(|row| row["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for nothing in
        [json!({}), json!({"role": "user"}), json!({"disabled": false}), json!({"role": "user", "disabled": false})]
    {
        assert_eq!(admin.patch_account(user.id, &nothing).await.expect(200).json, before.json);
    }
    assert_eq!(kinds().await, [""; 0], "nothing changed, nothing noted");

    app.clock.advance_seconds(1);
    let both = json!({"role": "admin", "disabled": true});
    let changed = admin.patch_account(user.id, &both).await.expect(200);
    assert_eq!((&changed["role"], &changed["disabled"]), (&json!("admin"), &json!(true)));
    let mut noted = kinds().await;
    noted.sort();
    assert_eq!(noted, ["disable", "role_change"]);
    user.me().await.refused(401, "invalid_token");
    assert_eq!(admin.patch_account(user.id, &both).await.expect(200).json, changed.json, "again is no change");
    assert_eq!(kinds().await.len(), 2);
    app.clock.advance_seconds(1);
    let back = admin.patch_account(user.id, &json!({"role": "user", "disabled": false})).await.expect(200);
    assert_eq!(back.json, before.json);
    let mut noted = kinds().await;
    noted.sort();
    assert_eq!(noted, ["disable", "enable", "role_change", "role_change"]);
    app.client.login(&user.email, &user.password).await.expect(200);
}

#[tokio::test]
async fn a_change_may_ask_for_the_version_that_it_was_made_on() {
    let app = spawn().await;
    let (admin, user) = (app.admin().await, app.user().await);
    let shown = admin.account(user.id).await.expect(200);
    let tag = shown.etag();
    admin.account(user.id).header("if-none-match", &tag).await.expect(304);
    let promote = json!({"role": "admin"});
    admin.patch_account(user.id, &promote).header("if-match", "\"7\"").await.refused(412, "precondition_failed");
    let promoted = admin.patch_account(user.id, &promote).header("if-match", &tag).await.expect(200);
    assert_ne!(promoted.etag(), tag);
    admin.patch_account(user.id, &promote).header("if-match", &tag).await.refused(412, "precondition_failed");
    assert_eq!(admin.account(user.id).await.expect(200).etag(), promoted.etag());
}

#[tokio::test]
async fn no_admin_changes_themselves() {
    let app = spawn().await;
    let (admin, user) = (app.admin().await, app.user().await);
    for change in [json!({"role": "user"}), json!({"disabled": true}), json!({"role": "user", "disabled": true})] {
        admin.patch_account(admin.id, &change).await.refused(409, "own_account");
    }
    let same = admin.patch_account(admin.id, &json!({"role": "admin", "disabled": false})).await.expect(200);
    assert_eq!((&same["role"], &same["disabled"]), (&json!("admin"), &json!(false)));
    // Logging out everywhere is everybody's own choice.
    admin.patch_account(user.id, &json!({"role": "admin"})).await.expect(200);
    admin.revoke_sessions(admin.id).await.expect(204);
    admin.me().await.refused(401, "invalid_token");
    user.get("/admin/stats").await.expect(200);
}

#[tokio::test]
async fn of_two_admins_who_demote_each_other_one_remains() {
    let app = spawn().await;
    for _ in 0..5 {
        let (ana, ben) = (app.admin().await, app.admin().await);
        let (demoted, disabled) = (json!({"role": "user"}), json!({"disabled": true}));
        let (one, two) = futures::join!(async { ana.patch_account(ben.id, &demoted).await }, async {
            ben.patch_account(ana.id, &disabled).await
        },);
        let done = [&one, &two].iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "{one:?}\n{two:?}");
        for refused in [one, two].into_iter().filter(|answer| answer.status != 200) {
            assert!([401, 403].contains(&refused.status), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn every_wrong_field_of_a_change_is_named() {
    let app = spawn().await;
    let (admin, user) = (app.admin().await, app.user().await);
    let before = admin.account(user.id).await.expect(200).json;
    for (body, faults) in [
        (json!({"role": "root", "disabled": "yes"}), &["/role unknown_value", "/disabled wrong_type"][..]),
        (json!({"role": null, "disabled": null}), &["/role required", "/disabled required"]),
        (
            json!({"verified": false, "email": "x@example.com", "id": 1, "password": "x"}),
            &["/email unknown_field", "/id unknown_field", "/password unknown_field", "/verified unknown_field"],
        ),
    ] {
        admin.patch_account(user.id, &body).await.invalid(faults);
    }
    assert_eq!(admin.account(user.id).await.expect(200).json, before);
    for odd in ["0", "01", "-1", "abc", "9007199254740992"] {
        admin.get(&format!("/admin/users/{odd}")).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn others_are_refused() {
    let app = spawn().await;
    let user = app.user().await;
    let document = app.client.at("GET", "/openapi.json").await.expect(200).json;
    let mut seen = 0;
    for (path, method) in acceptance::schema::Document::new(document).operations() {
        if path.starts_with("/api/v1/admin/") {
            seen += 1;
            let path = path.replace("{id}", &user.id.to_string());
            user.at(&method.to_uppercase(), &path).raw_json("{broken").await.refused(403, "forbidden");
            app.client.at(&method.to_uppercase(), &path).raw_json("{broken").await.refused(401, "invalid_token");
        }
    }
    assert!(seen >= 7, "{seen}");
    assert_eq!(user.me().await.expect(200)["role"], "user");
}
