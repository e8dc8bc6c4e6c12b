//! What admins see of the scheduler. Nothing here says what anybody was told.

use actix_web::{HttpResponse, web};
use florin_app::oversight::Oversight;
use florin_domain::id::DeliveryId;

use crate::auth::Admin;
use crate::openapi::NotFound;
use crate::problem;
use crate::reply;
use crate::task::mutate;
use crate::wire::oversight::{DeliveryBody, JobRunPage, JobsQuery, OutboxPage, OutboxQuery};
use crate::wire::{Id, NoQuery, Query, Untagged};

/// Runs of the scheduler's jobs, newest first.
#[utoipa::path(
    get, path = "/api/v1/admin/jobs", tag = "Admin", operation_id = "listJobRuns", security(("bearer" = [])),
    params(JobsQuery),
    responses((status = 200, description = "A page of runs", body = JobRunPage)),
)]
pub(crate) async fn jobs(
    _: Admin,
    Query(query): Query<JobsQuery>,
    oversight: web::Data<Oversight>,
) -> problem::Result<HttpResponse> {
    let page = oversight.runs(query.job, query.before()?, query.limit).await?;
    Ok(reply::ok(&JobRunPage::new(page, &query)))
}

/// Deliveries of notifications, newest first, but nothing of what they say.
#[utoipa::path(
    get, path = "/api/v1/admin/outbox", tag = "Admin", operation_id = "listOutbox", security(("bearer" = [])),
    params(OutboxQuery),
    responses((status = 200, description = "A page of deliveries", body = OutboxPage)),
)]
pub(crate) async fn outbox(
    _: Admin,
    Query(query): Query<OutboxQuery>,
    oversight: web::Data<Oversight>,
) -> problem::Result<HttpResponse> {
    let page = oversight.entries(query.filter(), query.before()?, query.limit).await?;
    Ok(reply::ok(&OutboxPage::new(page, &query)))
}

/// Has a dead delivery tried again, from now on and as often as a new one.
#[utoipa::path(
    post, path = "/api/v1/admin/outbox/{id}/retry", tag = "Admin", operation_id = "retryDelivery",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The delivery", minimum = 1, maximum = 9007199254740991_i64)),
    responses(
        (status = 200, description = "As it is now", body = DeliveryBody),
        NotFound,
        (status = 409, description = "`not_dead`: it is pending, delivered or cancelled"),
    ),
)]
pub(crate) async fn retry(
    _: Admin,
    _: Untagged,
    Id(id): Id,
    _: Query<NoQuery>,
    oversight: web::Data<Oversight>,
) -> problem::Result<HttpResponse> {
    let oversight = oversight.into_inner();
    let entry = mutate(async move { oversight.retry(DeliveryId(id)).await }).await?;
    Ok(reply::ok(&DeliveryBody::from(entry)))
}
