//! The ways by which a notification reaches its owner.

/// A way of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A line of JSON on the scheduler's standard output.
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

impl Channel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Log, Self::Email, Self::Push, Self::Sms, Self::Webhook];

    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Email => "email",
            Self::Push => "push",
            Self::Sms => "sms",
            Self::Webhook => "webhook",
        }
    }

    /// The channel of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_read_back_as_written() {
        for (channel, name) in Channel::ALL.into_iter().zip(["log", "email", "push", "sms", "webhook"]) {
            assert_eq!((channel.as_str(), Channel::parse(name)), (name, Some(channel)));
        }
        assert_eq!(Channel::parse("Log"), None);
    }
}
