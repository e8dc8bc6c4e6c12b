//! How many writes and reads the released program serves, beside the raw engines.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark prints what it found, and ends when something goes wrong"
)]

mod florin;
mod load;

use std::sync::Arc;
use std::time::Duration;

use acceptance::database::{Engine, TestDatabase};
use florin::Florin;
use load::{Pace, load};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let clients: Vec<usize> = std::env::var("BENCH_CLIENTS").unwrap_or("1 16 64 256".into()).split(' ').map(|n| n.parse().unwrap()).collect();
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5.0);
    let database = runtime.block_on(TestDatabase::migrated());
    let florin = runtime.block_on(Florin::start(database.url(), *clients.iter().max().unwrap(), |place| {
        match std::env::var("BENCH_SET") { Ok(text) => { let (k, v) = text.split_once('=').unwrap(); place.with(k, v) } Err(_) => place }
    }));
    println!("on {}", Engine::chosen().name());
    for count in clients {
        let (cpu, _) = florin.used();
        let seen = load(florin.base(), florin.posting(count), 201, Pace::Closed, Duration::from_secs_f64(seconds));
        let (after, rss) = florin.used();
        println!(
            "{count:>4} clients: {:>7.0} a second, median {} us, p99 {} us, refused {:?}, cpu {:.1} us each, resident {:.1} MB",
            seen.rate(), seen.quantile(0.5), seen.quantile(0.99), &seen.refused[..seen.refused.len().min(3)],
            (after - cpu).as_micros() as f64 / seen.done as f64, rss as f64 / 1e6,
        );
    }
    drop(runtime.block_on(florin.stop()));
    let _ = Arc::new(());
}
