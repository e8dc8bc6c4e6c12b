//! What people of a simulated year do, at random and the same in every run.

use acceptance::random::Random;
use florin_domain::calendar::{Timestamp, Zone};

use crate::people;

/// Zones with half and quarter hours, changes of half an hour and of a whole one in every season, both ends of the date line,
/// and one that crosses it.
pub(crate) const ZONES: [&str; 24] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Havana",
    "America/Mexico_City",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/London",
    "Europe/Moscow",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "UTC",
];

/// Hours on whose other side clocks are changed, and ordinary ones. The last is the default.
pub(crate) const HOURS: [u8; 6] = [0, 1, 2, 3, 23, 9];
const MINUTE: i64 = 60_000;

/// Something that somebody does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// Proves their address.
    Join,
    /// Logs an expense, or takes one out of the total: one action.
    Spend { category: i64, month: i32, total: i64 },
    /// Takes back what they logged last: an action that logs nothing.
    TakeBack { category: i64, month: i32, total: i64 },
    /// Sets a limit; category 0 is the overall one.
    Limit { category: i64, month: i32, limit: i64 },
}

/// Somebody, how they are just now, and what is in their books.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) zone: Zone,
    pub(crate) hour: u8,
    joined: bool,
    seq: i64,
    /// Hours for which they do nothing.
    silent_for: u64,
    totals: std::collections::BTreeMap<(i32, i64), i64>,
}

impl Person {
    pub(crate) fn new(id: i64, zone: Zone, hour: u8) -> Self {
        Self { id, zone, hour, joined: false, seq: 0, silent_for: 0, totals: std::collections::BTreeMap::new() }
    }

    /// What makes their rows.
    pub(crate) fn rows(&self) -> Vec<String> {
        let mut rows = people::person(self.id, self.zone.name(), "NULL");
        if self.hour != 9 {
            rows.push(people::preference(self.id, self.hour));
        }
        rows
    }

    /// What they do in the hour after `from`, and when.
    pub(crate) fn acts(&mut self, from: Timestamp, random: &mut Random) -> Option<(Timestamp, Act)> {
        // Never on a quarter of an hour, at which hours come.
        let at = from.plus_millis((1 + i64::try_from(random.below(14)).unwrap()) * MINUTE);
        if !self.joined {
            self.joined = random.below(30) == 0;
            return self.joined.then_some((at, Act::Join));
        }
        if self.silent_for > 0 {
            self.silent_for -= 1;
            return None;
        }
        if random.below(150) == 0 {
            let most = *random.pick(&[40, 9, 9]);
            self.silent_for = 24 * (1 + random.below(most));
        }
        if random.below(18) > 0 {
            return None;
        }
        let date = at.date_in(self.zone);
        let mut month = florin_domain::calendar::Month::of(date);
        if random.below(6) == 0 {
            month = month.previous();
        }
        let (month, category) = (month.yyyymm(), 1 + i64::try_from(random.below(3)).unwrap());
        let amount = i64::try_from(random.below(400)).unwrap();
        let total = self.totals.entry((month, category)).or_default();
        let act = match random.below(12) {
            0 | 1 => {
                let limit = [0, 500, 1000, 1000, 2000][usize::try_from(random.below(5)).unwrap()];
                Act::Limit { category: i64::try_from(random.below(4)).unwrap(), month, limit }
            }
            2 if *total > 0 => {
                *total = (*total - amount).max(0);
                Act::TakeBack { category, month, total: *total }
            }
            3 => {
                *total = (*total - amount).max(0);
                Act::Spend { category, month, total: *total }
            }
            _ => {
                *total += amount;
                Act::Spend { category, month, total: *total }
            }
        };
        Some((at, act))
    }

    /// The statements by which it is done.
    pub(crate) fn statements(&mut self, at: Timestamp, act: Act) -> Vec<String> {
        let mut statements = match act {
            Act::Join => vec![format!("UPDATE user_login SET verified_at = {} WHERE id = {}", at.0, self.id)],
            Act::Spend { category, month, total } | Act::TakeBack { category, month, total } => {
                people::spent(self.id, category, month, total)
            }
            Act::Limit { category, month, limit } => people::limit(self.id, category, month, limit),
        };
        if matches!(act, Act::Spend { .. } | Act::TakeBack { .. }) {
            self.seq += 1;
            statements.extend(people::action(self.id, self.seq, at.0, matches!(act, Act::Spend { .. })));
        }
        statements
    }
}
