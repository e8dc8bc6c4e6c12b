//! What a person wants to hear, when, and over what.

use super::Channel;
use super::overspend::DEFAULT_LEVELS;

/// The local hour of who chose none.
pub const DEFAULT_HOUR: u8 = 9;
/// The most levels that somebody may choose.
pub const MAX_LEVELS: usize = 10;

/// A person's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// Whether to hear of overspending.
    pub overspend: bool,
    /// At which levels, in percent of a limit: 1 to 100, ascending, each once, at least one.
    pub levels: Vec<u16>,
    /// Whether to hear of silence.
    pub inactivity: bool,
    /// The hour of the day from which on, in the user's zone: 0 to 23.
    pub hour: u8,
    /// Over what; `None` leaves it to the operator, an empty list keeps notifications in the inbox.
    pub channels: Option<Vec<Channel>>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { overspend: true, levels: DEFAULT_LEVELS.to_vec(), inactivity: true, hour: DEFAULT_HOUR, channels: None }
    }
}

impl Preferences {
    /// The channels to deliver over, of those that the operator has.
    #[must_use]
    pub fn effective(&self, of_operator: &[Channel]) -> Vec<Channel> {
        effective(self.channels.as_deref(), of_operator)
    }
}

/// The channels to deliver over, of those that the operator has.
#[must_use]
pub fn effective(chosen: Option<&[Channel]>, of_operator: &[Channel]) -> Vec<Channel> {
    let wanted = |channel: &&Channel| chosen.is_none_or(|chosen| chosen.contains(channel));
    of_operator.iter().filter(wanted).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_chosen_the_operator_must_have_it() {
        let of_operator = [Channel::Log, Channel::Email, Channel::Push];
        let over = |channels| Preferences { channels, ..Preferences::default() }.effective(&of_operator);
        assert_eq!(over(None), of_operator);
        assert_eq!(over(Some(vec![Channel::Sms, Channel::Push, Channel::Log])), [Channel::Log, Channel::Push]);
        assert_eq!(over(Some(vec![])), []);
    }
}
