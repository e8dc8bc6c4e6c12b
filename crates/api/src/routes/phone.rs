//! The caller's telephone number, for codes and notifications by short message.

use actix_web::{HttpResponse, web};
use florin_app::auth::{Auth, NumberEntry, NumberProof};
use florin_app::error::FieldError;
use utoipa::ToSchema;

use super::auth::{MAX_OTP, MAX_PASSWORD, RegisteredBody, accepted};
use crate::auth::{Client, SessionCaller};
use crate::openapi::{Conflict, NotFound};
use crate::problem;
use crate::reply;
use crate::retry::Retry;
use crate::task::mutate;
use crate::wire::phone::PhoneBody;
use crate::wire::{Fields, Json, NoQuery, Query, Reader};

/// The most characters of a number as it may be written.
const MAX_NUMBER: usize = 40;

/// My telephone number.
#[utoipa::path(
    get, path = "/api/v1/me/phone", tag = "Accounts", operation_id = "getPhone", security(("bearer" = [])),
    responses((status = 200, description = "My number", body = PhoneBody), NotFound),
)]
pub(crate) async fn get(
    caller: SessionCaller,
    _: Query<NoQuery>,
    auth: web::Data<Auth>,
) -> problem::Result<HttpResponse> {
    let phone = auth.phone(caller.account()).await?;
    Ok(reply::ok(&PhoneBody::from(phone)))
}

/// A telephone number, and proof that it is meant.
#[derive(Debug, ToSchema)]
pub(crate) struct NumberBody {
    /// With its country code. Blanks, dashes, dots and brackets are left out.
    #[schema(format = "phone", max_length = 40, example = "+919812345678")]
    phone: String,
    /// The account's password: codes to log in with, and to set a new password with, can be sent to the number.
    #[schema(format = "password", max_length = 1024)]
    password: String,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for NumberBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let phone = r.need("phone").text(MAX_NUMBER).unwrap_or_default();
        let password = r.need("password").text(MAX_PASSWORD).unwrap_or_default();
        Some(Self { phone, password, faults: r.take_faults() })
    }
}

/// Puts a telephone number in place of any other, and sends a code to it, which proves it.
#[utoipa::path(
    put, path = "/api/v1/me/phone", tag = "Accounts", operation_id = "putPhone", security(("bearer" = [])),
    request_body = NumberBody,
    responses(
        (status = 202, description = "A code was sent to the number", body = RegisteredBody),
        Conflict,
        (status = 422, description = "`invalid`: every wrong field is named; `/password` with `wrong_password`"),
    ),
)]
pub(crate) async fn put(
    caller: SessionCaller,
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<NumberBody>,
) -> problem::Result<HttpResponse> {
    let entry = NumberEntry { phone: body.phone, password: body.password, faults: body.faults };
    let auth = auth.into_inner();
    let expires_in = mutate(async move { auth.put_phone(caller.account(), &entry, &device).await }).await?;
    Ok(accepted("sms", expires_in))
}

/// The code that was sent to my number.
#[derive(Debug, ToSchema)]
pub(crate) struct ProofBody {
    /// The six digits.
    #[schema(example = "123456", max_length = 16)]
    otp: String,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for ProofBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let otp = r.need("otp").text(MAX_OTP).unwrap_or_default();
        Some(Self { otp, faults: r.take_faults() })
    }
}

/// Proves my telephone number by the code that was sent to it.
#[utoipa::path(
    post, path = "/api/v1/me/phone/verify", tag = "Accounts", operation_id = "verifyPhone", security(("bearer" = [])),
    request_body = ProofBody,
    responses(
        (status = 204, description = "The number is proved"),
        (status = 401, description = "`invalid_otp`: not the code in force"),
    ),
)]
pub(crate) async fn verify(
    caller: SessionCaller,
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<ProofBody>,
) -> problem::Result<HttpResponse> {
    let proof = NumberProof { otp: body.otp, faults: body.faults };
    let auth = auth.into_inner();
    mutate(async move { auth.prove_phone(caller.account(), &proof, &device).await }).await?;
    Ok(reply::no_content())
}

/// Removes my telephone number.
#[utoipa::path(
    delete, path = "/api/v1/me/phone", tag = "Accounts", operation_id = "deletePhone", security(("bearer" = [])),
    responses((status = 204, description = "Removed"), NotFound),
)]
pub(crate) async fn delete(
    caller: SessionCaller,
    _: Query<NoQuery>,
    Client(device): Client,
    retry: Retry,
    auth: web::Data<Auth>,
) -> problem::Result<HttpResponse> {
    let auth = auth.into_inner();
    let work = |keep| async move { auth.remove_phone(caller.account(), &device, &keep).await };
    retry.answer(|()| reply::no_content(), work).await
}
