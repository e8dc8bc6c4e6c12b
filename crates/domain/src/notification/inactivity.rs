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

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn day(after: u64) -> NaiveDate {
        // Over the end of a February that has 29 days.
        NaiveDate::from_ymd_opt(2028, 2, 25).unwrap().checked_add_days(Days::new(after)).unwrap()
    }

    #[rstest]
    #[case::exactly_five_days(5, None, None)]
    #[case::the_sixth(6, None, Some(6))]
    #[case::told(7, Some(6), None)]
    #[case::the_day_before_the_second(13, Some(6), None)]
    #[case::the_second(14, Some(6), Some(14))]
    #[case::the_day_before_the_third(29, Some(14), None)]
    #[case::the_third(30, Some(14), Some(30))]
    #[case::then_silence(31, Some(30), None)]
    #[case::for_ever(4000, Some(30), None)]
    #[case::first_seen_late(20, None, Some(14))]
    #[case::first_seen_very_late(300, None, Some(30))]
    #[case::today(0, None, None)]
    fn stages_are_told_once_each(#[case] days: u64, #[case] told: Option<u16>, #[case] expected: Option<u16>) {
        assert_eq!(due(day(0), day(days), told), expected);
    }

    #[test]
    fn who_was_active_after_the_date_that_is_caught_up_is_not_silent() {
        assert_eq!(due(day(9), day(0), None), None);
    }

    #[test]
    fn who_never_logged_is_told_in_other_words() {
        let silent = |last, days| Inactivity { last: Seq(last), days, stage: 6 };
        assert_eq!(silent(3, 6).code(), "inactive");
        assert_eq!(silent(3, 8).message(), "You have not logged any expenses for 8 days.");
        assert_eq!(silent(0, 6).code(), "never_logged");
        assert!(silent(0, 6).message().contains("not logged any expenses yet"));
        assert_ne!(silent(0, 6).dedupe_key(UserId(7)), silent(3, 6).dedupe_key(UserId(7)), "an act re-arms");
        assert_eq!(silent(3, 6).dedupe_key(UserId(7)), silent(3, 9).dedupe_key(UserId(7)), "a day does not");
    }

    proptest! {
        /// Whichever days are looked at, stages only rise, and each is told once.
        #[test]
        fn the_told_stage_only_rises(steps in prop::collection::vec(0_u64..9, 1..40)) {
            let (mut told, mut today) = (None, 0);
            for step in steps {
                today += step;
                if let Some(stage) = due(day(0), day(today), told) {
                    prop_assert!(told.is_none_or(|told| stage > told) && u64::from(stage) <= today);
                    prop_assert_eq!(due(day(0), day(today), Some(stage)), None);
                    told = Some(stage);
                }
            }
            prop_assert_eq!(told, STAGES.into_iter().filter(|stage| u64::from(*stage) <= today).max());
        }
    }
}
