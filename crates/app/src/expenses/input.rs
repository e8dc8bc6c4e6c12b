//! What clients send of an expense, and what it becomes.

use chrono::NaiveDate;
use florin_domain::account::Account;
use florin_domain::calendar::check_occurrence;
use florin_domain::categorizer::{Categorization, Guess};
use florin_domain::expense::{ExpenseState, MAX_EXTERNAL_ID, MAX_NOTES};
use florin_domain::id::CategoryId;
use florin_domain::tag::{self, MAX_TAGS};

use crate::error::FieldError;
use crate::writer::{Basis, Bookkeeping};

/// A value of a merge patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Set<T> {
    /// Not named: it stays.
    #[default]
    Keep,
    /// `null`: it takes its default.
    Clear,
    /// A new value.
    To(T),
}

/// An expense as a client sends it, of the right types but unchecked.
#[derive(Debug, Clone, Default)]
pub struct NewExpense {
    /// The decimal text.
    pub amount: String,
    /// Must be the owner's currency when it is named.
    pub currency: Option<String>,
    /// `None`: today in the owner's zone.
    pub date: Option<NaiveDate>,
    /// Free text.
    pub notes: Option<String>,
    /// `None`: chosen for the client.
    pub category: Option<CategoryId>,
    /// In any order and spelling.
    pub tags: Vec<String>,
    /// The client's key.
    pub external_id: Option<String>,
    /// What was found wrong with it on the way in, where a faulty field then has its default. It is refused with these
    /// and with what is wrong besides.
    pub faults: Vec<FieldError>,
}

/// A merge patch of an expense.
#[derive(Debug, Clone, Default)]
pub struct ExpensePatch {
    /// The decimal text.
    pub amount: Option<String>,
    /// Must be the owner's currency when it is named.
    pub currency: Option<String>,
    /// A new date.
    pub date: Option<NaiveDate>,
    /// New notes; cleared they are empty.
    pub notes: Set<String>,
    /// An explicit choice; cleared, it is chosen for the client again.
    pub category: Set<CategoryId>,
    /// New tags; cleared there are none.
    pub tags: Set<Vec<String>>,
    /// A new key; cleared there is none.
    pub external_id: Set<String>,
    /// As [`NewExpense::faults`].
    pub faults: Vec<FieldError>,
}

/// Collects the faults of one expense; `at` is the JSON pointer of the object that it came in.
struct Check<'a> {
    at: &'a str,
    errors: Vec<FieldError>,
}

impl<'a> Check<'a> {
    fn new(at: &'a str, faults: &[FieldError]) -> Self {
        Self { at, errors: faults.to_vec() }
    }

    /// A field that is known to be wrong is not told of twice.
    fn reject(&mut self, field: &str, code: &'static str, message: impl Into<String>) {
        let pointer = format!("{}/{field}", self.at);
        if self.errors.iter().all(|error| error.pointer != pointer) {
            self.errors.push(FieldError::new(pointer, code, message));
        }
    }

    fn amount(&mut self, text: &str, books: &Bookkeeping) -> i64 {
        use florin_domain::money::MoneyError;
        books.currency.parse_positive(text).unwrap_or_else(|error| {
            let code = match error {
                MoneyError::TooManyDecimals => "too_many_decimals",
                MoneyError::NotPositive => "not_positive",
                MoneyError::TooLarge => "too_large",
                _ => "invalid_amount",
            };
            self.reject("amount", code, error.to_string());
            0
        })
    }

    fn currency(&mut self, code: Option<&str>, books: &Bookkeeping) {
        if code.is_some_and(|code| code != books.currency.code()) {
            self.reject("currency", "currency_mismatch", format!("must be {}, your currency", books.currency));
        }
    }

    fn date(&mut self, date: NaiveDate, today: NaiveDate) -> NaiveDate {
        if let Err(error) = check_occurrence(date, today) {
            self.reject("date", "date_out_of_range", error.to_string());
        }
        date
    }

    fn notes(&mut self, notes: &str) -> String {
        if notes.chars().count() > MAX_NOTES {
            self.reject("notes", "too_long", format!("must be at most {MAX_NOTES} characters"));
        }
        if !florin_domain::text::is_clean(notes) {
            self.reject("notes", "control_character", "must not contain control characters");
        }
        notes.to_owned()
    }

    fn tags(&mut self, tags: &[String]) -> Vec<String> {
        let mut normal = Vec::with_capacity(tags.len());
        for (index, text) in tags.iter().enumerate() {
            match tag::normalize(text) {
                Ok(tag) => normal.push(tag),
                Err(error) => self.reject(&format!("tags/{index}"), "invalid_tag", error.to_string()),
            }
        }
        normal.sort_unstable();
        normal.dedup();
        if normal.len() > MAX_TAGS {
            self.reject("tags", "too_many", format!("must be at most {MAX_TAGS} tags"));
        }
        normal
    }

    fn external_id(&mut self, id: &str) -> String {
        // Not every database tells keys apart that differ in trailing blanks.
        let fits =
            (1..=MAX_EXTERNAL_ID).contains(&id.chars().count()) && !id.chars().any(char::is_control) && id.trim() == id;
        if !fits {
            let message =
                format!("must be 1 to {MAX_EXTERNAL_ID} characters without control characters or surrounding blanks");
            self.reject("external_id", "invalid_external_id", message);
        }
        id.to_owned()
    }

    /// An explicit choice of a live category of the caller's.
    fn category(&mut self, id: CategoryId, books: &Bookkeeping) {
        match books.taxonomy.get(id) {
            Some(category) if category.is_live() => {}
            Some(_) => {
                self.reject("category_id", "category_archived", "is an archived category, which takes no expenses")
            }
            None => self.reject("category_id", "unknown_category", "must be one of your categories"),
        }
    }

    fn finish<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(value) } else { Err(self.errors) }
    }
}

/// The state of a new expense, or of one that takes the place of what was `before`.
pub(super) fn state_of(
    new: &NewExpense,
    before: Option<&ExpenseState>,
    account: &Account,
    basis: &Basis,
    at: &str,
) -> Result<ExpenseState, Vec<FieldError>> {
    let mut check = Check::new(at, &new.faults);
    let books = &basis.books;
    let logged_on = basis.at.date_in(account.zone);
    let amount = check.amount(&new.amount, books);
    check.currency(new.currency.as_deref(), books);
    let date = check.date(new.date.unwrap_or(logged_on), logged_on);
    let notes = check.notes(new.notes.as_deref().unwrap_or_default());
    let tags = check.tags(&new.tags);
    let external_id = new.external_id.as_deref().map(|id| check.external_id(id));
    let Guess { category, categorization, .. } = match new.category {
        Some(category) => {
            // An archived category keeps its expenses.
            if before.map(|before| before.category) != Some(category) {
                check.category(category, books);
            }
            let categorization = choice(before, category, &notes, &tags, basis);
            Guess { categorization, ..Guess::client(category, basis.at) }
        }
        None => basis.guess(&notes, &tags),
    };
    check.finish(ExpenseState {
        amount,
        date,
        notes,
        category,
        categorization,
        tags,
        external_id,
        logged_at: basis.at,
        logged_on,
        imported: false,
    })
}

/// The state after a merge patch. New notes choose the category again only where it was chosen automatically; amount and
/// date never do (rules.md, "Categories and the categorizer").
pub(super) fn patched(
    before: &ExpenseState,
    patch: &ExpensePatch,
    account: &Account,
    basis: &Basis,
    at: &str,
) -> Result<ExpenseState, Vec<FieldError>> {
    let mut check = Check::new(at, &patch.faults);
    let books = &basis.books;
    let mut state = before.clone();
    if let Some(amount) = &patch.amount {
        state.amount = check.amount(amount, books);
    }
    check.currency(patch.currency.as_deref(), books);
    if let Some(date) = patch.date {
        state.date = check.date(date, basis.at.date_in(account.zone));
    }
    match &patch.notes {
        Set::Keep => {}
        Set::Clear => state.notes.clear(),
        Set::To(notes) => state.notes = check.notes(notes),
    }
    match &patch.tags {
        Set::Keep => {}
        Set::Clear => state.tags.clear(),
        Set::To(tags) => state.tags = check.tags(tags),
    }
    match &patch.external_id {
        Set::Keep => {}
        Set::Clear => state.external_id = None,
        Set::To(id) => state.external_id = Some(check.external_id(id)),
    }
    match patch.category {
        Set::To(category) => {
            // Naming the category that it lies in makes the choice explicit, archived or not: nothing moves.
            if category != before.category {
                check.category(category, books);
            }
            state.category = category;
            state.categorization = choice(Some(before), category, &state.notes, &state.tags, basis);
        }
        Set::Clear => choose(&mut state, basis),
        Set::Keep if state.notes != before.notes && !before.categorization.is_explicit() => choose(&mut state, basis),
        Set::Keep => {}
    }
    check.finish(state)
}

/// The client's choice of a category. Naming the one that they chose before for the same words is no other choice, unless what
/// it taught was forgotten since.
fn choice(
    before: Option<&ExpenseState>,
    category: CategoryId,
    notes: &str,
    tags: &[String],
    basis: &Basis,
) -> Categorization {
    let is_same = |before: &&ExpenseState| {
        let is_chosen = before.category == category && before.categorization.is_explicit();
        is_chosen && before.notes == notes && before.tags == tags && !basis.is_forgotten(before)
    };
    match before.filter(is_same) {
        Some(before) => before.categorization.clone(),
        None => Categorization::client(basis.chosen_at()),
    }
}

fn choose(state: &mut ExpenseState, basis: &Basis) {
    let guess = basis.guess(&state.notes, &state.tags);
    state.category = guess.category;
    state.categorization = guess.categorization;
}
