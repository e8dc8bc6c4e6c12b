//! Expenses as clients send them. The use case checks what needs the caller's currency, date or categories.

use chrono::NaiveDate;
use florin_app::expenses::{ExpensePatch, NewExpense, Set};
use florin_domain::expense::MAX_NOTES;
use florin_domain::id::CategoryId;
use utoipa::ToSchema;

use crate::wire::category::MAX_RAW_TAGS;
use crate::wire::money::{AmountInput, refuse_malformed};
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
    /// Each of at most 50 characters; case and surrounding blanks do not matter.
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    tags: Vec<String>,
    /// Your own key: an expense whose key is known is not recorded again.
    #[schema(min_length = 1, max_length = 100)]
    external_id: Option<String>,
}

impl Fields for NewExpenseBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let date = r.get("date").date();
        read_whole(r, date)
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
    date: NaiveDate,
    /// Free text; empty when it is left out.
    #[schema(max_length = 500)]
    notes: Option<String>,
    /// Chosen for you when it is left out.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    category_id: Option<i64>,
    /// None when it is left out.
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    tags: Vec<String>,
    /// None when it is left out.
    #[schema(min_length = 1, max_length = 100)]
    external_id: Option<String>,
}

impl Fields for ReplaceExpenseBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let date = r.need("date").date();
        let NewExpenseBody { amount, currency, notes, category_id, tags, external_id, .. } = read_whole(r, date)?;
        Some(Self { amount, currency, date: date?, notes, category_id, tags, external_id })
    }
}

impl From<ReplaceExpenseBody> for NewExpense {
    fn from(body: ReplaceExpenseBody) -> Self {
        let ReplaceExpenseBody { amount, currency, date, notes, category_id, tags, external_id } = body;
        NewExpenseBody { amount, currency, date: Some(date), notes, category_id, tags, external_id }.into()
    }
}

fn read_whole(r: &mut Reader<'_>, date: Option<NaiveDate>) -> Option<NewExpenseBody> {
    let amount = r.need("amount").amount();
    refuse_malformed(r, "amount", amount.as_deref(), false);
    let currency = r.get("currency").text(MAX_TEXT);
    let notes = r.get("notes").lines(MAX_NOTES);
    let category_id = r.get("category_id").id();
    let tags = tags(r.get("tags")).unwrap_or_default();
    let external_id = r.get("external_id").text(MAX_TEXT);
    Some(NewExpenseBody { amount: amount?, currency, date, notes, category_id, tags, external_id })
}

fn tags(field: Field<'_, '_>) -> Option<Vec<String>> {
    field.list(MAX_RAW_TAGS, |tag| tag.text(MAX_TEXT))
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
    /// All tags.
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    tags: Patch<Vec<String>>,
    /// Your own key.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    external_id: Patch<String>,
}

impl Fields for ExpensePatchBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let amount = r.get_non_null("amount").amount();
        refuse_malformed(r, "amount", amount.as_deref(), false);
        Some(Self {
            amount,
            currency: r.get_non_null("currency").text(MAX_TEXT),
            date: r.get_non_null("date").date(),
            notes: r.patch("notes", |notes| notes.lines(MAX_NOTES)),
            category_id: r.patch("category_id", |id| id.id()),
            tags: r.patch("tags", tags),
            external_id: r.patch("external_id", |key| key.text(MAX_TEXT)),
        })
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
    use crate::problem;
    use crate::wire::json::{Node, parse};
    use crate::wire::reader::{Source, read};

    fn body<T: Fields>(json: &str) -> problem::Result<T> {
        let Node::Object(members) = parse(json.as_bytes()).unwrap() else { panic!("not an object") };
        read(&members, Source::Body)
    }

    fn faults<T: Fields>(json: &str) -> Vec<(String, &'static str)> {
        let problem = body::<T>(json).err().unwrap();
        problem.errors().iter().map(|error| (error.pointer.clone(), error.code)).collect()
    }

    #[test]
    fn amounts_are_refused_together_with_other_fields() {
        for (amount, code) in [
            ("-1", "invalid_amount"),
            ("1e3", "invalid_amount"),
            ("\"NaN\"", "invalid_amount"),
            ("\"01\"", "invalid_amount"),
            ("\" 1\"", "invalid_amount"),
            ("0.00", "not_positive"),
            ("true", "wrong_type"),
        ] {
            let json = format!(r#"{{"amount": {amount}, "date": "2026-02-30"}}"#);
            let mut faults = faults::<NewExpenseBody>(&json);
            faults.sort();
            assert_eq!(faults, [("/amount".to_owned(), code), ("/date".to_owned(), "invalid_date")], "{amount}");
        }
        let new = NewExpense::from(body::<NewExpenseBody>(r#"{"amount": 12.50}"#).unwrap());
        assert_eq!((new.amount.as_str(), new.date, new.tags.len()), ("12.50", None, 0));
    }

    #[test]
    fn a_replacement_needs_amount_and_date() {
        let expected = [("/date".to_owned(), "required"), ("/amount".to_owned(), "required")];
        assert_eq!(faults::<ReplaceExpenseBody>(r#"{"notes": "x"}"#), expected);
        assert!(body::<ReplaceExpenseBody>(r#"{"amount": "1", "date": "2026-03-01", "notes": null}"#).is_ok());
    }

    #[test]
    fn null_in_a_patch_is_the_default_where_there_is_one() {
        let patch = r#"{"category_id": null, "notes": null, "tags": ["a"]}"#;
        let patch = ExpensePatch::from(body::<ExpensePatchBody>(patch).unwrap());
        assert_eq!(patch.category, Set::Clear);
        assert_eq!(patch.notes, Set::Clear);
        assert_eq!(patch.tags, Set::To(vec!["a".to_owned()]));
        assert_eq!(patch.external_id, Set::Keep);
        let expected = [("/amount".to_owned(), "required"), ("/date".to_owned(), "required")];
        assert_eq!(faults::<ExpensePatchBody>(r#"{"amount": null, "date": null}"#), expected);
    }
}
