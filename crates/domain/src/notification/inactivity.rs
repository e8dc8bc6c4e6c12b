//! Inactivity: for how many days nothing was logged, and whether that was said already.

use chrono::NaiveDate;

use crate::id::{Seq, UserId};

use super::Param;

/// The days of silence after which a word is said: from the sixth day, then at two, and no more.
pub const STAGES: [u16; 3] = [6, 14, 30];

/// Nothing was logged for so many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inactivity {
    /// The number of the last logging act; [`Seq::ZERO`] for who never logged anything. It re-arms all stages.
    pub last: Seq,
    /// Days since, in the user's zone; since the address was proved for who never logged anything.
    pub days: i64,
    /// The stage reached, one of [`STAGES`].
    pub stage: u16,
}

/// The stage to be told on `today` of somebody whose last logging act was on `since`, both in their zone: the highest that is
/// reached, unless that one or a later one was told since that act already (`told`).
#[must_use]
pub fn due(since: NaiveDate, today: NaiveDate, told: Option<u16>) -> Option<u16> {
    let days = today.signed_duration_since(since).num_days();
    let reached = STAGES.into_iter().filter(|stage| days >= i64::from(*stage)).max()?;
    (told.is_none_or(|told| reached > told)).then_some(reached)
}

impl Inactivity {
    pub(super) fn dedupe_key(&self, user: UserId) -> String {
        format!("inactivity:{user}:{}:{}", self.last, self.stage)
    }

    /// Whether the person never logged anything.
    #[must_use]
    pub const fn never_logged(&self) -> bool {
        self.last.0 == 0
    }

    pub(super) const fn code(&self) -> &'static str {
        if self.never_logged() { "never_logged" } else { "inactive" }
    }

    pub(super) fn params(&self) -> Vec<(&'static str, Param)> {
        vec![("days", Param::Number(self.days)), ("stage", Param::Number(self.stage.into()))]
    }

    pub(super) fn message(&self) -> String {
        if self.never_logged() {
            "You have not logged any expenses yet. Your first one takes less than a minute.".to_owned()
        } else {
            format!("You have not logged any expenses for {} days.", self.days)
        }
    }

    pub(super) fn title(&self) -> String {
        if self.never_logged() {
            "Log your first expense".to_owned()
        } else {
            format!("Nothing logged for {} days", self.days)
        }
    }
}
