//! Access tokens: one for all messages, until shortly before its end.

use std::fmt;
use std::sync::Arc;

use florin_app::port::{Clock, SinkError};
use florin_domain::calendar::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::super::http::{body_of, meaning, no_answer};
use super::super::later;
use super::account::ServiceAccount;

/// How long before its end a token is not used any more, in milliseconds.
const MARGIN: i64 = 60_000;

/// Hands the access token out, and gets another one when it is needed: once, however many wait for it.
pub(super) struct AccessTokens {
    account: ServiceAccount,
    http: Client,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: Arc<str>,
    until: Timestamp,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: i64,
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens").finish_non_exhaustive()
    }
}

impl AccessTokens {
    pub(super) fn new(account: ServiceAccount, http: Client, clock: Arc<dyn Clock>) -> Self {
        Self { account, http, clock, held: Mutex::new(None) }
    }

    /// A token that is in force.
    ///
    /// # Errors
    /// [`SinkError::Later`]: whatever is wrong is none of the message's.
    pub(super) async fn token(&self) -> Result<Arc<str>, SinkError> {
        // Held while another one is fetched, so that those who come meanwhile wait for that one.
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some(Held { token, .. }) = held.as_ref().filter(|held| held.until > now) {
            return Ok(Arc::clone(token));
        }
        let answer = self.fetch(now).await?;
        let token: Arc<str> = answer.access_token.into();
        let until = now.plus_millis(answer.expires_in.saturating_mul(1000).saturating_sub(MARGIN));
        *held = Some(Held { token: Arc::clone(&token), until });
        Ok(token)
    }

    /// Does not hand this one out any more.
    pub(super) async fn forget(&self, token: &str) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| &*held.token == token) {
            *held = None;
        }
    }

    async fn fetch(&self, now: Timestamp) -> Result<Answer, SinkError> {
        let assertion = self.account.assertion(now).ok_or_else(|| later("the service account's key does not work"))?;
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
        let response = self.http.post(self.account.token_uri().clone()).form(&form).send().await;
        let response = response.map_err(|error| no_answer(&error))?;
        let status = response.status();
        let outcome = meaning(status, response.headers(), now);
        let body = body_of(response).await;
        match outcome {
            Ok(()) => serde_json::from_slice(&body).map_err(|_| later("the token service answered no token")),
            Err(SinkError::Later { after_millis, .. }) => {
                let reason = format!("the token service answered {}", status.as_u16());
                Err(SinkError::Later { reason, after_millis })
            }
            Err(_) => Err(later(format!("the token service refused the service account: {}", status.as_u16()))),
        }
    }
}
