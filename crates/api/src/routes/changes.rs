//! Delta sync.

use actix_web::{HttpResponse, web};
use florin_app::expenses::Expenses;
use florin_domain::id::Seq;

use crate::auth::Caller;
use crate::problem;
use crate::reply;
use crate::wire::Query;
use crate::wire::expense::{ChangesBody, ChangesQuery};

/// What changed since an action: every expense touched after it, in its present state, deleted ones included.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "Expenses", operation_id = "listChanges", security(("bearer" = [])),
    params(ChangesQuery),
    responses((status = 200, description = "A step of the sync", body = ChangesBody)),
)]
pub(crate) async fn list(
    caller: Caller,
    Query(query): Query<ChangesQuery>,
    expenses: web::Data<Expenses>,
) -> problem::Result<HttpResponse> {
    let shown = expenses.changes(caller.account(), Seq(query.since), query.limit).await?;
    Ok(reply::ok(&ChangesBody::from(shown)))
}
