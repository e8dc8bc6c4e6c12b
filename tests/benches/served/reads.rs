//! Lists, summary, score and changes for people with few and with many expenses.

use std::time::Duration;

use acceptance::database::TestDatabase;
use acceptance::random::Random;
use acceptance::{User, json};
use tokio::runtime::Runtime;

use crate::florin::{BATCH, Florin};
use crate::load::{Pace, load};
use crate::{Plan, figure, ratios};

/// The people who are measured.
const MEASURED: [usize; 3] = [1_000, 10_000, 100_000];
const PATHS: [(&str, &str); 5] = [
    ("list", "/expenses?limit=50"),
    ("summary", "/summary?month=2026-03"),
    ("score", "/score?month=2026-03"),
    ("changes", "/changes?since=0&limit=100"),
    ("spending", "/insights/spending?from=2026-03-01&to=2026-03-31&group_by=category"),
];

/// Everything for each of them, first while there is little else in the tables, then among many rows of others.
pub(crate) fn measure(runtime: &Runtime, plan: &Plan) {
    let rows = std::env::var("BENCH_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000_usize);
    let database = runtime.block_on(TestDatabase::migrated());
    let others = rows.saturating_sub(MEASURED.iter().sum()).div_ceil(MEASURED[2]);
    let florin = runtime.block_on(Florin::start(database.url(), MEASURED.len() + others, |place| place));
    runtime.block_on(record(florin.user(0), MEASURED[0], 0));
    runtime.block_on(record(florin.user(1), MEASURED[1] - MEASURED[0], 1));
    let small: Vec<Vec<f64>> = PATHS.iter().map(|(_, path)| medians(&florin, 0, path, plan)).collect();
    runtime.block_on(async {
        record(florin.user(1), MEASURED[0], 1).await;
        record(florin.user(2), MEASURED[2], 2).await;
        for other in 0..others {
            record(florin.user(MEASURED.len() + other), MEASURED[2], 3 + other as u64).await;
        }
    });
    for ((name, path), small) in PATHS.iter().zip(small) {
        let each: Vec<Vec<f64>> = (0..MEASURED.len()).map(|person| medians(&florin, person, path, plan)).collect();
        for (count, medians) in MEASURED.iter().zip(&each) {
            figure(&format!("GET {name}, {count} expenses of {rows}"), "us", medians.clone());
        }
        figure(&format!("GET {name}, 1000 expenses of 10000"), "us", small.clone());
        figure(&format!("GET {name}: person of 100000 / of 1000"), "times", ratios(&each[2], &each[0]));
        figure(&format!("GET {name}: among {rows} / among 10000"), "times", ratios(&each[0], &small));
    }
    runtime.block_on(florin.stop());
}

/// The median latency of one client, once a round, in microseconds.
fn medians(florin: &Florin, person: usize, path: &str, plan: &Plan) -> Vec<f64> {
    let once = |_| {
        let seen = load(florin.base(), florin.getting(person, path), 200, Pace::Closed, Duration::from_millis(500));
        assert!(seen.refused.is_empty(), "{path}: {:?}", seen.refused);
        seen.quantile(0.5) as f64
    };
    (0..plan.rounds).map(once).collect()
}

/// Records so many expenses of a few years, about a hundred a month for each thousand.
async fn record(user: &User, count: usize, seed: u64) {
    let mut random = Random::new(seed);
    for _ in 0..count / BATCH {
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
    // The month that is looked at is of the same size for everybody.
    let operations: Vec<_> = (0..100)
        .map(|n| json!({"op": "create", "amount": "5.00", "date": format!("2026-03-{:02}", 1 + n % 28), "category_id": 1 + n % 18}))
        .collect();
    user.batch(&json!({"operations": operations})).await.expect(200);
}
