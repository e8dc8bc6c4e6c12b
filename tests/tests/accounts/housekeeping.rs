//! Housekeeping beside a server: again and again, whatever happens, until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use acceptance::{App, json, spawn};
use florin_api::{compose, housekeeping};
use florin_infra::db::{Database, DatabaseOptions};
use florin_infra::settings::Settings;
use tokio::sync::oneshot;

const SOON: Duration = Duration::from_millis(20);

async fn codes(app: &App) -> i64 {
    app.database.number("SELECT COUNT(*) FROM one_time_code").await
}

/// Waits until there are so many codes.
async fn until_codes(app: &App, wanted: i64) {
    for _ in 0..200 {
        if codes(app).await == wanted {
            return;
        }
        tokio::time::sleep(SOON).await;
    }
    panic!("{} codes instead of {wanted}", codes(app).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_on_until_it_is_stopped() {
    let app = spawn().await;
    let sign_up = async || {
        let body = json!({"email": app.new_address(), "password": "a password of many words"});
        app.client.register(&body).await.expect(202);
    };
    sign_up().await;
    let database = Database::connect(app.database.url(), &DatabaseOptions::default()).await.unwrap();
    let settings = Settings::built_in().unwrap();
    let service = Arc::new(compose::housekeeping(&settings, &database, Arc::new(app.clock.clone())));
    let (stop, stopped) = oneshot::channel::<()>();
    let keeping = tokio::spawn({
        let service = Arc::clone(&service);
        async move { housekeeping::keep(&service, SOON, SOON, async { drop(stopped.await) }).await }
    });
    tokio::time::sleep(5 * SOON).await;
    assert_eq!(codes(&app).await, 1, "nothing is due yet");
    app.clock.advance_days(2);
    until_codes(&app, 0).await;

    // A table that cannot be reached keeps none of the others from being cleared, and is cleared in its time.
    app.database.execute("ALTER TABLE idempotency_key RENAME TO idempotency_key_away").await;
    sign_up().await;
    app.clock.advance_days(2);
    until_codes(&app, 0).await;
    let rows = "INSERT INTO idempotency_key_away (user_id, key_hash, fingerprint, answer, created_at) \
                SELECT id, hash, hash, hash, 0 FROM user_login, refresh_token";
    app.user().await;
    app.database.execute(rows).await;
    app.database.execute("ALTER TABLE idempotency_key_away RENAME TO idempotency_key").await;
    for _ in 0..200 {
        if app.database.number("SELECT COUNT(*) FROM idempotency_key").await == 0 {
            break;
        }
        tokio::time::sleep(SOON).await;
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM idempotency_key").await, 0);

    service.stop();
    drop(stop);
    tokio::time::timeout(Duration::from_secs(5), keeping).await.expect("it ends soon").unwrap();
    sign_up().await;
    app.clock.advance_days(2);
    tokio::time::sleep(5 * SOON).await;
    assert_eq!(codes(&app).await, 1 + 1, "nobody is at it any more: this code and that of the person above");
    database.close().await;
}
