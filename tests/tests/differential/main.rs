//! One history on SQLite, MariaDB and PostgreSQL at once: every answer is the same, byte for byte, but for what is random by its
//! nature. Needs all three, so `make torture` runs it and `make test` does not; there, `engines` compares with kept answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

use acceptance::database::{Engine, TestDatabase};
use acceptance::history::any_request;
use acceptance::random::Random;
use acceptance::torture::{figure_of, seed, size};
use acceptance::{Answer, App, BEGINNING, Client, Value, json, spawn_on};
use futures::future::join_all;

/// How many people there are; each asks in turn.
const PEOPLE: usize = 5;
/// How many requests the history of one person's database goes on for; then everybody is new.
const CHAPTER: usize = 2500;

/// What is compared of an answer: status, the headers that mean something, every byte of the body. The chain's hashes are over
/// random salts.
fn told(answer: &Answer) -> String {
    let mut text = answer.status.to_string();
    for header in ["etag", "location", "allow", "content-type", "retry-after", "idempotency-replayed"] {
        text.push_str(&format!("\n{header}: {}", answer.header(header).unwrap_or("-")));
    }
    let body = String::from_utf8_lossy(&answer.body);
    text.push_str("\n\n");
    let mut rest: &str = &body;
    for member in ["\"head_hash\":\"", "\"hash\":\""] {
        while let Some((before, after)) = rest.split_once(member) {
            text.push_str(before);
            text.push('…');
            rest = after.split_once('"').expect("the end of a text").1;
        }
    }
    text.push_str(rest);
    text
}

async fn people(app: &App) -> Vec<Client> {
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let currency = ["INR", "EUR", "JPY", "KWD", "USD"][n];
        let user = app.user_with(&json!({"currency": currency, "timezone": "Europe/Lisbon"})).await;
        people.push((*user).clone());
    }
    people
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_history_is_answered_alike_by_three_engines() {
    let requests = size(300, 1500, 10_000);
    let mut random = Random::new(seed());
    let (mut asked, mut accepted, mut bytes) = (0, 0, 0);
    while asked < requests {
        let mut worlds = Vec::new();
        for engine in Engine::all() {
            let app = spawn_on(TestDatabase::migrated_on(&engine).await, BEGINNING, |_| {}).await;
            let people = people(&app).await;
            worlds.push((app, people));
        }
        let until = requests.min(asked + CHAPTER);
        while asked < until {
            let (method, path, body): (&str, String, Value) = any_request(&mut random);
            let (who, pause) = (usize::try_from(random.below(PEOPLE as u64)).unwrap(), random.below(5000));
            // One write in four has a key, and one of those is sent again.
            let key = (method != "GET" && random.below(4) == 0).then(|| format!("key {}", asked).replace(' ', "-"));
            let again = key.is_some() && random.below(4) == 0;
            let number = asked;
            for _ in 0..1 + usize::from(again) {
                let answers = join_all(worlds.iter().map(|(app, people)| {
                    app.clock.advance_millis(i64::try_from(pause).unwrap());
                    let mut call = people[who].call(method, &path).header("x-request-id", &format!("r{number}"));
                    if let Some(key) = &key {
                        call = call.header("idempotency-key", key);
                    }
                    if !body.is_null() {
                        call = call.json(&body);
                    }
                    call.into_future()
                }))
                .await;
                let told: Vec<String> = answers.iter().map(told).collect();
                assert!(
                    told.iter().all(|text| *text == told[0]),
                    "request {asked}: {method} {path} {body}\n{}",
                    told.join("\n---\n")
                );
                asked += 1;
                accepted += usize::from(answers[0].status < 300);
                bytes += answers[0].body.len();
            }
        }
        for (_, people) in &worlds {
            for person in people {
                acceptance::books::assert_sound(person).await;
            }
        }
    }
    assert!(accepted * 3 > asked, "{accepted} of {asked} were accepted");
    figure_of("all three", "engines", &format!("{asked} requests ({accepted} accepted), {bytes} bytes each, 0 differ"));
}
