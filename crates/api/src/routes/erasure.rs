//! Erasing my account.

use actix_web::{HttpResponse, web};
use florin_app::erasure::Erasure;
use florin_app::error::AppError;
use utoipa::ToSchema;

use super::me;
use crate::auth::{Client, SessionCaller};
use crate::openapi::{IfMatchHeader, Precondition};
use crate::problem;
use crate::reply;
use crate::retry::NotKept;
use crate::task::mutate;
use crate::wire::{Fields, IfMatch, Json, NoQuery, Query, Reader};

/// Far more characters than a password may have bytes.
const MAX_PASSWORD: usize = 4096;

/// Proof that it is meant.
#[derive(Debug, ToSchema)]
pub(crate) struct ErasureBody {
    /// The account's password.
    #[schema(format = "password", max_length = 1024)]
    password: String,
}

impl Fields for ErasureBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { password: r.need("password").text(MAX_PASSWORD)? })
    }
}

/// Erases my account, for good: expenses, budgets, categories, tags, sessions, tokens, name and address.
///
/// Every token of mine is refused from then on. The address may sign up again, to an account that knows nothing of this
/// one. The hashes of the log stay, without what they were made of.
#[utoipa::path(
    delete, path = "/api/v1/me", tag = "Accounts", operation_id = "eraseMe", security(("bearer" = [])),
    params(IfMatchHeader),
    request_body = ErasureBody,
    responses(
        (status = 204, description = "Erased"),
        Precondition,
        (status = 422, description = "`invalid`: every wrong field is named; `/password` with `wrong_password`"),
    ),
)]
pub(crate) async fn erase(
    caller: SessionCaller,
    _: Query<NoQuery>,
    if_match: IfMatch,
    Client(device): Client,
    erasure: web::Data<Erasure>,
    Json(body): Json<ErasureBody>,
) -> problem::Result<HttpResponse> {
    if !me::allows(&if_match, caller.account()) {
        return Err(AppError::PreconditionFailed.into());
    }
    let erasure = erasure.into_inner();
    mutate(async move { erasure.erase(caller.account(), &body.password, &device).await }).await?;
    let mut answer = reply::no_content();
    // There is nobody left whom an answer could be kept for.
    answer.extensions_mut().insert(NotKept);
    Ok(answer)
}
