//! People as rows, written past the API, which would take too long; and the checks that look at them.

use std::sync::{Arc, Mutex};

use acceptance::clock::TestClock;
use acceptance::database::{Engine, TestDatabase};
use florin_app::daily_checks::{CheckPolicy, CheckPorts, DailyChecks, Mode, Report};
use florin_domain::notification::Channel;
use florin_infra::db::{Database, DatabaseOptions};
use florin_infra::repository::{SqlCheckRepository, SqlJobRepository};
use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};

/// A database with people in it.
pub(crate) struct Town {
    pub(crate) database: TestDatabase,
    pub(crate) clock: TestClock,
    connection: DatabaseConnection,
    pool: Database,
}

impl Town {
    pub(crate) async fn at(instant: &str) -> Self {
        let database = TestDatabase::migrated().await;
        let pool = Database::connect(database.url(), &DatabaseOptions::default()).await.unwrap();
        Self { connection: database.connect().await, clock: TestClock::at(instant), database, pool }
    }

    /// Checks as another process of this name makes them.
    pub(crate) fn process(&self, instance: &str) -> DailyChecks {
        let ports = CheckPorts {
            checks: Arc::new(SqlCheckRepository::new(self.pool.clone())),
            jobs: Arc::new(SqlJobRepository::new(self.pool.clone())),
            clock: Arc::new(self.clock.clone()),
        };
        DailyChecks::new(ports, CheckPolicy { channels: vec![Channel::Log], instance: instance.to_owned() })
    }

    /// Runs statements, all of them or none.
    pub(crate) async fn write(&self, statements: &[String]) {
        if statements.is_empty() {
            return;
        }
        let transaction = self.connection.begin().await.unwrap();
        for statement in statements {
            let done = transaction.execute_unprepared(statement).await;
            done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        transaction.commit().await.unwrap();
    }

    pub(crate) async fn close(self) {
        self.connection.close().await.unwrap();
        self.pool.close().await;
    }
}

/// What a run did, and the keys of what it told.
pub(crate) async fn run(checks: &DailyChecks, mode: Mode) -> (Report, Vec<String>) {
    let told = Mutex::new(Vec::new());
    let report = checks.run(mode, &|new| told.lock().unwrap().push(new.notice.dedupe_key(new.user))).await;
    (report.unwrap(), told.into_inner().unwrap())
}

/// Thirty-two bytes, as the engine at hand writes them.
fn bytes() -> String {
    let zeros = "00".repeat(32);
    if matches!(Engine::chosen(), Engine::Postgres(_)) { format!("'\\x{zeros}'::bytea") } else { format!("X'{zeros}'") }
}

/// Somebody, and the head of their log. `verified_at` is SQL.
pub(crate) fn person(user: i64, zone: &str, verified_at: &str) -> Vec<String> {
    vec![
        format!(
            "INSERT INTO user_login (id, email, name, user_type, currency, timezone, created_at, verified_at) \
             VALUES ({user}, 'person{user}@example.com', '', 'user', 'INR', '{zone}', 0, {verified_at})"
        ),
        format!(
            "INSERT INTO last_user_action (user_id, seq, hash, last_ordinary, taxonomy_version) \
             VALUES ({user}, 0, {}, 0, 0)",
            bytes()
        ),
    ]
}

/// An action of theirs. An ordinary one logs something; a reversal does not.
pub(crate) fn action(user: i64, seq: i64, at: i64, is_ordinary: bool) -> Vec<String> {
    let (kind, effect, bytes) = if is_ordinary { ("create", 0, bytes()) } else { ("reversal", 1, bytes()) };
    let last = if is_ordinary { format!(", last_ordinary = {seq}") } else { String::new() };
    vec![
        format!(
            "INSERT INTO user_action \
             (user_id, seq, kind, at, root, effect, undoable, redoable, operation, payload_hash, hash) \
             VALUES ({user}, {seq}, '{kind}', {at}, {seq}, {effect}, 0, 0, 'operation {seq}', {bytes}, {bytes})"
        ),
        format!("UPDATE last_user_action SET seq = {seq}{last} WHERE user_id = {user}"),
    ]
}

/// The hour that somebody chose.
pub(crate) fn preference(user: i64, hour: u8) -> String {
    format!(
        "INSERT INTO notification_preference (user_id, overspend, levels, least_level, inactivity, hour, version) \
         VALUES ({user}, 1, '80,100', 80, 1, {hour}, 1)"
    )
}

/// A limit from a month on, in place of one from that month.
pub(crate) fn limit(user: i64, category: i64, month: i32, limit: i64) -> Vec<String> {
    vec![
        format!(
            "DELETE FROM category_budget WHERE user_id = {user} AND category_id = {category} AND from_month = {month}"
        ),
        format!("INSERT INTO category_budget VALUES ({user}, {category}, {month}, {limit})"),
    ]
}

/// What was spent in a month.
pub(crate) fn spent(user: i64, category: i64, month: i32, total: i64) -> Vec<String> {
    vec![
        format!("DELETE FROM monthly_expense WHERE user_id = {user} AND month = {month} AND category_id = {category}"),
        format!("INSERT INTO monthly_expense VALUES ({user}, {month}, {category}, {total})"),
    ]
}
