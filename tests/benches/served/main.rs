//! How many writes and reads the released program serves, beside the same statements sent by clients in C, and beside the same
//! service in Express. `make bench` runs it on all three engines and writes docs/benchmarks.md.
//!
//!   BENCH_ROUNDS=5 BENCH_SECONDS=3   how often each figure is taken, and for how long
//!   BENCH_FIGURES=FILE               where they are added, a line each: engine, figure, value, unit
//!   BENCH_READS=1                    the lists of people with 1,000, 10,000 and 100,000 expenses too (BENCH_ROWS of others)

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark prints what it found, and ends when something goes wrong"
)]

mod express;
mod florin;
mod load;
mod raw;
mod reads;

use std::io::Write;
use std::time::{Duration, Instant};

use acceptance::binary::{Place, released};
use acceptance::database::{Engine, TestDatabase};
use florin::{BATCH, Florin};
use load::{Pace, Requests, Seen, load};
use tokio::runtime::Runtime;

const CLIENTS: [usize; 4] = [1, 16, 64, 256];

/// What is measured, for how long, how often.
struct Plan {
    rounds: usize,
    time: Duration,
}

fn main() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let plan = Plan {
        rounds: number("BENCH_ROUNDS", 5.0) as usize,
        time: Duration::from_secs_f64(number("BENCH_SECONDS", 3.0)),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    writes(&runtime, &plan);
    log_ins(&runtime, &plan);
    if number("BENCH_READS", 0.0) > 0.0 {
        reads::measure(&runtime, &plan);
    }
}

/// Notes a figure: the median of what was measured, beside the least and the most.
fn figure(name: &str, unit: &str, mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    let line = format!(
        "{}\t{name}\t{median:.3}\t{unit}\t{:.3}\t{:.3}",
        Engine::chosen().name(),
        values[0],
        values[values.len() - 1]
    );
    println!("{line}");
    if let Ok(path) = std::env::var("BENCH_FIGURES") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
    median
}

/// `of / to`, round by round.
fn ratios(of: &[f64], to: &[f64]) -> Vec<f64> {
    of.iter().zip(to).map(|(of, to)| of / to).collect()
}

/// What clients are answered, as they should be.
fn ask(base: &str, clients: Vec<Requests>, status: u16, pace: Pace, plan: &Plan) -> Seen {
    let seen = load(base, clients, status, pace, plan.time);
    assert!(seen.refused.is_empty(), "refused: {:?}", seen.refused);
    seen
}

/// Many expenses in one request. It leaves many rows, and so comes after the rest.
fn bulk(florin: &Florin, plan: &Plan) {
    let (mut rates, mut medians) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        medians.push(ask(florin.base(), florin.batching(1), 200, Pace::Closed, plan).quantile(0.5) as f64 / 1e3);
        rates.push(ask(florin.base(), florin.batching(16), 200, Pace::Closed, plan).rate() * BATCH as f64);
    }
    figure("a batch of 500, 1 client, median", "ms", medians);
    figure("expenses in batches of 500, 16 clients", "expenses a second", rates);
}

/// Log-ins by password, at the cost of a hash that is shipped. Other tests hash at less.
fn log_ins(runtime: &Runtime, plan: &Plan) {
    let database = runtime.block_on(TestDatabase::migrated());
    let shipped = |place: Place| {
        place
            .with("FLORIN__AUTH__ARGON2_M_KIB", "19456")
            .with("FLORIN__AUTH__ARGON2_T", "2")
            .with("FLORIN__AUTH__ARGON2_P", "1")
    };
    let florin = runtime.block_on(Florin::start(database.url(), 16, shipped));
    let once = |_| ask(florin.base(), florin.logging_in(16), 200, Pace::Closed, plan).rate();
    figure("log-ins, 16 clients", "log-ins a second", (0..plan.rounds).map(once).collect());
    runtime.block_on(florin.stop());
}

/// How long it takes until a new process answers, and what it holds then.
fn starts(runtime: &Runtime, database: &TestDatabase, plan: &Plan) {
    let (mut ready, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let began = Instant::now();
        let florin = runtime.block_on(Florin::start(database.url(), 0, |place| place));
        ready.push(began.elapsed().as_secs_f64() * 1e3);
        idle.push(florin.used().1 as f64 / 1e6);
        runtime.block_on(florin.stop());
    }
    figure("ready after start", "ms", ready);
    figure("resident when idle", "MB", idle);
    let program = std::fs::metadata(released().expect("cargo build --release")).expect("the program");
    figure("the program's file", "MB", vec![program.len() as f64 / 1e6]);
}

fn writes(runtime: &Runtime, plan: &Plan) {
    let engine = Engine::chosen().name();
    let (database, other) =
        runtime.block_on(async { (TestDatabase::migrated().await, TestDatabase::migrated().await) });
    let most = CLIENTS[CLIENTS.len() - 1];
    starts(runtime, &database, plan);
    let florin = runtime.block_on(Florin::start(database.url(), most, |place| place));
    let alone =
        runtime.block_on(Florin::start(other.url(), 64, |place| place.with("FLORIN__DATABASE__GROUP_COMMIT", "false")));
    let (people, others) = runtime.block_on(async { (raw::people(&database).await, raw::people(&other).await) });
    let express = (engine == "mysql").then(|| express::Express::start(other.url(), others));

    let mut raws = Vec::new();
    let mut expresses = Vec::new();
    let mut rates = vec![Vec::new(); CLIENTS.len()];
    let mut costs = vec![Vec::new(); CLIENTS.len()];
    let mut latencies = vec![Vec::new(); CLIENTS.len()];
    let (mut single, mut single_alone, mut rates_alone, mut tails) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut resident = 0;
    let post = |base: &str, clients, pace| ask(base, clients, 201, pace, plan);
    for round in 0..plan.rounds {
        raws.push(raw::rate(other.url(), others, plan.time.as_secs_f64(), round));
        if let Some(express) = &express {
            expresses.push(post(express.base(), express.posting(64), Pace::Closed).rate());
        }
        for (n, clients) in CLIENTS.into_iter().enumerate() {
            let (before, _) = florin.used();
            let seen = post(florin.base(), florin.posting(clients), Pace::Closed);
            let (after, bytes) = florin.used();
            resident = resident.max(bytes);
            rates[n].push(seen.rate());
            latencies[n].push(seen.quantile(0.5) as f64);
            costs[n].push((after - before).as_secs_f64() * 1e6 / seen.done as f64);
            if clients == 1 {
                single.push(seen.quantile(0.5) as f64);
                single_alone.push(post(alone.base(), alone.posting(1), Pace::Closed).quantile(0.5) as f64);
            }
            if clients == 64 {
                rates_alone.push(post(alone.base(), alone.posting(64), Pace::Closed).rate());
                let half = post(florin.base(), florin.posting(64), Pace::Open(seen.rate() / 2.0));
                tails.push(half.quantile(0.99) as f64 / half.quantile(0.5) as f64);
            }
        }
    }
    let clients_of_raw = if engine == "sqlite" { 1 } else { raw::CONNECTIONS };
    figure(&format!("raw statements, {clients_of_raw} connections"), "a second", raws.clone());
    for (n, clients) in CLIENTS.into_iter().enumerate() {
        figure(&format!("POST, {clients} clients"), "a second", rates[n].clone());
        figure(&format!("POST, {clients} clients, median"), "us", latencies[n].clone());
        figure(&format!("POST, {clients} clients, processor time"), "us each", costs[n].clone());
    }
    figure("POST, 64 clients, without group commit", "a second", rates_alone);
    figure("POST, 64 clients / raw statements", "times", ratios(&rates[2], &raws));
    figure("POST, 64 clients, half load: p99 / median", "times", tails);
    figure("POST, 1 client: latency with group commit / without", "times", ratios(&single, &single_alone));
    if express.is_some() {
        figure("Express, 64 clients", "a second", expresses.clone());
        figure("POST, 64 clients / Express", "times", ratios(&rates[2], &expresses));
    }
    figure("resident under 256 clients, at most", "MB", vec![resident as f64 / 1e6]);
    figure("resident after", "MB", vec![florin.used().1 as f64 / 1e6]);
    bulk(&florin, plan);
    println!("of {} people; the raw clients wrote for {} others", people.count, others.count);
    drop(express);
    runtime.block_on(async {
        florin.stop().await;
        alone.stop().await;
    });
}
