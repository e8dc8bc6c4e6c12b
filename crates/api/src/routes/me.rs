//! The caller's own profile.

use actix_web::{HttpResponse, web};
use florin_app::auth::{Auth, ProfilePatch};
use florin_app::categories::{Categories, Learning};
use florin_domain::account::Account;
use florin_domain::calendar::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Caller, SessionCaller};
use crate::openapi::{Conflict, IfMatchHeader, IfNoneMatchHeader, Precondition};
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::task::mutate;
use crate::wire::etag::tag_of_parts;
use crate::wire::{Fields, IfMatch, IfNoneMatch, Json, NoQuery, Query, Reader, Untagged};

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

/// What my choices of categories have taught the categorizer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LearnedBody {
    /// How many choices are remembered: of the 2,000 that were touched last.
    #[schema(minimum = 0, example = 12)]
    choices: usize,
    /// For how many different notes.
    #[schema(minimum = 0, example = 9)]
    notes: usize,
    /// How many different words these notes have.
    #[schema(minimum = 0, example = 21)]
    words: usize,
    /// What was chosen up to then was forgotten; `null` when nothing ever was.
    #[schema(required = true, format = "date-time")]
    since: Option<String>,
}

impl From<Learning> for LearnedBody {
    fn from(learning: Learning) -> Self {
        let Learning { choices, notes, words, since, latest: _ } = learning;
        Self { choices, notes, words, since: since.map(Timestamp::to_rfc3339) }
    }
}

/// My profile, and what was learned from me.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeBody {
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
    learned: LearnedBody,
}

impl MeBody {
    fn new(account: &Account, learning: Learning) -> Self {
        let UserBody { id, email, name, role, currency, timezone, created_at } = account.into();
        Self { id, email, name, role, currency, timezone, created_at, learned: learning.into() }
    }
}

/// How many bits of the `ETag` say what was learned. Those above say the profile.
const LEARNED_BITS: u32 = 31;

/// What the `ETag` says: a number made of all that can change in it.
fn tag_of(account: &Account, learning: &Learning) -> i64 {
    let Learning { choices, notes, words, since, latest: _ } = *learning;
    let since = since.map_or(String::new(), |since| since.0.to_string());
    let learned = tag_of_parts(&[&choices.to_string(), &notes.to_string(), &words.to_string(), &since]);
    (tag_of_profile(account) << LEARNED_BITS) | (learned & ((1 << LEARNED_BITS) - 1))
}

fn tag_of_profile(account: &Account) -> i64 {
    tag_of_parts(&[&account.name, account.currency.code(), account.zone.name(), account.role.as_str()])
}

/// Whether the profile as it is may be changed. What was learned meanwhile does not matter: no such change touches it.
pub(super) fn allows(if_match: &IfMatch, account: &Account) -> bool {
    let profile = tag_of_profile(account);
    if_match.allows_where(|version| version >> LEARNED_BITS == profile)
}

/// My profile, and how much my choices of categories have taught.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "Accounts", operation_id = "getMe", security(("bearer" = [])),
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "My profile", body = MeBody, headers(
            ("ETag" = String, description = "Its version"),
        )),
        (status = 304, description = "The client has it already"),
    ),
)]
pub(crate) async fn get(
    caller: Caller,
    _: Query<NoQuery>,
    known: IfNoneMatch,
    categories: web::Data<Categories>,
) -> problem::Result<HttpResponse> {
    let account = caller.account();
    let learning = categories.learning(account).await?;
    Ok(reply::unless_known(tag_of(account, &learning), &known, &MeBody::new(account, learning)))
}

/// Forgets what my choices of categories have taught, those up to now. It changes no expense, and no undo brings it back.
#[utoipa::path(
    delete, path = "/api/v1/me/learned", tag = "Accounts", operation_id = "forgetLearned", security(("bearer" = [])),
    responses((status = 204, description = "Forgotten")),
)]
pub(crate) async fn forget_learned(
    caller: Caller,
    _: Query<NoQuery>,
    _: Untagged,
    retry: Retry,
    categories: web::Data<Categories>,
) -> problem::Result<HttpResponse> {
    let categories = categories.into_inner();
    let work = |keep| async move { categories.forget_learned(caller.account(), &keep).await };
    retry.answer(|()| reply::no_content(), work).await
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
        (status = 200, description = "My profile as it is now", body = MeBody, headers(
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
    categories: web::Data<Categories>,
    Json(body): Json<ProfileBody>,
) -> problem::Result<HttpResponse> {
    let ProfileBody { name, currency, timezone } = body;
    let patch = ProfilePatch { name, currency, timezone };
    let auth = auth.into_inner();
    let is_conditional = matches!(if_match, IfMatch::Versions(_));
    let accept = is_conditional.then_some(move |account: &Account| allows(&if_match, account));
    // Before the effect, which nothing that fails later may hide: it changes nothing of what was learned.
    let learning = categories.learning(caller.account()).await?;
    let account = mutate(async move { auth.update_profile(caller.account(), &patch, accept).await }).await?;
    Ok(reply::versioned(tag_of(&account, &learning), &MeBody::new(&account, learning)))
}
