//! The summary of a month.

use actix_web::{HttpResponse, web};
use florin_app::insights::Insights;

use crate::auth::Caller;
use crate::problem;
use crate::reply;
use crate::wire::Query;
use crate::wire::budget::MonthQuery;
use crate::wire::summary::SummaryBody;

/// A month's spending against its limits.
#[utoipa::path(
    get, path = "/api/v1/summary", tag = "Budgets", operation_id = "getSummary", security(("bearer" = [])),
    params(MonthQuery),
    responses((status = 200, description = "The summary", body = SummaryBody)),
)]
pub(crate) async fn get(
    caller: Caller,
    Query(query): Query<MonthQuery>,
    insights: web::Data<Insights>,
) -> problem::Result<HttpResponse> {
    let shown = insights.summary(caller.account(), query.month).await?;
    Ok(reply::ok(&SummaryBody::from(shown)))
}
