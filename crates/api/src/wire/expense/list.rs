//! The list of expenses: its filters, its order, its cursor.

use chrono::NaiveDate;
use florin_app::error::FieldError;
use florin_app::expenses::Shown;
use florin_domain::calendar::{Month, Timestamp, parse_date};
use florin_domain::categorizer::UNCATEGORIZED;
use florin_domain::expense::Expense;
use florin_domain::id::{CategoryId, ExpenseId};
use florin_domain::money::Currency;
use florin_domain::repository::{ExpenseCursor, ExpenseFilter, ExpenseQuery, ExpenseSort, Page, SortKey};
use florin_domain::{tag, text};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::ExpenseBody;
use crate::problem::{self, Problem};
use crate::wire::page::read_limit;
use crate::wire::{Fields, Reader, cursor, money};

/// The most values of one repeated filter.
const MAX_REPEATED: usize = 100;
/// The most characters of a search.
const MAX_SEARCH: usize = 200;

/// The orders of a list, the default one first.
const SORTS: [(&str, ExpenseSort); 5] = [
    ("-date", ExpenseSort { key: SortKey::Date, descending: true }),
    ("date", ExpenseSort { key: SortKey::Date, descending: false }),
    ("-amount", ExpenseSort { key: SortKey::Amount, descending: true }),
    ("amount", ExpenseSort { key: SortKey::Amount, descending: false }),
    ("-logged_at", ExpenseSort { key: SortKey::LoggedAt, descending: true }),
];

/// What expenses are ordered by; `-` for the latest or largest first.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used; the names are read by SORTS")]
enum ExpenseOrder {
    #[schema(rename = "-date")]
    DateDescending,
    #[schema(rename = "date")]
    Date,
    #[schema(rename = "-amount")]
    AmountDescending,
    #[schema(rename = "amount")]
    Amount,
    #[schema(rename = "-logged_at")]
    LoggedAtDescending,
}

/// Which expenses, in which order.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExpensesQuery {
    /// Those that occurred in this month. Not together with `from` or `to`.
    #[param(value_type = Option<String>, format = "month", example = "2026-03")]
    month: Option<Month>,
    /// Not before this date.
    from: Option<NaiveDate>,
    /// Not after this date.
    to: Option<NaiveDate>,
    /// In any of these categories; may be repeated.
    #[param(value_type = Option<Vec<i64>>, max_items = 100)]
    category_id: Vec<CategoryId>,
    /// With all of these tags; may be repeated.
    #[param(value_type = Option<Vec<String>>, max_items = 100)]
    tag: Vec<String>,
    /// With all of these whole words in the notes, in any case and order. Nothing matches what has no word.
    #[param(max_length = 200)]
    q: Option<String>,
    /// At least this amount.
    #[param(format = "decimal", example = "100")]
    min_amount: Option<String>,
    /// At most this amount.
    #[param(format = "decimal", example = "2000.50")]
    max_amount: Option<String>,
    /// `true` for those that no category was found for. Not together with `category_id`.
    #[param(value_type = Option<bool>, default = false)]
    uncategorized: bool,
    /// The order, `-date` when it is left out; equals are ordered by id.
    #[param(value_type = Option<ExpenseOrder>, inline)]
    sort: ExpenseSort,
    /// At most this many.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: u64,
    /// `next_cursor` of the page before, with the same filters and order.
    #[param(max_length = 255)]
    cursor: Option<String>,
}

impl Fields for ExpensesQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let month = r.get("month").month();
        let from = r.get("from").date();
        let to = r.get("to").date();
        let category_id = r.get("category_id").list(MAX_REPEATED, |id| id.id().map(CategoryId));
        let tag = r.get("tag").list(MAX_REPEATED, |tag| tag.parsed("invalid_tag", tag::normalize));
        let q = r.get("q").lines(MAX_SEARCH);
        let min_amount = r.get("min_amount").amount();
        let max_amount = r.get("max_amount").amount();
        let uncategorized = r.get("uncategorized").boolean().unwrap_or_default();
        let sort = r.get("sort").choice(&SORTS);
        let limit = read_limit(r);
        let cursor = r.get("cursor").text(255);
        if r.has("month") && (r.has("from") || r.has("to")) {
            r.reject("month", "ambiguous", "must be left out when there is a from or to");
        }
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            r.reject("from", "range_reversed", "must not be after to");
        }
        if uncategorized && r.has("category_id") {
            r.reject("uncategorized", "ambiguous", "must be left out when there is a category_id");
        }
        Some(Self {
            month,
            from,
            to,
            category_id: category_id.unwrap_or_default(),
            tag: tag.unwrap_or_default(),
            q,
            min_amount,
            max_amount,
            uncategorized,
            sort: sort.unwrap_or(SORTS[0].1),
            limit,
            cursor,
        })
    }
}

/// A page that was asked for.
#[derive(Debug)]
pub(crate) struct Listing {
    /// What to read.
    pub(crate) query: ExpenseQuery,
    /// Whether no expense can match, so that nothing need be read.
    pub(crate) matches_nothing: bool,
    filters: String,
}

impl ExpensesQuery {
    /// Reads the amounts in the caller's currency, and the cursor.
    ///
    /// # Errors
    /// 422 for wrong amounts and a cursor of another list.
    pub(crate) fn listing(self, currency: Currency) -> problem::Result<Listing> {
        let mut faults = Vec::new();
        let mut amount = |name: &str, text: Option<String>| {
            let read = text.map(|text| currency.parse_amount(&text)).transpose();
            read.unwrap_or_else(|error| {
                faults.push(FieldError::new(format!("/{name}"), money::code(error), error.to_string()));
                None
            })
        };
        let min_amount = amount("min_amount", self.min_amount);
        let max_amount = amount("max_amount", self.max_amount);
        if min_amount.zip(max_amount).is_some_and(|(min, max)| min > max) {
            faults.push(FieldError::new("/min_amount", "range_reversed", "must not be more than max_amount"));
        }
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let words = self.q.as_deref().map(text::words);
        let matches_nothing = words.as_ref().is_some_and(Vec::is_empty);
        let filter = ExpenseFilter {
            from: self.month.map(Month::first_day).or(self.from),
            to: self.month.map(Month::last_day).or(self.to),
            categories: if self.uncategorized { vec![UNCATEGORIZED] } else { sorted(self.category_id) },
            tags: sorted(self.tag),
            words: sorted(words.unwrap_or_default()),
            min_amount,
            max_amount,
        };
        let filters = format!("{:?} {filter:?} {matches_nothing}", self.sort);
        let after = match self.cursor {
            Some(cursor) => {
                let position = cursor::decode(&cursor, &filters)?;
                Some(read_position(&position, self.sort.key).ok_or_else(cursor::invalid)?)
            }
            None => None,
        };
        let query = ExpenseQuery { filter, sort: self.sort, after, limit: self.limit };
        Ok(Listing { query, matches_nothing, filters })
    }
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

/// A page of expenses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpensePage {
    data: Vec<ExpenseBody>,
    /// Asks for the page that follows, as `cursor`; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl ExpensePage {
    /// The page without expenses.
    pub(crate) const EMPTY: Self = Self { data: Vec::new(), next_cursor: None };
}

impl Listing {
    /// The page, with the cursor of the one that follows.
    pub(crate) fn page(&self, shown: Shown<Page<Expense>>) -> ExpensePage {
        let Shown { data: Page { rows, more }, books } = shown;
        let last = rows.last().filter(|_| more).map(|last| position_of(last, self.query.sort.key));
        let next_cursor = last.map(|last| cursor::encode(&write_position(last), &self.filters));
        let data = rows.into_iter().map(|expense| ExpenseBody::new(expense, &books)).collect();
        ExpensePage { data, next_cursor }
    }
}

fn position_of(expense: &Expense, key: SortKey) -> ExpenseCursor {
    match key {
        SortKey::Date => ExpenseCursor::Date(expense.state.date, expense.id),
        SortKey::Amount => ExpenseCursor::Amount(expense.state.amount, expense.id),
        SortKey::LoggedAt => ExpenseCursor::LoggedAt(expense.state.logged_at, expense.id),
    }
}

fn write_position(position: ExpenseCursor) -> String {
    match position {
        ExpenseCursor::Date(date, id) => format!("{date}.{id}"),
        ExpenseCursor::Amount(amount, id) => format!("{amount}.{id}"),
        ExpenseCursor::LoggedAt(at, id) => format!("{}.{id}", at.0),
    }
}

fn read_position(text: &str, key: SortKey) -> Option<ExpenseCursor> {
    let (value, id) = text.split_once('.')?;
    let id = ExpenseId(id.parse().ok()?);
    Some(match key {
        SortKey::Date => ExpenseCursor::Date(parse_date(value).ok()?, id),
        SortKey::Amount => ExpenseCursor::Amount(value.parse().ok()?, id),
        SortKey::LoggedAt => ExpenseCursor::LoggedAt(Timestamp(value.parse().ok()?), id),
    })
}

#[cfg(test)]
mod tests;
