//! The route table, and how a route is written.
//!
//! A route lives in a file by resource (`routes/auth.rs`): request types that implement [`crate::wire::Fields`], answer
//! types that implement `Serialize` and `ToSchema`, handlers with their OpenAPI, and no rule.
//!
//! ```ignore
//! /// Records an expense.
//! #[utoipa::path(
//!     post, path = "/api/v1/expenses", tag = "Expenses", operation_id = "createExpense",
//!     security(("bearer" = [])),
//!     request_body = NewExpenseBody,
//!     responses((status = 201, description = "Recorded", body = ExpenseBody), Conflict),
//! )]
//! pub(crate) async fn create(
//!     caller: Caller,                  // first: refuses before the body is read
//!     retry: Retry,                    // for writes whose answer is kept with their effect
//!     expenses: web::Data<Expenses>,   // one `Data` per service
//!     Json(body): Json<NewExpenseBody>,
//! ) -> problem::Result<HttpResponse> {
//!     let expenses = expenses.into_inner();
//!     let new = body.into();
//!     retry.answer(created, |keep| async move { expenses.create(caller.account(), &new, &keep).await }).await
//! }
//! ```
//! - Every write goes through [`crate::task::mutate`], or [`crate::retry::Retry`] which does, so that a client that hangs up cuts nothing short.
//! - Errors are [`crate::problem::Problem`]s; an `AppError` becomes one by `?`.
//! - A path has at most one variable segment: ids are read by [`crate::wire::Id`], names by [`crate::wire::Name`]. Both
//!   answer 404 for what cannot be there.
//! - Every handler reads its query: [`crate::wire::Query`], or `_: Query<NoQuery>` when there is none.
//! - In `responses` name the successes, and the refusals that are the operation's own (`NotFound`, `Conflict`,
//!   `Precondition` of [`crate::openapi`]). What any operation may answer (400, 401, 408, 413, 415, 422,
//!   429, 500, 503, 507) is added for all, by whether it has a body, parameters, or a signed-in caller.
//! - A new handler is named twice: here, and in the list of [`crate::openapi`]. A test compares the two.

pub(crate) mod actions;
pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod batch;
pub(crate) mod budgets;
pub(crate) mod categories;
pub(crate) mod changes;
pub(crate) mod devices;
pub(crate) mod erasure;
pub(crate) mod expenses;
pub(crate) mod export;
pub(crate) mod insights;
pub(crate) mod me;
pub(crate) mod notifications;
pub mod operations;
pub(crate) mod oversight;
pub(crate) mod passwords;
pub(crate) mod phone;
mod resource;
pub(crate) mod score;
pub(crate) mod sessions;
pub(crate) mod summary;
pub(crate) mod tags;
pub(crate) mod tokens;
pub(crate) mod trail;

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

use crate::auth::authenticate;
use crate::problem::Problem;
use resource::path;

/// All paths of the API. `/api/v1` comes before `/api`, which would swallow it.
pub fn configure(app: &mut ServiceConfig) {
    app.service(web::scope("/api/v1").wrap(from_fn(authenticate)).configure(v1))
        .service(web::scope("/api").wrap(from_fn(authenticate)).configure(first))
        .service(path("/reverseLastAction").post(actions::undo).reading_tokens())
        .service(path("/livez").get(operations::livez))
        .service(path("/readyz").get(operations::readyz))
        .service(path("/metrics").get(operations::metrics))
        .service(path("/openapi.json").get(operations::openapi_json))
        .service(path("/").get(operations::root))
        .service(path("/docs").get(operations::root))
        .service(path("/docs/{file:.*}").get(operations::docs));
    app.default_service(web::to(not_found));
}

fn v1(api: &mut ServiceConfig) {
    api.service(path("/auth/register").post(auth::register))
        .service(path("/auth/verify").post(auth::verify))
        .service(path("/auth/otp").post(auth::request_code))
        .service(path("/auth/login").post(auth::login))
        .service(path("/auth/refresh").post(auth::refresh))
        .service(path("/auth/logout").post(auth::logout))
        .service(path("/auth/password").put(passwords::change))
        .service(path("/auth/password/forgot").post(passwords::forgot))
        .service(path("/auth/password/reset").post(passwords::reset))
        .service(path("/auth/sessions").get(sessions::list))
        .service(path("/auth/sessions/{id}").delete(sessions::end))
        .service(path("/auth/login-events").get(trail::list))
        .service(path("/auth/tokens").post(tokens::create).get(tokens::list))
        .service(path("/auth/tokens/{id}").delete(tokens::revoke))
        .service(path("/me").get(me::get).patch(me::update).delete(erasure::erase))
        .service(path("/me/learned").delete(me::forget_learned))
        .service(path("/me/export").get(export::get))
        .service(path("/me/phone").get(phone::get).put(phone::put).delete(phone::delete))
        .service(path("/me/phone/verify").post(phone::verify))
        .service(path("/expenses").post(expenses::create).get(expenses::list))
        .service(path("/expenses/batch").post(batch::run))
        .service(
            path("/expenses/{id}")
                .get(expenses::get)
                .put(expenses::replace)
                .patch(expenses::update)
                .delete(expenses::delete),
        )
        .service(path("/changes").get(changes::list))
        .service(path("/categories").get(categories::list).post(categories::create))
        .service(path("/categories/recategorize").post(categories::recategorize))
        .service(path("/categories/{id}").get(categories::get).patch(categories::update).delete(categories::delete))
        .service(path("/categories/{id}/keywords").get(categories::keywords).put(categories::put_keywords))
        .service(path("/categorize").post(categories::categorize))
        .service(path("/tags").get(tags::list))
        .service(path("/tags/{name}").patch(tags::rename).delete(tags::delete))
        .service(path("/budgets").get(budgets::get))
        .service(path("/budgets/total").put(budgets::put_total).delete(budgets::delete_total))
        .service(path("/budgets/{category_id}").put(budgets::put).delete(budgets::delete))
        .service(path("/summary").get(summary::get))
        .service(path("/score").get(score::get))
        .service(path("/score/history").get(score::history))
        .service(path("/insights/spending").get(insights::spending))
        .service(path("/actions").get(actions::list))
        .service(path("/actions/undo").post(actions::undo))
        .service(path("/actions/redo").post(actions::redo))
        .service(path("/actions/verify").get(actions::verify))
        .service(path("/actions/{seq}/reverse").post(actions::reverse))
        .service(path("/notifications").get(notifications::list))
        .service(path("/notifications/read-all").post(notifications::read_all))
        .service(path("/notifications/{id}/read").post(notifications::read))
        .service(path("/notification-preferences").get(notifications::preferences).put(notifications::put_preferences))
        .service(path("/devices").post(devices::register).get(devices::list))
        .service(path("/devices/{id}").delete(devices::remove))
        .service(path("/admin/users").get(admin::users))
        .service(path("/admin/users/{id}").get(admin::user).patch(admin::update))
        .service(path("/admin/users/{id}/revoke-sessions").post(admin::revoke_sessions))
        .service(path("/admin/login-events").get(admin::login_events))
        .service(path("/admin/stats").get(admin::stats))
        .service(path("/admin/jobs").get(oversight::jobs))
        .service(path("/admin/outbox").get(oversight::outbox))
        .service(path("/admin/outbox/{id}/retry").post(oversight::retry))
        .service(path("/admin/verify").post(admin::verify));
}

/// The paths of the first API, which had no version.
fn first(api: &mut ServiceConfig) {
    api.service(path("/score").get(score::get)).service(path("/reverseLastAction").post(actions::undo));
}

async fn not_found() -> HttpResponse {
    Problem::not_found().to_response(None)
}

#[cfg(test)]
mod tests;
