//! What people want to hear, when, and over what.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::notification::overspend::FULL;
use florin_domain::notification::preferences::MAX_LEVELS;
use florin_domain::notification::{Channel, Preferences};
use florin_domain::repository::{ReachRepository, RepositoryError, StoredPreferences};

use crate::error::{AppError, FieldError, Result};
use crate::writer::Tries;

/// The last hour of a day.
const LAST_HOUR: i64 = 23;

/// Preferences as the client asks for them. What it left out has its default already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedPreferences {
    /// Whether to hear of overspending.
    pub overspend: bool,
    /// At which levels, in percent of a limit, in any order.
    pub levels: Vec<i64>,
    /// Whether to hear of silence.
    pub inactivity: bool,
    /// The hour of the day, in the user's zone.
    pub hour: i64,
    /// Over what; `None` leaves it to the operator.
    pub channels: Option<Vec<Channel>>,
    /// What was wrong with its form, found when it was read. The use case adds what is wrong with the values.
    pub faults: Vec<FieldError>,
}

/// The use cases of one's own preferences.
pub struct NotificationPreferences {
    reach: Arc<dyn ReachRepository>,
    of_operator: Vec<Channel>,
}

impl NotificationPreferences {
    /// A service over its port; `of_operator` are the channels of users who chose none.
    #[must_use]
    pub fn new(reach: Arc<dyn ReachRepository>, of_operator: Vec<Channel>) -> Self {
        Self { reach, of_operator }
    }

    /// What the user wants.
    ///
    /// # Errors
    /// None of its own.
    pub async fn get(&self, account: &Account) -> Result<StoredPreferences> {
        Ok(self.reach.preferences(account.id).await?)
    }

    /// The channels that were chosen; the operator's where none were.
    #[must_use]
    pub fn channels<'a>(&'a self, preferences: &'a Preferences) -> &'a [Channel] {
        preferences.channels.as_deref().unwrap_or(&self.of_operator)
    }

    /// Replaces what the user wants and returns it. `accept` says whether it may be replaced as it is.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every wrong field; [`AppError::PreconditionFailed`]; [`AppError::Unauthenticated`] for who
    /// was erased meanwhile.
    pub async fn put(
        &self,
        account: &Account,
        wanted: WantedPreferences,
        accept: impl Fn(&StoredPreferences) -> bool + Send + Sync,
    ) -> Result<StoredPreferences> {
        let mut tries = Tries::default();
        let refuse_stale = |stored: &StoredPreferences| {
            if accept(stored) { Ok(()) } else { Err(AppError::PreconditionFailed) }
        };
        // A precondition is looked at before the values are (RFC 9110, 13.2.1).
        let mut present = self.reach.preferences(account.id).await?;
        refuse_stale(&present)?;
        let preferences = check(wanted)?;
        loop {
            match self.reach.put_preferences(account.id, &preferences, present.version).await {
                Err(RepositoryError::Stale) if tries.again() => {}
                other => return Ok(StoredPreferences { preferences, version: other? }),
            }
            present = self.reach.preferences(account.id).await?;
            refuse_stale(&present)?;
        }
    }
}

fn check(wanted: WantedPreferences) -> Result<Preferences> {
    let WantedPreferences { overspend, levels, inactivity, hour, channels, faults: mut errors } = wanted;
    let unread = |errors: &[FieldError], pointer: &str| errors.iter().any(|fault| fault.pointer.starts_with(pointer));
    if !unread(&errors, "/overspend/levels") {
        check_levels(&levels, &mut errors);
    }
    if !(0..=LAST_HOUR).contains(&hour) {
        errors.push(FieldError::new("/hour", "out_of_range", format!("must be from 0 to {LAST_HOUR}")));
    }
    let channels_of = channels.as_deref().unwrap_or_default();
    refuse_repeated(channels_of, "/channels", &mut errors);
    let mut read: Vec<u16> = levels.iter().filter_map(|level| u16::try_from(*level).ok()).collect();
    read.sort_unstable();
    match u8::try_from(hour) {
        Ok(hour) if errors.is_empty() => Ok(Preferences { overspend, levels: read, inactivity, hour, channels }),
        _ => Err(AppError::Invalid(errors)),
    }
}

fn check_levels(levels: &[i64], errors: &mut Vec<FieldError>) {
    const POINTER: &str = "/overspend/levels";
    if !(1..=MAX_LEVELS).contains(&levels.len()) {
        let code = if levels.is_empty() { "required" } else { "too_many" };
        errors.push(FieldError::new(POINTER, code, format!("must have 1 to {MAX_LEVELS} items")));
    }
    for (index, level) in levels.iter().enumerate() {
        if !(1..=i64::from(FULL)).contains(level) {
            let message = format!("must be from 1 to {FULL}");
            errors.push(FieldError::new(format!("{POINTER}/{index}"), "out_of_range", message));
        }
    }
    refuse_repeated(levels, POINTER, errors);
}

/// Refuses every item that stands in the list before.
fn refuse_repeated<T: PartialEq>(items: &[T], pointer: &str, errors: &mut Vec<FieldError>) {
    for (index, item) in items.iter().enumerate() {
        if items.iter().take(index).any(|before| before == item) {
            errors.push(FieldError::new(format!("{pointer}/{index}"), "repeated", "must be given only once"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> WantedPreferences {
        WantedPreferences {
            overspend: true,
            levels: vec![100, 80],
            inactivity: false,
            hour: 23,
            channels: Some(vec![Channel::Push, Channel::Email]),
            faults: Vec::new(),
        }
    }

    fn faults(wanted: WantedPreferences) -> Vec<String> {
        match check(wanted) {
            Err(AppError::Invalid(faults)) => {
                faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn levels_are_kept_in_order() {
        let kept = check(wanted()).unwrap();
        assert_eq!((kept.levels, kept.hour), (vec![80, 100], 23));
        assert_eq!(kept.channels, Some(vec![Channel::Push, Channel::Email]));
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let twice = vec![Channel::Log, Channel::Sms, Channel::Log];
        let all = WantedPreferences { levels: vec![0, 101, 50, 50], hour: 24, channels: Some(twice), ..wanted() };
        let expected = [
            "/overspend/levels/0 out_of_range",
            "/overspend/levels/1 out_of_range",
            "/overspend/levels/3 repeated",
            "/hour out_of_range",
            "/channels/2 repeated",
        ];
        assert_eq!(faults(all), expected);
        assert_eq!(faults(WantedPreferences { levels: vec![], ..wanted() }), ["/overspend/levels required"]);
        let eleven = (1..=11).collect();
        assert_eq!(faults(WantedPreferences { levels: eleven, ..wanted() }), ["/overspend/levels too_many"]);
    }
}
