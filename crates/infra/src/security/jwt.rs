//! Access tokens.

use florin_app::port::{AccessClaims, PortError, TokenIssuer};
use florin_domain::calendar::Timestamp;
use florin_domain::id::{MAX_ID, SessionId, UserId};
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto, encode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::SigningKey;
use super::base64url;
use super::secrets::hex_of_random;

/// No token of ours comes near this many bytes.
const MAX_LENGTH: usize = 2048;

/// Signs access tokens with HS256 (RFC 9068: `typ` is `at+jwt`) and reads back its own, and no others.
///
/// Nothing that a token says about how to verify it is heeded: its header must be, byte for byte, the one that every token
/// gets here. So there is no choice of algorithm, key or extension (`alg`, `kid`, `jwk`, `jku`, `x5u`, `crit`, ...) for
/// anybody to make.
pub struct JwtIssuer {
    encoding: EncodingKey,
    header: Header,
    encoded_header: String,
    issuer: String,
    audience: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

impl JwtIssuer {
    /// Tokens of `issuer` (`iss`) for `audience` (`aud`), signed with a key of their own, derived from `key`.
    ///
    /// # Errors
    /// [`PortError::Failed`] in no sound build.
    pub fn new(key: &SigningKey, issuer: &str, audience: &str) -> Result<Self, PortError> {
        let key = key.derive("jwt");
        let header = Header { typ: Some("at+jwt".to_owned()), ..Header::new(Algorithm::HS256) };
        let json = serde_json::to_vec(&header).map_err(|error| PortError::Failed(error.into()))?;
        Ok(Self {
            encoding: EncodingKey::from_secret(key.expose_secret()),
            encoded_header: base64url::encode(&json),
            header,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        })
    }
}

impl TokenIssuer for JwtIssuer {
    fn issue(&self, claims: &AccessClaims) -> Result<String, PortError> {
        let issued = seconds(claims.issued_at);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.user.to_string(),
            sid: claims.session.to_string(),
            iat: issued,
            nbf: issued,
            exp: seconds(claims.expires_at),
            jti: hex_of_random::<16>(),
        };
        encode(&self.header, &claims, &self.encoding).map_err(|error| PortError::Failed(error.into()))
    }

    fn read(&self, token: &str, now: Timestamp) -> Option<AccessClaims> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, _) = message.split_once('.')?;
        if header != self.encoded_header {
            return None;
        }
        // Compared as text: several texts decode to the same bytes, one of them is what we wrote.
        let ours = crypto::sign(message.as_bytes(), &self.encoding, Algorithm::HS256).ok()?;
        if !bool::from(ours.as_bytes().ct_eq(signature.as_bytes())) {
            return None;
        }
        // Signed by us, as was just seen; so nothing of it is verified a second time. What it says is still checked.
        let Claims { iss, aud, sub, sid, iat, nbf, exp, .. } = insecure_decode_claims(token).ok()?;
        let now = seconds(now);
        if iss != self.issuer || aud != self.audience || now < nbf || now >= exp {
            return None;
        }
        Some(AccessClaims {
            user: UserId(id(&sub)?),
            session: SessionId(id(&sid)?),
            issued_at: Timestamp(iat.checked_mul(1000)?),
            expires_at: Timestamp(exp.checked_mul(1000)?),
        })
    }
}

/// Whole seconds since 1970, rounded down.
fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1000)
}

/// An identifier, written as we write it.
fn id(text: &str) -> Option<i64> {
    text.parse().ok().filter(|id| (1..=MAX_ID).contains(id) && id.to_string() == text)
}

#[cfg(test)]
mod tests;
