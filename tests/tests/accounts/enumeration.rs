//! Who has an account is nobody's business: an address without one costs the same.

use std::time::{Duration, Instant};

use acceptance::{App, Client, json, size, spawn};

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Sends one request about an address.
async fn ask(client: &Client, what: &str, email: &str) {
    let started = match what {
        "register" => client.register(&json!({"email": email, "password": "correct horse battery"})).await,
        "otp" => client.request_code(email).await,
        "forgot" => client.forgot_password(email).await,
        "reset" => client.reset_password(email, "123456", "another password altogether").await,
        "verify" => client.verify(email, "123456").await,
        "login" => client.login(email, "not the password").await,
        _ => client.login_with_code(email, "123456").await,
    };
    assert!([202, 401].contains(&started.status), "{started:?}");
}

async fn medians(app: &App, what: &str, rounds: usize) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        let emails = [app.user().await.email, app.new_address()];
        // Each is first in turn: what was busy a moment ago is quicker.
        for which in [round % 2, 1 - round % 2] {
            let started = Instant::now();
            ask(&app.client, what, &emails[which]).await;
            times[which].push(started.elapsed());
        }
    }
    times.map(median)
}

#[tokio::test]
async fn an_address_without_an_account_takes_the_same_time() {
    let app = spawn().await;
    let rounds = size(15, 201);
    // Other tests run at the same time: only on a quiet machine do times hold still.
    let slack = Duration::from_millis(u64::try_from(size(50, 5)).unwrap());
    for what in ["register", "otp", "forgot", "reset", "verify", "login", "login by code"] {
        let [known, unknown] = medians(&app, what, rounds).await;
        println!("{what}: known {known:?}, unknown {unknown:?}");
        let apart = known.abs_diff(unknown);
        assert!(apart <= slack.max(known.max(unknown) / 20), "{what}: known {known:?}, unknown {unknown:?}");
    }
}

#[tokio::test]
async fn an_address_without_an_account_takes_the_same_rows() {
    let app = spawn().await;
    let user = app.user().await;
    for (what, sql) in [
        ("otp", "SELECT COUNT(*) FROM one_time_code WHERE purpose = 'login' AND user_id"),
        ("forgot", "SELECT COUNT(*) FROM one_time_code WHERE purpose = 'reset' AND user_id"),
        ("otp", "SELECT COUNT(*) FROM login_event WHERE event = 'code'"),
    ] {
        ask(&app.client, what, &user.email).await;
        ask(&app.client, what, "nobody@example.com").await;
        if sql.ends_with("user_id") {
            assert_eq!(app.database.number(&format!("{sql} > 0")).await, 1, "{what}");
            assert_eq!(app.database.number(&format!("{sql} < 0")).await, 1, "{what}");
        } else {
            assert_eq!(app.database.number(sql).await, 6, "{what}");
        }
    }
    // A decoy has five guesses too, and none of its codes was sent to anybody.
    for _ in 0..6 {
        ask(&app.client, "login by code", "nobody@example.com").await;
    }
    let guesses =
        "SELECT MAX(attempts) FROM one_time_code WHERE purpose = 'login' AND user_id < 0 AND consumed_at IS NULL";
    assert!(app.database.number(&guesses.replace("MAX(attempts)", "COUNT(*)")).await == 1);
    assert_eq!(app.codes.all("nobody@example.com"), []);
}
