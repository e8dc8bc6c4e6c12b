//! The composition root: adapters into services.

use std::sync::Arc;
use std::time::Duration;

use florin_app::daily_checks::{CheckPolicy, CheckPorts, DailyChecks};
use florin_app::deliveries::{Deliveries, DeliveryPolicy, DeliveryPorts};
use florin_app::port::{Clock, DeliveryQueue, Random};
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::Backoff;
use florin_infra::channel;
use florin_infra::db::Database;
use florin_infra::queue::RedisQueue;
use florin_infra::random::SystemRandom;
use florin_infra::repository::{SqlCheckRepository, SqlJobRepository, SqlOutboxRepository, SqlReachRepository};
use florin_infra::settings::Settings;
use secrecy::ExposeSecret;

use crate::failure::Failure;

/// A name for this process, which no other has.
#[must_use]
pub fn instance() -> String {
    format!("{}-{:08x}", std::process::id(), SystemRandom.number() & u64::from(u32::MAX))
}

/// Builds the daily checks over a database.
#[must_use]
pub fn checks(settings: &Settings, database: &Database, clock: Arc<dyn Clock>) -> DailyChecks {
    let ports = CheckPorts {
        checks: Arc::new(SqlCheckRepository::new(database.clone())),
        jobs: Arc::new(SqlJobRepository::new(database.clone())),
        clock,
    };
    let channels = settings.delivery.channels.iter().filter_map(|name| Channel::parse(name.as_str())).collect();
    DailyChecks::new(ports, CheckPolicy { channels, instance: instance() })
}

/// Builds the delivery of what they decide.
///
/// # Errors
/// When a channel cannot be set up as the settings say.
pub fn deliveries(settings: &Settings, database: &Database, clock: Arc<dyn Clock>) -> Result<Deliveries, Failure> {
    let delivery = &settings.delivery;
    let sinks = channel::sinks(settings, &clock).map_err(|error| Failure::settings(error.to_string()))?;
    let ports = DeliveryPorts {
        outbox: Arc::new(SqlOutboxRepository::new(database.clone())),
        reach: Arc::new(SqlReachRepository::new(database.clone())),
        clock,
        random: Arc::new(SystemRandom),
        sinks,
    };
    let policy = DeliveryPolicy {
        parallel: usize::try_from(delivery.parallel).unwrap_or(1),
        lease_millis: i64::from(delivery.lease_seconds) * 1000,
        backoff: Backoff {
            first_millis: delivery.backoff_first_ms.into(),
            most_millis: delivery.backoff_most_ms.into(),
            max_attempts: delivery.max_attempts,
        },
        poll_millis: delivery.poll_ms.into(),
    };
    Ok(Deliveries::new(ports, policy))
}

/// The queue by which deliveries are handed over.
///
/// # Errors
/// When its address cannot be read.
pub fn queue(settings: &Settings) -> Result<Arc<dyn DeliveryQueue>, Failure> {
    // What a lost process had is taken by another when its lease has ended, and not before.
    let dead_after = Duration::from_secs(settings.delivery.lease_seconds.into());
    let queue = RedisQueue::new(settings.delivery.redis_url.expose_secret(), &instance(), dead_after)
        .map_err(|error| Failure::settings(format!("delivery.redis_url: {error}")))?;
    Ok(Arc::new(queue))
}
