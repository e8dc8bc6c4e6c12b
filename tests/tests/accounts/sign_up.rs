use acceptance::{json, spawn};

#[tokio::test]
async fn a_person_signs_up_proves_the_address_and_is_in() {
    let app = spawn().await;
    let body = json!({"email": " Ana.Maria@Example.COM", "password": "correct horse battery", "name": " Ana ",
                      "currency": "KWD", "timezone": "America/Sao_Paulo"});
    let registered = app.client.register(&body).await.expect(202);
    assert_eq!(registered.json, json!({"verification": {"channel": "email", "expires_in": 600}}));

    let otp = app.codes.latest("ana.maria@example.com", "verify");
    assert!(otp.len() == 6 && otp.bytes().all(|b| b.is_ascii_digit()), "{otp}");
    let tokens = app.client.verify("ana.maria@example.com", &otp).await.expect(200);
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(tokens["expires_in"].as_i64().unwrap() > 0);
    assert!(tokens["refresh_expires_in"].as_i64().unwrap() > tokens["expires_in"].as_i64().unwrap());

    let me = app.client.with_token(&tokens.text("access_token")).me().await.expect(200);
    let id = me.id();
    let mut profile = me.json;
    let learned = profile.as_object_mut().and_then(|members| members.remove("learned"));
    assert_eq!(learned, Some(json!({"choices": 0, "notes": 0, "words": 0, "since": null})));
    assert_eq!(profile, tokens["user"]);
    assert_eq!(
        profile,
        json!({"id": id, "email": "ana.maria@example.com", "name": "Ana", "role": "user", "currency": "KWD",
               "timezone": "America/Sao_Paulo", "created_at": "2026-03-10T06:30:00.000Z"})
    );
}

#[tokio::test]
async fn what_is_left_out_takes_the_servers_defaults() {
    let app = spawn().await;
    let user = app.user().await;
    let me = user.me().await.expect(200);
    assert_eq!((&me["name"], &me["currency"], &me["timezone"]), (&json!(""), &json!("INR"), &json!("Asia/Kolkata")));
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let app = spawn().await;
    let bad =
        json!({"email": "ana", "password": "short", "name": "a\u{0}b", "currency": "XXX", "timezone": "Mars/Base"});
    let answer = app.client.register(&bad).await.refused(422, "invalid");
    let pointers: Vec<_> = answer.faults().iter().map(|f| f.split(' ').next().unwrap().to_owned()).collect();
    for field in ["/email", "/password", "/name", "/currency", "/timezone"] {
        assert!(pointers.iter().any(|pointer| pointer == field), "{field} is not named: {answer:?}");
    }
    app.client.register(&json!({})).await.invalid(&["/email required", "/password required"]);
    app.client
        .register(&json!({"email": null, "password": null}))
        .await
        .invalid(&["/email required", "/password required"]);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM user_login").await, 0, "nothing was written");
}

#[tokio::test]
async fn passwords_are_measured_in_bytes_and_not_in_kinds() {
    let app = spawn().await;
    let register = |password: String| {
        let email = app.new_address();
        let client = app.client.clone();
        async move { client.register(&json!({"email": email, "password": password})).await }
    };
    register("1234567".into()).await.invalid(&["/password password_too_short"]);
    register("zzqzzqzz".into()).await.expect(202);
    register("ééééé".into()).await.expect(202);
    register("x".repeat(1024)).await.expect(202);
    register("x".repeat(1025)).await.refused(422, "invalid");
    register("é".repeat(512)).await.expect(202);
    register("é".repeat(513)).await.refused(422, "invalid");
    for common in ["password", "12345678", "qwertyuiop", "iloveyou", "Trustno1", "florin2026"] {
        register(common.into()).await.invalid(&["/password password_too_common"]);
    }
    let own = json!({"email": "ana.maria@example.com", "password": "Ana.Maria@example.com", "name": "Ana Maria"});
    app.client.register(&own).await.invalid(&["/password password_too_common"]);
    let own = json!({"email": "ana.maria@example.com", "password": "ana maria", "name": "Ana Maria"});
    app.client.register(&own).await.invalid(&["/password password_too_common"]);
}

#[tokio::test]
async fn roles_and_other_powers_cannot_be_asked_for() {
    let app = spawn().await;
    for (field, value) in [
        ("role", json!("admin")),
        ("user_type", json!("admin")),
        ("id", json!(1)),
        ("user_id", json!(1)),
        ("verified_at", json!("2026-01-01T00:00:00.000Z")),
        ("is_admin", json!(true)),
    ] {
        let mut body = json!({"email": app.new_address(), "password": "correct horse battery"});
        body[field] = value.clone();
        app.client.register(&body).await.invalid(&[&format!("/{field} unknown_field")]);
    }
    let user = app.user().await;
    user.patch_me(&json!({"role": "admin"})).await.invalid(&["/role unknown_field"]);
    user.patch_me(&json!({"email": "other@example.com"})).await.invalid(&["/email unknown_field"]);
    assert_eq!(user.me().await["role"], "user");
}

#[tokio::test]
async fn a_taken_address_gets_the_same_bytes() {
    let app = spawn().await;
    let user = app.user().await;
    let fresh = app.client.register(&json!({"email": app.new_address(), "password": "correct horse battery"}));
    let fresh = fresh.await.expect(202);
    let taken =
        app.client.register(&json!({"email": user.email, "password": "another horse battery"})).await.expect(202);
    assert_eq!(taken.body, fresh.body);
    let names = |answer: &acceptance::Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&taken), names(&fresh));
    // The owner is told instead, and nothing has changed for them.
    let messages: Vec<_> = app.codes.all(&user.email).into_iter().map(|(purpose, _)| purpose).collect();
    assert_eq!(messages, ["verify", "taken"]);
    app.client.login(&user.email, "another horse battery").await.refused(401, "invalid_credentials");
    app.client.login(&user.email, &user.password).await.expect(200);
    user.me().await.expect(200);
}

#[tokio::test]
async fn an_unproved_address_is_told_only_to_who_knows_the_password() {
    let app = spawn().await;
    let email = app.new_address();
    app.client.register(&json!({"email": email, "password": "correct horse battery"})).await.expect(202);
    let wrong = app.client.login(&email, "wrong horse battery").await.refused(401, "invalid_credentials");
    let absent =
        app.client.login("nobody@example.com", "wrong horse battery").await.refused(401, "invalid_credentials");
    assert_eq!(wrong.anonymous(), absent.anonymous());
    app.client.login(&email, "correct horse battery").await.refused(403, "email_not_verified");
}

#[tokio::test]
async fn simultaneous_sign_ups_make_one_account() {
    let app = spawn().await;
    let email = app.new_address();
    let body = json!({"email": email, "password": "correct horse battery"});
    let answers = futures::future::join_all((0..8).map(|_| async { app.client.register(&body).await })).await;
    for answer in answers {
        answer.expect(202);
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM user_login").await, 1);
    app.client.verify(&email, &app.codes.latest(&email, "verify")).await.expect(200);
}
