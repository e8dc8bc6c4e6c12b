//! The score of a month, and of several.

use actix_web::{HttpResponse, web};
use florin_app::insights::Insights;

use crate::auth::Caller;
use crate::problem;
use crate::reply;
use crate::wire::Query;
use crate::wire::score::{ScoreBody, ScoreHistoryBody, ScoreHistoryQuery, ScoreQuery};

/// The score of a month, with reasons and the one step that would better it most.
#[utoipa::path(
    get, path = "/api/v1/score", tag = "Score", operation_id = "getScore", security(("bearer" = [])),
    params(ScoreQuery),
    responses((status = 200, description = "The score", body = ScoreBody)),
)]
pub(crate) async fn get(
    caller: Caller,
    Query(query): Query<ScoreQuery>,
    insights: web::Data<Insights>,
) -> problem::Result<HttpResponse> {
    let shown = insights.score(caller.account(), query.month, query.model.as_deref()).await?;
    Ok(reply::ok(&ScoreBody::new(shown.data, shown.books.currency)))
}

/// The scores of several months.
#[utoipa::path(
    get, path = "/api/v1/score/history", tag = "Score", operation_id = "getScoreHistory", security(("bearer" = [])),
    params(ScoreHistoryQuery),
    responses((status = 200, description = "The scores", body = ScoreHistoryBody)),
)]
pub(crate) async fn history(
    caller: Caller,
    Query(query): Query<ScoreHistoryQuery>,
    insights: web::Data<Insights>,
) -> problem::Result<HttpResponse> {
    let account = caller.account();
    let scores = insights.score_history(account, query.from, query.to, query.model.as_deref()).await?;
    let data = scores.into_iter().map(|score| ScoreBody::new(score, account.currency)).collect();
    Ok(reply::ok(&ScoreHistoryBody { data, next_cursor: None }))
}
