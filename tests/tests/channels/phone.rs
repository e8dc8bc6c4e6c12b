//! The telephone number of an account: proving it, and codes that go there.

use acceptance::binary::Place;
use acceptance::codes::another_code;
use acceptance::database::TestDatabase;
use acceptance::http_sink::HttpSink;
use acceptance::smtp::MailServer;
use acceptance::{Answer, App, User, json, spawn, spawn_with};

const NUMBER: &str = "+919812345678";

/// Puts a number in place of any other.
async fn number(user: &User, number: &str) -> Answer {
    user.put("/me/phone", &json!({"phone": number, "password": user.password})).await
}

async fn proved(app: &App) -> User {
    let user = app.user().await;
    number(&user, NUMBER).await.expect(202);
    let code = app.codes.latest(&user.email, "phone");
    user.post("/me/phone/verify", &json!({"otp": code})).await.expect(204);
    user
}

#[tokio::test]
async fn a_number_is_proved_by_the_code_that_was_sent_to_it() {
    let app = spawn().await;
    let user = app.user().await;
    user.get("/me/phone").await.refused(404, "not_found");
    user.delete("/me/phone").await.refused(404, "not_found");
    user.post("/me/phone/verify", &json!({"otp": "123456"})).await.refused(401, "invalid_otp");
    let answer = number(&user, "+91 (98123) 456-78").await.expect(202).json;
    assert_eq!(answer, json!({"verification": {"channel": "sms", "expires_in": 600}}));
    assert_eq!(user.get("/me/phone").await.expect(200).json, json!({"phone": NUMBER, "proved_at": null}));
    let code = app.codes.latest(&user.email, "phone");
    user.post("/me/phone/verify", &json!({"otp": another_code(&code)})).await.refused(401, "invalid_otp");
    user.post("/me/phone/verify", &json!({"otp": code})).await.expect(204);
    user.post("/me/phone/verify", &json!({"otp": code})).await.refused(401, "invalid_otp");
    let shown = json!({"phone": NUMBER, "proved_at": app.clock.text()});
    assert_eq!(user.get("/me/phone").await.expect(200).json, shown);
    for bad in ["", "9812345678", "+91", "+91981234567x"] {
        number(&user, bad).await.expect(422);
    }
    assert_eq!(user.get("/me/phone").await.expect(200).json, shown);
    user.delete("/me/phone").await.expect(204);
    user.get("/me/phone").await.refused(404, "not_found");
    let events = user.all("/auth/login-events", 100).await;
    let named: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(named[..2], ["phone_removed", "phone_proved"], "{named:?}");
}

#[tokio::test]
async fn a_code_proves_no_other_number_and_only_five_guesses_count() {
    let app = spawn().await;
    let user = app.user().await;
    number(&user, NUMBER).await.expect(202);
    let first = app.codes.latest(&user.email, "phone");
    // Another number in its place, without a code of its own that would take the place of the first one.
    app.database.execute(&format!("UPDATE user_phone SET number = '+15005550006' WHERE user_id = {}", user.id)).await;
    user.post("/me/phone/verify", &json!({"otp": first})).await.refused(401, "invalid_otp");
    app.database.execute(&format!("UPDATE user_phone SET number = '{NUMBER}' WHERE user_id = {}", user.id)).await;
    for _ in 0..4 {
        user.post("/me/phone/verify", &json!({"otp": another_code(&first)})).await.refused(401, "invalid_otp");
    }
    user.post("/me/phone/verify", &json!({"otp": first})).await.refused(401, "invalid_otp");
}

#[tokio::test]
async fn a_session_alone_puts_no_number() {
    let app = spawn().await;
    let user = app.user().await;
    let wrong = json!({"phone": NUMBER, "password": "not the password of many words"});
    user.put("/me/phone", &wrong).await.invalid(&["/password wrong_password"]);
    user.put("/me/phone", &json!({"phone": NUMBER})).await.invalid(&["/password required"]);
    user.get("/me/phone").await.refused(404, "not_found");
    assert_eq!(app.codes.phones(&user.email), [""; 0]);
    let events = user.all("/auth/login-events", 100).await;
    let refused = events.iter().filter(|event| event["event"] == "code" && event["outcome"] == "failed");
    assert_eq!(refused.count(), 1, "the wrong password; what has none at all never gets so far");
}

#[tokio::test]
async fn it_takes_a_session() {
    let app = spawn().await;
    let user = app.user().await;
    let (script, _) = user.personal_token(&["read", "write"]).await;
    script.get("/me/phone").await.refused(403, "session_required");
    script.put("/me/phone", &json!({"phone": NUMBER})).await.refused(403, "session_required");
    script.post("/me/phone/verify", &json!({"otp": "123456"})).await.refused(403, "session_required");
    script.delete("/me/phone").await.refused(403, "session_required");
}

#[tokio::test]
async fn a_proved_number_gets_codes_to_log_in_and_to_reset() {
    let app = spawn().await;
    let user = proved(&app).await;
    let by_sms = |path: &str, email: &str| app.client.post(path, &json!({"email": email, "channel": "sms"}));
    let answer = by_sms("/auth/otp", &user.email).await.expect(202).json;
    assert_eq!(answer["verification"]["channel"], "sms");
    assert_eq!(app.codes.phones(&user.email), [NUMBER, NUMBER]);
    app.client.login_with_code(&user.email, &app.codes.latest(&user.email, "login")).await.expect(200);
    by_sms("/auth/password/forgot", &user.email).await.expect(202);
    let reset = app.codes.latest(&user.email, "reset");
    app.client.reset_password(&user.email, &reset, "another password of many words").await.expect(204);
    app.client.post("/auth/otp", &json!({"email": user.email, "channel": "pigeon"})).await.expect(422);
}

#[tokio::test]
async fn without_a_proved_number_the_answer_is_the_same_and_nothing_is_sent() {
    let app = spawn().await;
    let (known, unproved) = (proved(&app).await, app.user().await);
    number(&unproved, "+919812345679").await.expect(202);
    let before = app.codes.all(&unproved.email).len();
    let mut answers = Vec::new();
    for email in [&known.email, &unproved.email, "nobody@example.com"] {
        let answer = app.client.post("/auth/otp", &json!({"email": email, "channel": "sms"})).await.expect(202);
        answers.push(answer.body);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(app.codes.all(&unproved.email).len(), before);
    let codes = "SELECT COUNT(*) FROM one_time_code WHERE purpose = 'login' AND user_id";
    assert_eq!(app.database.number(&format!("{codes} > 0")).await, 1);
    assert_eq!(app.database.number(&format!("{codes} < 0")).await, 2, "as much is done for those who get none");
}

#[tokio::test]
async fn messages_to_a_number_are_counted_whoever_asks() {
    let app = spawn_with(|settings| settings.limits.requests_per_minute = 600).await;
    let (one, other) = (app.user().await, app.user().await);
    for _ in 0..3 {
        number(&one, NUMBER).await.expect(202);
    }
    number(&one, NUMBER).await.refused(429, "too_many_attempts");
    // The account's own messages: four tries, and the one that it was verified with.
    number(&one, "+919812345670").await.refused(429, "too_many_attempts");
    number(&other, NUMBER).await.refused(429, "too_many_attempts");
    number(&other, "+919812345670").await.expect(202);
}

#[tokio::test]
async fn the_real_program_sends_the_code_by_short_message() {
    let (database, mail, sms) = (TestDatabase::migrated().await, MailServer::start().await, HttpSink::start().await);
    let place = Place::new(database.url())
        .with("FLORIN__OTP__DELIVERY", "smtp")
        .with("FLORIN__OTP__SMS", "true")
        .with("FLORIN__EMAIL__SMTP_URL", &mail.url())
        .with("FLORIN__EMAIL__FROM", "florin@example.com")
        .with("FLORIN__SMS__BASE_URL", &sms.url())
        .with("FLORIN__SMS__ACCOUNT_SID", "AC1")
        .with("FLORIN__SMS__AUTH_TOKEN", "s3cret")
        .with("FLORIN__SMS__FROM", "Florin");
    let server = place.serve().await;
    let email = "ana@example.com";
    server.client.register(&json!({"email": email, "password": "a password of many words"})).await.expect(202);
    let tokens = server.client.verify(email, &mail.mail_to(email, 0).await.code()).await.expect(200);
    let user = User::of(&server.client, &tokens, "a password of many words");
    number(&user, NUMBER).await.expect(202);
    // Whatever waits is sent before the end.
    server.stop().await;
    let body = sms.last().body;
    assert!(body.starts_with("To=%2B919812345678&From=Florin&Body="), "{body}");
    assert!(body.contains("is+your+code+to+prove+your+telephone+number+to+Florin"), "{body}");
}
