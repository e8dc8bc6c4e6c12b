//! The caller's own profile.

use actix_web::{HttpResponse, web};
use florin_app::auth::{Auth, ProfilePatch};
use florin_domain::account::Account;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Caller, SessionCaller};
use crate::openapi::{Conflict, IfMatchHeader, IfNoneMatchHeader, Precondition};
use crate::problem;
use crate::reply;
use crate::task::mutate;
use crate::wire::etag::tag_of_parts;
use crate::wire::{Fields, IfMatch, IfNoneMatch, Json, NoQuery, Query, Reader};

/// The most characters of a field whose real bounds the use case checks.
const MAX_TEXT: usize = 1024;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserBody {
    id: i64,
    #[schema(format = "email")]
    email: String,
    /// May be empty.
    name: String,
    #[schema(example = "user")]
    role: &'static str,
    /// ISO 4217 code.
    #[schema(example = "INR")]
    currency: String,
    /// IANA time zone.
    #[schema(example = "Asia/Kolkata")]
    timezone: &'static str,
    #[schema(format = "date-time")]
    created_at: String,
}

impl From<&Account> for UserBody {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.0,
            email: account.email.to_string(),
            name: account.name.clone(),
            role: account.role.as_str(),
            currency: account.currency.code().to_owned(),
            timezone: account.zone.name(),
            created_at: account.created_at.to_rfc3339(),
        }
    }
}

/// What a profile's `ETag` says: a number made of all that can change in it.
pub(super) fn tag_of(account: &Account) -> i64 {
    tag_of_parts(&[&account.name, account.currency.code(), account.zone.name(), account.role.as_str()])
}

/// My profile.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "Accounts", operation_id = "getMe", security(("bearer" = [])),
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "My profile", body = UserBody, headers(
            ("ETag" = String, description = "Its version"),
        )),
        (status = 304, description = "The client has it already"),
    ),
)]
pub(crate) async fn get(caller: Caller, _: Query<NoQuery>, known: IfNoneMatch) -> HttpResponse {
    reply::unless_known(tag_of(caller.account()), &known, &UserBody::from(caller.account()))
}

/// Changes of a profile; what is left out stays as it is.
#[derive(Debug, ToSchema)]
pub(crate) struct ProfileBody {
    /// What the person wants to be called; `null` for nothing.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// ISO 4217 code. May change before the first expense only.
    #[schema(nullable = false)]
    currency: Option<String>,
    /// IANA time zone.
    #[schema(nullable = false)]
    timezone: Option<String>,
}

impl Fields for ProfileBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let name = r.patch("name", |name| name.text(MAX_TEXT)).into_nested().map(Option::unwrap_or_default);
        let currency = r.get_non_null("currency").text(MAX_TEXT);
        let timezone = r.get_non_null("timezone").text(MAX_TEXT);
        Some(Self { name, currency, timezone })
    }
}

/// Changes my profile (merge patch).
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "Accounts", operation_id = "updateMe", security(("bearer" = [])),
    params(IfMatchHeader),
    request_body = ProfileBody,
    responses(
        (status = 200, description = "My profile as it is now", body = UserBody, headers(
            ("ETag" = String, description = "Its version"),
        )),
        Conflict,
        Precondition,
    ),
)]
pub(crate) async fn update(
    caller: SessionCaller,
    _: Query<NoQuery>,
    if_match: IfMatch,
    auth: web::Data<Auth>,
    Json(body): Json<ProfileBody>,
) -> problem::Result<HttpResponse> {
    let ProfileBody { name, currency, timezone } = body;
    let patch = ProfilePatch { name, currency, timezone };
    let auth = auth.into_inner();
    let is_conditional = matches!(if_match, IfMatch::Versions(_));
    let accept = is_conditional.then_some(move |account: &Account| if_match.allows(tag_of(account)));
    let account = mutate(async move { auth.update_profile(caller.account(), &patch, accept).await }).await?;
    Ok(reply::versioned(tag_of(&account), &UserBody::from(&account)))
}
