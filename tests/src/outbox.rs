//! An outbox on a database of its own, filled past the daily checks, and processes that deliver from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use florin_app::deliveries::{Deliveries, DeliveryPolicy, DeliveryPorts};
use florin_app::port::NotificationSink;
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Backoff, OutboxEntry, State};
use florin_domain::repository::{MockReachRepository, OutboxFilter, OutboxRepository};
use florin_infra::db::{Database, DatabaseOptions};
use florin_infra::random::SystemRandom;
use florin_infra::repository::SqlOutboxRepository;

use crate::BEGINNING;
use crate::clock::TestClock;
use crate::database::TestDatabase;

/// Seconds that a delivery is leased for.
pub const LEASE_SECONDS: i64 = 60;
/// As the built-in settings say, but for the rests, which a test's clock does not shorten.
pub const POLICY: DeliveryPolicy = DeliveryPolicy {
    parallel: 8,
    lease_millis: LEASE_SECONDS * 1000,
    backoff: Backoff { first_millis: 5000, most_millis: 3_600_000, max_attempts: 15 },
    poll_millis: 20,
};

/// An outbox.
pub struct Outbox {
    /// Its database.
    pub database: TestDatabase,
    /// The time of all who deliver.
    pub clock: TestClock,
}

/// A process that delivers.
pub struct Deliverer {
    /// Its deliveries.
    pub deliveries: Arc<Deliveries>,
    /// The outbox as it sees it.
    pub outbox: SqlOutboxRepository,
}

impl Outbox {
    /// An empty one.
    pub async fn new() -> Self {
        Self { database: TestDatabase::migrated().await, clock: TestClock::at(BEGINNING) }
    }

    /// Tells so many people, the first of whom is number 1, that they logged nothing, over each of the channels. Person,
    /// notification and, over the first channel, delivery have the same number.
    pub async fn tell(&self, people: usize, channels: &[Channel]) {
        let now = self.clock.millis();
        let rows = |row: &dyn Fn(usize) -> String| (1..=people).map(row).collect::<Vec<_>>().join(", ");
        let logins =
            rows(&|n| format!("({n}, 'person{n}@example.com', 'Ana', 'user', 'INR', 'Asia/Kolkata', {now}, {now})"));
        let columns = "id, email, name, user_type, currency, timezone, created_at, verified_at";
        self.database.execute(&format!("INSERT INTO user_login ({columns}) VALUES {logins}")).await;
        let told = rows(&|n| format!("({n}, {n}, 'inactivity', 'inactivity:{n}:0:6', {now}, 0, 6, 6)"));
        let columns = "id, user_id, kind, dedupe_key, created_at, basis, level, days";
        self.database.execute(&format!("INSERT INTO notification ({columns}) VALUES {told}")).await;
        let columns = "id, notification_id, user_id, channel, target, state, attempts, fence, next_at, created_at";
        for (place, channel) in channels.iter().enumerate() {
            let channel = channel.as_str();
            let due = rows(&|n| {
                let id = place * people + n;
                format!("({id}, {n}, {n}, '{channel}', 0, 0, 0, 0, {now}, {now})")
            });
            self.database.execute(&format!("INSERT INTO notification_delivery ({columns}) VALUES {due}")).await;
        }
    }

    /// A process with connections of its own that delivers over these channels.
    pub async fn process(&self, sinks: &[(Channel, &Arc<crate::sink::Sink>)], policy: DeliveryPolicy) -> Deliverer {
        process_on(self.database.url(), &self.clock, sinks, policy).await
    }

    /// Fails unless all deliveries of a channel stand so.
    pub async fn assert_all(&self, deliverer: &Deliverer, channel: Channel, state: State) {
        for entry in deliverer.entries(channel).await {
            assert_eq!(entry.state, state, "{entry:?}");
        }
    }
}

/// The same by the address of a database.
pub async fn process_on(
    url: &str,
    clock: &TestClock,
    sinks: &[(Channel, &Arc<crate::sink::Sink>)],
    policy: DeliveryPolicy,
) -> Deliverer {
    let database = Database::connect(url, &DatabaseOptions::default()).await.expect("the database opens");
    let outbox = SqlOutboxRepository::new(database);
    let sinks: BTreeMap<Channel, Arc<dyn NotificationSink>> =
        sinks.iter().map(|(channel, sink)| (*channel, Arc::clone(sink) as _)).collect();
    let ports = DeliveryPorts {
        outbox: Arc::new(outbox.clone()),
        reach: Arc::new(MockReachRepository::new()),
        clock: Arc::new(clock.clone()),
        random: Arc::new(SystemRandom),
        sinks,
    };
    Deliverer { deliveries: Arc::new(Deliveries::new(ports, policy)), outbox }
}

impl Deliverer {
    /// All deliveries of a channel.
    pub async fn entries(&self, channel: Channel) -> Vec<OutboxEntry> {
        let filter = OutboxFilter { state: None, channel: Some(channel) };
        self.outbox.entries(filter, None, 10_000).await.expect("the outbox").rows
    }

    /// How many deliveries of a channel stand so.
    pub async fn count(&self, channel: Channel, state: State) -> usize {
        self.entries(channel).await.iter().filter(|entry| entry.state == state).count()
    }

    /// Delivers in the background, until it is stopped.
    pub fn start(&self) -> tokio::task::JoinHandle<()> {
        let deliveries = Arc::clone(&self.deliveries);
        tokio::spawn(async move { deliveries.run().await })
    }
}
