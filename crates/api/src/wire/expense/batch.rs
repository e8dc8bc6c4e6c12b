//! Batches: several operations in one call.

use actix_web::http::StatusCode;
use florin_app::error::FieldError;
use florin_app::expenses::{BatchOutcome, BatchResult, ExpensePatch, MAX_OPERATIONS, Operation, Outcome};
use florin_domain::id::ExpenseId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::ExpenseBody;
use super::input::{MEMBERS, NewExpenseBody, read_patch};
use crate::openapi::FaultBody;
use crate::problem::Problem;
use crate::wire::money::AmountInput;
use crate::wire::{Fields, Reader};

/// Operations, in the order in which they take effect.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"operations": [
    {"op": "create", "amount": "45", "notes": "Bus ride to airport"},
    {"op": "update", "id": 4711, "notes": "lunch with Ana"},
    {"op": "delete", "id": 4712}
]}))]
pub(crate) struct BatchBody {
    /// Each sees what those before it left.
    #[schema(value_type = Vec<BatchOperation>, min_items = 1, max_items = 500)]
    pub(crate) operations: Vec<Result<Operation, Vec<FieldError>>>,
    /// Whether one faulty operation refuses all. Otherwise the others are carried out.
    #[schema(value_type = Option<bool>, default = true)]
    pub(crate) atomic: bool,
}

impl Fields for BatchBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let operations =
            r.need("operations").list_of_results(MAX_OPERATIONS, |operation| operation.object(read_operation));
        let atomic = r.get("atomic").boolean().unwrap_or(true);
        Some(Self { operations: operations?, atomic })
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Create,
    Update,
    Delete,
}

fn read_operation(r: &mut Reader<'_>) -> Option<Operation> {
    let kinds = [("create", Kind::Create), ("update", Kind::Update), ("delete", Kind::Delete)];
    match r.need("op").choice(&kinds) {
        Some(Kind::Create) => NewExpenseBody::read(r).map(|new| Operation::Create(new.into())),
        Some(Kind::Update) => {
            let id = r.need("id").id().map(ExpenseId);
            let mut patch = ExpensePatch::from(read_patch(r));
            let id = id?;
            patch.faults = r.take_faults();
            Some(Operation::Update(id, Box::new(patch)))
        }
        Some(Kind::Delete) => r.need("id").id().map(|id| Operation::Delete(ExpenseId(id))),
        None => {
            // Of what kind it was meant to be is not known, so none of the members is called unknown.
            for member in MEMBERS.into_iter().chain(["id"]) {
                r.get(member);
            }
            None
        }
    }
}

/// One operation of a batch.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(discriminator(property_name = "op", mapping(
    ("create" = "#/components/schemas/CreateOperation"),
    ("update" = "#/components/schemas/UpdateOperation"),
    ("delete" = "#/components/schemas/DeleteOperation"),
)))]
#[allow(dead_code, reason = "only its schema is used")]
enum BatchOperation {
    Create(CreateOperation),
    Update(UpdateOperation),
    Delete(DeleteOperation),
}

/// Records an expense, as `POST /expenses` does.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct CreateOperation {
    #[schema(inline)]
    op: CreateName,
    /// More than zero.
    #[schema(value_type = AmountInput)]
    amount: String,
    /// May be named, and must be your currency then.
    #[schema(example = "INR")]
    currency: Option<String>,
    /// Today in your zone when it is left out.
    #[schema(format = "date")]
    date: Option<String>,
    /// Free text.
    #[schema(max_length = 500)]
    notes: Option<String>,
    /// Chosen for you when it is left out.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    category_id: Option<i64>,
    /// At most 20 different ones of at most 50 characters.
    #[schema(max_items = 100)]
    tags: Option<Vec<String>>,
    /// Your own key: an expense whose key is known is not recorded again.
    #[schema(min_length = 1, max_length = 100)]
    external_id: Option<String>,
}

/// Edits an expense, as `PATCH /expenses/{id}` does.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct UpdateOperation {
    #[schema(inline)]
    op: UpdateName,
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    id: i64,
    /// More than zero.
    #[schema(value_type = Option<AmountInput>, nullable = false)]
    amount: Option<String>,
    /// May be named, and must be your currency then.
    #[schema(nullable = false, example = "INR")]
    currency: Option<String>,
    /// From 1970-01-01 to a year from today.
    #[schema(nullable = false, format = "date")]
    date: Option<String>,
    /// Free text.
    #[schema(max_length = 500)]
    notes: Option<String>,
    /// Your choice; `null` to have it chosen for you again.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    category_id: Option<i64>,
    /// All tags: at most 20 different ones.
    #[schema(max_items = 100)]
    tags: Option<Vec<String>>,
    /// Your own key.
    #[schema(min_length = 1, max_length = 100)]
    external_id: Option<String>,
}

/// Deletes an expense.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct DeleteOperation {
    #[schema(inline)]
    op: DeleteName,
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    id: i64,
}

macro_rules! name {
    ($name:ident, $variant:ident) => {
        #[derive(Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[allow(dead_code, reason = "only its schema is used")]
        enum $name {
            $variant,
        }
    };
}

name!(CreateName, Create);
name!(UpdateName, Update);
name!(DeleteName, Delete);

/// What a batch did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchResultsBody {
    /// One for each operation, in their order.
    results: Vec<OperationResult>,
    /// The number of the one action that did it all; `null` when nothing changed.
    #[schema(required = true)]
    action: Option<i64>,
}

/// What became of one operation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperationResult {
    /// The operation's place in the request, from 0.
    #[schema(minimum = 0)]
    index: usize,
    /// As the status of a request of its own: 201 recorded, 200 edited or known already, 204 deleted, or that of
    /// `problem`.
    #[schema(example = 201)]
    status: u16,
    /// The expense after the whole batch, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expense: Option<ExpenseBody>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<OperationProblem>, nullable = false)]
    problem: Option<Value>,
}

/// An error of one operation, by RFC 9457.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used; the answers are made by `problem`")]
struct OperationProblem {
    /// `urn:florin:problem:` and the code.
    #[schema(format = "uri", example = "urn:florin:problem:invalid")]
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: i32,
    /// An explanation for people; it may change.
    detail: String,
    /// Stable snake_case code to switch on.
    #[schema(example = "invalid")]
    code: String,
    /// All faulty fields, with pointers as `/operations/3/amount`.
    #[schema(nullable = false)]
    errors: Option<Vec<FaultBody>>,
}

impl From<&BatchOutcome> for BatchResultsBody {
    fn from(batch: &BatchOutcome) -> Self {
        let BatchOutcome { results, action, books } = batch;
        let results = results.iter().enumerate().map(|(index, BatchResult { outcome, expense })| {
            let (status, problem) = told(outcome);
            let expense = expense.clone().map(|expense| ExpenseBody::new(expense, books));
            OperationResult { index, status: status.as_u16(), expense, problem }
        });
        Self { results: results.collect(), action: action.map(|seq| seq.0) }
    }
}

/// The status, and the problem if it is one.
fn told(outcome: &Outcome) -> (StatusCode, Option<Value>) {
    match outcome {
        Outcome::Created(_) => (StatusCode::CREATED, None),
        Outcome::Existing(_) | Outcome::Updated(_) => (StatusCode::OK, None),
        Outcome::Deleted(_) => (StatusCode::NO_CONTENT, None),
        Outcome::Failed(error) => {
            let problem = Problem::from(error);
            (problem.status(), Some(problem.to_json(None)))
        }
    }
}

#[cfg(test)]
mod tests {
    use florin_app::error::AppError;

    use super::*;
    use crate::problem;
    use crate::wire::json::{Node, parse};
    use crate::wire::reader::{Source, read};

    fn batch(json: &str) -> problem::Result<BatchBody> {
        let Node::Object(members) = parse(json.as_bytes()).unwrap() else { panic!("not an object") };
        read(&members, Source::Body)
    }

    #[test]
    fn operations_are_read_one_by_one() {
        let batch = batch(
            r#"{"operations": [
                {"op": "create", "amount": "1", "external_id": "a"},
                {"op": "update", "id": 7, "category_id": null},
                {"op": "delete", "id": 8},
                {"op": "delete", "id": 8, "amount": "1"},
                {"op": "create", "id": 9},
                {"op": "update", "amount": null},
                {"op": "fly", "id": 1, "amount": "1", "wings": 2},
                5
            ], "atomic": false}"#,
        )
        .unwrap();
        assert!(!batch.atomic);
        assert!(matches!(&batch.operations[0], Ok(Operation::Create(new)) if new.amount == "1"));
        assert!(matches!(&batch.operations[1], Ok(Operation::Update(ExpenseId(7), _))));
        assert!(matches!(&batch.operations[2], Ok(Operation::Delete(ExpenseId(8)))));
        let faults_of = |result: &Result<Operation, Vec<FieldError>>| {
            let faults = match result {
                Ok(Operation::Create(new)) => new.faults.clone(),
                Ok(Operation::Update(_, patch)) => patch.faults.clone(),
                Ok(Operation::Delete(_)) => Vec::new(),
                Err(faults) => faults.clone(),
            };
            faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect::<Vec<_>>()
        };
        let faults: Vec<_> = batch.operations.iter().map(faults_of).collect();
        assert!(faults[..3].iter().all(Vec::is_empty));
        let faults: Vec<Vec<_>> =
            faults[3..].iter().map(|faults| faults.iter().map(|(at, code)| (at.as_str(), *code)).collect()).collect();
        assert_eq!(faults[0], [("/operations/3/amount", "unknown_field")]);
        assert_eq!(faults[1], [("/operations/4/amount", "required"), ("/operations/4/id", "unknown_field")]);
        assert_eq!(faults[2], [("/operations/5/id", "required"), ("/operations/5/amount", "required")]);
        assert_eq!(faults[3], [("/operations/6/op", "unknown_value"), ("/operations/6/wings", "unknown_field")]);
        assert_eq!(faults[4], [("/operations/7", "wrong_type")]);
    }

    #[test]
    fn a_batch_has_operations_and_not_too_many() {
        let many = format!(r#"{{"operations": [{}1]}}"#, "1,".repeat(MAX_OPERATIONS));
        for (json, code) in [("{}", "required"), (&many, "too_many")] {
            let problem = batch(json).err().unwrap();
            let faults: Vec<_> = problem.errors().iter().map(|e| (e.pointer.as_str(), e.code)).collect();
            assert_eq!(faults, [("/operations", code)]);
        }
    }

    #[test]
    fn a_failure_is_told_as_a_problem() {
        let error = AppError::field("/operations/0/amount", "not_positive", "must be more than zero");
        let (status, problem) = told(&Outcome::Failed(error));
        let problem = problem.unwrap();
        assert_eq!((status.as_u16(), &problem["status"]), (422, &serde_json::json!(422)));
        assert_eq!(problem["errors"][0]["pointer"], "/operations/0/amount");
    }
}
