//! Many at once. `FLORIN_TEST_FULL=1` gives the figures of the promises.

use acceptance::codes::another_code;
use acceptance::{App, json, size, spawn};
use futures::future::join_all;

async fn unproved(app: &App) -> (String, String) {
    let email = app.new_address();
    app.client.register(&json!({"email": email, "password": "correct horse battery"})).await.expect(202);
    let otp = app.codes.latest(&email, "verify");
    (email, otp)
}

#[tokio::test]
async fn after_many_parallel_wrong_codes_the_right_one_is_refused() {
    let app = spawn().await;
    let (email, otp) = unproved(&app).await;
    let wrong = another_code(&otp);
    let guesses =
        (0..size(60, 500)).map(|_| async { app.client.verify(&email, &wrong).await.refused(401, "invalid_otp") });
    join_all(guesses).await;
    app.client.verify(&email, &otp).await.refused(401, "invalid_otp");
}

#[tokio::test]
async fn one_right_code_opens_one_session_however_often_it_is_shown() {
    let app = spawn().await;
    for round in 0..size(5, 100) {
        let (email, otp) = unproved(&app).await;
        let uses = join_all((0..64).map(|_| async { app.client.verify(&email, &otp).await.status })).await;
        assert_eq!(uses.iter().filter(|status| **status == 200).count(), 1, "round {round}: {uses:?}");
        let sessions = app.database.number("SELECT COUNT(*) FROM session").await;
        assert_eq!(sessions, i64::try_from(round).unwrap() + 1);
    }
}

#[tokio::test]
async fn one_refresh_token_leaves_one_live_branch_however_often_it_is_shown() {
    let app = spawn().await;
    for round in 0..size(5, 100) {
        let user = app.user().await;
        let answers = join_all((0..64).map(|_| async { app.client.refresh(&user.refresh_token).await })).await;
        let mut live = 0;
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            live += usize::from(app.client.refresh(&answer.text("refresh_token")).await.status == 200);
        }
        assert_eq!(live, 1, "round {round}");
    }
}

#[tokio::test]
async fn of_many_changes_of_one_version_of_a_profile_one_is_made() {
    let app = spawn().await;
    let user = app.user().await;
    for round in 0..size(5, 200) {
        let tag = user.me().await.header("etag").unwrap().to_owned();
        let changes =
            join_all((0..64).map(|n| {
                let (user, tag) = (&user, &tag);
                async move {
                    user.patch("/me", &json!({"name": format!("{round} {n}")})).header("if-match", tag).await.status
                }
            }));
        let mut statuses = changes.await;
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (200, &[412; 63][..]), "round {round}");
    }
}

#[tokio::test]
async fn no_log_in_by_an_old_password_outlives_its_change() {
    let app = spawn().await;
    for _ in 0..size(5, 100) {
        let user = app.user().await;
        let log_ins = join_all((0..8).map(|_| async { app.client.login(&user.email, &user.password).await }));
        let change = async { user.change_password(&user.password, "another password altogether").await.expect(204) };
        let (answers, _) = futures::join!(log_ins, change);
        for answer in answers {
            match answer.status {
                200 => {
                    let client = app.client.with_token(&answer.text("access_token"));
                    client.me().await.refused(401, "invalid_token");
                }
                _ => drop(answer.refused(401, "invalid_credentials")),
            }
        }
        user.me().await.expect(200);
        app.client.login(&user.email, "another password altogether").await.expect(200);
    }
}

#[tokio::test]
async fn simultaneous_resets_set_one_password() {
    let app = spawn().await;
    let user = app.user().await;
    app.client.forgot_password(&user.email).await.expect(202);
    let otp = app.codes.latest(&user.email, "reset");
    // No more than the guesses that there are.
    let passwords: Vec<_> = (0..5).map(|n| format!("password number {n} of five")).collect();
    let resets = passwords.iter().map(|new| async { app.client.reset_password(&user.email, &otp, new).await.status });
    let statuses = join_all(resets).await;
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    for (password, status) in passwords.iter().zip(statuses) {
        let expected = if status == 204 { 200 } else { 401 };
        app.client.login(&user.email, password).await.expect(expected);
    }
}
