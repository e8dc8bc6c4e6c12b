//! The ways by which notifications leave: adapters of [`NotificationSink`], one a file, chosen by `delivery.channels`.
//!
//! What an adapter says about a failure is read by operators: it holds no secret, and nobody's address or data.

mod email;
mod http;
mod log;
mod mail;
pub mod payload;
mod public;
mod push;
mod sms;
mod text;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use florin_app::port::{Clock, NotificationSink, SinkError};
use florin_domain::notification::Channel;

use crate::settings::{ChannelName, Settings};

pub use email::EmailSink;
pub use log::LogSink;
pub use push::PushSink;
pub use sms::SmsSink;
pub use webhook::WebhookSink;

pub(crate) use mail::{Mail, Mailer, Relay, read_sender};
pub(crate) use push::read_base_url;
pub(crate) use sms::SmsGateway;
pub(crate) use text::{html, plain};
pub(crate) use webhook::{read_secret, read_url};

/// Why a channel cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct ChannelError {
    /// The setting that is wrong, `section.key`.
    pub key: &'static str,
    /// What is wrong with it; nothing of a secret.
    pub reason: String,
}

impl ChannelError {
    pub(crate) fn new(key: &'static str, reason: impl Into<String>) -> Self {
        Self { key, reason: reason.into() }
    }
}

/// The channels of `delivery.channels`, set up.
///
/// # Errors
/// [`ChannelError`] naming the first setting that is wrong.
pub fn sinks(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Result<BTreeMap<Channel, Arc<dyn NotificationSink>>, ChannelError> {
    let sink = |name: &ChannelName| -> Result<(Channel, Arc<dyn NotificationSink>), ChannelError> {
        Ok(match name {
            ChannelName::Log => (Channel::Log, Arc::new(LogSink::standard_output(timeout(settings)))),
            ChannelName::Email => (Channel::Email, Arc::new(EmailSink::new(settings, Arc::clone(clock))?)),
            ChannelName::Push => (Channel::Push, Arc::new(PushSink::new(settings, Arc::clone(clock))?)),
            ChannelName::Sms => (Channel::Sms, Arc::new(SmsSink::new(settings, Arc::clone(clock))?)),
            ChannelName::Webhook => (Channel::Webhook, Arc::new(WebhookSink::new(settings, Arc::clone(clock))?)),
        })
    };
    settings.delivery.channels.iter().map(sink).collect()
}

/// How long one try may take.
fn timeout(settings: &Settings) -> Duration {
    Duration::from_millis(settings.delivery.timeout_ms)
}

fn later(reason: impl Into<String>) -> SinkError {
    SinkError::Later { reason: reason.into(), after_millis: None }
}

fn refused(reason: impl Into<String>) -> SinkError {
    SinkError::Refused { reason: reason.into() }
}

/// A delivery whose address is not of the channel's kind.
fn misaddressed() -> SinkError {
    refused("the delivery has no address of this channel")
}

/// There was an address when it was decided, and there is none now.
fn unaddressed() -> SinkError {
    SinkError::Gone { reason: "there is nowhere to send it to any more".to_owned() }
}
