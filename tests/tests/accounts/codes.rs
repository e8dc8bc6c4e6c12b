//! One-time codes: six digits, ten minutes, one use, one for each purpose, five guesses.

use acceptance::codes::another_code;
use acceptance::{App, json, spawn};

async fn unproved(app: &App) -> (String, String) {
    let email = app.new_address();
    app.client.register(&json!({"email": email, "password": "correct horse battery"})).await.expect(202);
    let otp = app.codes.latest(&email, "verify");
    (email, otp)
}

#[tokio::test]
async fn a_wrong_code_is_refused_and_the_right_one_still_works() {
    let app = spawn().await;
    let (email, otp) = unproved(&app).await;
    app.client.verify(&email, &another_code(&otp)).await.refused(401, "invalid_otp");
    for garbage in ["", "12345", "1234567", "abcdef", "１２３４５６", "' OR 1=1"] {
        let answer = app.client.verify(&email, garbage).await;
        assert!([401, 422].contains(&answer.status), "{answer:?}");
        if answer.status == 401 {
            break;
        }
    }
    app.client.verify(&email, &otp).await.expect(200);
}

#[tokio::test]
async fn a_sixth_guess_is_never_looked_at() {
    let app = spawn().await;
    let (email, otp) = unproved(&app).await;
    for _ in 0..5 {
        app.client.verify(&email, &another_code(&otp)).await.refused(401, "invalid_otp");
    }
    app.client.verify(&email, &otp).await.refused(401, "invalid_otp");
    // Asking for another code is no way to more guesses, until the lifetime of a code is over.
    app.client.request_code(&email).await.expect(202);
    app.client.verify(&email, &app.codes.latest(&email, "verify")).await.refused(401, "invalid_otp");
    app.clock.advance_seconds(10 * 60);
    app.client.request_code(&email).await.expect(202);
    app.client.verify(&email, &app.codes.latest(&email, "verify")).await.expect(200);
}

#[tokio::test]
async fn parallel_guesses_are_counted_before_they_are_compared() {
    let app = spawn().await;
    let (email, otp) = unproved(&app).await;
    let wrong = another_code(&otp);
    let guesses = (0..40).map(|_| async { app.client.verify(&email, &wrong).await.refused(401, "invalid_otp") });
    futures::future::join_all(guesses).await;
    app.client.verify(&email, &otp).await.refused(401, "invalid_otp");
}

#[tokio::test]
async fn a_code_ends_after_ten_minutes() {
    let app = spawn().await;
    let (email, otp) = unproved(&app).await;
    app.clock.advance_millis(10 * 60 * 1000);
    app.client.verify(&email, &otp).await.refused(401, "invalid_otp");
    app.client.request_code(&email).await.expect(202);
    let otp = app.codes.latest(&email, "verify");
    app.clock.advance_millis(10 * 60 * 1000 - 1);
    app.client.verify(&email, &otp).await.expect(200);
}

#[tokio::test]
async fn a_code_is_used_once_even_in_parallel() {
    let app = spawn().await;
    let (email, otp) = unproved(&app).await;
    // No more than the guesses that there are.
    let uses = futures::future::join_all((0..5).map(|_| async { app.client.verify(&email, &otp).await.status })).await;
    assert_eq!(uses.iter().filter(|status| **status == 200).count(), 1, "{uses:?}");
    app.client.verify(&email, &otp).await.refused(401, "invalid_otp");
}

#[tokio::test]
async fn a_code_is_good_for_its_purpose_only() {
    let app = spawn().await;
    let (email, verify) = unproved(&app).await;
    app.client.login_with_code(&email, &verify).await.refused(401, "invalid_credentials");
    app.client.verify(&email, &verify).await.expect(200);
    app.client.request_code(&email).await.expect(202);
    let login = app.codes.latest(&email, "login");
    app.client.verify(&email, &login).await.refused(401, "invalid_otp");
    app.client.login_with_code(&email, &login).await.expect(200);
}

#[tokio::test]
async fn a_proved_person_logs_in_by_code() {
    let app = spawn().await;
    let user = app.user().await;
    let nobody = app.client.request_code("nobody@example.com").await.expect(202);
    let somebody = app.client.request_code(&user.email).await.expect(202);
    assert_eq!(nobody.body, somebody.body);
    assert_eq!(app.codes.all("nobody@example.com"), []);
    let otp = app.codes.latest(&user.email, "login");
    let tokens = app.client.login_with_code(&user.email, &otp).await.expect(200);
    assert_eq!(tokens["user"]["id"], user.id);
    app.client.login_with_code(&user.email, &otp).await.refused(401, "invalid_credentials");
    let wrong = app.client.login_with_code(&user.email, &another_code(&otp)).await.refused(401, "invalid_credentials");
    let absent = app.client.login_with_code("nobody@example.com", &otp).await.refused(401, "invalid_credentials");
    assert_eq!(wrong.anonymous(), absent.anonymous());
}

#[tokio::test]
async fn codes_are_stored_as_keyed_hashes_only() {
    let app = spawn().await;
    let (_, otp) = unproved(&app).await;
    assert_eq!(app.database.number("SELECT COUNT(*) FROM one_time_code WHERE LENGTH(hash) = 32").await, 1);
    let found = app.database.find_text(&otp).await;
    assert!(found.is_empty(), "the code stands in {found:?}");
}
