//! Expenses as clients send them.
//!
//! What is wrong with their form is handed on to the use case, which tells it together with what only the caller's
//! currency, calendar and categories can show: all faults of an expense are told at once.

use chrono::NaiveDate;
use florin_app::error::FieldError;
use florin_app::expenses::{ExpensePatch, NewExpense, Set};
use florin_domain::expense::{MAX_EXTERNAL_ID, MAX_NOTES};
use florin_domain::id::CategoryId;
use florin_domain::tag;
use utoipa::ToSchema;

use crate::wire::category::MAX_RAW_TAGS;
use crate::wire::money::AmountInput;
use crate::wire::{Field, Fields, Patch, Reader};

/// The most characters of a text whose real bounds the use case checks.
const MAX_TEXT: usize = 255;

/// The members of an expense in a request.
pub(super) const MEMBERS: [&str; 7] = ["amount", "currency", "date", "notes", "category_id", "tags", "external_id"];

/// An expense to be recorded.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"amount": "1250.75", "notes": "lunch with Ana", "date": "2026-03-01", "tags": ["team"]}))]
pub(crate) struct NewExpenseBody {
    /// More than zero.
    #[schema(value_type = AmountInput)]
    amount: String,
    /// May be named, and must be your currency then.
    #[schema(example = "INR")]
    currency: Option<String>,
    /// From 1970-01-01 to a year from today; today in your zone when it is left out.
    date: Option<NaiveDate>,
    /// Free text.
    #[schema(max_length = 500)]
    notes: Option<String>,
    /// Chosen for you when it is left out.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    category_id: Option<i64>,
    /// At most 20 different ones of at most 50 characters; case and surrounding blanks do not matter.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    tags: Vec<String>,
    /// Your own key: an expense whose key is known is not recorded again.
    #[schema(min_length = 1, max_length = 100)]
    external_id: Option<String>,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for NewExpenseBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let date = r.get("date").date();
        let mut body = read_whole(r, date);
        body.faults = r.take_faults();
        Some(body)
    }
}

impl From<NewExpenseBody> for NewExpense {
    fn from(body: NewExpenseBody) -> Self {
        Self {
            amount: body.amount,
            currency: body.currency,
            date: body.date,
            notes: body.notes,
            category: body.category_id.map(CategoryId),
            tags: body.tags,
            external_id: body.external_id,
            faults: body.faults,
        }
    }
}

/// What an expense is to be. A member that is left out takes its default.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"amount": "1250.75", "date": "2026-03-01", "notes": "lunch with Ana", "category_id": 1}))]
pub(crate) struct ReplaceExpenseBody {
    /// More than zero.
    #[schema(value_type = AmountInput)]
    amount: String,
    /// May be named, and must be your currency then.
    #[schema(example = "INR")]
    currency: Option<String>,
    /// From 1970-01-01 to a year from today.
    #[schema(value_type = NaiveDate)]
    date: Option<NaiveDate>,
    /// Free text; empty when it is left out.
    #[schema(max_length = 500)]
    notes: Option<String>,
    /// Chosen for you when it is left out.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    category_id: Option<i64>,
    /// At most 20 different ones; none when it is left out.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    tags: Vec<String>,
    /// None when it is left out.
    #[schema(min_length = 1, max_length = 100)]
    external_id: Option<String>,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for ReplaceExpenseBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let date = r.need("date").date();
        let NewExpenseBody { amount, currency, date, notes, category_id, tags, external_id, .. } = read_whole(r, date);
        let faults = r.take_faults();
        Some(Self { amount, currency, date, notes, category_id, tags, external_id, faults })
    }
}

impl From<ReplaceExpenseBody> for NewExpense {
    fn from(body: ReplaceExpenseBody) -> Self {
        let ReplaceExpenseBody { amount, currency, date, notes, category_id, tags, external_id, faults } = body;
        NewExpenseBody { amount, currency, date, notes, category_id, tags, external_id, faults }.into()
    }
}

/// What can be read; the faults stay with the reader.
fn read_whole(r: &mut Reader<'_>, date: Option<NaiveDate>) -> NewExpenseBody {
    NewExpenseBody {
        amount: r.need("amount").amount().unwrap_or_default(),
        currency: r.get("currency").text(MAX_TEXT),
        date,
        notes: r.get("notes").lines(MAX_NOTES),
        category_id: r.get("category_id").id(),
        tags: tags(r.get("tags")).unwrap_or_default(),
        external_id: r.get("external_id").text(MAX_EXTERNAL_ID),
        faults: Vec::new(),
    }
}

fn tags(field: Field<'_, '_>) -> Option<Vec<String>> {
    field.list(MAX_RAW_TAGS, |tag| tag.parsed("invalid_tag", tag::normalize))
}

/// Changes of an expense (merge patch): what is left out stays as it is, `null` puts back to the default.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"notes": "lunch with Ana and Ben", "category_id": null}))]
pub(crate) struct ExpensePatchBody {
    /// More than zero.
    #[schema(value_type = Option<AmountInput>, nullable = false)]
    amount: Option<String>,
    /// May be named, and must be your currency then.
    #[schema(nullable = false, example = "INR")]
    currency: Option<String>,
    /// From 1970-01-01 to a year from today.
    #[schema(nullable = false)]
    date: Option<NaiveDate>,
    /// Free text. New notes choose the category again, unless you named it.
    #[schema(value_type = Option<String>, max_length = 500)]
    notes: Patch<String>,
    /// Your choice; `null` to have it chosen for you again.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9007199254740991_i64)]
    category_id: Patch<i64>,
    /// All tags: at most 20 different ones.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    tags: Patch<Vec<String>>,
    /// Your own key.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    external_id: Patch<String>,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for ExpensePatchBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let mut body = read_patch(r);
        body.faults = r.take_faults();
        Some(body)
    }
}

/// What can be read; the faults stay with the reader.
pub(super) fn read_patch(r: &mut Reader<'_>) -> ExpensePatchBody {
    ExpensePatchBody {
        amount: r.get_non_null("amount").amount(),
        currency: r.get_non_null("currency").text(MAX_TEXT),
        date: r.get_non_null("date").date(),
        notes: r.patch("notes", |notes| notes.lines(MAX_NOTES)),
        category_id: r.patch("category_id", |id| id.id()),
        tags: r.patch("tags", tags),
        external_id: r.patch("external_id", |key| key.text(MAX_EXTERNAL_ID)),
        faults: Vec::new(),
    }
}

impl From<ExpensePatchBody> for ExpensePatch {
    fn from(body: ExpensePatchBody) -> Self {
        Self {
            amount: body.amount,
            currency: body.currency,
            date: body.date,
            notes: set(body.notes),
            category: set(body.category_id.map(CategoryId)),
            tags: set(body.tags),
            external_id: set(body.external_id),
            faults: body.faults,
        }
    }
}

fn set<T>(patch: Patch<T>) -> Set<T> {
    match patch {
        Patch::Absent => Set::Keep,
        Patch::Null => Set::Clear,
        Patch::Value(value) => Set::To(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::{Node, parse};
    use crate::wire::reader::{Source, read};

    fn body<T: Fields>(json: &str) -> T {
        let Node::Object(members) = parse(json.as_bytes()).unwrap() else { panic!("not an object") };
        read(&members, Source::Body).unwrap()
    }

    fn pairs(faults: &[FieldError]) -> Vec<(&str, &'static str)> {
        faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect()
    }

    #[test]
    fn faults_of_form_are_handed_on() {
        let new = body::<NewExpenseBody>(r#"{"amount": "-1", "date": "2026-02-30", "tags": ["", 5], "x": 1}"#);
        let new = NewExpense::from(new);
        let expected =
            [("/date", "invalid_date"), ("/tags/0", "invalid_tag"), ("/tags/1", "wrong_type"), ("/x", "unknown_field")];
        assert_eq!(pairs(&new.faults), expected);
        assert_eq!((new.amount.as_str(), new.date), ("-1", None));
        let new = NewExpense::from(body::<NewExpenseBody>(r#"{"amount": 12.50, "tags": [" A "]}"#));
        assert_eq!((new.amount.as_str(), new.date, new.faults.len()), ("12.50", None, 0));
        assert_eq!(new.tags, ["a"]);
    }

    #[test]
    fn a_replacement_needs_amount_and_date() {
        let body_of = |json| NewExpense::from(body::<ReplaceExpenseBody>(json));
        let expected = [("/date", "required"), ("/amount", "required")];
        assert_eq!(pairs(&body_of(r#"{"notes": "x"}"#).faults), expected);
        assert_eq!(pairs(&body_of(r#"{"amount": "1", "date": "2026-03-01", "notes": null}"#).faults), []);
    }

    #[test]
    fn null_in_a_patch_is_the_default_where_there_is_one() {
        let body_of = |json| ExpensePatch::from(body::<ExpensePatchBody>(json));
        let patch = body_of(r#"{"category_id": null, "notes": null, "tags": ["a"]}"#);
        assert_eq!(patch.category, Set::Clear);
        assert_eq!(patch.notes, Set::Clear);
        assert_eq!(patch.tags, Set::To(vec!["a".to_owned()]));
        assert_eq!(patch.external_id, Set::Keep);
        assert_eq!(pairs(&patch.faults), []);
        let patch = body_of(r#"{"amount": null, "date": null}"#);
        assert_eq!(pairs(&patch.faults), [("/amount", "required"), ("/date", "required")]);
    }
}
