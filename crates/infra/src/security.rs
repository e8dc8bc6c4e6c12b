//! Passwords, tokens, codes, and the one secret behind them.

mod base64url;
mod jwt;
mod mac;
mod password;
mod seal;
mod secrets;
mod signing_key;

pub use jwt::JwtIssuer;
pub use password::{Argon2Cost, Argon2Hasher, MAX_PASSWORD_BYTES};
pub use secrets::{REFRESH_TOKEN_PREFIX, Secrets};
pub use signing_key::{SigningKey, SigningKeyError};
