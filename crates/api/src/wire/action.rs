//! Actions: what happened, what was taken back, whether the log agrees with itself.

use florin_app::expenses::Shown;
use florin_app::undo::{ActionLine, Reversed};
use florin_app::writer::Bookkeeping;
use florin_domain::id::{MAX_ID, Seq};
use florin_domain::ledger::{Action, Adjustment, Change, FirstBad, Verified};
use florin_domain::money::Currency;
use florin_domain::repository::Page;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::category::CategoryRef;
use super::expense::StateBody;
use super::page::read_limit;
use super::{Fields, Reader, cursor};
use crate::problem;

/// What the cursors of this list are bound to: it has no filters.
const FILTERS: &str = "actions";

/// A page of the log.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActionsQuery {
    /// At most this many.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u64,
    /// `next_cursor` of the page before.
    #[param(max_length = 255)]
    cursor: Option<String>,
}

impl Fields for ActionsQuery {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let limit = read_limit(r);
        Some(Self { limit, cursor: r.get("cursor").text(255) })
    }
}

impl ActionsQuery {
    /// The action that the page comes before.
    ///
    /// # Errors
    /// 422 for a cursor of another list.
    pub(crate) fn before(&self) -> problem::Result<Option<Seq>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let position = cursor::decode(cursor, FILTERS)?;
        let seq = position.parse().ok().filter(|seq| (1..=MAX_ID).contains(seq));
        seq.map(|seq| Some(Seq(seq))).ok_or_else(cursor::invalid)
    }
}

/// A page of the log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionPage {
    data: Vec<ActionBody>,
    /// Asks for the page that follows, as `cursor`; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// An accepted write.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionBody {
    /// Its number, from 1 without gaps.
    #[schema(minimum = 1)]
    seq: i64,
    /// `create`, `update`, `delete`, `batch`, `merge`, `retag`, `recategorize` or `reversal`.
    #[schema(example = "update")]
    kind: &'static str,
    /// When it was accepted.
    #[schema(format = "date-time", example = "2026-03-01T09:30:00.125Z")]
    at: String,
    /// One English line.
    #[schema(example = "Changed notes of 1250.75 INR, Food, \"lunch with Ana\"")]
    summary: String,
    /// For a reversal: the action that it reversed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    reverses: Option<i64>,
    /// The reversal that holds it back, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    reversed_by: Option<i64>,
    /// What it did, by expense.
    changes: Vec<ChangeBody>,
}

/// What an action did to one expense.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeBody {
    #[schema(minimum = 1)]
    expense_id: i64,
    /// `null` when it was not there before.
    #[schema(required = true)]
    before: Option<StateBody>,
    /// `null` when it is not there any more.
    #[schema(required = true)]
    after: Option<StateBody>,
}

impl ChangeBody {
    /// Changes as their owner's books name them.
    pub(crate) fn list(changes: Vec<Change>, books: &Bookkeeping) -> Vec<Self> {
        let state = |state| StateBody::new(state, books);
        let body = |change: Change| Self {
            expense_id: change.expense.0,
            before: change.before.map(state),
            after: change.after.map(state),
        };
        changes.into_iter().map(body).collect()
    }
}

impl From<Shown<Page<(Action, String)>>> for ActionPage {
    fn from(shown: Shown<Page<(Action, String)>>) -> Self {
        let Shown { data: Page { rows, more }, books } = shown;
        let last = rows.last().filter(|_| more);
        let next_cursor = last.map(|(action, _)| cursor::encode(&action.seq.to_string(), FILTERS));
        let body = |(action, summary): (Action, String)| ActionBody {
            seq: action.seq.0,
            kind: action.kind.as_str(),
            at: action.at.to_rfc3339(),
            summary,
            reverses: action.reverses.map(|seq| seq.0),
            reversed_by: action.reversed_by.map(|seq| seq.0),
            changes: ChangeBody::list(action.changes, &books),
        };
        Self { data: rows.into_iter().map(body).collect(), next_cursor }
    }
}

/// Which action the client means.
#[derive(Debug, Default, ToSchema)]
#[schema(example = json!({"expected_action": 42}))]
pub(crate) struct ExpectedBody {
    /// The number of the action that this should take or bring back: 409 `stale` when it is another one by now.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9007199254740991_i64)]
    pub(crate) expected_action: Option<Seq>,
}

impl Fields for ExpectedBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { expected_action: r.get("expected_action").id().map(Seq) })
    }
}

/// An action in a few words.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ActionLineBody {
    #[schema(minimum = 1)]
    seq: i64,
    /// `create`, `update`, `delete`, `batch`, `merge`, `retag`, `recategorize` or `reversal`.
    #[schema(example = "delete")]
    kind: &'static str,
    /// One English line.
    #[schema(example = "Deleted 45.00 INR, Travel, \"Bus ride to airport\"")]
    summary: String,
}

impl From<ActionLine> for ActionLineBody {
    fn from(line: ActionLine) -> Self {
        Self { seq: line.seq.0, kind: line.kind.as_str(), summary: line.summary }
    }
}

/// What a reversal did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReversedBody {
    /// The action that was reversed.
    reversed: ActionLineBody,
    /// The number of the new action.
    #[schema(minimum = 1)]
    action: i64,
    /// What the new action did, by expense.
    changes: Vec<ChangeBody>,
    /// What came back differently, because the categories have changed.
    adjustments: Vec<AdjustmentBody>,
    /// What undo would take back now.
    #[schema(required = true)]
    next_undo: Option<ActionLineBody>,
    /// What redo would bring back now.
    #[schema(required = true)]
    next_redo: Option<ActionLineBody>,
}

/// Something that came back differently.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdjustmentBody {
    /// `null` when it is about the category itself.
    #[schema(required = true, minimum = 1)]
    expense_id: Option<i64>,
    /// `category_merged`, `category_gone` (Uncategorized takes its place) or `category_renamed` (its name was taken).
    #[schema(example = "category_gone")]
    reason: &'static str,
    /// The category that it was in.
    from: CategoryRef,
    /// The category that it is in instead.
    to: CategoryRef,
}

impl From<Reversed> for ReversedBody {
    fn from(it: Reversed) -> Self {
        let Reversed { reversed, action, changes, adjustments, next_undo, next_redo, books, books_before } = it;
        let adjustment = |it: Adjustment| AdjustmentBody {
            expense_id: it.expense.map(|id| id.0),
            reason: it.reason.as_str(),
            from: CategoryRef::new(it.from, &books_before.taxonomy),
            to: CategoryRef::new(it.to, &books.taxonomy),
        };
        Self {
            reversed: reversed.into(),
            action: action.0,
            changes: ChangeBody::list(changes, &books),
            adjustments: adjustments.into_iter().map(adjustment).collect(),
            next_undo: next_undo.map(Into::into),
            next_redo: next_redo.map(Into::into),
        }
    }
}

/// Whether my log, my expenses and my totals agree.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VerifiedBody {
    /// How many actions were walked.
    #[schema(minimum = 0)]
    actions: i64,
    /// The hash that they end in, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$", example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    head_hash: String,
    /// How many totals were compared.
    #[schema(minimum = 0)]
    totals_checked: i64,
    /// Whether all agrees.
    ok: bool,
    /// The first thing that does not agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_bad: Option<FirstBadBody>,
}

/// Something that does not agree. Which members it has goes by its kind.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FirstBadBody {
    /// `action`, `head`, `expense` or `total`.
    #[schema(example = "total")]
    kind: &'static str,
    /// The action.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    seq: Option<i64>,
    /// The expense that is not as the log left it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expense_id: Option<i64>,
    /// The total's month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2026-03")]
    month: Option<String>,
    /// The total's category.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    category_id: Option<i64>,
    /// The total as it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "100.00")]
    stored: Option<String>,
    /// What the expenses add up to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "90.00")]
    live: Option<String>,
}

impl VerifiedBody {
    /// What a walk found, with amounts in the owner's currency.
    pub(crate) fn new(verified: &Verified, currency: Currency) -> Self {
        Self {
            actions: verified.actions,
            head_hash: verified.head_hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            totals_checked: verified.totals_checked,
            ok: verified.first_bad.is_none(),
            first_bad: verified.first_bad.map(|bad| FirstBadBody::new(bad, currency)),
        }
    }
}

/// What is stored in place of a month, written like one.
pub(crate) fn no_month(yyyymm: i32) -> String {
    format!("{:04}-{:02}", yyyymm / 100, (yyyymm % 100).abs())
}

impl FirstBadBody {
    fn new(bad: FirstBad, currency: Currency) -> Self {
        let none = Self::default();
        match bad {
            FirstBad::Action(seq) => Self { kind: "action", seq: Some(seq.0), ..none },
            FirstBad::Head => Self { kind: "head", ..none },
            FirstBad::Expense(id) => Self { kind: "expense", expense_id: Some(id.0), ..none },
            FirstBad::Total { month, category, stored, live } => Self {
                kind: "total",
                month: Some(month.to_string()),
                category_id: Some(category.0),
                stored: Some(currency.format(stored)),
                live: Some(currency.format(live)),
                ..none
            },
            FirstBad::StrayTotal { yyyymm, category, stored } => Self {
                kind: "total",
                month: Some(no_month(yyyymm)),
                category_id: Some(category.0),
                stored: Some(currency.format(stored)),
                live: Some(currency.format(0)),
                ..none
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::calendar::Month;
    use florin_domain::id::CategoryId;
    use serde_json::json;

    use super::*;

    #[test]
    fn cursors_name_the_action_that_the_page_comes_before() {
        let query = |cursor: Option<String>| ActionsQuery { limit: 50, cursor };
        assert_eq!(query(None).before().unwrap(), None);
        assert_eq!(query(Some(cursor::encode("42", FILTERS))).before().unwrap(), Some(Seq(42)));
        for bad in [cursor::encode("0", FILTERS), cursor::encode("x", FILTERS), cursor::encode("42", "expenses")] {
            assert_eq!(query(Some(bad)).before().unwrap_err().errors()[0].code, "invalid_cursor");
        }
    }

    #[test]
    fn the_first_disagreement_is_named() {
        let inr = Currency::parse("INR").unwrap();
        let mut verified = Verified { actions: 3, head_hash: [0xab; 32], totals_checked: 2, first_bad: None };
        let body = serde_json::to_value(VerifiedBody::new(&verified, inr)).unwrap();
        let expected = json!({"actions": 3, "head_hash": "ab".repeat(32), "totals_checked": 2, "ok": true});
        assert_eq!(body, expected);
        let month = Month::parse("2026-03").unwrap();
        for (bad, expected) in [
            (FirstBad::Action(Seq(2)), json!({"kind": "action", "seq": 2})),
            (FirstBad::Head, json!({"kind": "head"})),
            (FirstBad::Expense(florin_domain::id::ExpenseId(7)), json!({"kind": "expense", "expense_id": 7})),
            (
                FirstBad::Total { month, category: CategoryId(3), stored: 10_000, live: 9_000 },
                json!({"kind": "total", "month": "2026-03", "category_id": 3, "stored": "100.00", "live": "90.00"}),
            ),
            (
                FirstBad::StrayTotal { yyyymm: 202_613, category: CategoryId(3), stored: 10_000 },
                json!({"kind": "total", "month": "2026-13", "category_id": 3, "stored": "100.00", "live": "0.00"}),
            ),
        ] {
            verified.first_bad = Some(bad);
            let body = serde_json::to_value(VerifiedBody::new(&verified, inr)).unwrap();
            assert_eq!((&body["ok"], &body["first_bad"]), (&json!(false), &expected));
        }
    }
}
