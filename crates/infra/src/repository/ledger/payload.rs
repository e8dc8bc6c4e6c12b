//! What an action did, as it is stored: strict JSON, money in integers. The action's hash is taken over the values, not
//! over this text, so that its spelling may change while old actions stay readable.

use chrono::NaiveDate;
use florin_domain::calendar::{Timestamp, parse_date};
use florin_domain::categorizer::{Categorization, Source};
use florin_domain::expense::ExpenseState;
use florin_domain::id::{CategoryId, ExpenseId, Seq};
use florin_domain::ledger::{CategoryLink, Change, Revived};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    changes: Vec<StoredChange>,
    links: Vec<StoredLink>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredChange {
    expense: i64,
    version: i64,
    previous: i64,
    before: Option<StoredState>,
    after: Option<StoredState>,
    uncreated: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredState {
    amount: i64,
    date: String,
    notes: String,
    category: i64,
    source: String,
    matched: Option<String>,
    confidence_bp: u16,
    // Of actions from before there was a model, and where none had a part, the text says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<u32>,
    // Nor of choices from before it was noted when they were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chosen_at: Option<i64>,
    tags: Vec<String>,
    external_id: Option<String>,
    logged_at: i64,
    logged_on: String,
    imported: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLink {
    category: i64,
    before: Option<i64>,
    after: Option<i64>,
    revived: Option<StoredName>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredName {
    name: String,
    slug: String,
}

/// Why a stored payload cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// Not JSON of this form.
    #[error("not the JSON of a payload")]
    Json(#[from] serde_json::Error),
    /// A date or a source that is none.
    #[error("an unknown {0}")]
    Value(&'static str),
}

/// The text to be stored.
///
/// # Errors
/// None in practice: all keys are text and all values can be written.
pub(super) fn encode(changes: &[Change], links: &[CategoryLink]) -> Result<String, serde_json::Error> {
    let payload = Payload {
        changes: changes.iter().map(StoredChange::from).collect(),
        links: links.iter().map(StoredLink::from).collect(),
    };
    serde_json::to_string(&payload)
}

/// What a stored text says.
///
/// # Errors
/// [`Unreadable`] for anything that [`encode`] does not write.
pub(super) fn decode(text: &str) -> Result<(Vec<Change>, Vec<CategoryLink>), Unreadable> {
    let payload: Payload = serde_json::from_str(text)?;
    let changes = payload.changes.into_iter().map(Change::try_from).collect::<Result<_, _>>()?;
    Ok((changes, payload.links.into_iter().map(CategoryLink::from).collect()))
}

impl From<&Change> for StoredChange {
    fn from(change: &Change) -> Self {
        Self {
            expense: change.expense.0,
            version: change.version,
            previous: change.previous.0,
            before: change.before.as_ref().map(StoredState::from),
            after: change.after.as_ref().map(StoredState::from),
            uncreated: change.uncreated,
        }
    }
}

impl TryFrom<StoredChange> for Change {
    type Error = Unreadable;

    fn try_from(stored: StoredChange) -> Result<Self, Unreadable> {
        Ok(Self {
            expense: ExpenseId(stored.expense),
            version: stored.version,
            previous: Seq(stored.previous),
            before: stored.before.map(ExpenseState::try_from).transpose()?,
            after: stored.after.map(ExpenseState::try_from).transpose()?,
            uncreated: stored.uncreated,
        })
    }
}

impl From<&ExpenseState> for StoredState {
    fn from(state: &ExpenseState) -> Self {
        Self {
            amount: state.amount,
            date: state.date.to_string(),
            notes: state.notes.clone(),
            category: state.category.0,
            source: state.categorization.source.as_str().to_owned(),
            matched: state.categorization.matched.clone(),
            confidence_bp: state.categorization.confidence_bp,
            model: state.categorization.model,
            chosen_at: state.categorization.chosen_at.map(|at| at.0),
            tags: state.tags.clone(),
            external_id: state.external_id.clone(),
            logged_at: state.logged_at.0,
            logged_on: state.logged_on.to_string(),
            imported: state.imported,
        }
    }
}

impl TryFrom<StoredState> for ExpenseState {
    type Error = Unreadable;

    fn try_from(stored: StoredState) -> Result<Self, Unreadable> {
        let date =
            |text: &str| -> Result<NaiveDate, Unreadable> { parse_date(text).map_err(|_| Unreadable::Value("date")) };
        Ok(Self {
            amount: stored.amount,
            date: date(&stored.date)?,
            notes: stored.notes,
            category: CategoryId(stored.category),
            categorization: Categorization {
                source: Source::parse(&stored.source).ok_or(Unreadable::Value("source"))?,
                matched: stored.matched,
                confidence_bp: stored.confidence_bp,
                model: stored.model,
                chosen_at: stored.chosen_at.map(Timestamp),
            },
            tags: stored.tags,
            external_id: stored.external_id,
            logged_at: Timestamp(stored.logged_at),
            logged_on: date(&stored.logged_on)?,
            imported: stored.imported,
        })
    }
}

impl From<&CategoryLink> for StoredLink {
    fn from(link: &CategoryLink) -> Self {
        Self {
            category: link.category.0,
            before: link.before.map(|category| category.0),
            after: link.after.map(|category| category.0),
            revived: link
                .revived
                .as_ref()
                .map(|revived| StoredName { name: revived.name.clone(), slug: revived.slug.clone() }),
        }
    }
}

impl From<StoredLink> for CategoryLink {
    fn from(stored: StoredLink) -> Self {
        Self {
            category: CategoryId(stored.category),
            before: stored.before.map(CategoryId),
            after: stored.after.map(CategoryId),
            revived: stored.revived.map(|name| Revived { name: name.name, slug: name.slug }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_back_as_it_was() {
        let date = parse_date("2026-02-28").unwrap();
        let state = ExpenseState {
            amount: 1_000_000_000_000,
            date,
            notes: "caf\u{e9} \"☕\"\n".to_owned(),
            category: CategoryId(4),
            categorization: Categorization {
                source: Source::UserKeyword,
                matched: Some("café".to_owned()),
                confidence_bp: 9_000,
                model: None,
                chosen_at: None,
            },
            tags: vec!["a".to_owned(), "b c".to_owned()],
            external_id: Some("x".to_owned()),
            logged_at: Timestamp(1_767_225_599_999),
            logged_on: date,
            imported: true,
        };
        let mut by_model = state.clone();
        by_model.categorization.source = Source::Model;
        by_model.categorization.model = Some(u32::MAX);
        let mut chosen = state.clone();
        chosen.categorization = Categorization::client(Timestamp(1_767_225_600_001));
        let changes = vec![
            Change {
                expense: ExpenseId(7),
                version: 3,
                previous: Seq(9),
                before: Some(chosen),
                after: None,
                uncreated: true,
            },
            Change {
                expense: ExpenseId(8),
                version: 0,
                previous: Seq::ZERO,
                before: Some(state),
                after: Some(by_model),
                uncreated: false,
            },
        ];
        let links = vec![CategoryLink {
            category: CategoryId(1001),
            before: Some(CategoryId(1)),
            after: None,
            revived: Some(Revived { name: "Tea (2)".to_owned(), slug: "tea-2".to_owned() }),
        }];
        let text = encode(&changes, &links).unwrap();
        assert_eq!(decode(&text).unwrap(), (changes, links));
    }

    #[test]
    fn a_payload_of_an_older_version_is_read_and_written_as_it_was() {
        let text = r#"{"changes":[{"expense":7,"version":0,"previous":0,"before":null,"after":{"amount":1,"date":"2026-02-28","notes":"tea","category":1,"source":"system_keyword","matched":"tea","confidence_bp":8000,"tags":[],"external_id":null,"logged_at":1,"logged_on":"2026-02-28","imported":false},"uncreated":false}],"links":[]}"#;
        let (changes, links) = decode(text).unwrap();
        let why = &changes[0].after.as_ref().unwrap().categorization;
        assert_eq!((why.model, why.chosen_at), (None, None));
        assert_eq!(encode(&changes, &links).unwrap(), text);
    }

    #[test]
    fn nothing_else_is_read() {
        for bad in [
            "",
            "null",
            "{}",
            r#"{"changes":[]}"#,
            r#"{"changes":[],"links":[],"more":1}"#,
            r#"{"changes":[],"links":[{"category":1.0,"before":null,"after":null,"revived":null}]}"#,
        ] {
            assert!(decode(bad).is_err(), "{bad}");
        }
        assert!(decode(r#"{"changes":[],"links":[]}"#).is_ok());
    }
}
