//! Passwords guessed over many addresses, several servers and a restart: few are ever looked at, and the owner gets in.

use acceptance::{App, Client, User, json, size, spawn_with};
use futures::future::join_all;

/// Rounds after the first rush, and the minutes between them: all within a day.
const ROUNDS: usize = 15;
const MINUTES: i64 = 95;

/// How the guesser comes, and what is counted besides guesses.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Whether the guesser comes through a proxy that is believed, so that each guess has an address of its own.
    by_proxy: bool,
    requests_per_minute: u32,
}

/// An address that no guess before came from.
fn another_address(n: usize) -> String {
    format!("198.{}.{}.{}", 18 + n / 65_536, n / 256 % 256, n % 256)
}

/// What became of guesses.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    evaluated: usize,
    refused: usize,
}

impl Tally {
    /// Guesses wrongly, `n` times at once, over these servers in turn.
    async fn guess(&mut self, servers: &[Client], email: &str, n: usize) {
        let guesses = (self.sent..self.sent + n).map(|guess| async move {
            let server = &servers[guess % servers.len()];
            let call = server.login(email, &format!("guess number {guess}"));
            call.header("x-forwarded-for", &another_address(guess)).await
        });
        for answer in join_all(guesses).await {
            match answer.status {
                401 => self.evaluated += 1,
                429 => self.refused += 1,
                _ => panic!("{answer:?}"),
            }
        }
        self.sent += n;
    }
}

async fn log_in_by_code(app: &App, user: &User) {
    // From an address of their own, where that can be told.
    let asked = app.client.request_code(&user.email).header("x-forwarded-for", "203.0.113.7");
    asked.await.expect(202);
    let code = app.codes.latest(&user.email, "login");
    let tokens = app.client.login_with_code(&user.email, &code).header("x-forwarded-for", "203.0.113.7").await;
    app.client.with_token(&tokens.expect(200).text("access_token")).me().await.expect(200);
}

/// A day of guesses; what came of it, for whoever reads along.
async fn guess_for_a_day(way: Way) -> String {
    let mut app = spawn_with(|settings| {
        settings.limits.requests_per_minute = way.requests_per_minute;
        if way.by_proxy {
            settings.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        }
    })
    .await;
    let (owner, neighbour) = (app.user().await, app.user().await);
    let events_before = app.database.events().await.len();
    let total = size(150, 1000);
    let began = app.clock.millis();
    let mut servers = vec![app.client.clone(), app.another_instance().await];
    let mut tally = Tally::default();
    tally.guess(&servers, &owner.email, total / 2).await;
    let mut right_refused = 0;
    for round in 0..ROUNDS {
        if round == 0 {
            // A restart: what was counted is not in any server's memory.
            servers = vec![app.another_instance().await, app.another_instance().await];
        }
        app.clock.advance_seconds(MINUTES * 60);
        tally.guess(&servers, &owner.email, (total / 2).div_ceil(ROUNDS)).await;
        // The right one among them, when the bound is reached: not looked at, wherever it is shown.
        for server in servers.iter().chain([&app.client]) {
            let right = server.login(&owner.email, &owner.password);
            let address = another_address(tally.sent + round);
            right.header("x-forwarded-for", &address).await.refused(429, "too_many_attempts");
            right_refused += 1;
        }
        if round % 5 == 0 {
            log_in_by_code(&app, &owner).await;
            owner.me().await.expect(200);
            let login = app.client.login(&neighbour.email, &neighbour.password);
            login.header("x-forwarded-for", "203.0.113.8").await.expect(200);
        }
    }
    assert!(app.clock.millis() - began < 24 * 60 * 60 * 1000, "within a day");
    assert!(tally.sent >= total, "{tally:?}");
    assert!((90..=100).contains(&tally.evaluated), "{tally:?}");

    // Each try is in the trail, with the address that it is known to come from.
    let events = app.database.events().await.split_off(events_before);
    let failed: Vec<_> = events.iter().filter(|event| event.what == "login failed").collect();
    assert_eq!(failed.len(), tally.sent + right_refused);
    assert!(failed.iter().all(|event| event.user == Some(owner.id)));
    let mut addresses: Vec<_> = failed.iter().map(|event| event.ip.as_str()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    if way.by_proxy {
        assert!(addresses.len() >= tally.sent, "{} addresses", addresses.len());
    } else {
        assert_eq!(addresses, ["127.0.0.1"], "what an untrusted peer says of itself is not believed");
    }
    // A day later the password is as good as before.
    app.clock.advance_days(1);
    app.client.login(&owner.email, &owner.password).await.expect(200);
    format!("{way:?}: {tally:?}, the right one refused {right_refused} times")
}

#[tokio::test]
async fn spoofed_addresses_do_not_help() {
    println!("{}", guess_for_a_day(Way { by_proxy: false, requests_per_minute: 0 }).await);
}

#[tokio::test]
async fn many_addresses_do_not_help() {
    println!("{}", guess_for_a_day(Way { by_proxy: true, requests_per_minute: 0 }).await);
}

#[tokio::test]
async fn many_addresses_do_not_help_beside_the_other_throttles() {
    println!("{}", guess_for_a_day(Way { by_proxy: true, requests_per_minute: 600 }).await);
}

#[tokio::test]
async fn one_client_tries_no_more_accounts_for_spoofing_its_address() {
    let app = spawn_with(|settings| settings.limits.requests_per_minute = 1_000_000).await;
    let tries = join_all((0..150).map(|n| {
        let call =
            app.client.post("/auth/login", &json!({"email": format!("p{n}@example.com"), "password": "a guess"}));
        async move { call.header("x-forwarded-for", &another_address(n)).await.status }
    }));
    let statuses = tries.await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 100, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 50, "{statuses:?}");
}
