//! Frequency: whether logging is spread over the month.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use chrono::Datelike;

use crate::calendar::Month;

use super::facts::MonthFacts;
use super::metric::{FULL_BP, Measure, Metric, Param, Reason};

/// The key of frequency in every model.
pub const KEY: &str = "frequency";

/// The month is cut into the days 1-7, 8-14, 15-21, 22-28 and 29-end. A block of `L` counted days wants
/// `t = ceil(3 * L / 7)` active days and earns `min(active, t) / t`; the metric is the mean of the blocks weighted by
/// `L`, divided last (rules.md, "The score"). An active day is one with a live expense, imported or not.
///
/// Counted is every day of a closed month; in an open one the days to yesterday, and today once it is active. In the
/// month of sign-up the better of two readings holds: all counted days, and the counted days from sign-up on, cut at the
/// same borders. Not measured when no day is counted yet: on the 1st, with nothing on it.
///
/// Reasons:
/// - `active_days {active, wanted, counted_days}`: plain numbers over the reading that holds; `active` may exceed
///   `wanted` and still leave a block short.
/// - `counted_from_sign_up {from}`, when the days before sign-up are left out.
/// - `sparse_block {from, to, active, wanted}`, one for each block with fewer active days than it wants; `from` and `to`
///   are its first and last counted dates.
/// - `no_days_yet {}`.
#[derive(Debug, Clone, Copy)]
pub struct Frequency;

impl Metric for Frequency {
    fn key(&self) -> &'static str {
        KEY
    }

    fn measure(&self, facts: &MonthFacts) -> Measure {
        let active = facts.active_days();
        let counted = counted_days(facts, &active);
        let whole = Reading::of(1..=counted, &active);
        let signed_up_here = Month::of(facts.signed_up_on) == facts.month;
        let since_sign_up =
            signed_up_here.then(|| Reading::of(facts.signed_up_on.day()..=counted, &active)).filter(Reading::counts);
        match since_sign_up {
            Some(window) if window.value_bp() > whole.value_bp() => {
                let mut reasons = window.reasons(facts);
                let from = Param::Date(facts.signed_up_on);
                reasons.insert(1, Reason::new("counted_from_sign_up", vec![("from", from)]));
                Measure::of(window.value_bp(), reasons)
            }
            _ if whole.counts() => Measure::of(whole.value_bp(), whole.reasons(facts)),
            _ => Measure::unmeasured(Reason::new("no_days_yet", vec![])),
        }
    }
}

/// The last counted day of the month; 0 when none is.
fn counted_days(facts: &MonthFacts, active: &BTreeSet<u32>) -> u32 {
    let current = Month::of(facts.today);
    if facts.month < current {
        facts.month.days()
    } else if facts.month > current {
        0
    } else if active.contains(&facts.today.day()) {
        facts.today.day()
    } else {
        facts.today.day() - 1
    }
}

/// The first and last days of the blocks; the last block ends with the month.
const BLOCKS: [(u32, u32); 5] = [(1, 7), (8, 14), (15, 21), (22, 28), (29, 31)];

/// The last day of the block that a day of the month lies in. The last block may reach beyond a short month.
pub(super) fn block_end(day: u32) -> u32 {
    BLOCKS.iter().find(|(_, last)| day <= *last).map_or(31, |(_, last)| *last)
}

/// The counted days of one block.
struct Block {
    first: u32,
    last: u32,
    active: i64,
}

impl Block {
    fn length(&self) -> i64 {
        i64::from(self.last - self.first) + 1
    }

    /// Three days a week, in proportion and rounded up: 1, 2 or 3, as no block is longer than a week.
    fn wanted(&self) -> i64 {
        (3 * self.length() + 6) / 7
    }
}

/// A run of counted days, cut into blocks.
struct Reading(Vec<Block>);

impl Reading {
    fn of(days: RangeInclusive<u32>, active: &BTreeSet<u32>) -> Self {
        let counted = |(first, last): &(u32, u32)| (*first.max(days.start()), *last.min(days.end()));
        let blocks = BLOCKS.iter().map(counted).filter(|(first, last)| first <= last).map(|(first, last)| {
            let active = active.range(first..=last).fold(0, |n, _| n + 1);
            Block { first, last, active }
        });
        Self(blocks.collect())
    }

    fn counts(&self) -> bool {
        !self.0.is_empty()
    }

    fn length(&self) -> i64 {
        self.0.iter().map(Block::length).sum()
    }

    /// Basis points; 0 without any day.
    fn value_bp(&self) -> i64 {
        // Every `wanted` is 1, 2 or 3, so sixths carry each share exactly and the division comes last.
        let earned: i64 = self.0.iter().map(|b| b.length() * b.active.min(b.wanted()) * (6 / b.wanted())).sum();
        if self.counts() { earned * FULL_BP / (6 * self.length()) } else { 0 }
    }

    fn reasons(&self, facts: &MonthFacts) -> Vec<Reason> {
        let total = |part: fn(&Block) -> i64| Param::Integer(self.0.iter().map(part).sum());
        let summary = vec![
            ("active", total(|block| block.active)),
            ("wanted", total(Block::wanted)),
            ("counted_days", total(Block::length)),
        ];
        let sparse = self.0.iter().filter(|block| block.active < block.wanted()).map(|block| {
            Reason::new(
                "sparse_block",
                vec![
                    ("from", Param::Date(facts.date(block.first))),
                    ("to", Param::Date(facts.date(block.last))),
                    ("active", Param::Integer(block.active)),
                    ("wanted", Param::Integer(block.wanted())),
                ],
            )
        });
        std::iter::once(Reason::new("active_days", summary)).chain(sparse).collect()
    }
}
