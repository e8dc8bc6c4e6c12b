//! Push messages through Firebase Cloud Messaging (HTTP v1).

mod access;
mod account;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use florin_app::port::{Clock, NotificationSink, SinkError};
use florin_domain::notification::delivery::{Address, Leased};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};

use self::access::AccessTokens;
use self::account::ServiceAccount;
use super::http::{body_of, client, meaning, no_answer};
use super::payload::Payload;
use super::{ChannelError, later, misaddressed, timeout, unaddressed};
use crate::settings::Settings;

const URL_KEY: &str = "push.base_url";

/// Pushes each notification to one device.
pub struct PushSink {
    http: Client,
    url: Url,
    access: AccessTokens,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl fmt::Debug for PushSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushSink").finish_non_exhaustive()
    }
}

impl PushSink {
    /// As `[push]` says: reads the service account's file.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, ChannelError> {
        let account = ServiceAccount::read(&settings.push.credentials_file)?;
        let wrong = |reason: String| ChannelError::new(URL_KEY, reason);
        let mut url = read_base_url(URL_KEY, &settings.push.base_url)?;
        url.path_segments_mut().map_err(|()| wrong("must be an address".to_owned()))?.pop_if_empty().extend([
            "v1",
            "projects",
            account.project(),
            "messages:send",
        ]);
        let timeout = timeout(settings);
        let builder = client(timeout).map_err(|error| wrong(format!("no HTTP client: {error}")))?;
        let http = builder.build().map_err(|error| wrong(format!("no HTTP client: {error}")))?;
        let access = AccessTokens::new(account, http.clone(), Arc::clone(&clock));
        Ok(Self { http, url, access, clock, timeout })
    }

    async fn push(&self, token: &str, delivery: &Leased) -> Result<(), SinkError> {
        let access = self.access.token().await?;
        let request = self.http.post(self.url.clone()).bearer_auth(&*access).header(CONTENT_TYPE, "application/json");
        let response = request.body(message(token, delivery).to_string()).send().await;
        let response = response.map_err(|error| no_answer(&error))?;
        let status = response.status();
        let outcome = meaning(status, response.headers(), self.clock.now());
        let body = body_of(response).await;
        if status == StatusCode::UNAUTHORIZED {
            self.access.forget(&access).await;
            return Err(later("the access token is not in force any more"));
        }
        match outcome {
            Err(SinkError::Refused { .. }) if is_dead(status, &body) => {
                Err(SinkError::Gone { reason: format!("the device is not registered any more: {}", status.as_u16()) })
            }
            // The service account or the project: it is none of the message's, and what the operator mends.
            Err(SinkError::Refused { .. }) if matches!(status.as_u16(), 403 | 404) => {
                Err(later(format!("the service refused the project: {}", status.as_u16())))
            }
            outcome => outcome,
        }
    }
}

#[async_trait]
impl NotificationSink for PushSink {
    async fn deliver(&self, delivery: &Leased) -> Result<(), SinkError> {
        let token = match &delivery.address {
            Address::Device { token, .. } => token,
            Address::Gone => return Err(unaddressed()),
            _ => return Err(misaddressed()),
        };
        let pushed = tokio::time::timeout(self.timeout, self.push(token, delivery)).await;
        pushed.unwrap_or_else(|_| Err(later("no answer in time")))
    }
}

/// The message. On every platform a repeat takes the place of the first.
fn message(token: &str, delivery: &Leased) -> Value {
    let notification = &delivery.notification;
    let id = notification.id.to_string();
    let texts = Payload::from(notification).texts().into_iter();
    let data: serde_json::Map<String, Value> = texts.map(|(name, text)| (name.to_owned(), text.into())).collect();
    json!({"message": {
        "token": token,
        "notification": {"title": notification.notice.title(), "body": notification.notice.message()},
        "data": data,
        "android": {"collapse_key": id, "notification": {"tag": id}},
        "apns": {"headers": {"apns-collapse-id": id}},
        "webpush": {"notification": {"tag": id}},
    }})
}

/// Whether the device's token is what is wrong: it was given up, is another project's, or never was one.
fn is_dead(status: StatusCode, body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &answer["error"];
    let details = || error["details"].as_array().into_iter().flatten();
    match status.as_u16() {
        404 => details().any(|detail| detail["errorCode"] == "UNREGISTERED"),
        403 => details().any(|detail| detail["errorCode"] == "SENDER_ID_MISMATCH"),
        400 => {
            let mut fields = details().flat_map(|detail| detail["fieldViolations"].as_array().into_iter().flatten());
            let of_token = error["message"].as_str().is_some_and(|text| text.contains("registration token"));
            error["status"] == "INVALID_ARGUMENT" && (of_token || fields.any(|field| field["field"] == "message.token"))
        }
        _ => false,
    }
}

/// An address of a service: https, or http on this machine.
///
/// # Errors
/// [`ChannelError`] of that key.
pub(crate) fn read_base_url(key: &'static str, text: &str) -> Result<Url, ChannelError> {
    let wrong = || ChannelError::new(key, "must be an address such as https://api.example.com");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let has_more = has_user || url.query().is_some() || url.fragment().is_some();
    let is_here = host == "localhost"
        || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" if !has_more => Ok(url),
        "http" if !has_more && is_here => Ok(url),
        "http" if !has_more => Err(ChannelError::new(key, "must be https, but on this machine")),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dead_token_is_dead() {
        let dead =
            |status: u16, body: &Value| is_dead(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes());
        let unregistered = json!({"error": {"status": "NOT_FOUND", "details": [{"errorCode": "UNREGISTERED"}]}});
        let of_field = |field: &str| {
            let details = json!([{"fieldViolations": [{"field": field, "description": "Invalid"}]}]);
            json!({"error": {"status": "INVALID_ARGUMENT", "details": details}})
        };
        let in_words = json!({"error": {"status": "INVALID_ARGUMENT", "message": "The registration token is not a valid FCM registration token"}});
        assert!(dead(404, &unregistered));
        assert!(dead(400, &of_field("message.token")));
        assert!(dead(400, &in_words));
        assert!(!dead(400, &of_field("message.data")));
        assert!(!dead(404, &json!({"error": {"status": "NOT_FOUND"}})), "the project is not there");
        assert!(!dead(403, &unregistered));
        assert!(dead(403, &json!({"error": {"details": [{"errorCode": "SENDER_ID_MISMATCH"}]}})), "another project's");
        assert!(!is_dead(StatusCode::NOT_FOUND, b"<html>"));
    }

    #[test]
    fn services_are_reached_over_tls() {
        assert!(read_base_url(URL_KEY, "https://fcm.googleapis.com").is_ok());
        assert!(read_base_url(URL_KEY, "http://127.0.0.1:1234").is_ok());
        for bad in [
            "http://example.com",
            "fcm.googleapis.com",
            "",
            "https://a@example.com",
            "https://:a@example.com",
            "https://example.com/?x=1",
        ] {
            assert_eq!(read_base_url(URL_KEY, bad).unwrap_err().key, URL_KEY, "{bad}");
        }
    }
}
