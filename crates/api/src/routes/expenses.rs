//! Recording, finding, editing and deleting expenses.

use actix_web::{HttpResponse, web};
use florin_app::expenses::{Expenses, Saved};
use florin_domain::id::ExpenseId;

use crate::auth::Caller;
use crate::openapi::{Conflict, IfMatchHeader, IfNoneMatchHeader, NotFound, Precondition};
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::wire::expense::ExpenseBody;
use crate::wire::expense::input::{ExpensePatchBody, NewExpenseBody, ReplaceExpenseBody};
use crate::wire::expense::list::{ExpensePage, ExpensesQuery};
use crate::wire::{Id, IfMatch, IfNoneMatch, Json, NoQuery, Query};

/// Records an expense. One whose `external_id` is known is answered as it is, and nothing is recorded.
#[utoipa::path(
    post, path = "/api/v1/expenses", tag = "Expenses", operation_id = "createExpense", security(("bearer" = [])),
    request_body = NewExpenseBody,
    responses(
        (status = 201, description = "Recorded", body = ExpenseBody, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version"),
        )),
        (status = 200, description = "The expense of that `external_id`, recorded before", body = ExpenseBody, headers(
            ("ETag" = String, description = "Its version"),
        )),
        (status = 409, description = "`external_id_deleted`: you deleted the expense of that key; undo brings it back"),
    ),
)]
pub(crate) async fn create(
    caller: Caller,
    _: Query<NoQuery>,
    retry: Retry,
    expenses: web::Data<Expenses>,
    Json(body): Json<NewExpenseBody>,
) -> problem::Result<HttpResponse> {
    let expenses = expenses.into_inner();
    let new = body.into();
    retry.answer(answer, |keep| async move { expenses.create(caller.account(), &new, &keep).await }).await
}

fn answer(saved: &Saved) -> HttpResponse {
    let (id, version) = (saved.expense.id, saved.expense.version);
    let body = ExpenseBody::from(saved.clone());
    if saved.created {
        reply::created(&format!("/api/v1/expenses/{id}"), version, &body)
    } else {
        reply::versioned(version, &body)
    }
}

/// My expenses, page by page.
#[utoipa::path(
    get, path = "/api/v1/expenses", tag = "Expenses", operation_id = "listExpenses", security(("bearer" = [])),
    params(ExpensesQuery),
    responses((status = 200, description = "A page of expenses", body = ExpensePage)),
)]
pub(crate) async fn list(
    caller: Caller,
    Query(query): Query<ExpensesQuery>,
    expenses: web::Data<Expenses>,
) -> problem::Result<HttpResponse> {
    let listing = query.listing(caller.account().currency)?;
    if listing.matches_nothing {
        return Ok(reply::ok(&ExpensePage::EMPTY));
    }
    let shown = expenses.list(caller.account(), &listing.query).await?;
    Ok(reply::ok(&listing.page(shown)))
}

/// An expense.
#[utoipa::path(
    get, path = "/api/v1/expenses/{id}", tag = "Expenses", operation_id = "getExpense", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The expense", minimum = 1, maximum = 9007199254740991_i64),
        IfNoneMatchHeader,
    ),
    responses(
        (status = 200, description = "The expense", body = ExpenseBody, headers(
            ("ETag" = String, description = "Its version"),
        )),
        (status = 304, description = "The client has it already"),
        NotFound,
    ),
)]
pub(crate) async fn get(
    caller: Caller,
    Id(id): Id,
    _: Query<NoQuery>,
    known: IfNoneMatch,
    expenses: web::Data<Expenses>,
) -> problem::Result<HttpResponse> {
    let shown = expenses.get(caller.account(), ExpenseId(id)).await?;
    Ok(reply::unless_known(shown.data.version, &known, &ExpenseBody::from(shown)))
}

/// Replaces an expense: what is left out takes its default.
#[utoipa::path(
    put, path = "/api/v1/expenses/{id}", tag = "Expenses", operation_id = "replaceExpense", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The expense", minimum = 1, maximum = 9007199254740991_i64),
        IfMatchHeader,
    ),
    request_body = ReplaceExpenseBody,
    responses(
        (status = 200, description = "As it is now", body = ExpenseBody, headers(
            ("ETag" = String, description = "Its version"),
        )),
        NotFound,
        (status = 409, description = "`external_id_taken` or `external_id_deleted`: another expense has that key"),
        Precondition,
    ),
)]
pub(crate) async fn replace(
    caller: Caller,
    Id(id): Id,
    _: Query<NoQuery>,
    if_match: IfMatch,
    retry: Retry,
    expenses: web::Data<Expenses>,
    Json(body): Json<ReplaceExpenseBody>,
) -> problem::Result<HttpResponse> {
    let expenses = expenses.into_inner();
    let accept = if_match.into_accept();
    let new = body.into();
    let work = |keep| async move { expenses.replace(caller.account(), ExpenseId(id), accept, &new, &keep).await };
    retry.answer(answer, work).await
}

/// Changes an expense (merge patch). A change of nothing makes no action.
#[utoipa::path(
    patch, path = "/api/v1/expenses/{id}", tag = "Expenses", operation_id = "updateExpense", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The expense", minimum = 1, maximum = 9007199254740991_i64),
        IfMatchHeader,
    ),
    request_body = ExpensePatchBody,
    responses(
        (status = 200, description = "As it is now", body = ExpenseBody, headers(
            ("ETag" = String, description = "Its version"),
        )),
        NotFound,
        (status = 409, description = "`external_id_taken` or `external_id_deleted`: another expense has that key"),
        Precondition,
    ),
)]
pub(crate) async fn update(
    caller: Caller,
    Id(id): Id,
    _: Query<NoQuery>,
    if_match: IfMatch,
    retry: Retry,
    expenses: web::Data<Expenses>,
    Json(body): Json<ExpensePatchBody>,
) -> problem::Result<HttpResponse> {
    let expenses = expenses.into_inner();
    let accept = if_match.into_accept();
    let patch = body.into();
    let work = |keep| async move { expenses.update(caller.account(), ExpenseId(id), accept, &patch, &keep).await };
    retry.answer(answer, work).await
}

/// Deletes an expense. Undo brings it back.
#[utoipa::path(
    delete, path = "/api/v1/expenses/{id}", tag = "Expenses", operation_id = "deleteExpense",
    security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The expense", minimum = 1, maximum = 9007199254740991_i64),
        IfMatchHeader,
    ),
    responses((status = 204, description = "Deleted"), NotFound, Conflict, Precondition),
)]
pub(crate) async fn delete(
    caller: Caller,
    Id(id): Id,
    _: Query<NoQuery>,
    if_match: IfMatch,
    retry: Retry,
    expenses: web::Data<Expenses>,
) -> problem::Result<HttpResponse> {
    let expenses = expenses.into_inner();
    let accept = if_match.into_accept();
    let work = |keep| async move { expenses.delete(caller.account(), ExpenseId(id), accept, &keep).await };
    retry.answer(|()| reply::no_content(), work).await
}
