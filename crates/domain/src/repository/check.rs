//! What the daily checks read, set by set, and what they store.

use async_trait::async_trait;
use chrono::NaiveDate;

use crate::budget::Scope;
use crate::calendar::{Month, Timestamp, Zone};
use crate::id::{Seq, UserId};
use crate::money::Currency;
use crate::notification::schedule::Cohort;
use crate::notification::{Channel, Kind, NewNotification};

use super::Result;

/// Which users a scan looks at. All of a bounded range of identifiers, so that what is read at once is bounded too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Users after this one,
    pub after: UserId,
    /// up to and with this one,
    pub up_to: UserId,
    /// in one of these zones; `None` for any.
    pub zones: Option<Vec<Zone>>,
}

/// A limit in force whose lowest level is reached, and whose highest reached level was not told yet, as far as a query can
/// tell: the rule of [`crate::notification::overspend`] has the last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverspendCandidate {
    /// Whose.
    pub user: UserId,
    /// Their zone.
    pub zone: Zone,
    /// Their hour.
    pub hour: u8,
    /// When they proved their address.
    pub verified_at: Timestamp,
    /// Their currency.
    pub currency: Currency,
    /// What the limit bounds.
    pub scope: Scope,
    /// What the category is called; empty for the overall limit.
    pub category_name: String,
    /// The limit, in minor units.
    pub limit: i64,
    /// What was spent of it in the month, in minor units.
    pub spent: i64,
    /// The levels that the user wants to be told.
    pub levels: Vec<u16>,
    /// The highest level of this limit and month that was told; cancelled ones do not count.
    pub told: Option<u16>,
    /// The channels that the user chose; `None` leaves it to the operator.
    pub channels: Option<Vec<Channel>>,
}

/// Somebody who logged nothing for days, as far as a query can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InactiveCandidate {
    /// Who.
    pub user: UserId,
    /// Their zone.
    pub zone: Zone,
    /// Their hour.
    pub hour: u8,
    /// When they proved their address.
    pub verified_at: Timestamp,
    /// Their last logging act; [`Seq::ZERO`] for none.
    pub last: Seq,
    /// When that was; when they proved their address, for none.
    pub since: Timestamp,
    /// The last stage that was told since; cancelled ones do not count.
    pub told: Option<u16>,
    /// The channels that the user chose; `None` leaves it to the operator.
    pub channels: Option<Vec<Channel>>,
}

/// Rows of a scan, and how many could not be read: nobody goes without because of somebody else's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned<T> {
    /// Those that could be read.
    pub rows: Vec<T>,
    /// How many could not. They are in the log.
    pub unreadable: u64,
}

/// The daily checks' storage (`daily_run`, `notification`, `notification_delivery`, and what the scans read).
///
/// Nobody who is unverified, disabled, erased, or does not want to hear is ever returned by a scan.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CheckRepository: Send + Sync {
    /// Every zone that a user lives in with every hour that one chose (not each pair need have users), and when it was checked
    /// last.
    ///
    /// # Errors
    /// None of its own.
    async fn cohorts(&self, kind: Kind) -> Result<Vec<Cohort>>;

    /// Notes that cohorts were checked for a date, unless a later one is noted that may be
    /// ([`crate::notification::schedule::latest_note`]).
    ///
    /// # Errors
    /// None of its own.
    async fn mark_done(&self, kind: Kind, done: &[(Zone, u8, NaiveDate)]) -> Result<()>;

    /// The highest identifier of a user; 0 when there is none.
    ///
    /// # Errors
    /// None of its own.
    async fn last_user(&self) -> Result<UserId>;

    /// Limits in force in `month` of which a level is reached. One statement over the tables, whatever the number of users.
    ///
    /// # Errors
    /// None of its own.
    async fn overspends(&self, scan: &Scan, month: Month) -> Result<Scanned<OverspendCandidate>>;

    /// Users whose last logging act was before `before`. One statement likewise.
    ///
    /// # Errors
    /// None of its own.
    async fn inactives(&self, scan: &Scan, before: Timestamp) -> Result<Scanned<InactiveCandidate>>;

    /// Stores those whose key is new, and their deliveries: for each channel one, for push one a device; none where the user
    /// has no address for it. Returns what was stored, by dedupe key. In one transaction.
    ///
    /// # Errors
    /// None of its own.
    async fn insert(&self, new: &[NewNotification], at: Timestamp) -> Result<Vec<String>>;
}
