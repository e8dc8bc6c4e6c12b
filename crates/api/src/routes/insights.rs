//! Figures for charts.

use actix_web::{HttpResponse, web};
use florin_app::insights::Insights;

use crate::auth::Caller;
use crate::problem;
use crate::reply;
use crate::wire::Query;
use crate::wire::insights::{SpendingBody, SpendingQuery};

/// Spending over a range of days, as series for a chart.
#[utoipa::path(
    get, path = "/api/v1/insights/spending", tag = "Insights", operation_id = "getSpending", security(("bearer" = [])),
    params(SpendingQuery),
    responses((status = 200, description = "The series", body = SpendingBody)),
)]
pub(crate) async fn spending(
    caller: Caller,
    Query(query): Query<SpendingQuery>,
    insights: web::Data<Insights>,
) -> problem::Result<HttpResponse> {
    let shown = insights.spending(caller.account(), query.from, query.to, query.group_by).await?;
    Ok(reply::ok(&SpendingBody::from(shown)))
}
