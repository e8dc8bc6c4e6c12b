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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::id::CategoryId;

    const NEAR: Option<u16> = Some(80);
    const OVER: Option<u16> = Some(FULL);

    #[rstest]
    #[case::nothing_spent(0, 1000, None, None)]
    #[case::just_below(799, 1000, None, None)]
    #[case::at_the_level(800, 1000, None, NEAR)]
    #[case::exactly_the_limit(1000, 1000, None, NEAR)]
    #[case::one_over(1001, 1000, None, OVER)]
    #[case::both_levels_in_one_write(5000, 1000, None, OVER)]
    #[case::told_already(999, 1000, NEAR, None)]
    #[case::told_and_crossed(1001, 1000, NEAR, OVER)]
    #[case::told_all(2000, 1000, OVER, None)]
    #[case::fallen_below_and_back(850, 1000, OVER, None)]
    #[case::rounding_is_not_reaching(7, 9, None, None)]
    #[case::rounding_up_is(8, 9, None, NEAR)]
    #[case::nothing_allowed_and_nothing_spent(0, 0, None, None)]
    #[case::nothing_allowed(1, 0, None, OVER)]
    #[case::a_limit_of_one(1, 1, None, NEAR)]
    #[case::more_than_was_given_back(-5, 0, None, None)]
    #[case::the_largest(i64::MAX, i64::MAX, None, NEAR)]
    fn the_highest_level_is_told_once(
        #[case] spent: i64,
        #[case] limit: i64,
        #[case] told: Option<u16>,
        #[case] expected: Option<u16>,
    ) {
        assert_eq!(due(spent, limit, &DEFAULT_LEVELS, told), expected);
    }

    #[rstest]
    #[case::only_the_last(&[100], 1000, None)]
    #[case::only_the_first(&[50], 5000, Some(50))]
    #[case::in_any_order(&[100, 50, 90], 950, Some(90))]
    #[case::none(&[], 5000, None)]
    fn levels_are_the_users_own(#[case] levels: &[u16], #[case] spent: i64, #[case] expected: Option<u16>) {
        assert_eq!(due(spent, 1000, levels, None), expected);
    }

    fn notice(scope: Scope, limit: i64, level: u16) -> Overspend {
        let (month, currency) = (Month::parse("2026-03").unwrap(), Currency::parse("INR").unwrap());
        Overspend { scope, category_name: "Food".to_owned(), month, limit, spent: 900, currency, level }
    }

    #[test]
    fn another_limit_re_arms_and_the_same_one_does_not() {
        let key = |scope, limit, level| notice(scope, limit, level).dedupe_key(UserId(7));
        let food = Scope::Category(CategoryId(1));
        assert_eq!(key(food, 1000, 80), "overspend:7:1:202603:1000:80");
        assert_eq!(key(Scope::Total, 1000, 80), "overspend:7:0:202603:1000:80");
        assert_eq!(key(food, 1000, 80), key(food, 1000, 80));
        assert_ne!(key(food, 1000, 80), key(food, 1001, 80));
    }

    #[test]
    fn it_says_what_happened() {
        let food = Scope::Category(CategoryId(1));
        let said = |notice: Overspend| (notice.code(), notice.message());
        let expected = [
            ("category_limit_exceeded", "You have overspent in category Food."),
            ("category_limit_near", "You have used 90 % of your limit in category Food."),
            ("total_limit_exceeded", "You have overspent your overall limit."),
            ("total_limit_near", "You have used 90 % of your overall limit."),
        ];
        let notices = [(food, 100), (food, 80), (Scope::Total, 100), (Scope::Total, 80)];
        for ((scope, level), (code, message)) in notices.into_iter().zip(expected) {
            assert_eq!(said(notice(scope, 1000, level)), (code, message.to_owned()));
        }
        assert_eq!(notice(food, 0, 100).used_percent(), None, "of nothing there is no share");
    }

    proptest! {
        /// However spending goes up and down, each level of a limit is told at most once, and the level never falls.
        #[test]
        fn the_told_level_only_rises(
            spent in prop::collection::vec(-10_i64..3000, 1..40),
            limit in 0_i64..2000,
            levels in prop::collection::vec(1_u16..=100, 0..6),
        ) {
            let mut told = None;
            for spent in spent {
                if let Some(level) = due(spent, limit, &levels, told) {
                    prop_assert!(told.is_none_or(|told| level > told));
                    prop_assert!(levels.contains(&level) && is_reached(spent, limit, level));
                    prop_assert_eq!(due(spent, limit, &levels, Some(level)), None);
                    told = Some(level);
                }
            }
        }

        /// More spent reaches no lower level; a higher limit no higher one.
        #[test]
        fn levels_follow_spending(spent in any::<i64>(), more in any::<i64>(), limit in 0..i64::MAX, level in 1_u16..=100) {
            let (less, more) = (spent.min(more), spent.max(more));
            prop_assert!(!is_reached(less, limit, level) || is_reached(more, limit, level));
            prop_assert!(!is_reached(spent, limit + 1, level) || is_reached(spent, limit, level));
            prop_assert!(!is_reached(spent, limit, level) || spent > 0);
        }
    }
}
