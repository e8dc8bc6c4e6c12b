//! Personal access tokens.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use florin_app::error::FieldError;
use florin_app::tokens::{MadeToken, PersonalTokens, WantedToken};
use florin_domain::calendar::Timestamp;
use florin_domain::id::TokenId;
use florin_domain::personal_token::{PersonalToken, Scope};
use florin_domain::session::Scopes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Client, SessionCaller};
use crate::openapi::NotFound;
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::wire::{Fields, Id, Json, NoQuery, Query, Reader, Untagged};

/// The most characters of a name whose real bound the use case checks.
const MAX_TEXT: usize = 1024;
/// The most scopes that are read; there are two.
const MAX_SCOPES: usize = 16;
const SCOPES: [(&str, Scope); 2] = [("read", Scope::Read), ("write", Scope::Write)];

/// A part of what a token may do.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; the names are read by SCOPES")]
enum ScopeName {
    /// Requests that change nothing.
    Read,
    /// Requests that change something; they need not include reading.
    Write,
}

/// A token to be made.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"name": "backup script", "scopes": ["read"], "expires_at": "2027-01-01T00:00:00Z"}))]
pub(crate) struct NewTokenBody {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may do, each scope once.
    #[schema(value_type = Vec<ScopeName>, min_items = 1, max_items = 2)]
    scopes: Option<Scopes>,
    /// Until when it is good, at most ten years ahead; until it is revoked when left out.
    #[schema(value_type = Option<String>, format = "date-time")]
    expires_at: Option<Timestamp>,
    /// What was wrong with its form; told together with what is wrong with the values.
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for NewTokenBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let name = r.need("name").text(MAX_TEXT);
        let list = r.need("scopes").list(MAX_SCOPES, |scope| scope.choice(&SCOPES));
        let scopes = list.and_then(|list| {
            Scopes::of(&list).map_err(|error| r.reject("scopes", "invalid_scopes", error.to_string())).ok()
        });
        let expires_at = r.get("expires_at").parsed("invalid_instant", Timestamp::parse);
        Some(Self { name: name.unwrap_or_default(), scopes, expires_at, faults: r.take_faults() })
    }
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenBody {
    #[schema(minimum = 1)]
    id: i64,
    /// What its owner calls it.
    #[schema(example = "backup script")]
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<&'static str>,
    #[schema(format = "date-time")]
    created_at: String,
    /// Until when it is good; `null` for until it is revoked.
    #[schema(required = true, format = "date-time")]
    expires_at: Option<String>,
    /// When it was last used, to the minute; `null` for never.
    #[schema(required = true, format = "date-time")]
    last_used_at: Option<String>,
}

impl From<PersonalToken> for TokenBody {
    fn from(token: PersonalToken) -> Self {
        Self {
            id: token.id.0,
            name: token.name,
            scopes: token.scopes.names(),
            created_at: token.created_at.to_rfc3339(),
            expires_at: token.expires_at.map(Timestamp::to_rfc3339),
            last_used_at: token.last_used_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// A new token, with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedTokenBody {
    #[schema(minimum = 1)]
    id: i64,
    /// What its owner calls it.
    #[schema(example = "backup script")]
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<&'static str>,
    #[schema(format = "date-time")]
    created_at: String,
    /// Until when it is good; `null` for until it is revoked.
    #[schema(required = true, format = "date-time")]
    expires_at: Option<String>,
    /// `null`: it was never used.
    #[schema(required = true, format = "date-time")]
    last_used_at: Option<String>,
    /// For `Authorization: Bearer`. Shown here, once.
    #[schema(example = "flr_pat_r4nd0m")]
    token: String,
}

impl From<MadeToken> for CreatedTokenBody {
    fn from(made: MadeToken) -> Self {
        let MadeToken { token, secret } = made;
        let TokenBody { id, name, scopes, created_at, expires_at, last_used_at } = token.into();
        Self { id, name, scopes, created_at, expires_at, last_used_at, token: secret }
    }
}

/// My tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenList {
    data: Vec<TokenBody>,
}

/// Makes a personal access token. Its secret is shown once, in this answer.
#[utoipa::path(
    post, path = "/api/v1/auth/tokens", tag = "Accounts", operation_id = "createToken", security(("bearer" = [])),
    request_body = NewTokenBody,
    responses(
        (status = 201, description = "Made", body = CreatedTokenBody),
        (status = 409, description = "`too_many_tokens`: there are 50 that were not revoked"),
    ),
)]
pub(crate) async fn create(
    caller: SessionCaller,
    Client(device): Client,
    _: Query<NoQuery>,
    retry: Retry,
    tokens: web::Data<PersonalTokens>,
    Json(body): Json<NewTokenBody>,
) -> problem::Result<HttpResponse> {
    let tokens = tokens.into_inner();
    let NewTokenBody { name, scopes, expires_at, faults } = body;
    let wanted = WantedToken { name, scopes, expires_at, faults };
    let answer = |made: &MadeToken| reply::json(StatusCode::CREATED, &CreatedTokenBody::from(made.clone()));
    let work = |keep| async move { tokens.create(caller.account(), caller.session, &wanted, &device, &keep).await };
    retry.answer(answer, work).await
}

/// My personal access tokens that were not revoked, newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/tokens", tag = "Accounts", operation_id = "listTokens", security(("bearer" = [])),
    responses((status = 200, description = "All of them, expired ones included", body = TokenList)),
)]
pub(crate) async fn list(
    caller: SessionCaller,
    _: Query<NoQuery>,
    tokens: web::Data<PersonalTokens>,
) -> problem::Result<HttpResponse> {
    let tokens = tokens.list(caller.account()).await?;
    Ok(reply::ok(&TokenList { data: tokens.into_iter().map(Into::into).collect() }))
}

/// Revokes a personal access token, from the next request on.
#[utoipa::path(
    delete, path = "/api/v1/auth/tokens/{id}", tag = "Accounts", operation_id = "revokeToken",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The token", minimum = 1, maximum = 9007199254740991_i64)),
    responses((status = 204, description = "Revoked"), NotFound),
)]
pub(crate) async fn revoke(
    caller: SessionCaller,
    Client(device): Client,
    _: Untagged,
    Id(id): Id,
    _: Query<NoQuery>,
    retry: Retry,
    tokens: web::Data<PersonalTokens>,
) -> problem::Result<HttpResponse> {
    let tokens = tokens.into_inner();
    let work = |keep| async move { tokens.revoke(caller.account(), TokenId(id), &device, &keep).await };
    retry.answer(|()| reply::no_content(), work).await
}
