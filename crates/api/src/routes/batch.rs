//! Several operations on expenses in one call.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use florin_app::error::AppError;
use florin_app::expenses::{BatchOutcome, Expenses};

use crate::auth::Caller;
use crate::openapi::Conflict;
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::wire::expense::batch::{BatchBody, BatchResultsBody};
use crate::wire::{Json, NoQuery, Query};

/// Runs operations in order, as one action.
///
/// An atomic batch with a fault is refused whole, with pointers as `/operations/3/amount`. Otherwise the others are
/// carried out, and each result has its own status.
#[utoipa::path(
    post, path = "/api/v1/expenses/batch", tag = "Expenses", operation_id = "batchExpenses",
    security(("bearer" = [])),
    request_body = BatchBody,
    responses(
        (status = 200, description = "All were carried out", body = BatchResultsBody),
        (status = 207, description = "With `atomic: false`: each result says what became of it", body = BatchResultsBody),
        Conflict,
    ),
)]
pub(crate) async fn run(
    caller: Caller,
    _: Query<NoQuery>,
    retry: Retry,
    expenses: web::Data<Expenses>,
    Json(body): Json<BatchBody>,
) -> problem::Result<HttpResponse> {
    let expenses = expenses.into_inner();
    let BatchBody { operations, atomic } = body;
    if operations.is_empty() {
        return Err(AppError::field("/operations", "too_few", "must have at least one item").into());
    }
    let status = if atomic { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    let answer = move |batch: &BatchOutcome| reply::json(status, &BatchResultsBody::from(batch));
    retry.answer(answer, |keep| async move { expenses.batch(caller.account(), &operations, atomic, &keep).await }).await
}
