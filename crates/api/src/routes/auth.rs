//! Sign-up, verification, codes, log-in, refresh, log-out. Passwords are in [`super::passwords`].

use actix_web::{HttpResponse, web};
use florin_app::auth::{Auth, CodeChannel, CodeEntry, CodeRequest, LogIn, Registration, Secret, Tokens};
use florin_app::error::FieldError;
use florin_domain::session::CODE_LIFETIME_MILLIS;
use serde::Serialize;
use utoipa::ToSchema;

use super::me::UserBody;
use crate::auth::Client;
use crate::problem;
use crate::reply;
use crate::task::mutate;
use crate::wire::{Fields, Json, NoQuery, Query, Reader};

/// The most characters of a field whose real bounds the use case checks.
pub(super) const MAX_TEXT: usize = 1024;

/// Far more characters than a password may have bytes, which the use case checks.
pub(super) const MAX_PASSWORD: usize = 4096;

/// The most characters of a one-time code; it has six.
pub(super) const MAX_OTP: usize = 16;

/// A sign-up.
#[derive(Debug, ToSchema)]
pub(crate) struct RegisterBody {
    /// The address to log in with.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// 8 to 1024 bytes; common ones are refused.
    #[schema(format = "password", min_length = 8, max_length = 1024)]
    password: String,
    /// What the person wants to be called.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// ISO 4217 code; the server's default when left out.
    #[schema(example = "INR")]
    currency: Option<String>,
    /// IANA time zone; the server's default when left out.
    #[schema(example = "Asia/Kolkata")]
    timezone: Option<String>,
    /// What was wrong with its form; told together with what is wrong with the values.
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for RegisterBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let email = r.need("email").text(MAX_TEXT);
        let password = r.need("password").text(MAX_PASSWORD);
        let name = r.get("name").text(MAX_TEXT);
        let currency = r.get("currency").text(MAX_TEXT);
        let timezone = r.get("timezone").text(MAX_TEXT);
        let (email, password) = (email.unwrap_or_default(), password.unwrap_or_default());
        Some(Self { email, password, name, currency, timezone, faults: r.take_faults() })
    }
}

/// What comes next after a sign-up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegisteredBody {
    verification: Verification,
}

/// How the address is to be proved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verification {
    /// Where the code was sent.
    #[schema(example = "email")]
    channel: &'static str,
    /// For how many seconds it is good.
    #[schema(example = 600)]
    expires_in: i64,
}

/// Signs up. The answer is the same when the address is taken; its owner is told instead.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "Accounts", operation_id = "register",
    request_body = RegisterBody,
    responses((status = 202, description = "A code was sent to the address", body = RegisteredBody)),
)]
pub(crate) async fn register(
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<RegisterBody>,
) -> problem::Result<HttpResponse> {
    let RegisterBody { email, password, name, currency, timezone, faults } = body;
    let registration = Registration { email, password, name, currency, timezone, faults };
    let auth = auth.into_inner();
    let expires_in = mutate(async move { auth.register(&registration, &device).await }).await?;
    Ok(accepted("email", expires_in))
}

/// The one answer to whoever asks for a message to an address.
pub(super) fn accepted(channel: &'static str, expires_in: i64) -> HttpResponse {
    reply::accepted(&RegisteredBody { verification: Verification { channel, expires_in } })
}

/// An address and the code that was sent to it.
#[derive(Debug, ToSchema)]
pub(crate) struct VerifyBody {
    /// The address.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// The six digits.
    #[schema(example = "123456", max_length = 16)]
    otp: String,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for VerifyBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let email = r.need("email").text(MAX_TEXT);
        let otp = r.need("otp").text(MAX_OTP);
        Some(Self { email: email.unwrap_or_default(), otp: otp.unwrap_or_default(), faults: r.take_faults() })
    }
}

/// Access and refresh tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokensBody {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    expires_in: i64,
    /// For one exchange at `/auth/refresh`.
    refresh_token: String,
    /// How long the refresh token is good, in seconds.
    refresh_expires_in: i64,
    user: UserBody,
}

impl From<Tokens> for TokensBody {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            token_type: "Bearer",
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh_token,
            refresh_expires_in: tokens.refresh_expires_in,
            user: UserBody::from(&tokens.account),
        }
    }
}

/// Proves an address by its code, and logs in.
#[utoipa::path(
    post, path = "/api/v1/auth/verify", tag = "Accounts", operation_id = "verifyEmail",
    request_body = VerifyBody,
    responses(
        (status = 200, description = "Verified and logged in", body = TokensBody),
        (status = 401, description = "`invalid_otp`: not the code in force"),
    ),
)]
pub(crate) async fn verify(
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<VerifyBody>,
) -> problem::Result<HttpResponse> {
    let VerifyBody { email, otp, faults } = body;
    let entry = CodeEntry { email, otp, faults };
    let auth = auth.into_inner();
    let tokens = mutate(async move { auth.verify(&entry, &device).await }).await?;
    Ok(reply::ok(&TokensBody::from(tokens)))
}

/// Where a code can go.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its schema is used; a test compares its names with those that are read")]
enum CodeChannelName {
    /// To the account's address.
    Email,
    /// To the telephone number that the account proved.
    Sms,
}

/// An address, and where its code is to go.
#[derive(Debug, ToSchema)]
pub(crate) struct CodeRequestBody {
    /// The address of the account.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// `email`, which it is when left out, or `sms`: to the telephone number that the account proved.
    #[schema(value_type = CodeChannelName, required = false, example = "email")]
    channel: Option<String>,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for CodeRequestBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let email = r.need("email").text(MAX_TEXT).unwrap_or_default();
        let channel = r.get_non_null("channel").text(MAX_TEXT);
        if channel.as_deref().is_some_and(|name| !CHANNELS.iter().any(|(known, _)| *known == name)) {
            r.reject("channel", "invalid_channel", "must be email or sms");
        }
        Some(Self { email, channel, faults: r.take_faults() })
    }
}

/// Where codes can go, by name.
const CHANNELS: [(&str, CodeChannel); 2] = [("email", CodeChannel::Email), ("sms", CodeChannel::Sms)];

impl CodeRequestBody {
    /// The name of the channel, and the request.
    pub(super) fn into_request(self) -> (&'static str, CodeRequest) {
        let Self { email, channel, faults } = self;
        let chosen = CHANNELS.into_iter().find(|(name, _)| channel.as_deref() == Some(*name));
        let (name, channel) = chosen.unwrap_or(CHANNELS[0]);
        (name, CodeRequest { email, channel, faults })
    }
}

/// Sends a code to verify the address or log in with. The answer is always the same.
#[utoipa::path(
    post, path = "/api/v1/auth/otp", tag = "Accounts", operation_id = "requestCode",
    request_body = CodeRequestBody,
    responses(
        (status = 202, description = "A code was sent if the address has an account", body = RegisteredBody),
        (status = 409, description = "`sms_unavailable`: this server sends no short messages"),
    ),
)]
pub(crate) async fn request_code(
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<CodeRequestBody>,
) -> problem::Result<HttpResponse> {
    let (auth, (channel, request)) = (auth.into_inner(), body.into_request());
    mutate(async move { auth.request_code(&request, &device).await }).await?;
    Ok(accepted(channel, CODE_LIFETIME_MILLIS / 1000))
}

/// An address, and either the password or a one-time code.
#[derive(Debug, ToSchema)]
pub(crate) struct LoginBody {
    /// The address.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// The password; leave `otp` out then.
    #[schema(format = "password", max_length = 1024)]
    password: Option<String>,
    /// A one-time code; leave `password` out then.
    #[schema(example = "123456", max_length = 16)]
    otp: Option<String>,
    #[schema(ignore)]
    faults: Vec<FieldError>,
}

impl Fields for LoginBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let email = r.need("email").text(MAX_TEXT);
        let password = r.get("password").text(MAX_PASSWORD);
        let otp = r.get("otp").text(MAX_OTP);
        match (r.has("password"), r.has("otp")) {
            (true, true) => r.reject("otp", "ambiguous", "must be left out when there is a password"),
            // Named, but neither text nor too long: `null`.
            _ if password.is_none() && otp.is_none() && !r.rejected("password") && !r.rejected("otp") => {
                r.reject("password", "required", "is required, unless there is an otp");
            }
            _ => {}
        }
        Some(Self { email: email.unwrap_or_default(), password, otp, faults: r.take_faults() })
    }
}

impl From<LoginBody> for LogIn {
    fn from(LoginBody { email, password, otp, faults }: LoginBody) -> Self {
        let secret = otp.map_or_else(|| Secret::Password(password.unwrap_or_default()), Secret::Code);
        Self { email, secret, faults }
    }
}

/// Logs in by password or by one-time code. Too many wrong passwords of one address are 429, wherever they come from; a code
/// still does then.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "Accounts", operation_id = "login",
    request_body = LoginBody,
    responses(
        (status = 200, description = "Logged in", body = TokensBody),
        (status = 401, description = "`invalid_credentials`, for any mismatch"),
        (status = 403, description = "`email_not_verified` or `account_disabled`, only with the right password"),
    ),
)]
pub(crate) async fn login(
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<LoginBody>,
) -> problem::Result<HttpResponse> {
    let auth = auth.into_inner();
    let tokens = mutate(async move { auth.log_in(&body.into(), &device).await }).await?;
    Ok(reply::ok(&TokensBody::from(tokens)))
}

/// A refresh token.
#[derive(Debug, ToSchema)]
pub(crate) struct RefreshBody {
    /// As it was given out.
    #[schema(max_length = 1024)]
    refresh_token: String,
}

impl Fields for RefreshBody {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        r.need("refresh_token").text(MAX_TEXT).map(|refresh_token| Self { refresh_token })
    }
}

/// Exchanges a refresh token for new tokens. A used one ends its whole session.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "Accounts", operation_id = "refreshTokens",
    request_body = RefreshBody,
    responses(
        (status = 200, description = "New tokens", body = TokensBody),
        (status = 401, description = "`invalid_refresh_token`"),
    ),
)]
pub(crate) async fn refresh(
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<RefreshBody>,
) -> problem::Result<HttpResponse> {
    let auth = auth.into_inner();
    let tokens = mutate(async move { auth.refresh(&body.refresh_token, &device).await }).await?;
    Ok(reply::ok(&TokensBody::from(tokens)))
}

/// Ends the session of a refresh token, if it is there.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "Accounts", operation_id = "logout",
    request_body = RefreshBody,
    responses((status = 204, description = "Logged out")),
)]
pub(crate) async fn logout(
    _: Query<NoQuery>,
    Client(device): Client,
    auth: web::Data<Auth>,
    Json(body): Json<RefreshBody>,
) -> problem::Result<HttpResponse> {
    let auth = auth.into_inner();
    mutate(async move { auth.logout(&body.refresh_token, &device).await }).await?;
    Ok(reply::no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_names_every_channel_of_codes() {
        let document = crate::openapi::document().unwrap();
        let names = &document["components"]["schemas"]["CodeChannelName"]["enum"];
        let known: Vec<Value> = CHANNELS.iter().map(|(name, _)| (*name).into()).collect();
        assert_eq!(names, &Value::from(known));
    }
}
