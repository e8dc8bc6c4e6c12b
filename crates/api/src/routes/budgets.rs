//! Budgets.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use florin_app::budgets::Budgets;
use florin_app::error::AppError;
use florin_domain::budget::Scope;
use florin_domain::id::CategoryId;

use crate::auth::Caller;
use crate::openapi::{Conflict, NotFound};
use crate::problem;
use crate::reply;
use crate::task::mutate;
use crate::wire::budget::{BudgetBody, BudgetsBody, FromMonthQuery, LimitBody, MonthQuery};
use crate::wire::{Id, Json, NoQuery, Query, Untagged};

/// The limits in force in a month.
#[utoipa::path(
    get, path = "/api/v1/budgets", tag = "Budgets", operation_id = "getBudgets", security(("bearer" = [])),
    params(MonthQuery),
    responses((status = 200, description = "The limits", body = BudgetsBody)),
)]
pub(crate) async fn get(
    caller: Caller,
    Query(query): Query<MonthQuery>,
    budgets: web::Data<Budgets>,
) -> problem::Result<HttpResponse> {
    let (month, limits) = budgets.in_force(caller.account(), query.month).await?;
    Ok(reply::ok(&BudgetsBody::new(month, limits, caller.account().currency)))
}

/// Sets the limit of a category from a month on. What was in force before stays so for the months before.
#[utoipa::path(
    put, path = "/api/v1/budgets/{category_id}", tag = "Budgets", operation_id = "putBudget",
    security(("bearer" = [])),
    params(("category_id" = i64, Path, description = "The category", minimum = 1, maximum = 9007199254740991_i64)),
    request_body = LimitBody,
    responses(
        (status = 200, description = "The limit", body = BudgetBody),
        NotFound,
        (status = 409, description = "`category_archived`"),
    ),
)]
pub(crate) async fn put(
    caller: Caller,
    _: Untagged,
    Id(id): Id,
    _: Query<NoQuery>,
    budgets: web::Data<Budgets>,
    Json(body): Json<LimitBody>,
) -> problem::Result<HttpResponse> {
    set(caller, Scope::Category(CategoryId(id)), budgets.into_inner(), body).await
}

/// Sets the overall limit from a month on.
#[utoipa::path(
    put, path = "/api/v1/budgets/total", tag = "Budgets", operation_id = "putTotalBudget", security(("bearer" = [])),
    request_body = LimitBody,
    responses((status = 200, description = "The limit", body = BudgetBody), Conflict),
)]
pub(crate) async fn put_total(
    caller: Caller,
    _: Untagged,
    _: Query<NoQuery>,
    budgets: web::Data<Budgets>,
    Json(body): Json<LimitBody>,
) -> problem::Result<HttpResponse> {
    set(caller, Scope::Total, budgets.into_inner(), body).await
}

async fn set(caller: Caller, scope: Scope, budgets: Arc<Budgets>, body: LimitBody) -> problem::Result<HttpResponse> {
    let currency = caller.account().currency;
    let LimitBody { limit, currency: named, from_month } = body;
    if named.is_some_and(|code| code != currency.code()) {
        let message = format!("must be {currency}, your currency");
        return Err(AppError::field("/currency", "currency_mismatch", message).into());
    }
    let set = mutate(async move { budgets.put(caller.account(), scope, &limit, from_month).await }).await?;
    Ok(reply::ok(&BudgetBody::new(set, currency)))
}

/// Removes the limit of a category from a month on.
#[utoipa::path(
    delete, path = "/api/v1/budgets/{category_id}", tag = "Budgets", operation_id = "deleteBudget",
    security(("bearer" = [])),
    params(
        ("category_id" = i64, Path, description = "The category", minimum = 1, maximum = 9007199254740991_i64),
        FromMonthQuery,
    ),
    responses((status = 204, description = "Removed"), NotFound, Conflict),
)]
pub(crate) async fn delete(
    caller: Caller,
    _: Untagged,
    Id(id): Id,
    Query(query): Query<FromMonthQuery>,
    budgets: web::Data<Budgets>,
) -> problem::Result<HttpResponse> {
    remove(caller, Scope::Category(CategoryId(id)), budgets.into_inner(), query).await
}

/// Removes the overall limit from a month on.
#[utoipa::path(
    delete, path = "/api/v1/budgets/total", tag = "Budgets", operation_id = "deleteTotalBudget",
    security(("bearer" = [])),
    params(FromMonthQuery),
    responses((status = 204, description = "Removed"), NotFound, Conflict),
)]
pub(crate) async fn delete_total(
    caller: Caller,
    _: Untagged,
    Query(query): Query<FromMonthQuery>,
    budgets: web::Data<Budgets>,
) -> problem::Result<HttpResponse> {
    remove(caller, Scope::Total, budgets.into_inner(), query).await
}

async fn remove(
    caller: Caller,
    scope: Scope,
    budgets: Arc<Budgets>,
    query: FromMonthQuery,
) -> problem::Result<HttpResponse> {
    mutate(async move { budgets.remove(caller.account(), scope, query.from_month).await }).await?;
    Ok(reply::no_content())
}
