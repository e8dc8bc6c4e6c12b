//! What is counted: wrong passwords of an address, messages to one, attempts of a client.

use acceptance::{App, json, spawn, spawn_with};

/// A server on which attempts are counted, but requests hardly.
async fn throttled() -> App {
    spawn_with(|settings| settings.limits.requests_per_minute = 1_000_000).await
}

const HALF_HOUR: i64 = 30 * 60;

#[tokio::test]
async fn a_hundred_wrong_passwords_a_day_are_looked_at() {
    let app = spawn().await;
    let user = app.user().await;
    let mut evaluated = 0;
    let beginning = app.clock.millis();
    while app.clock.millis() < beginning + 24 * 60 * 60 * 1000 {
        // The absent are counted alike.
        let wrong = app.client.login(&user.email, "not the password").await;
        let absent = app.client.login("nobody@example.com", "not the password").await;
        assert_eq!(wrong.anonymous(), absent.anonymous());
        assert_eq!(wrong.header("retry-after"), absent.header("retry-after"));
        match wrong.status {
            401 => evaluated += 1,
            429 => {
                let seconds: i64 = wrong.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=HALF_HOUR).contains(&seconds), "{seconds}");
                app.client.login(&user.email, &user.password).await.refused(429, "too_many_attempts");
                app.clock.advance_seconds(seconds);
            }
            _ => panic!("{wrong:?}"),
        }
    }
    assert!((99..=100).contains(&evaluated), "{evaluated}");
    // The owner gets in by a code, resets the password even, and the day after it is as before.
    app.client.login(&user.email, "not the password").await;
    app.client.login(&user.email, &user.password).await.refused(429, "too_many_attempts");
    app.client.request_code(&user.email).await.expect(202);
    let tokens = app.client.login_with_code(&user.email, &app.codes.latest(&user.email, "login")).await.expect(200);
    let signed_in = app.client.with_token(&tokens.text("access_token"));
    signed_in.change_password(&user.password, "another password altogether").await.refused(429, "too_many_attempts");
    app.clock.advance_days(1);
    app.client.login(&user.email, &user.password).await.expect(200);
    for _ in 0..50 {
        app.client.login(&user.email, "not the password").await.refused(401, "invalid_credentials");
    }
    app.client.login(&user.email, "not the password").await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn wrong_passwords_count_wherever_they_are_tried_and_right_ones_do_not() {
    let mut app = spawn().await;
    let another = app.another_instance().await;
    let user = app.user().await;
    for _ in 0..60 {
        app.client.login(&user.email, &user.password).await.expect(200);
    }
    for n in 0..50 {
        match n % 3 {
            0 => another.login(&user.email, "not the password").await.refused(401, "invalid_credentials"),
            1 => app.client.login(&user.email, "not the password").await.refused(401, "invalid_credentials"),
            _ => user.change_password("not the password", "some other password").await.refused(422, "invalid"),
        };
    }
    another.login(&user.email, &user.password).await.refused(429, "too_many_attempts");
    let somebody = app.user().await;
    app.client.login(&somebody.email, &somebody.password).await.expect(200);
}

#[tokio::test]
async fn parallel_wrong_passwords_are_counted_before_they_are_looked_at() {
    let app = spawn().await;
    let user = app.user().await;
    let tries = (0..80).map(|_| async { app.client.login(&user.email, "not the password").await.status });
    let statuses = futures::future::join_all(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 50, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 30, "{statuses:?}");
}

#[tokio::test]
async fn an_address_is_sent_so_many_messages_and_the_answer_stays_the_same() {
    let app = throttled().await;
    let email = app.new_address();
    app.client.register(&json!({"email": email, "password": "correct horse battery"})).await.expect(202);
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(app.client.request_code(&email).await.expect(202).body);
        answers.push(app.client.request_code("nobody@example.com").await.expect(202).body);
        answers.push(app.client.forgot_password("nobody@example.com").await.expect(202).body);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(app.codes.all(&email).len(), 5, "one with the sign-up, and four");
    // A sign-up of the address sends no more either.
    app.client.register(&json!({"email": email, "password": "another horse battery"})).await.expect(202);
    assert_eq!(app.codes.all(&email).len(), 5);
    // The last one that was sent is still in force.
    app.client.verify(&email, &app.codes.latest(&email, "verify")).await.expect(200);
    app.client.login(&email, "correct horse battery").await.expect(200);
    app.clock.advance_seconds(5 * 60);
    app.client.request_code(&email).await.expect(202);
    assert_eq!(app.codes.all(&email).len(), 6);
    let failed = app.database.events().await.into_iter().filter(|event| event.what == "code failed").count();
    assert_eq!(failed, 2 + (12 - 5), "what was not sent is noted as such, for the absent alike");
}

#[tokio::test]
async fn a_client_that_tries_too_often_waits() {
    let app = throttled().await;
    let user = app.user().await;
    for n in 0..30 {
        app.client.request_code(&format!("nobody{n}@example.com")).await.expect(202);
    }
    let refused = app.client.request_code(&user.email).await.refused(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), Some("60"));
    app.client.forgot_password("nobody@example.com").await.refused(429, "too_many_attempts");
    for _ in 0..29 {
        let body = json!({"email": app.new_address(), "password": "correct horse battery"});
        app.client.register(&body).await.expect(202);
    }
    let body = json!({"email": app.new_address(), "password": "correct horse battery"});
    let refused = app.client.register(&body).await.refused(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), Some("120"));
    // The verification was one of the hundred log-ins.
    for n in 0..99 {
        app.client
            .login_with_code(&format!("nobody{n}@example.com"), "123456")
            .await
            .refused(401, "invalid_credentials");
    }
    app.client.login(&user.email, &user.password).await.refused(429, "too_many_attempts");
    app.client.verify(&user.email, "123456").await.refused(429, "too_many_attempts");
    app.clock.advance_seconds(3);
    app.client.login(&user.email, &user.password).await.expect(200);
}

#[tokio::test]
async fn without_limits_only_wrong_guesses_are_counted() {
    let app = spawn().await;
    for _ in 0..40 {
        app.client.request_code("nobody@example.com").await.expect(202);
    }
    let counted = app.database.texts("SELECT name FROM throttle").await;
    assert_eq!(counted, [""; 0]);
}
