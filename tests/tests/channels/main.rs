//! The channels of notifications and codes against servers that speak the real protocols.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

mod codes;
mod email;
mod log;
mod phone;
mod push;
mod sms;
mod webhook;

use std::sync::Arc;

use acceptance::BEGINNING;
use acceptance::clock::TestClock;
use florin_app::port::{Clock, NotificationSink, SinkError};
use florin_domain::budget::Scope;
use florin_domain::calendar::{Month, Timestamp};
use florin_domain::id::{CategoryId, DeliveryId, NotificationId, UserId};
use florin_domain::money::Currency;
use florin_domain::notification::delivery::{Address, Leased};
use florin_domain::notification::{Channel, Notice, Notification, Overspend};
use florin_infra::channel::{ChannelError, sinks};
use florin_infra::settings::{ChannelName, Settings};

/// The one channel of these settings, and the clock that it goes by.
fn channel(
    name: ChannelName,
    change: impl FnOnce(&mut Settings),
) -> Result<(Arc<dyn NotificationSink>, TestClock), ChannelError> {
    let mut settings = Settings::built_in().unwrap();
    settings.delivery.channels = vec![name];
    change(&mut settings);
    let clock = TestClock::at(BEGINNING);
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let mut sinks = sinks(&settings, &shared)?;
    Ok((sinks.pop_first().unwrap().1, clock))
}

/// A delivery of notification 9 to that address; `category` is called so.
fn delivery(channel: Channel, address: Address, category: &str) -> Leased {
    let notice = Notice::Overspend(Overspend {
        scope: Scope::Category(CategoryId(1)),
        category_name: category.to_owned(),
        month: Month::parse("2026-03").unwrap(),
        limit: 100_000,
        spent: 125_075,
        currency: Currency::parse("INR").unwrap(),
        level: 100,
    });
    let (id, user) = (NotificationId(9), UserId(7));
    let notification = Notification { id, user, created_at: Timestamp(1_772_357_400_125), read_at: None, notice };
    Leased { id: DeliveryId(5), fence: 1, attempt: 1, channel, address, notification }
}

fn later(reason: &str, after_millis: Option<i64>) -> Result<(), SinkError> {
    Err(SinkError::Later { reason: reason.to_owned(), after_millis })
}

fn refused(reason: &str) -> Result<(), SinkError> {
    Err(SinkError::Refused { reason: reason.to_owned() })
}
