//! Notifications: what a person should hear, decided by pure rules (rules.md, "Notifications").
//!
//! A notification is a row first, found again by its [`Notice::dedupe_key`]; delivering it over channels comes after.

pub mod channel;
pub mod delivery;
pub mod inactivity;
pub mod overspend;
pub mod preferences;
pub mod schedule;

pub use channel::Channel;
pub use inactivity::Inactivity;
pub use overspend::Overspend;
pub use preferences::Preferences;

use crate::calendar::Timestamp;
use crate::id::{NotificationId, UserId};

/// The kinds of notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Spending has reached a level of a limit.
    Overspend,
    /// Nothing was logged for days.
    Inactivity,
}

impl Kind {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Overspend, Self::Inactivity];

    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overspend => "overspend",
            Self::Inactivity => "inactivity",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A value that a client can put into its own wording of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// A text, such as a name, a month, or an amount written as the API writes amounts.
    Text(String),
    /// A whole number, such as days or percent.
    Number(i64),
}

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Spending has reached a level of a limit.
    Overspend(Overspend),
    /// Nothing was logged for days.
    Inactivity(Inactivity),
}

impl Notice {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Overspend(_) => Kind::Overspend,
            Self::Inactivity(_) => Kind::Inactivity,
        }
    }

    /// What names it for ever: a second one with the same key is never stored.
    #[must_use]
    pub fn dedupe_key(&self, user: UserId) -> String {
        match self {
            Self::Overspend(overspend) => overspend.dedupe_key(user),
            Self::Inactivity(inactivity) => inactivity.dedupe_key(user),
        }
    }

    /// The stable word for what happened, for clients that bring their own wording.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overspend(overspend) => overspend.code(),
            Self::Inactivity(inactivity) => inactivity.code(),
        }
    }

    /// The values that go with [`Self::code`], by name.
    #[must_use]
    pub fn params(&self) -> Vec<(&'static str, Param)> {
        match self {
            Self::Overspend(overspend) => overspend.params(),
            Self::Inactivity(inactivity) => inactivity.params(),
        }
    }

    /// One sentence in English.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Overspend(overspend) => overspend.message(),
            Self::Inactivity(inactivity) => inactivity.message(),
        }
    }

    /// A few words in English, such as the subject of a mail.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Overspend(overspend) => overspend.title(),
            Self::Inactivity(inactivity) => inactivity.title(),
        }
    }
}

/// A notification as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its identifier: the same at every attempt to deliver it.
    pub id: NotificationId,
    /// Whose.
    pub user: UserId,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When its owner read it.
    pub read_at: Option<Timestamp>,
    /// What it says.
    pub notice: Notice,
}

/// A notification that was decided and is not stored yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// Whose.
    pub user: UserId,
    /// What it says.
    pub notice: Notice,
    /// Over what it is to be delivered.
    pub channels: Vec<Channel>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Scope;
    use crate::calendar::Month;
    use crate::id::{CategoryId, Seq};
    use crate::money::Currency;

    #[test]
    fn kinds_are_read_back_as_written() {
        for (kind, name) in [(Kind::Overspend, "overspend"), (Kind::Inactivity, "inactivity")] {
            assert_eq!((kind.as_str(), Kind::parse(name)), (name, Some(kind)));
        }
        assert_eq!(Kind::parse("Overspend"), None);
    }

    #[test]
    fn a_notice_says_what_it_is_about() {
        let overspend = Notice::Overspend(Overspend {
            scope: Scope::Category(CategoryId(1)),
            category_name: "Food".to_owned(),
            month: Month::parse("2026-03").unwrap(),
            limit: 1000,
            spent: 855,
            currency: Currency::parse("INR").unwrap(),
            level: 80,
        });
        assert_eq!((overspend.kind(), overspend.code()), (Kind::Overspend, "category_limit_near"));
        assert_eq!(overspend.dedupe_key(UserId(7)), "overspend:7:1:202603:1000:80");
        assert_eq!(overspend.title(), "Close to your limit: Food");
        assert_eq!(overspend.message(), "You have used 85 % of your limit in category Food.");
        assert!(overspend.params().contains(&("category", Param::Text("Food".to_owned()))), "{:?}", overspend.params());

        let inactivity = Notice::Inactivity(Inactivity { last: Seq(3), days: 8, stage: 6 });
        assert_eq!((inactivity.kind(), inactivity.code()), (Kind::Inactivity, "inactive"));
        assert_eq!(inactivity.dedupe_key(UserId(7)), "inactivity:7:3:6");
        assert_eq!(inactivity.title(), "Nothing logged for 8 days");
        assert_eq!(inactivity.message(), "You have not logged any expenses for 8 days.");
        assert_eq!(inactivity.params(), [("days", Param::Number(8)), ("stage", Param::Number(6))]);
    }
}
