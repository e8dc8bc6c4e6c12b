//! Addresses that are signed up more than once before they are proved: a code confirms what it was sent with.

use acceptance::{App, json, spawn};

/// Signs the address up and returns the code.
async fn register(app: &App, email: &str, password: &str, name: &str) -> String {
    app.client.register(&json!({"email": email, "password": password, "name": name})).await.expect(202);
    app.codes.latest(email, "verify")
}

#[tokio::test]
async fn a_code_confirms_the_details_that_it_was_sent_with() {
    let app = spawn().await;
    for chosen in [0, 1] {
        let email = app.new_address();
        let passwords = ["somebody else first", "the owner at last"];
        let codes = [
            register(&app, &email, passwords[0], "Somebody").await,
            register(&app, &email, passwords[1], "Owner").await,
        ];
        if codes[0] == codes[1] {
            continue;
        }
        app.client.login(&email, passwords[1]).await.refused(403, "email_not_verified");
        app.clock.advance_seconds(9 * 60);
        let tokens = app.client.verify(&email, &codes[chosen]).await.expect(200);
        assert_eq!(tokens["user"]["name"], ["Somebody", "Owner"][chosen]);
        app.client.login(&email, passwords[1 - chosen]).await.refused(401, "invalid_credentials");
        app.client.login(&email, passwords[chosen]).await.expect(200);
        app.client.verify(&email, &codes[1 - chosen]).await.refused(401, "invalid_otp");
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM sign_up").await, 0, "nothing is kept of them");
}

#[tokio::test]
async fn an_older_code_ends_after_its_own_ten_minutes() {
    let app = spawn().await;
    let email = app.new_address();
    let old = register(&app, &email, "somebody else first", "").await;
    app.clock.advance_seconds(5 * 60);
    let new = register(&app, &email, "the owner at last", "").await;
    app.clock.advance_seconds(5 * 60);
    if old != new {
        app.client.verify(&email, &old).await.refused(401, "invalid_otp");
    }
    app.client.verify(&email, &new).await.expect(200);
    app.client.login(&email, "the owner at last").await.expect(200);
}

#[tokio::test]
async fn more_sign_ups_give_no_more_guesses() {
    let app = spawn().await;
    let email = app.new_address();
    for n in 0..5 {
        let code = register(&app, &email, "correct horse battery", "").await;
        app.client.verify(&email, &acceptance::codes::another_code(&code)).await.refused(401, "invalid_otp");
        assert_eq!(app.codes.all(&email).len(), n + 1);
    }
    for (_, code) in app.codes.all(&email) {
        app.client.verify(&email, &code).await.refused(401, "invalid_otp");
    }
}

#[tokio::test]
async fn a_new_count_of_guesses_is_none_for_older_codes() {
    let app = spawn().await;
    let email = app.new_address();
    register(&app, &email, "correct horse battery", "").await;
    app.clock.advance_seconds(9 * 60);
    let old = register(&app, &email, "correct horse battery", "Old").await;
    for _ in 0..5 {
        app.client.verify(&email, &acceptance::codes::another_code(&old)).await.refused(401, "invalid_otp");
    }
    app.clock.advance_seconds(61);
    let new = register(&app, &email, "correct horse battery", "New").await;
    if old != new {
        app.client.verify(&email, &old).await.refused(401, "invalid_otp");
    }
    assert_eq!(app.client.verify(&email, &new).await.expect(200)["user"]["name"], "New");
}

#[tokio::test]
async fn a_code_that_is_sent_again_confirms_the_only_sign_up() {
    let app = spawn().await;
    let email = app.new_address();
    let first = register(&app, &email, "correct horse battery", "Ana").await;
    app.clock.advance_seconds(60 * 60);
    app.client.request_code(&email).await.expect(202);
    let again = app.codes.latest(&email, "verify");
    if first != again {
        app.client.verify(&email, &first).await.refused(401, "invalid_otp");
    }
    assert_eq!(app.client.verify(&email, &again).await.expect(200)["user"]["name"], "Ana");
    app.client.login(&email, "correct horse battery").await.expect(200);
}

#[tokio::test]
async fn a_code_that_is_sent_again_to_several_confirms_nobodys_password() {
    let app = spawn().await;
    let email = app.new_address();
    register(&app, &email, "somebody else first", "Somebody").await;
    register(&app, &email, "the owner at last", "Owner").await;
    app.client.request_code(&email).await.expect(202);
    let tokens = app.client.verify(&email, &app.codes.latest(&email, "verify")).await.expect(200);
    assert_eq!(tokens["user"]["name"], "");
    for password in ["somebody else first", "the owner at last", ""] {
        app.client.login(&email, password).await.refused(401, "invalid_credentials");
    }
    let signed_in = app.client.with_token(&tokens.text("access_token"));
    signed_in.change_password("", "a password of my own").await.invalid(&["/current_password wrong_password"]);
    app.client.forgot_password(&email).await.expect(202);
    let otp = app.codes.latest(&email, "reset");
    app.client.reset_password(&email, &otp, "a password of my own").await.expect(204);
    app.client.login(&email, "a password of my own").await.expect(200);
}
