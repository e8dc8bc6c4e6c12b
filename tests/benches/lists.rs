//! How long lists take at 100,000 expenses of one person, on the first page and on the last; how soon the released
//! program is ready, and how much memory it holds when idle.
//!
//! `FLORIN_BENCH_EXPENSES` is another number of expenses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark prints what it found, and ends when something goes wrong"
)]

use std::time::{Duration, Instant};

use acceptance::binary::{Place, released};
use acceptance::database::{Engine, TestDatabase};
use acceptance::random::Random;
use acceptance::{User, json, spawn};

const BATCH: u64 = 500;
const SORTS: [&str; 5] = ["-date", "date", "-amount", "amount", "-logged_at"];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("on {}", Engine::chosen().name());
        lists().await;
        program().await;
    });
}

async fn lists() {
    let wanted = std::env::var("FLORIN_BENCH_EXPENSES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000_u64);
    let app = spawn().await;
    let user = app.user().await;
    let (began, mut random) = (Instant::now(), Random::new(1));
    for _ in 0..wanted / BATCH {
        app.clock.advance_millis(500);
        let operations: Vec<_> = (0..BATCH)
            .map(|_| {
                let date =
                    format!("20{}-{:02}-{:02}", 20 + random.below(6), 1 + random.below(12), 1 + random.below(28));
                let amount = format!("{}.{:02}", 1 + random.below(5000), random.below(100));
                json!({"op": "create", "amount": amount, "date": date, "category_id": 1 + random.below(18)})
            })
            .collect();
        user.batch(&json!({"operations": operations})).await.expect(200);
    }
    println!("{} expenses recorded in {} s", wanted / BATCH * BATCH, began.elapsed().as_secs());
    for sort in SORTS {
        let first = format!("/expenses?limit=50&sort={sort}");
        let last = last_page(&user, sort).await;
        let (first, last) = (median(&user, &first).await, median(&user, &last).await);
        let percent = last.as_micros() * 100 / first.as_micros().max(1);
        println!("{sort:>10}: first page {} us, last page {} us, {percent} %", first.as_micros(), last.as_micros());
    }
}

/// The path of the page after all others.
async fn last_page(user: &User, sort: &str) -> String {
    let (mut cursor, mut path) = (String::new(), String::new());
    loop {
        let page = user.get(&format!("/expenses?limit=200&sort={sort}{cursor}")).await.expect(200);
        match page["next_cursor"].as_str() {
            Some(next) => {
                cursor = format!("&cursor={next}");
                path = format!("/expenses?limit=50&sort={sort}{cursor}");
            }
            None => return path,
        }
    }
}

/// The median of five rounds of twenty requests, for one request.
async fn median(user: &User, path: &str) -> Duration {
    let mut rounds = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..20 {
            user.get(path).await.expect(200);
        }
        rounds.push(began.elapsed() / 20);
    }
    rounds.sort_unstable();
    rounds[2]
}

async fn program() {
    let Some(path) = released() else {
        println!("the program is not built for release: no cold start, no memory");
        return;
    };
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url()).running(path);
    let mut starts = Vec::new();
    for _ in 0..7 {
        let began = Instant::now();
        let server = place.serve().await;
        server.client.at("GET", "/readyz").await.expect(200);
        starts.push(began.elapsed());
    }
    starts.sort_unstable();
    println!("ready after {} ms (wanted: less than 300)", starts[3].as_millis());
    let server = place.serve().await;
    server.client.at("GET", "/readyz").await.expect(200);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id().unwrap())).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("unknown").trim();
    println!("{resident} resident when idle (wanted: less than 40 MB)");
}
