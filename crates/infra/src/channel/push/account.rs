//! The key of a service account, as Google hands it out.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use florin_domain::calendar::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::super::ChannelError;
use super::read_base_url;
use crate::security::base64url;

const KEY: &str = "push.credentials_file";
/// What the access token is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// For how long an assertion is good, in seconds: Google's most.
const ASSERTION_SECONDS: i64 = 3600;

#[derive(Deserialize)]
struct File {
    project_id: String,
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: String,
}

/// Who sends push messages.
pub(super) struct ServiceAccount {
    project: String,
    email: String,
    key: RsaKeyPair,
    key_id: Option<String>,
    token_uri: Url,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl ServiceAccount {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ChannelError`], which tells nothing of what is in it.
    pub(super) fn read(path: &str) -> Result<Self, ChannelError> {
        let wrong = |reason: &str| ChannelError::new(KEY, reason);
        if path.is_empty() {
            return Err(wrong("the channel push needs it"));
        }
        let text = std::fs::read(path).map_err(|error| wrong(&format!("cannot be read: {}", error.kind())))?;
        let not_a_key = "is not the key of a service account";
        let file: File = serde_json::from_slice(&text).map_err(|_| wrong(not_a_key))?;
        let der = pkcs8_of(&file.private_key).ok_or_else(|| wrong("has no private key that can be read"))?;
        let key = RsaKeyPair::from_pkcs8(&der).map_err(|_| wrong("has no RSA key of at least 2048 bits"))?;
        if file.project_id.is_empty() || file.client_email.is_empty() {
            return Err(wrong(not_a_key));
        }
        Ok(Self {
            project: file.project_id,
            email: file.client_email,
            key,
            key_id: file.private_key_id,
            token_uri: read_base_url(KEY, &file.token_uri).map_err(|_| wrong("has no token_uri of https"))?,
        })
    }

    /// The project that the messages are sent for.
    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// Where assertions are exchanged for access tokens.
    pub(super) const fn token_uri(&self) -> &Url {
        &self.token_uri
    }

    /// A signed statement of who this is (RFC 7523); `None` when the key does not work.
    pub(super) fn assertion(&self, now: Timestamp) -> Option<String> {
        let iat = now.0.div_euclid(1000);
        let header = Header { alg: "RS256", typ: "JWT", kid: self.key_id.as_deref() };
        let aud = self.token_uri.as_str();
        let claims = Claims { iss: &self.email, scope: SCOPE, aud, iat, exp: iat + ASSERTION_SECONDS };
        let part = |json: serde_json::Result<Vec<u8>>| json.ok().map(|json| base64url(&json));
        let signed = format!("{}.{}", part(serde_json::to_vec(&header))?, part(serde_json::to_vec(&claims))?);
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", base64url(&signature)))
    }
}

/// The bytes of a PEM block of PKCS #8.
fn pkcs8_of(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}
