//! Which cohorts are due, and for what.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use florin_domain::calendar::{Month, Timestamp, Zone};
use florin_domain::notification::schedule::{self, Cohort};

use super::Mode;

/// A cohort that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DueCohort {
    pub(super) zone: Zone,
    pub(super) hour: u8,
    /// The date whose check it is.
    pub(super) date: NaiveDate,
    /// The months in which limits are looked at.
    months: Vec<Month>,
    /// Whom a missed run is caught up for: those who had proved their address by then.
    there_by: Option<Timestamp>,
}

impl DueCohort {
    /// The cohort, if it is due at `now`.
    fn of(cohort: &Cohort, now: Timestamp, mode: Mode) -> Option<Self> {
        let Cohort { zone, hour, done_on } = *cohort;
        let (date, today) = (schedule::due_date(now, zone, hour), now.date_in(zone));
        let done_on = done_on.filter(|done| *done <= schedule::latest_note(date));
        let is_catching_up = date != today;
        let is_open = done_on.is_none_or(|done| done < date);
        let is_asked_for = mode != Mode::Scheduled && !is_catching_up;
        (is_open || is_asked_for).then(|| Self {
            zone,
            hour,
            date,
            months: schedule::months(done_on, today),
            there_by: is_catching_up.then(|| schedule::instant_of(date, zone, hour)),
        })
    }

    fn concerns(&self, verified_at: Timestamp) -> bool {
        self.there_by.is_none_or(|there_by| verified_at <= there_by)
    }
}

/// All that are due.
#[derive(Debug, Default)]
pub(super) struct DueCohorts {
    by_key: BTreeMap<(&'static str, u8), DueCohort>,
    zones: BTreeSet<&'static str>,
}

impl DueCohorts {
    pub(super) fn of(cohorts: &[Cohort], now: Timestamp, mode: Mode) -> Self {
        let due = cohorts.iter().filter_map(|cohort| DueCohort::of(cohort, now, mode));
        Self {
            by_key: due.map(|due| ((due.zone.name(), due.hour), due)).collect(),
            zones: cohorts.iter().map(|cohort| cohort.zone.name()).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &DueCohort> {
        self.by_key.values()
    }

    /// The months that any of them looks at.
    pub(super) fn months(&self) -> BTreeSet<Month> {
        self.iter().flat_map(|due| due.months.iter().copied()).collect()
    }

    /// The zones to scan: those of all that are due, or of those that look at a month; `None` when that is every zone.
    pub(super) fn zones(&self, month: Option<Month>) -> Option<Vec<Zone>> {
        let looking = self.iter().filter(|due| month.is_none_or(|month| due.months.contains(&month)));
        let zones: BTreeMap<&str, Zone> = looking.map(|due| (due.zone.name(), due.zone)).collect();
        (zones.len() < self.zones.len()).then(|| zones.into_values().collect())
    }

    /// The cohort of a user, if it is due for them.
    pub(super) fn of_user(&self, zone: Zone, hour: u8, verified_at: Timestamp) -> Option<&DueCohort> {
        self.by_key.get(&(zone.name(), hour)).filter(|due| due.concerns(verified_at))
    }

    /// The same, if it looks at that month.
    pub(super) fn looking_at(&self, month: Month, zone: Zone, hour: u8, verified_at: Timestamp) -> Option<&DueCohort> {
        self.of_user(zone, hour, verified_at).filter(|due| due.months.contains(&month))
    }
}
