//! Notifications as signed requests to one address of the operator's, by Standard Webhooks 1.0.
//!
//! The receiver finds repeats by `webhook-id`, which is the same at every try. Each secret gives one signature, so that a
//! secret can be replaced without a gap.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use florin_app::port::{Clock, NotificationSink, SinkError};
use florin_domain::notification::delivery::Leased;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::http::{body_of, client, meaning, no_answer};
use super::payload::Payload;
use super::public::{PublicResolver, is_public};
use super::{ChannelError, later, refused, timeout};
use crate::security::hmac_sha256;
use crate::settings::Settings;

const URL_KEY: &str = "webhook.url";
const SECRETS_KEY: &str = "webhook.secrets";
/// How many bytes of a secret there must be.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Posts each notification to one address.
pub struct WebhookSink {
    http: Client,
    url: Url,
    secrets: Vec<Vec<u8>>,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Payload,
}

impl WebhookSink {
    /// As `[webhook]` says.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, ChannelError> {
        let webhook = &settings.webhook;
        let url = read_url(webhook.url.expose_secret(), webhook.allow_private)?;
        let secrets = webhook.secrets.iter().map(|secret| read_secret(secret.expose_secret()));
        let secrets: Vec<_> = secrets.collect::<Result<_, _>>()?;
        if secrets.is_empty() {
            return Err(ChannelError::new(SECRETS_KEY, "the channel webhook needs one"));
        }
        let failed = |error: &dyn std::fmt::Display| ChannelError::new(URL_KEY, format!("no HTTP client: {error}"));
        let mut builder = client(timeout(settings)).map_err(|error| failed(&error))?;
        if !webhook.allow_private {
            builder = builder.dns_resolver(Arc::new(PublicResolver));
        }
        Ok(Self { http: builder.build().map_err(|error| failed(&error))?, url, secrets, clock })
    }

    /// One signature by each secret, with blanks between.
    fn signatures(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signed = format!("{id}.{timestamp}.{body}");
        let signature = |secret: &Vec<u8>| format!("v1,{}", STANDARD.encode(hmac_sha256(secret, signed.as_bytes())));
        self.secrets.iter().map(signature).collect::<Vec<_>>().join(" ")
    }
}

#[async_trait]
impl NotificationSink for WebhookSink {
    async fn deliver(&self, delivery: &Leased) -> Result<(), SinkError> {
        let notification = &delivery.notification;
        let body = Body {
            r#type: notification.notice.kind().as_str(),
            timestamp: notification.created_at.to_rfc3339(),
            data: Payload::from(notification),
        };
        let body = serde_json::to_string(&body).map_err(|_| refused("it cannot be written as JSON"))?;
        let (id, timestamp) = (format!("msg_{}", notification.id), self.clock.now().0.div_euclid(1000));
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-signature", self.signatures(&id, timestamp, &body))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .body(body);
        let response = request.send().await.map_err(|error| no_answer(&error))?;
        let status = response.status().as_u16();
        let outcome = meaning(response.status(), response.headers(), self.clock.now());
        // Only so that the connection can be used again.
        body_of(response).await;
        match outcome {
            // There is one address for all, so a secret that is not known there, or nobody who listens, is none of this
            // notification's faults: whoever runs it mends that.
            Err(SinkError::Refused { .. }) if matches!(status, 401 | 403 | 404) => {
                Err(later(format!("it answered {status}")))
            }
            outcome => outcome,
        }
    }
}

/// The address, which must be https and not a private one unless `allow_private`.
///
/// # Errors
/// [`ChannelError`], which tells nothing of the address.
pub(crate) fn read_url(text: &str, allow_private: bool) -> Result<Url, ChannelError> {
    let wrong = |reason: &str| ChannelError::new(URL_KEY, reason);
    let url = Url::parse(text).map_err(|_| wrong("must be an address such as https://example.com/florin"))?;
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => return Err(wrong("must be https, unless webhook.allow_private")),
        _ => return Err(wrong("must begin with https://")),
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must have no user, password or fragment; requests are signed"));
    }
    let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    if literal.is_some_and(|address| !allow_private && !is_public(address)) {
        return Err(wrong("is a private address, which needs webhook.allow_private"));
    }
    Ok(url)
}

/// The bytes of a secret.
///
/// # Errors
/// [`ChannelError`], which tells nothing of the secret.
pub(crate) fn read_secret(text: &str) -> Result<Vec<u8>, ChannelError> {
    let bytes = text.strip_prefix("whsec_").and_then(|encoded| STANDARD.decode(encoded).ok());
    bytes
        .filter(|bytes| SECRET_BYTES.contains(&bytes.len()))
        .ok_or_else(|| ChannelError::new(SECRETS_KEY, "must be whsec_ and the Base64 of 24 to 64 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_only_this_machine_can_reach_are_refused() {
        for url in ["https://example.com/hook", "https://8.8.8.8:8443/", "https://example.com/?key=1"] {
            assert!(read_url(url, false).is_ok(), "{url}");
        }
        for url in [
            "",
            "example.com",
            "ftp://example.com/",
            "http://example.com/",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://a:b@example.com/",
            "https://example.com/#part",
        ] {
            assert_eq!(read_url(url, false).unwrap_err().key, URL_KEY, "{url}");
        }
        assert!(read_url("http://127.0.0.1:8080/", true).is_ok());
    }

    #[test]
    fn secrets_have_one_form() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        assert_eq!(read_secret(&of(24)).unwrap(), vec![7; 24]);
        assert!(read_secret(&of(64)).is_ok());
        for bad in [of(23), of(65), of(24).replace("whsec_", ""), "whsec_?".to_owned(), String::new()] {
            let error = read_secret(&bad).unwrap_err().to_string();
            assert_eq!(error, "webhook.secrets: must be whsec_ and the Base64 of 24 to 64 bytes");
        }
    }
}
