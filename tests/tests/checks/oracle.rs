//! What people should hear, worked out one by one, without the product's rules: of its code only the local date and hour of an
//! instant are used.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use florin_domain::calendar::{Timestamp, Zone};

use crate::plan::Act;

const QUARTER: i64 = 15 * 60_000;

/// What is known of the checks of those in one zone at one hour.
#[derive(Debug)]
pub(crate) struct Hours {
    zone: Zone,
    hour: u8,
    /// The latest date whose hour has come, and when it came.
    come: Option<(NaiveDate, Timestamp)>,
    checked: Option<NaiveDate>,
}

/// A check that is made.
#[derive(Debug)]
pub(crate) struct Check {
    date: NaiveDate,
    today: NaiveDate,
    /// The dates since the last one, or today.
    from: NaiveDate,
    came_at: Timestamp,
}

impl Hours {
    pub(crate) fn new(zone: Zone, hour: u8) -> Self {
        Self { zone, hour, come: None, checked: None }
    }

    /// Lets time go by, whether or not anybody checks: from `from` up to and with `to`.
    pub(crate) fn pass(&mut self, from: Timestamp, to: Timestamp) {
        let mut now = Timestamp(from.0 - from.0.rem_euclid(QUARTER));
        while now <= to {
            let today = now.date_in(self.zone);
            let is_new = self.come.is_none_or(|(date, _)| today > date);
            if is_new && now.hour_in(self.zone) >= u32::from(self.hour) {
                self.come = Some((today, now));
            }
            now = now.plus_millis(QUARTER);
        }
    }

    /// The check that is to be made at `now`, if any.
    pub(crate) fn check(&mut self, now: Timestamp) -> Option<Check> {
        let (date, came_at) = self.come?;
        if self.checked.is_some_and(|checked| checked >= date) {
            return None;
        }
        let today = now.date_in(self.zone);
        let from = self.checked.map_or(today, |checked| checked.succ_opt().unwrap());
        self.checked = Some(date);
        Some(Check { date, today, from, came_at })
    }
}

/// What somebody did, and what they were told.
#[derive(Debug, Default)]
pub(crate) struct Story {
    joined_at: Option<Timestamp>,
    /// By category and month from which on.
    limits: BTreeMap<(i64, i32), i64>,
    spent: BTreeMap<(i32, i64), i64>,
    seq: i64,
    logged: Option<(i64, Timestamp)>,
    told: BTreeMap<String, u32>,
}

impl Story {
    pub(crate) fn add(&mut self, at: Timestamp, act: Act) {
        match act {
            Act::Join => self.joined_at = Some(at),
            Act::Limit { category, month, limit } => {
                self.limits.insert((category, month), limit);
            }
            Act::Spend { category, month, total } => {
                self.seq += 1;
                self.logged = Some((self.seq, at));
                self.spent.insert((month, category), total);
            }
            Act::TakeBack { category, month, total } => {
                self.seq += 1;
                self.spent.insert((month, category), total);
            }
        }
    }

    /// The keys of what they hear at that check.
    pub(crate) fn hears(&mut self, user: i64, zone: Zone, check: &Check) -> Vec<String> {
        let Some(joined_at) = self.joined_at else { return Vec::new() };
        if check.date != check.today && joined_at > check.came_at {
            return Vec::new();
        }
        let mut keys = Vec::new();
        for month in months(check.from, check.today) {
            for category in 0..4 {
                keys.extend(self.overspend(user, category, month));
            }
        }
        let (act, since) = self.logged.unwrap_or((0, joined_at));
        let days = (check.date - since.date_in(zone)).num_days();
        let stage = if days >= 30 {
            30
        } else if days >= 14 {
            14
        } else {
            6
        };
        keys.extend((days >= 6).then(|| self.first(format!("inactivity:{user}:{act}"), stage)).flatten());
        keys
    }

    fn overspend(&mut self, user: i64, category: i64, month: i32) -> Option<String> {
        let (_, limit) = self.limits.range((category, 0)..=(category, month)).next_back()?;
        let limit = *limit;
        let in_month = self.spent.range((month, 0)..(month + 1, 0));
        let spent: i64 = in_month.filter(|((_, of), _)| category == 0 || *of == category).map(|(_, total)| total).sum();
        let level = if spent > limit {
            100
        } else if spent > 0 && spent * 5 >= limit * 4 {
            80
        } else {
            return None;
        };
        self.first(format!("overspend:{user}:{category}:{month}:{limit}"), level)
    }

    /// The key, if nothing as high was told of that matter.
    fn first(&mut self, matter: String, level: u32) -> Option<String> {
        let told = self.told.entry(matter.clone()).or_default();
        (level > *told).then(|| {
            *told = level;
            format!("{matter}:{level}")
        })
    }
}

/// The months of some dates, and those before of the first three days of a month.
fn months(from: NaiveDate, to: NaiveDate) -> Vec<i32> {
    let number = |date: NaiveDate| date.year() * 100 + i32::try_from(date.month()).unwrap();
    let mut months: Vec<i32> = from
        .iter_days()
        .take_while(|date| *date <= to)
        .flat_map(|date| [number(date), number(date - chrono::Days::new(u64::from(date.day() <= 3) * 3))])
        .collect();
    months.sort_unstable();
    months.dedup();
    months
}
