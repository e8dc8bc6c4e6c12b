//! What people want to hear, when, and over what.

use florin_app::error::FieldError;
use florin_app::preferences::WantedPreferences;
use florin_domain::notification::preferences::MAX_LEVELS;
use florin_domain::notification::{Channel, Preferences};
use florin_domain::repository::StoredPreferences;
use serde::Serialize;
use utoipa::ToSchema;

use super::etag::tag_of_parts;
use super::{Fields, Reader};

/// The most channels that are read; there are five.
const MAX_CHANNELS: usize = 16;
/// What a level may be read as; the use case says which ones there are.
const READABLE: i64 = 1_000_000;

/// A way of delivery.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; the names are those of the domain, and a test compares them")]
pub(crate) enum ChannelName {
    /// A line of JSON on the standard output of the notification process.
    Log,
    /// Mail to the account's address.
    Email,
    /// A push message to each registered device.
    Push,
    /// A short message to the account's proved telephone number.
    Sms,
    /// A signed request to the operator's address.
    Webhook,
}

/// The channels by their names.
pub(crate) fn channel_names() -> [(&'static str, Channel); 5] {
    Channel::ALL.map(|channel| (channel.as_str(), channel))
}

/// Whether to hear of overspending.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"enabled": true, "levels": [80, 100]}))]
#[allow(dead_code, reason = "only its schema is used; `PreferencesInput` reads it")]
pub(crate) struct OverspendInput {
    /// `true` when it is left out.
    enabled: Option<bool>,
    /// At which levels, in percent of a limit; 80 and 100 when it is left out. 100 means past the limit.
    #[schema(value_type = Option<Vec<i64>>, min_items = 1, max_items = 10, minimum = 1, maximum = 100)]
    levels: Option<Vec<i64>>,
}

/// Whether to hear of silence.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"enabled": true}))]
#[allow(dead_code, reason = "only its schema is used; `PreferencesInput` reads it")]
pub(crate) struct InactivityInput {
    /// `true` when it is left out.
    enabled: Option<bool>,
}

/// What I want to hear. It replaces everything: what is left out, or `null`, goes back to its default.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"overspend": {"enabled": true, "levels": [50, 80, 100]}, "inactivity": {"enabled": false},
                          "hour": 18, "channels": ["email", "push"]}))]
pub(crate) struct PreferencesInput {
    #[schema(value_type = Option<OverspendInput>)]
    overspend: (bool, Vec<i64>),
    #[schema(value_type = Option<InactivityInput>)]
    inactivity: bool,
    /// The hour of the day from which on, in my zone; 9 when it is left out.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 23)]
    hour: i64,
    /// Over which channels, of those that the operator has; all that the operator chose when it is left out. An empty list
    /// keeps notifications in the inbox.
    #[schema(value_type = Option<Vec<ChannelName>>, max_items = 5)]
    channels: Option<Vec<Channel>>,
    /// What was wrong with its form; told together with what is wrong with the values.
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for PreferencesInput {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let default = Preferences::default();
        // Kept whatever else of the object is faulty, so that what is wrong with the levels is told at once too.
        let (mut enabled, mut levels) = (None, None);
        r.get("overspend").object(|o| {
            enabled = o.get("enabled").boolean();
            levels = o.get("levels").list(MAX_LEVELS, |level| level.integer(-READABLE..=READABLE));
            Some(())
        });
        let inactivity = r.get("inactivity").object(|o| Some(o.get("enabled").boolean()));
        let hour = r.get("hour").integer(0..=23);
        let names = channel_names();
        let channels = r.get("channels").list(MAX_CHANNELS, |channel| channel.choice(&names));
        let levels = levels.unwrap_or_else(|| default.levels.iter().map(|level| i64::from(*level)).collect());
        Some(Self {
            overspend: (enabled.unwrap_or(default.overspend), levels),
            inactivity: inactivity.flatten().unwrap_or(default.inactivity),
            hour: hour.unwrap_or_else(|| default.hour.into()),
            channels,
            faults: r.take_faults(),
        })
    }
}

impl From<PreferencesInput> for WantedPreferences {
    fn from(input: PreferencesInput) -> Self {
        let PreferencesInput { overspend: (overspend, levels), inactivity, hour, channels, faults } = input;
        Self { overspend, levels, inactivity, hour, channels, faults }
    }
}

/// Whether to hear of overspending.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverspendBody {
    enabled: bool,
    /// At which levels, in percent of a limit, ascending. 100 means past the limit.
    #[schema(example = json!([80, 100]))]
    levels: Vec<u16>,
}

/// Whether to hear of silence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InactivityBody {
    enabled: bool,
}

/// What I want to hear.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreferencesBody {
    overspend: OverspendBody,
    inactivity: InactivityBody,
    /// The hour of the day from which on, in my zone.
    #[schema(minimum = 0, maximum = 23, example = 9)]
    hour: u8,
    /// The channels that I chose; those of the operator when I chose none.
    #[schema(value_type = Vec<ChannelName>)]
    channels: Vec<&'static str>,
}

impl PreferencesBody {
    /// Preferences with the channels to show.
    pub(crate) fn new(preferences: &Preferences, channels: &[Channel]) -> Self {
        Self {
            overspend: OverspendBody { enabled: preferences.overspend, levels: preferences.levels.clone() },
            inactivity: InactivityBody { enabled: preferences.inactivity },
            hour: preferences.hour,
            channels: channels.iter().map(|channel| channel.as_str()).collect(),
        }
    }
}

/// What their `ETag` says: a number made of their version and of the channels, which are the operator's where none were chosen.
pub(crate) fn tag_of(stored: &StoredPreferences, channels: &[Channel]) -> i64 {
    let version = stored.version.to_string();
    let mut parts = vec![version.as_str()];
    parts.extend(channels.iter().map(|channel| channel.as_str()));
    tag_of_parts(&parts)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_names_every_channel() {
        let document = crate::openapi::document().unwrap();
        let names = &document["components"]["schemas"]["ChannelName"]["enum"];
        let known: Vec<Value> = Channel::ALL.iter().map(|channel| channel.as_str().into()).collect();
        assert_eq!(names, &Value::from(known));
    }
}
