//! What happened, and taking it back.

use actix_web::{HttpResponse, web};
use florin_app::undo::{Reversed, Undo};
use florin_domain::id::Seq;

use crate::auth::Caller;
use crate::openapi::NotFound;
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::wire::action::{ActionPage, ActionsQuery, ExpectedBody, ReversedBody, VerifiedBody};
use crate::wire::{Id, NoQuery, OptionalJson, Query};

/// My actions, newest first.
#[utoipa::path(
    get, path = "/api/v1/actions", tag = "Actions", operation_id = "listActions", security(("bearer" = [])),
    params(ActionsQuery),
    responses((status = 200, description = "A page of actions", body = ActionPage)),
)]
pub(crate) async fn list(
    caller: Caller,
    Query(query): Query<ActionsQuery>,
    undo: web::Data<Undo>,
) -> problem::Result<HttpResponse> {
    let shown = undo.list(caller.account(), query.before()?, query.limit).await?;
    Ok(reply::ok(&ActionPage::from(shown)))
}

/// Takes my latest action in effect back. Each further call goes one step further back.
#[utoipa::path(
    post, path = "/api/v1/actions/undo", tag = "Actions", operation_id = "undo", security(("bearer" = [])),
    request_body = Option<ExpectedBody>,
    responses(
        (status = 200, description = "Taken back", body = ReversedBody),
        (status = 404, description = "`nothing_to_reverse`"),
        (status = 409, description = "`stale`: it is not the expected action; or `conflict` with `blocking_actions`"),
    ),
)]
pub(crate) async fn undo(
    caller: Caller,
    _: Query<NoQuery>,
    retry: Retry,
    undo: web::Data<Undo>,
    OptionalJson(body): OptionalJson<ExpectedBody>,
) -> problem::Result<HttpResponse> {
    let undo = undo.into_inner();
    let expected = body.unwrap_or_default().expected_action;
    retry.answer(answer, |keep| async move { undo.undo(caller.account(), expected, &keep).await }).await
}

/// Brings back what the latest undo took.
#[utoipa::path(
    post, path = "/api/v1/actions/redo", tag = "Actions", operation_id = "redo", security(("bearer" = [])),
    request_body = Option<ExpectedBody>,
    responses(
        (status = 200, description = "Brought back", body = ReversedBody),
        (status = 404, description = "`nothing_to_redo`"),
        (status = 409, description = "`redo_superseded`: there is a newer action; `stale`, or `conflict`, as for undo"),
    ),
)]
pub(crate) async fn redo(
    caller: Caller,
    _: Query<NoQuery>,
    retry: Retry,
    undo: web::Data<Undo>,
    OptionalJson(body): OptionalJson<ExpectedBody>,
) -> problem::Result<HttpResponse> {
    let undo = undo.into_inner();
    let expected = body.unwrap_or_default().expected_action;
    retry.answer(answer, |keep| async move { undo.redo(caller.account(), expected, &keep).await }).await
}

/// Reverses any past action, unless later ones that are in effect changed the same fields.
#[utoipa::path(
    post, path = "/api/v1/actions/{seq}/reverse", tag = "Actions", operation_id = "reverseAction",
    security(("bearer" = [])),
    params(("seq" = i64, Path, description = "The action's number", minimum = 1, maximum = 9007199254740991_i64)),
    responses(
        (status = 200, description = "Reversed", body = ReversedBody),
        NotFound,
        (status = 409, description = "`conflict` with `blocking_actions`, or `already_reversed`"),
    ),
)]
pub(crate) async fn reverse(
    caller: Caller,
    Id(seq): Id,
    _: Query<NoQuery>,
    retry: Retry,
    undo: web::Data<Undo>,
) -> problem::Result<HttpResponse> {
    let undo = undo.into_inner();
    retry.answer(answer, |keep| async move { undo.reverse(caller.account(), Seq(seq), &keep).await }).await
}

fn answer(reversed: &Reversed) -> HttpResponse {
    reply::ok(&ReversedBody::from(reversed.clone()))
}

/// Walks my log and my totals, and names the first thing that does not agree.
#[utoipa::path(
    get, path = "/api/v1/actions/verify", tag = "Actions", operation_id = "verifyActions", security(("bearer" = [])),
    responses((status = 200, description = "What was found", body = VerifiedBody)),
)]
pub(crate) async fn verify(caller: Caller, _: Query<NoQuery>, undo: web::Data<Undo>) -> problem::Result<HttpResponse> {
    let verified = undo.verify(caller.account()).await?;
    Ok(reply::ok(&VerifiedBody::new(&verified, caller.account().currency)))
}
