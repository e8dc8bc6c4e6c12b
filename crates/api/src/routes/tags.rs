//! Tags.

use actix_web::{HttpResponse, web};
use florin_app::expenses::{Expenses, RenamedTag};
use florin_domain::repository::TagCount;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::openapi::{Conflict, NotFound};
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::wire::page::{PageQuery, Paged};
use crate::wire::{Fields, Json, Name, NoQuery, Query, Reader, Untagged};

/// A tag.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TagBody {
    /// In its normal form.
    #[schema(example = "team")]
    name: String,
    /// How many expenses have it.
    #[schema(minimum = 1)]
    count: i64,
}

impl From<TagCount> for TagBody {
    fn from(tag: TagCount) -> Self {
        Self { name: tag.name, count: tag.count }
    }
}

/// A page of my tags.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TagPage {
    /// In the order of their names' bytes.
    data: Vec<TagBody>,
    /// What to send as `cursor` for the next page; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// My tags, with counts.
#[utoipa::path(
    get, path = "/api/v1/tags", tag = "Tags", operation_id = "listTags", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, description = "The tags that an expense has", body = TagPage)),
)]
pub(crate) async fn list(
    caller: Caller,
    Query(query): Query<PageQuery>,
    expenses: web::Data<Expenses>,
) -> problem::Result<HttpResponse> {
    let tags = expenses.tags(caller.account()).await?;
    let Paged { rows, next_cursor } = query.cut("tags", tags, |tag| tag.name.clone())?;
    Ok(reply::ok(&TagPage { data: rows.into_iter().map(TagBody::from).collect(), next_cursor }))
}

/// A new name.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"name": "team"}))]
pub(crate) struct RenameTagBody {
    /// Case and surrounding blanks do not matter. A tag of that name absorbs this one.
    #[schema(min_length = 1, max_length = 50)]
    name: String,
}

impl Fields for RenameTagBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        r.need("name").text(255).map(|name| Self { name })
    }
}

/// A tag under its new name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RenamedTag)]
pub(crate) struct RenamedTagBody {
    /// In its normal form.
    #[schema(example = "team")]
    name: String,
    /// How many expenses have it now.
    #[schema(minimum = 0)]
    count: i64,
    /// The number of the action that renamed it; `null` when it had that name already.
    #[schema(required = true)]
    action: Option<i64>,
}

impl From<RenamedTag> for RenamedTagBody {
    fn from(renamed: RenamedTag) -> Self {
        let RenamedTag { name, count, action } = renamed;
        Self { name, count, action: action.map(|seq| seq.0) }
    }
}

/// Renames a tag on every expense that has it, as one action.
#[utoipa::path(
    patch, path = "/api/v1/tags/{name}", tag = "Tags", operation_id = "renameTag", security(("bearer" = [])),
    params(("name" = String, Path, description = "The tag; case does not matter", min_length = 1, max_length = 255)),
    request_body = RenameTagBody,
    responses((status = 200, description = "Renamed", body = RenamedTagBody), NotFound, Conflict),
)]
pub(crate) async fn rename(
    caller: Caller,
    _: Untagged,
    Name(name): Name,
    _: Query<NoQuery>,
    retry: Retry,
    expenses: web::Data<Expenses>,
    Json(body): Json<RenameTagBody>,
) -> problem::Result<HttpResponse> {
    let expenses = expenses.into_inner();
    let answer = |renamed: &RenamedTag| reply::ok(&RenamedTagBody::from(renamed.clone()));
    let work = |keep| async move { expenses.rename_tag(caller.account(), &name, &body.name, &keep).await };
    retry.answer(answer, work).await
}

/// Takes a tag off every expense that has it, as one action.
#[utoipa::path(
    delete, path = "/api/v1/tags/{name}", tag = "Tags", operation_id = "deleteTag", security(("bearer" = [])),
    params(("name" = String, Path, description = "The tag; case does not matter", min_length = 1, max_length = 255)),
    responses((status = 204, description = "Gone"), NotFound, Conflict),
)]
pub(crate) async fn delete(
    caller: Caller,
    _: Untagged,
    Name(name): Name,
    _: Query<NoQuery>,
    retry: Retry,
    expenses: web::Data<Expenses>,
) -> problem::Result<HttpResponse> {
    let expenses = expenses.into_inner();
    let work = |keep| async move { expenses.remove_tag(caller.account(), &name, &keep).await };
    retry.answer(|()| reply::no_content(), work).await
}
