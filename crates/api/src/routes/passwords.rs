//! Setting a new password for a forgotten one, or in place of the present one.

use actix_web::{HttpResponse, web};
use florin_app::auth::{Auth, PasswordReplacement, PasswordReset};
use florin_app::error::FieldError;
use florin_domain::session::CODE_LIFETIME_MILLIS;
use utoipa::ToSchema;

use super::auth::{CodeRequestBody, MAX_OTP, MAX_PASSWORD, MAX_TEXT, RegisteredBody, accepted};
use crate::auth::{Client, SessionCaller};
use crate::problem;
use crate::reply;
use crate::task::mutate;
use crate::wire::{Fields, Json, NoQuery, Query, Reader};

/// Sends a code to set a new password with. The answer is always the same.
#[utoipa::path(
    post, path = "/api/v1/auth/password/forgot", tag = "Accounts", operation_id = "forgotPassword",
    request_body = CodeRequestBody,
    responses(
        (status = 202, description = "A code was sent if the address has an account", body = RegisteredBody),
        (status = 409, description = "`sms_unavailable`: this server sends no short messages"),
    ),
)]
pub(crate) async fn forgot(
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<CodeRequestBody>,
) -> problem::Result<HttpResponse> {
    let (auth, (channel, request)) = (auth.into_inner(), body.into_request());
    mutate(async move { auth.forgot_password(&request, &device).await }).await?;
    Ok(accepted(channel, CODE_LIFETIME_MILLIS / 1000))
}

/// An address, the code that was sent to it, and a new password.
#[derive(Debug, ToSchema)]
pub(crate) struct ResetBody {
    /// The address.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// The six digits.
    #[schema(example = "123456", max_length = 16)]
    otp: String,
    /// 8 to 1024 bytes, 15 for admins; common ones are refused, and the address or name too.
    #[schema(format = "password", min_length = 8, max_length = 1024)]
    new_password: String,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for ResetBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let email = r.need("email").text(MAX_TEXT);
        let otp = r.need("otp").text(MAX_OTP);
        let new_password = r.need("new_password").text(MAX_PASSWORD);
        Some(Self {
            email: email.unwrap_or_default(),
            otp: otp.unwrap_or_default(),
            new_password: new_password.unwrap_or_default(),
            faults: r.take_faults(),
        })
    }
}

/// Sets a new password by a code, and ends every session and personal access token.
#[utoipa::path(
    post, path = "/api/v1/auth/password/reset", tag = "Accounts", operation_id = "resetPassword",
    request_body = ResetBody,
    responses(
        (status = 204, description = "The new password is in force; log in with it"),
        (status = 401, description = "`invalid_otp`: not the code in force"),
    ),
)]
pub(crate) async fn reset(
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<ResetBody>,
) -> problem::Result<HttpResponse> {
    let ResetBody { email, otp, new_password, faults } = body;
    let reset = PasswordReset { email, otp, new_password, faults };
    let auth = auth.into_inner();
    mutate(async move { auth.reset_password(&reset, &device).await }).await?;
    Ok(reply::no_content())
}

/// The present password, and a new one.
#[derive(Debug, ToSchema)]
pub(crate) struct PasswordBody {
    /// The present password. A wrong one is 422 `wrong_password`, and counts as a guess.
    #[schema(format = "password", max_length = 1024)]
    current_password: String,
    /// 8 to 1024 bytes, 15 for admins; common ones are refused, and the address or name too. Not the present one.
    #[schema(format = "password", min_length = 8, max_length = 1024)]
    new_password: String,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for PasswordBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let current_password = r.need("current_password").text(MAX_PASSWORD);
        let new_password = r.need("new_password").text(MAX_PASSWORD);
        Some(Self {
            current_password: current_password.unwrap_or_default(),
            new_password: new_password.unwrap_or_default(),
            faults: r.take_faults(),
        })
    }
}

/// Replaces the caller's password and ends their other sessions; this one goes on.
#[utoipa::path(
    put, path = "/api/v1/auth/password", tag = "Accounts", operation_id = "changePassword",
    security(("bearer" = [])),
    request_body = PasswordBody,
    responses(
        (status = 204, description = "The new password is in force"),
    ),
)]
pub(crate) async fn change(
    SessionCaller { principal, session }: SessionCaller,
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<PasswordBody>,
) -> problem::Result<HttpResponse> {
    let PasswordBody { current_password, new_password, faults } = body;
    let replacement = PasswordReplacement { current_password, new_password, faults };
    let auth = auth.into_inner();
    mutate(async move { auth.change_password(&principal.account, session, &replacement, &device).await }).await?;
    Ok(reply::no_content())
}
