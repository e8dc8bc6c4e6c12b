//! Short messages, through Twilio or what takes the same form post.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use florin_app::port::{Clock, NotificationSink, SinkError};
use florin_domain::notification::delivery::{Address, Leased};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};

use super::http::{body_of, client, meaning, no_answer};
use super::push::read_base_url;
use super::text::short;
use super::{ChannelError, later, misaddressed, timeout, unaddressed};
use crate::settings::Settings;

const URL_KEY: &str = "sms.base_url";

/// Sends short messages.
#[derive(Clone)]
pub(crate) struct SmsGateway {
    http: Client,
    url: Url,
    account: String,
    token: SecretString,
    from: String,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for SmsGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsGateway").finish_non_exhaustive()
    }
}

impl SmsGateway {
    /// As `[sms]` says.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub(crate) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, ChannelError> {
        let sms = &settings.sms;
        for (key, is_empty) in [
            ("sms.account_sid", sms.account_sid.is_empty()),
            ("sms.auth_token", sms.auth_token.expose_secret().is_empty()),
            ("sms.from", sms.from.is_empty()),
        ] {
            if is_empty {
                return Err(ChannelError::new(key, "short messages need it"));
            }
        }
        let mut url = read_base_url(URL_KEY, &sms.base_url)?;
        let wrong = |reason: String| ChannelError::new(URL_KEY, reason);
        url.path_segments_mut().map_err(|()| wrong("must be an address".to_owned()))?.pop_if_empty().extend([
            "2010-04-01",
            "Accounts",
            &sms.account_sid,
            "Messages.json",
        ]);
        let builder = client(timeout(settings)).map_err(|error| wrong(format!("no HTTP client: {error}")))?;
        let http = builder.build().map_err(|error| wrong(format!("no HTTP client: {error}")))?;
        let (account, token) = (sms.account_sid.clone(), sms.auth_token.clone());
        Ok(Self { http, url, account, token, from: sms.from.clone(), clock })
    }

    /// Sends a text to a number, as E.164 writes it, and returns when the service has taken it.
    ///
    /// # Errors
    /// [`SinkError`].
    pub(crate) async fn send(&self, to: &str, text: &str) -> Result<(), SinkError> {
        let request = self
            .http
            .post(self.url.clone())
            .basic_auth(&self.account, Some(self.token.expose_secret()))
            .form(&[("To", to), ("From", &self.from), ("Body", text)]);
        let response = request.send().await.map_err(|error| no_answer(&error))?;
        let status = response.status();
        let outcome = meaning(status, response.headers(), self.clock.now());
        let body = body_of(response).await;
        match outcome {
            // Whoever is asked to prove who they are failed to: it is none of the message's.
            Err(_) if matches!(status.as_u16(), 401 | 403) => {
                Err(later(format!("the service refused the credentials: {}", status.as_u16())))
            }
            Err(SinkError::Refused { reason }) => Err(SinkError::Refused { reason: with_code(reason, &body) }),
            outcome => outcome,
        }
    }
}

/// With Twilio's own number of the fault, such as 21610 for who does not want any. Its text names the recipient.
fn with_code(reason: String, body: &[u8]) -> String {
    let code = serde_json::from_slice::<serde_json::Value>(body).ok().and_then(|body| body.get("code")?.as_u64());
    code.map_or(reason.clone(), |code| format!("{reason}, code {code}"))
}

/// Sends each notification to the account's proved number.
#[derive(Debug, Clone)]
pub struct SmsSink {
    gateway: SmsGateway,
}

impl SmsSink {
    /// As `[sms]` says.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, ChannelError> {
        Ok(Self { gateway: SmsGateway::new(settings, clock)? })
    }
}

#[async_trait]
impl NotificationSink for SmsSink {
    async fn deliver(&self, delivery: &Leased) -> Result<(), SinkError> {
        match &delivery.address {
            Address::Phone(number) => self.gateway.send(number, &short(&delivery.notification.notice.message())).await,
            Address::Gone => Err(unaddressed()),
            _ => Err(misaddressed()),
        }
    }
}
