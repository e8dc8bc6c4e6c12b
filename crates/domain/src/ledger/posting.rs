//! Postings: the signed amounts by which an action moves the monthly totals.

use std::collections::BTreeMap;

use crate::calendar::Month;
use crate::id::CategoryId;
use crate::money::{self, MoneyError};

use super::Change;

/// A signed amount for one total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting {
    /// The month of the total.
    pub month: Month,
    /// Its category.
    pub category: CategoryId,
    /// Minor units to add; never zero.
    pub amount: i64,
}

/// The postings of some changes: equal keys merged, zeros dropped, sorted by month and category, so that writers lock
/// the totals in one order.
///
/// # Errors
/// [`MoneyError::Overflow`] when a sum does not fit 64 bits.
pub fn post(changes: &[Change]) -> Result<Vec<Posting>, MoneyError> {
    let mut totals: BTreeMap<(Month, CategoryId), i64> = BTreeMap::new();
    for change in changes {
        let taken = change.before.iter().map(|state| (state, -state.amount));
        let given = change.after.iter().map(|state| (state, state.amount));
        for (state, amount) in taken.chain(given) {
            let total = totals.entry((state.month(), state.category)).or_default();
            *total = money::add(*total, amount)?;
        }
    }
    let postings = totals.into_iter().filter(|(_, amount)| *amount != 0);
    Ok(postings.map(|((month, category), amount)| Posting { month, category, amount }).collect())
}
