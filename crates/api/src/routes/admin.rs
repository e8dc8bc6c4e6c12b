//! What admins do. Every handler takes [`Admin`] first: a log-in of an admin, read anew for the request.

use actix_web::{HttpResponse, web};
use florin_app::admin::{Actor, Admin as Admins};
use florin_domain::account::Account;
use florin_domain::id::UserId;

use crate::auth::{Admin, Client};
use crate::openapi::{IfMatchHeader, IfNoneMatchHeader, NotFound, Precondition};
use crate::problem;
use crate::reply;
use crate::task::mutate;
use crate::wire::admin::{AccountBody, AccountPage, AccountPatchBody, StatsBody, UsersQuery, VerifiedAllBody, tag_of};
use crate::wire::trail::{AuditPage, AuditQuery};
use crate::wire::{Id, IfMatch, IfNoneMatch, Json, NoQuery, Query, Untagged};

fn actor(Admin(principal): Admin, Client(device): Client) -> Actor {
    Actor { account: principal.account, device }
}

fn one(account: &Account) -> HttpResponse {
    reply::versioned(tag_of(account), &AccountBody::from(account))
}

/// Accounts, the youngest first. Erased ones are not there.
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "Admin", operation_id = "listUsers", security(("bearer" = [])),
    params(UsersQuery),
    responses((status = 200, description = "A page of accounts", body = AccountPage)),
)]
pub(crate) async fn users(
    _: Admin,
    Query(query): Query<UsersQuery>,
    admins: web::Data<Admins>,
) -> problem::Result<HttpResponse> {
    let page = admins.accounts(&query.parts(), query.before()?, query.limit).await?;
    Ok(reply::ok(&AccountPage::new(&page, &query)))
}

/// An account.
#[utoipa::path(
    get, path = "/api/v1/admin/users/{id}", tag = "Admin", operation_id = "getUser", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The account", minimum = 1, maximum = 9007199254740991_i64),
        IfNoneMatchHeader,
    ),
    responses(
        (status = 200, description = "The account", body = AccountBody, headers(
            ("ETag" = String, description = "Its version"),
        )),
        (status = 304, description = "The client has it already"),
        NotFound,
    ),
)]
pub(crate) async fn user(
    _: Admin,
    Id(id): Id,
    _: Query<NoQuery>,
    known: IfNoneMatch,
    admins: web::Data<Admins>,
) -> problem::Result<HttpResponse> {
    let account = admins.account(UserId(id)).await?;
    Ok(reply::unless_known(tag_of(&account), &known, &AccountBody::from(&account)))
}

/// Changes an account's role, disables or enables it (merge patch).
#[utoipa::path(
    patch, path = "/api/v1/admin/users/{id}", tag = "Admin", operation_id = "updateUser", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The account", minimum = 1, maximum = 9007199254740991_i64),
        IfMatchHeader,
    ),
    request_body = AccountPatchBody,
    responses(
        (status = 200, description = "The account as it is now", body = AccountBody, headers(
            ("ETag" = String, description = "Its version"),
        )),
        NotFound,
        (status = 409, description = "`own_account`: nobody changes their own role or disables themselves; or `stale`"),
        Precondition,
    ),
)]
pub(crate) async fn update(
    admin: Admin,
    client: Client,
    Id(id): Id,
    _: Query<NoQuery>,
    if_match: IfMatch,
    admins: web::Data<Admins>,
    Json(body): Json<AccountPatchBody>,
) -> problem::Result<HttpResponse> {
    let (admins, actor) = (admins.into_inner(), actor(admin, client));
    let accept = move |account: &Account| if_match.allows(tag_of(account));
    let account = mutate(async move { admins.change(&actor, UserId(id), body.into(), accept).await }).await?;
    Ok(one(&account))
}

/// Ends all sessions of an account and revokes all its personal access tokens.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{id}/revoke-sessions", tag = "Admin", operation_id = "revokeSessions",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The account", minimum = 1, maximum = 9007199254740991_i64)),
    responses((status = 204, description = "All ended"), NotFound),
)]
pub(crate) async fn revoke_sessions(
    admin: Admin,
    client: Client,
    _: Untagged,
    Id(id): Id,
    _: Query<NoQuery>,
    admins: web::Data<Admins>,
) -> problem::Result<HttpResponse> {
    let (admins, actor) = (admins.into_inner(), actor(admin, client));
    mutate(async move { admins.revoke_sessions(&actor, UserId(id)).await }).await?;
    Ok(reply::no_content())
}

/// What happened to accounts, newest first.
#[utoipa::path(
    get, path = "/api/v1/admin/login-events", tag = "Admin", operation_id = "listAllLoginEvents",
    security(("bearer" = [])),
    params(AuditQuery),
    responses((status = 200, description = "A page of everybody's trail", body = AuditPage)),
)]
pub(crate) async fn login_events(
    _: Admin,
    Query(query): Query<AuditQuery>,
    admins: web::Data<Admins>,
) -> problem::Result<HttpResponse> {
    let page = admins.events(query.filter(), query.after()?, query.limit).await?;
    Ok(reply::ok(&AuditPage::new(page, &query)))
}

/// How many there are of what.
#[utoipa::path(
    get, path = "/api/v1/admin/stats", tag = "Admin", operation_id = "getStats", security(("bearer" = [])),
    responses((status = 200, description = "Counts, and nothing else", body = StatsBody)),
)]
pub(crate) async fn stats(_: Admin, _: Query<NoQuery>, admins: web::Data<Admins>) -> problem::Result<HttpResponse> {
    let counts = admins.counts().await?;
    Ok(reply::ok(&StatsBody::new(counts, admins.database())))
}

/// Walks everybody's log and totals. Changes nothing; it takes as long as there is history.
#[utoipa::path(
    post, path = "/api/v1/admin/verify", tag = "Admin", operation_id = "verifyAll", security(("bearer" = [])),
    responses((status = 200, description = "What was found", body = VerifiedAllBody)),
)]
pub(crate) async fn verify(_: Admin, _: Query<NoQuery>, admins: web::Data<Admins>) -> problem::Result<HttpResponse> {
    Ok(reply::ok(&VerifiedAllBody::from(admins.verify().await?)))
}
