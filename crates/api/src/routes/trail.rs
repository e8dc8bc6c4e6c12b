//! The caller's own audit trail.

use actix_web::{HttpResponse, web};
use florin_app::trail::Trail;

use crate::auth::SessionCaller;
use crate::problem;
use crate::reply;
use crate::wire::Query;
use crate::wire::trail::{TrailPage, TrailQuery};

/// What happened to my account, newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/login-events", tag = "Accounts", operation_id = "listLoginEvents",
    security(("bearer" = [])),
    params(TrailQuery),
    responses((status = 200, description = "A page of my trail", body = TrailPage)),
)]
pub(crate) async fn list(
    caller: SessionCaller,
    Query(query): Query<TrailQuery>,
    trail: web::Data<Trail>,
) -> problem::Result<HttpResponse> {
    let page = trail.mine(caller.account(), query.event, query.after()?, query.limit).await?;
    Ok(reply::ok(&TrailPage::new(page, &query)))
}
