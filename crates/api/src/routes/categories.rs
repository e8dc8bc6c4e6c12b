//! Categories, keywords, and choosing a category for notes.

use actix_web::{HttpResponse, web};
use florin_app::categories::{Categories, CategoryView, Recategorized};
use florin_app::error::{AppError, Result};
use florin_domain::account::Account;
use florin_domain::id::{CategoryId, Seq};

use crate::auth::Caller;
use crate::openapi::{IfMatchHeader, IfNoneMatchHeader, NotFound, Precondition};
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::task::mutate;
use crate::wire::category::{
    CategoriesQuery, CategorizeBody, CategoryBody, CategoryKeywords, CategoryPage, CategoryPatchBody,
    DeleteCategoryQuery, GuessBody, KeywordsBody, NewCategoryBody, tag_of,
};
use crate::wire::page::{PageQuery, Paged};
use crate::wire::recategorize::{Nothing, RecategorizeQuery, RecategorizedBody};
use crate::wire::{Id, IfMatch, IfNoneMatch, Json, NoQuery, OptionalJson, Query};

/// The system's categories and my own.
#[utoipa::path(
    get, path = "/api/v1/categories", tag = "Categories", operation_id = "listCategories", security(("bearer" = [])),
    params(CategoriesQuery, PageQuery),
    responses((status = 200, description = "In the order of their ids", body = CategoryPage)),
)]
pub(crate) async fn list(
    caller: Caller,
    Query(query): Query<CategoriesQuery>,
    categories: web::Data<Categories>,
) -> problem::Result<HttpResponse> {
    let views = categories.list(caller.account(), query.include_archived).await?;
    let filters = format!("categories {}", query.include_archived);
    let Paged { rows, next_cursor } = query.page.cut(&filters, views, |view| view.category.id.to_string())?;
    Ok(reply::ok(&CategoryPage { data: rows.into_iter().map(CategoryBody::from).collect(), next_cursor }))
}

/// Makes a category of my own.
#[utoipa::path(
    post, path = "/api/v1/categories", tag = "Categories", operation_id = "createCategory", security(("bearer" = [])),
    request_body = NewCategoryBody,
    responses(
        (status = 201, description = "Made", body = CategoryBody, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version"),
        )),
        (status = 409, description = "`category_exists`, `too_many_categories` or `too_many_keywords`"),
    ),
)]
pub(crate) async fn create(
    caller: Caller,
    _: Query<NoQuery>,
    retry: Retry,
    categories: web::Data<Categories>,
    Json(body): Json<NewCategoryBody>,
) -> problem::Result<HttpResponse> {
    let categories = categories.into_inner();
    let answer = |made: &CategoryView| {
        let location = format!("/api/v1/categories/{}", made.category.id);
        reply::created(&location, tag_of(made), &CategoryBody::from(made.clone()))
    };
    let work = |keep| async move { categories.create(caller.account(), &body.name, &body.keywords, &keep).await };
    retry.answer(answer, work).await
}

/// A category, archived ones included.
#[utoipa::path(
    get, path = "/api/v1/categories/{id}", tag = "Categories", operation_id = "getCategory", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The category", minimum = 1, maximum = 9007199254740991_i64),
        IfNoneMatchHeader,
    ),
    responses(
        (status = 200, description = "The category", body = CategoryBody, headers(
            ("ETag" = String, description = "Its version, my keywords included"),
        )),
        (status = 304, description = "The client has it already"),
        NotFound,
    ),
)]
pub(crate) async fn get(
    caller: Caller,
    Id(id): Id,
    _: Query<NoQuery>,
    known: IfNoneMatch,
    categories: web::Data<Categories>,
) -> problem::Result<HttpResponse> {
    let view = categories.get(caller.account(), CategoryId(id)).await?;
    Ok(reply::unless_known(tag_of(&view), &known, &CategoryBody::from(view)))
}

/// The version that may be changed, if only one may: what `If-Match` names must be what is there.
async fn version_to_change(
    categories: &Categories,
    account: &Account,
    id: CategoryId,
    if_match: &IfMatch,
) -> Result<Option<i64>> {
    if !matches!(if_match, IfMatch::Versions(_)) {
        return Ok(None);
    }
    let view = categories.get(account, id).await?;
    if if_match.allows(tag_of(&view)) { Ok(Some(view.category.version)) } else { Err(AppError::PreconditionFailed) }
}

/// Renames, archives or brings back a category of my own (merge patch).
#[utoipa::path(
    patch, path = "/api/v1/categories/{id}", tag = "Categories", operation_id = "updateCategory",
    security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The category", minimum = 1, maximum = 9007199254740991_i64),
        IfMatchHeader,
    ),
    request_body = CategoryPatchBody,
    responses(
        (status = 200, description = "As it is now", body = CategoryBody, headers(
            ("ETag" = String, description = "Its version, my keywords included"),
        )),
        NotFound,
        (status = 409, description = "`system_category`, `category_exists`, or `category_merged`: undo brings it back"),
        Precondition,
    ),
)]
pub(crate) async fn update(
    caller: Caller,
    Id(id): Id,
    _: Query<NoQuery>,
    if_match: IfMatch,
    categories: web::Data<Categories>,
    Json(body): Json<CategoryPatchBody>,
) -> problem::Result<HttpResponse> {
    let categories = categories.into_inner();
    let (id, patch) = (CategoryId(id), body.into());
    let changed = mutate(async move {
        let account = caller.account();
        let expected = version_to_change(&categories, account, id, &if_match).await?;
        categories.update(account, id, |version| expected.is_none_or(|it| it == version), &patch).await
    });
    let view = changed.await?;
    Ok(reply::versioned(tag_of(&view), &CategoryBody::from(view)))
}

/// Archives a category of my own; it keeps its expenses. With `merge_into` they move to another, as one action.
#[utoipa::path(
    delete, path = "/api/v1/categories/{id}", tag = "Categories", operation_id = "deleteCategory",
    security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The category", minimum = 1, maximum = 9007199254740991_i64),
        DeleteCategoryQuery,
        IfMatchHeader,
    ),
    responses(
        (status = 204, description = "Archived, or merged"),
        NotFound,
        (status = 409, description = "`system_category`, or `category_archived` for a merge of an archived one"),
        Precondition,
    ),
)]
pub(crate) async fn delete(
    caller: Caller,
    Id(id): Id,
    Query(query): Query<DeleteCategoryQuery>,
    if_match: IfMatch,
    retry: Retry,
    categories: web::Data<Categories>,
) -> problem::Result<HttpResponse> {
    let categories = categories.into_inner();
    let id = CategoryId(id);
    let work = |keep| async move {
        let account = caller.account();
        let expected = version_to_change(&categories, account, id, &if_match).await?;
        let accept = move |version| expected.is_none_or(|it| it == version);
        match query.merge_into {
            Some(into) => categories.merge(account, id, into, accept, &keep).await,
            None => categories.archive(account, id, accept).await.map(|()| None),
        }
    };
    retry.answer(|_: &Option<Seq>| reply::no_content(), work).await
}

/// My keywords for a category.
#[utoipa::path(
    get, path = "/api/v1/categories/{id}/keywords", tag = "Categories", operation_id = "getKeywords",
    security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The category", minimum = 1, maximum = 9007199254740991_i64),
        IfNoneMatchHeader,
    ),
    responses(
        (status = 200, description = "The keywords", body = CategoryKeywords, headers(
            ("ETag" = String, description = "The version of the category, my keywords included"),
        )),
        (status = 304, description = "The client has them already"),
        NotFound,
    ),
)]
pub(crate) async fn keywords(
    caller: Caller,
    Id(id): Id,
    _: Query<NoQuery>,
    known: IfNoneMatch,
    categories: web::Data<Categories>,
) -> problem::Result<HttpResponse> {
    let view = categories.get(caller.account(), CategoryId(id)).await?;
    Ok(reply::unless_known(tag_of(&view), &known, &CategoryKeywords { keywords: view.keywords }))
}

/// Sets my keywords for a category, a system one too. They choose for expenses to come; for
/// past ones when these are categorized anew.
#[utoipa::path(
    put, path = "/api/v1/categories/{id}/keywords", tag = "Categories", operation_id = "putKeywords",
    security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The category", minimum = 1, maximum = 9007199254740991_i64),
        IfMatchHeader,
    ),
    request_body = KeywordsBody,
    responses(
        (status = 200, description = "The keywords as they are now", body = CategoryKeywords, headers(
            ("ETag" = String, description = "The version of the category, my keywords included"),
        )),
        NotFound,
        (status = 409, description = "`category_archived` or `too_many_keywords`"),
        Precondition,
    ),
)]
pub(crate) async fn put_keywords(
    caller: Caller,
    Id(id): Id,
    _: Query<NoQuery>,
    if_match: IfMatch,
    categories: web::Data<Categories>,
    Json(body): Json<KeywordsBody>,
) -> problem::Result<HttpResponse> {
    let categories = categories.into_inner();
    let put = mutate(async move {
        let (account, id) = (caller.account(), CategoryId(id));
        version_to_change(&categories, account, id, &if_match).await?;
        categories.put_keywords(account, id, &body.keywords).await
    });
    let view = put.await?;
    Ok(reply::versioned(tag_of(&view), &CategoryKeywords { keywords: view.keywords }))
}

/// Which category notes and tags would get, and why. Changes nothing.
#[utoipa::path(
    post, path = "/api/v1/categorize", tag = "Categories", operation_id = "categorize", security(("bearer" = [])),
    request_body = CategorizeBody,
    responses((status = 200, description = "The choice", body = GuessBody)),
)]
pub(crate) async fn categorize(
    caller: Caller,
    _: Query<NoQuery>,
    categories: web::Data<Categories>,
    Json(body): Json<CategorizeBody>,
) -> problem::Result<HttpResponse> {
    let shown = categories.categorize(caller.account(), &body.notes, &body.tags).await?;
    Ok(reply::ok(&GuessBody::from(shown)))
}

/// Chooses categories anew for all expenses whose category was chosen for me, by my keywords, choices and the model as they are
/// now.
///
/// One action, which undo takes back as a whole. Where nothing is sure enough an expense stays where it is. What I chose stays
/// too, and so does what lies in an archived category. After `more` ask again.
#[utoipa::path(
    post, path = "/api/v1/categories/recategorize", tag = "Categories", operation_id = "recategorize",
    security(("bearer" = [])),
    params(RecategorizeQuery),
    responses((status = 200, description = "What was changed, or would be", body = RecategorizedBody)),
)]
pub(crate) async fn recategorize(
    caller: Caller,
    Query(query): Query<RecategorizeQuery>,
    retry: Retry,
    categories: web::Data<Categories>,
    _: OptionalJson<Nothing>,
) -> problem::Result<HttpResponse> {
    let categories = categories.into_inner();
    let answer = |done: &Recategorized| reply::ok(&RecategorizedBody::from(done));
    let work = |keep| async move { categories.recategorize(caller.account(), query.dry_run, &keep).await };
    retry.answer(answer, work).await
}
