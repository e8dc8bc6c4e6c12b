//! How long the daily checks' scans take beside what the database needs for the same statements alone, and how much memory
//! they hold, for a number of users and for twice as many.
//!
//! `SCAN_EXPLAIN=1` prints the databases' plans as well. `SCAN_USERS` is another number of users; the promise speaks of 1,000,000 on PostgreSQL and MariaDB:
//!
//! ```sh
//! tests/servers.sh --only postgres -- sh -c \
//!     'SCAN_USERS=1000000 TEST_DATABASE=$TEST_POSTGRES_URL cargo bench -p acceptance --bench scan'
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark prints what it found, and ends when something goes wrong"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use acceptance::clock::TestClock;
use acceptance::database::{Engine, TestDatabase};
use florin_app::daily_checks::{CheckPolicy, CheckPorts, DailyChecks, Mode};
use florin_app::port::Clock;
use florin_domain::calendar::{Month, Timestamp};
use florin_domain::id::UserId;
use florin_domain::notification::{Channel, NewNotification};
use florin_domain::repository::Scan;
use florin_infra::db::{Database, DatabaseOptions};
use florin_infra::repository::{SqlCheckRepository, SqlJobRepository};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

/// In the middle of a month, at an hour that has come everywhere that these users live.
const NOW: &str = "2026-03-20T23:30:00Z";
const ZONES: [&str; 4] = ["Asia/Kolkata", "Europe/London", "UTC", "Europe/Berlin"];
/// Users that one statement makes.
const BATCH: u64 = 50_000;
/// Users that one scan spans, as `DailyChecks` has it.
const SPAN: i64 = 20_000;

fn main() {
    let users = std::env::var("SCAN_USERS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000_u64);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("on {}", Engine::chosen().name());
        let town = Town::new().await;
        for (after, up_to) in [(0, users), (users, 2 * users)] {
            let began = Instant::now();
            town.fill(after, up_to).await;
            println!("{up_to} users, filled in {:.1?}", began.elapsed());
            if std::env::var_os("SCAN_EXPLAIN").is_some() {
                town.explain(up_to).await;
            }
            town.measure(up_to).await;
        }
        town.connection.close().await.unwrap();
        town.pool.close().await;
    });
}

struct Town {
    // Dropped after the connections.
    pool: Database,
    connection: DatabaseConnection,
    database: TestDatabase,
}

impl Town {
    async fn new() -> Self {
        let database = TestDatabase::migrated().await;
        let pool = Database::connect(database.url(), &DatabaseOptions::default()).await.unwrap();
        Self { pool, connection: database.connect().await, database }
    }

    async fn execute(&self, sql: &str) {
        let done = self.connection.execute_unprepared(sql).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Makes users: each with three limits, two on categories and the overall one, and totals of three months; a tenth have
    /// spent more than one of their limits, and a tenth are silent. A fifth chose something.
    async fn fill(&self, after: u64, up_to: u64) {
        let is = |text: &str| Engine::chosen().name() == text;
        let bytes = if is("postgres") { "decode(repeat('00', 32), 'hex')" } else { "X'00'" };
        let bytes = if is("sqlite") { "zeroblob(32)" } else { bytes };
        if is("mysql") {
            self.execute("SET SESSION max_recursive_iterations = 1000000").await;
        }
        let zones: String = ZONES.iter().enumerate().map(|(n, zone)| format!("WHEN {n} THEN '{zone}' ")).collect();
        let now = TestClock::at(NOW).millis();
        let day = 24 * 60 * 60 * 1000_i64;
        let mut from = after;
        while from < up_to {
            let to = Ord::min(from + BATCH, up_to);
            let rows = |insert: &str, select: &str| {
                let numbers = format!(
                    "WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {to})",
                    first = from + 1
                );
                // MySQL wants the names of the numbers after INSERT; all three take that.
                format!("INSERT INTO {insert} {numbers} {select}")
            };
            let text = if is("mysql") { "CHAR" } else { "TEXT" };
            self.execute(&rows(
                "user_login (id, email, name, user_type, currency, timezone, created_at, verified_at)",
                &format!(
                    "SELECT n, CONCAT('person', CAST(n AS {text}), '@example.com'), 'Somebody', 'user', 'INR', \
                     CASE n % {} {zones}END, 0, 1 FROM numbers",
                    ZONES.len()
                ),
            ))
            .await;
            self.execute(&rows(
                "last_user_action (user_id, seq, hash, last_ordinary, taxonomy_version)",
                &format!("SELECT n, 1, {bytes}, 1, 0 FROM numbers"),
            ))
            .await;
            self.execute(&rows(
                "user_action (user_id, seq, kind, at, root, effect, undoable, redoable, operation, payload, payload_hash, hash)",
                &format!(
                    "SELECT n, 1, 'create', CASE WHEN n % 10 = 3 THEN {} ELSE {} END, 1, 0, 1, 0, \
                     CONCAT('operation-', CAST(n AS {text})), '{}', {bytes}, {bytes} FROM numbers",
                    now - 8 * day,
                    now - day,
                    "x".repeat(300)
                ),
            ))
            .await;
            self.execute(&rows(
                "notification_preference (user_id, overspend, levels, least_level, inactivity, hour, version)",
                "SELECT n, 1, '50,100', 50, 1, 9, 1 FROM numbers WHERE n % 5 = 0",
            ))
            .await;
            for (category, limit) in [(1, 100_000), (4, 50_000), (0, 500_000)] {
                for month in [202_601, 202_603] {
                    self.execute(&rows(
                        "category_budget (user_id, category_id, from_month, limit_minor)",
                        &format!("SELECT n, {category}, {month}, {limit} FROM numbers"),
                    ))
                    .await;
                }
            }
            for month in [202_601, 202_602, 202_603] {
                for category in [1, 4, 5] {
                    self.execute(&rows(
                        "monthly_expense (user_id, month, category_id, total)",
                        &format!("SELECT n, {month}, {category}, CASE WHEN n % 10 = 1 AND {category} = 1 THEN 120000 ELSE 20000 END FROM numbers"),
                    ))
                    .await;
                }
            }
            from = to;
        }
        match Engine::chosen() {
            Engine::Sqlite => self.execute("ANALYZE").await,
            Engine::Postgres(_) => self.execute("VACUUM ANALYZE").await,
            Engine::MySql(_) => {
                self.execute(
                    "ANALYZE TABLE user_login, last_user_action, user_action, notification_preference, category_budget, \
                     monthly_expense, notification, category",
                )
                .await;
            }
        }
    }

    /// Once to warm the database up, then in turns, of which the fastest count.
    async fn measure(&self, users: u64) {
        let found = AtomicU64::new(0);
        let (mut bare, mut scan) = (Duration::MAX, Duration::MAX);
        self.bare(users).await;
        let idle = resident("VmRSS:");
        std::fs::write("/proc/self/clear_refs", "5").expect("the peak can be reset");
        for _ in 0..3 {
            let began = Instant::now();
            found.store(0, Ordering::Relaxed);
            let count = |_: &NewNotification| {
                found.fetch_add(1, Ordering::Relaxed);
            };
            self.checks().run(Mode::DryRun, &count).await.unwrap();
            scan = scan.min(began.elapsed());
        }
        let peak = resident("VmHWM:");
        for _ in 0..3 {
            let began = Instant::now();
            self.bare(users).await;
            bare = bare.min(began.elapsed());
        }
        let ratio = scan.as_millis() * 100 / bare.as_millis().max(1);
        println!(
            "  read and decided in {scan:.2?}, {} found; the SQL alone {bare:.2?}: {}.{:02} times; \
             peak {} MB resident, {} MB before",
            found.load(Ordering::Relaxed),
            ratio / 100,
            ratio % 100,
            peak / 1024,
            idle / 1024
        );
    }

    fn checks(&self) -> DailyChecks {
        let ports = CheckPorts {
            checks: Arc::new(SqlCheckRepository::new(self.pool.clone())),
            jobs: Arc::new(SqlJobRepository::new(self.pool.clone())),
            clock: Arc::new(TestClock::at(NOW)),
        };
        DailyChecks::new(ports, CheckPolicy { channels: vec![Channel::Log], instance: "bench".to_owned() })
    }

    /// Prints how the database goes about the statements of one scan.
    async fn explain(&self, up_to: u64) {
        let up_to = UserId(i64::try_from(up_to).unwrap());
        let scan = Scan { after: UserId(up_to.0 - SPAN), up_to, zones: None };
        for mut statement in self.statements(&scan) {
            let explain = match Engine::chosen() {
                Engine::Sqlite => "EXPLAIN QUERY PLAN",
                Engine::Postgres(_) => "EXPLAIN (ANALYZE, BUFFERS)",
                Engine::MySql(_) => "ANALYZE FORMAT=JSON",
            };
            statement.sql = format!("{explain} {}", statement.sql);
            for row in self.connection.query_all_raw(statement).await.unwrap() {
                let column = if matches!(Engine::chosen(), Engine::Sqlite) { 3 } else { 0 };
                println!("{}", row.try_get_by_index::<String>(column).unwrap());
            }
        }
    }

    fn statements(&self, scan: &Scan) -> [Statement; 3] {
        let now: Timestamp = TestClock::at(NOW).now();
        let month = Month::of(now.date_in(florin_domain::calendar::Zone::UTC));
        SqlCheckRepository::new(self.pool.clone()).statements(scan, month, now.plus_millis(-94 * 3_600_000))
    }

    /// The same statements over one connection, whose rows nobody looks at.
    async fn bare(&self, users: u64) {
        let connection = self.database.connect().await;
        let mut after = 0;
        while after < i64::try_from(users).unwrap() {
            let scan = Scan { after: UserId(after), up_to: UserId(after + SPAN), zones: None };
            for statement in self.statements(&scan) {
                connection.query_all_raw(statement).await.unwrap();
            }
            after += SPAN;
        }
        connection.close().await.unwrap();
    }
}

/// A line of this process's status, in KiB.
fn resident(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|found| found.strip_prefix(line)).expect("the line");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}
