//! Overspend: which level of a limit spending has reached, and whether that was said already.

use crate::budget::Scope;
use crate::calendar::Month;
use crate::id::UserId;
use crate::money::Currency;

use super::Param;

/// The level that means "past the limit". At any lower one, reaching it is enough.
pub const FULL: u16 = 100;
/// The levels of who chose none.
pub const DEFAULT_LEVELS: [u16; 2] = [80, FULL];

/// A level of a limit that spending has reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overspend {
    /// What the limit bounds.
    pub scope: Scope,
    /// What the category was called when this was decided; empty for the overall limit.
    pub category_name: String,
    /// The month.
    pub month: Month,
    /// The limit in minor units, zero or more.
    pub limit: i64,
    /// What was spent when this was decided, in minor units.
    pub spent: i64,
    /// The currency of both.
    pub currency: Currency,
    /// The level reached, in percent of the limit.
    pub level: u16,
}

/// Whether spending has reached a level: more than the limit at [`FULL`], at least the level's share of it below. Exact.
/// Nothing spent reaches no level, whatever the limit.
#[must_use]
pub fn is_reached(spent: i64, limit: i64, level: u16) -> bool {
    if level >= FULL {
        spent > limit
    } else {
        spent > 0 && i128::from(spent) * 100 >= i128::from(limit) * i128::from(level)
    }
}

/// The level to be told: the highest of `levels` that is reached, unless that one or a higher one was told of this limit in
/// this month already (`told`). Lower levels that were passed on the way are never told after a higher one.
#[must_use]
pub fn due(spent: i64, limit: i64, levels: &[u16], told: Option<u16>) -> Option<u16> {
    let reached = levels.iter().copied().filter(|level| is_reached(spent, limit, *level)).max()?;
    (told.is_none_or(|told| reached > told)).then_some(reached)
}

impl Overspend {
    pub(super) fn dedupe_key(&self, user: UserId) -> String {
        let category = match self.scope {
            Scope::Total => 0,
            Scope::Category(category) => category.0,
        };
        format!("overspend:{user}:{category}:{}:{}:{}", self.month.yyyymm(), self.limit, self.level)
    }

    pub(super) const fn code(&self) -> &'static str {
        match (self.scope, self.level >= FULL) {
            (Scope::Category(_), true) => "category_limit_exceeded",
            (Scope::Category(_), false) => "category_limit_near",
            (Scope::Total, true) => "total_limit_exceeded",
            (Scope::Total, false) => "total_limit_near",
        }
    }

    pub(super) fn params(&self) -> Vec<(&'static str, Param)> {
        let mut params = vec![
            ("month", Param::Text(self.month.to_string())),
            ("limit", Param::Text(self.currency.format(self.limit))),
            ("spent", Param::Text(self.currency.format(self.spent))),
            ("currency", Param::Text(self.currency.code().to_owned())),
            ("level", Param::Number(self.level.into())),
        ];
        if let Scope::Category(category) = self.scope {
            params.push(("category_id", Param::Number(category.0)));
            params.push(("category", Param::Text(self.category_name.clone())));
        }
        params.extend(self.used_percent().map(|percent| ("used_percent", Param::Number(percent))));
        params
    }

    pub(super) fn message(&self) -> String {
        // The first sentence is the document's own (design-notes.txt, 7).
        match (self.scope, self.level >= FULL) {
            (Scope::Category(_), true) => format!("You have overspent in category {}.", self.category_name),
            (Scope::Category(_), false) => {
                format!("You have used {} of your limit in category {}.", self.percent(), self.category_name)
            }
            (Scope::Total, true) => "You have overspent your overall limit.".to_owned(),
            (Scope::Total, false) => format!("You have used {} of your overall limit.", self.percent()),
        }
    }

    pub(super) fn title(&self) -> String {
        match (self.scope, self.level >= FULL) {
            (Scope::Category(_), true) => format!("Over your limit: {}", self.category_name),
            (Scope::Category(_), false) => format!("Close to your limit: {}", self.category_name),
            (Scope::Total, true) => "Over your overall limit".to_owned(),
            (Scope::Total, false) => "Close to your overall limit".to_owned(),
        }
    }

    /// How much of the limit is used, in whole percent rounded down; `None` of a limit of 0.
    #[must_use]
    pub fn used_percent(&self) -> Option<i64> {
        (self.limit > 0).then(|| {
            let percent = i128::from(self.spent) * 100 / i128::from(self.limit);
            i64::try_from(percent).unwrap_or(i64::MAX)
        })
    }

    fn percent(&self) -> String {
        self.used_percent().map_or_else(|| "all".to_owned(), |percent| format!("{percent} %"))
    }
}
