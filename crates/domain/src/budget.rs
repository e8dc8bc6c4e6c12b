//! Budgets: limits per category and one overall, each in force from a month until changed.

use std::collections::BTreeMap;

use crate::calendar::Month;
use crate::id::CategoryId;

/// What a limit bounds. The overall limit sorts before the categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All spending of the month.
    Total,
    /// The spending in one category.
    Category(CategoryId),
}

/// One entry of a budget's history: from `from_month` on, the limit of `scope` is `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetEntry {
    /// What it bounds.
    pub scope: Scope,
    /// The first month in which it holds.
    pub from_month: Month,
    /// Minor units, zero or more; `None` says that the limit was removed from this month on.
    pub limit: Option<i64>,
}

/// A limit that holds in the month asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What it bounds.
    pub scope: Scope,
    /// Since when.
    pub from_month: Month,
    /// Minor units, zero or more.
    pub amount: i64,
}

/// The limits in force in `month`, the overall one first, then by category: for each scope the latest entry with
/// `from_month <= month`, unless that one is a removal (rules.md, "Budgets").
#[must_use]
pub fn in_force(entries: &[BudgetEntry], month: Month) -> Vec<Limit> {
    let begun = entries.iter().filter(|entry| entry.from_month <= month);
    let in_order: BTreeMap<(Scope, Month), &BudgetEntry> = begun.map(|e| ((e.scope, e.from_month), e)).collect();
    // Of equal scopes the last one stays, which is the latest.
    let latest: BTreeMap<Scope, &BudgetEntry> = in_order.into_values().map(|entry| (entry.scope, entry)).collect();
    latest
        .into_values()
        .filter_map(|e| e.limit.map(|amount| Limit { scope: e.scope, from_month: e.from_month, amount }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    #[test]
    fn a_change_never_rewrites_a_past_month() {
        let food = Scope::Category(CategoryId(1));
        let entry = |from, limit| BudgetEntry { scope: food, from_month: month(from), limit };
        let entries = [entry("2026-03", Some(200)), entry("2026-01", Some(100)), entry("2026-05", None)];
        let limit = |text| in_force(&entries, month(text)).first().map(|l| l.amount);
        assert_eq!(limit("2025-12"), None);
        assert_eq!(limit("2026-02"), Some(100));
        assert_eq!(limit("2026-03"), Some(200));
        assert_eq!(limit("2026-04"), Some(200));
        assert_eq!(limit("2026-05"), None);
    }
}
