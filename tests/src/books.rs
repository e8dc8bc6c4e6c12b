//! The invariant that everything else rests on: what is stored as totals is what the live expenses add up to.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::client::Client;

/// Minor units of an amount as the API writes it, whatever the currency's exponent.
#[must_use]
#[track_caller]
pub fn minor(amount: &Value) -> i128 {
    let text = amount.as_str().unwrap_or_else(|| panic!("{amount} is no amount"));
    text.replace('.', "").parse().unwrap_or_else(|_| panic!("{amount} is no amount"))
}

/// The category of an expense, a summary's line or a change.
#[must_use]
#[track_caller]
pub fn category_of(row: &Value) -> i64 {
    row["category"]["id"].as_i64().unwrap_or_else(|| panic!("no category in {row}"))
}

/// What live expenses add up to, by month and category.
#[must_use]
pub fn sums<'a>(expenses: impl IntoIterator<Item = &'a Value>) -> BTreeMap<(String, i64), i128> {
    let mut sums = BTreeMap::new();
    for expense in expenses {
        let month = expense["date"].as_str().expect("a date")[..7].to_owned();
        *sums.entry((month, category_of(expense))).or_default() += minor(&expense["amount"]);
    }
    sums
}

/// Compares the summaries of every month with the list of live expenses, and walks the books. Returns the expenses.
pub async fn assert_sound(user: &Client) -> Vec<Value> {
    let expenses = user.all("/expenses?sort=date", 200).await;
    let sums = sums(&expenses);
    let mut months: Vec<&String> = sums.keys().map(|(month, _)| month).collect();
    months.dedup();
    for month in months {
        let summary = user.summary(&format!("?month={month}")).await.expect(200);
        let lines = summary["categories"].as_array().expect("categories");
        let stored: BTreeMap<(String, i64), i128> = lines
            .iter()
            .map(|line| ((month.clone(), category_of(line)), minor(&line["actual"])))
            .filter(|(_, total)| *total != 0)
            .collect();
        let live: BTreeMap<_, _> =
            sums.iter().filter(|((of, _), _)| of == month).map(|(key, n)| (key.clone(), *n)).collect();
        assert_eq!(stored, live, "the totals of {month} are not what the live expenses add up to");
        assert_eq!(minor(&summary["total"]["actual"]), live.values().sum::<i128>(), "{summary:?}");
    }
    let verified = user.verify_books().await.expect(200);
    assert_eq!(verified["ok"], true, "the books do not agree: {verified:?}");
    assert!(verified["first_bad"].is_null(), "{verified:?}");
    expenses
}
