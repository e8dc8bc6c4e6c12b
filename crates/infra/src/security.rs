//! Passwords, tokens, codes, and the one secret behind them.

mod base64url;
mod jwt;
mod mac;
mod password;
mod seal;
mod secrets;
mod signing_key;

pub(crate) use base64url::encode as base64url;
pub use jwt::JwtIssuer;
pub(crate) use mac::hmac_sha256;
pub use password::{Argon2Cost, Argon2Hasher, MAX_PASSWORD_BYTES};
pub use secrets::{REFRESH_TOKEN_PREFIX, Secrets};
pub use signing_key::{SigningKey, SigningKeyError};
