//! Personal access tokens: made, listed and revoked by those who are logged in.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{SessionId, TokenId};
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::personal_token::{MAX_LIFETIME_MILLIS, MAX_NAME, MAX_TOKENS, NewPersonalToken, PersonalToken};
use florin_domain::repository::{RepositoryError, TokenRepository};
use florin_domain::session::{Access, Device, Principal, Scopes, SecretHash};
use tracing::Instrument;

use crate::error::{AppError, FieldError, Result};
use crate::port::{Clock, SecretGenerator};
use crate::receipts::Keep;

/// A token as the client asks for it.
#[derive(Debug, Clone, Default)]
pub struct WantedToken {
    /// What its owner calls it.
    pub name: String,
    /// What it may do; `None` only with a fault.
    pub scopes: Option<Scopes>,
    /// Until when it is good; `None` for until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// What was wrong with its form, found when it was read. The use case adds what is wrong with the values.
    pub faults: Vec<FieldError>,
}

/// A token that was just made.
#[derive(Clone)]
pub struct MadeToken {
    /// The token.
    pub token: PersonalToken,
    /// Its secret, for its owner alone.
    pub secret: String,
}

/// The use cases of personal access tokens.
pub struct PersonalTokens {
    tokens: Arc<dyn TokenRepository>,
    secrets: Arc<dyn SecretGenerator>,
    clock: Arc<dyn Clock>,
}

impl PersonalTokens {
    /// A service over its ports.
    #[must_use]
    pub fn new(tokens: Arc<dyn TokenRepository>, secrets: Arc<dyn SecretGenerator>, clock: Arc<dyn Clock>) -> Self {
        Self { tokens, secrets, clock }
    }

    /// Makes a token. Its secret is in the answer, and nowhere else.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every wrong field; [`AppError::Conflict`] `too_many_tokens`;
    /// [`AppError::Unauthenticated`] when the session ended meanwhile.
    pub async fn create(
        &self,
        account: &Account,
        session: SessionId,
        wanted: &WantedToken,
        device: &Device,
        keep: &Keep<MadeToken>,
    ) -> Result<MadeToken> {
        let now = self.clock.now();
        let (name, scopes) = check(wanted, now)?;
        let secret = self.secrets.personal_token();
        let (id, expires_at, hash) =
            (self.tokens.reserve_id().await?, wanted.expires_at, self.secrets.hash_token(&secret));
        let token = PersonalToken { id, name: name.clone(), scopes, created_at: now, expires_at, last_used_at: None };
        let made = MadeToken { token, secret };
        let receipt = keep.receipt(&made)?;
        let new = NewPersonalToken { id, user: account.id, name, scopes, hash, created_at: now, expires_at, receipt };
        let event = NewLoginEvent::new(Some(account.id), now, EventKind::TokenCreated, EventOutcome::Ok, device);
        let stored = match self.tokens.create(&new, session, MAX_TOKENS, &event).await {
            Err(RepositoryError::Stale) => return Err(AppError::invalid_token()),
            other => other?,
        };
        let too_many = || {
            let detail = format!("there are {MAX_TOKENS} personal access tokens; revoke one first");
            AppError::conflict("too_many_tokens", detail)
        };
        stored.ok_or_else(too_many)?;
        keep.note_kept();
        Ok(made)
    }

    /// The tokens of a person that were not revoked, newest first.
    ///
    /// # Errors
    /// None of its own.
    pub async fn list(&self, account: &Account) -> Result<Vec<PersonalToken>> {
        Ok(self.tokens.tokens(account.id).await?)
    }

    /// Revokes a token. The next request with it is refused.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn revoke(&self, account: &Account, token: TokenId, device: &Device, keep: &Keep<()>) -> Result<()> {
        let now = self.clock.now();
        let event = NewLoginEvent::new(Some(account.id), now, EventKind::TokenRevoked, EventOutcome::Ok, device);
        let revoked = self.tokens.revoke(account.id, token, now, &event, keep.receipt(&())?).await?;
        keep.note_kept_if(revoked)
    }
}

fn check(wanted: &WantedToken, now: Timestamp) -> Result<(String, Scopes)> {
    let mut errors = wanted.faults.clone();
    let read = |pointer: &str| !wanted.faults.iter().any(|fault| fault.pointer == pointer);
    let name = wanted.name.trim();
    if read("/name") && !(1..=MAX_NAME).contains(&name.chars().count()) {
        let message = format!("must have 1 to {MAX_NAME} characters");
        errors.push(FieldError::new("/name", "invalid_name", message));
    }
    let in_time = |at: Timestamp| at > now && at <= now.plus_millis(MAX_LIFETIME_MILLIS);
    if read("/expires_at") && !wanted.expires_at.is_none_or(in_time) {
        let message = "must lie in the future, and no more than ten years ahead";
        errors.push(FieldError::new("/expires_at", "out_of_range", message));
    }
    match wanted.scopes {
        Some(scopes) if errors.is_empty() => Ok((name.to_owned(), scopes)),
        _ => Err(AppError::Invalid(errors)),
    }
}

/// Who holds a token that is in force. That it was used is noted, at most once a minute and off the request's path: a request
/// that only reads waits for no write, and succeeds when none is possible.
pub(crate) async fn holder(
    tokens: &Arc<dyn TokenRepository>,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<Option<Principal>> {
    let Some(holder) = tokens.holder(hash, now).await? else { return Ok(None) };
    if let Access::Token(id, _) = holder.principal.access
        && holder.is_use_news(now)
    {
        let tokens = Arc::clone(tokens);
        let note = async move {
            if let Err(error) = tokens.note_use(id, now).await {
                tracing::warn!(token = %id, %error, "the use of a personal access token was not noted");
            }
        };
        tokio::spawn(note.in_current_span());
    }
    Ok(Some(holder.principal))
}

#[cfg(test)]
mod tests {
    use florin_domain::account::{Email, Role};
    use florin_domain::calendar::Zone;
    use florin_domain::id::UserId;
    use florin_domain::money::Currency;
    use florin_domain::personal_token::TokenHolder;
    use florin_domain::repository::MockTokenRepository;
    use tokio::sync::mpsc;

    use super::*;

    const NOW: Timestamp = Timestamp(1_772_000_000_000);

    fn shown(last_used_at: Option<Timestamp>) -> TokenHolder {
        let account = Account {
            id: UserId(1),
            email: Email::parse("ana@example.com").unwrap(),
            name: String::new(),
            role: Role::User,
            currency: Currency::parse("INR").unwrap(),
            zone: Zone::UTC,
            created_at: NOW,
            verified_at: None,
            disabled_at: None,
            learned_since: None,
        };
        let access = Access::Token(TokenId(7), Scopes { read: true, write: false });
        TokenHolder { principal: Principal { access, account }, last_used_at }
    }

    #[tokio::test]
    async fn who_shows_a_token_is_served_though_its_use_cannot_be_noted() {
        let (noted, mut notes) = mpsc::unbounded_channel();
        let mut tokens = MockTokenRepository::new();
        tokens.expect_holder().returning(|_, _| Ok(Some(shown(None))));
        tokens.expect_note_use().times(1).returning(move |token, at| {
            noted.send((token, at)).ok();
            Err(RepositoryError::Unavailable("away".into()))
        });
        let tokens: Arc<dyn TokenRepository> = Arc::new(tokens);
        assert!(holder(&tokens, &[0; 32], NOW).await.unwrap().is_some());
        assert_eq!(notes.recv().await, Some((TokenId(7), NOW)));
    }

    #[tokio::test]
    async fn a_use_that_was_noted_lately_is_not_noted_again() {
        let mut tokens = MockTokenRepository::new();
        tokens.expect_holder().returning(|_, now| Ok(Some(shown(Some(now.plus_millis(-59_999))))));
        tokens.expect_note_use().never();
        let tokens: Arc<dyn TokenRepository> = Arc::new(tokens);
        assert!(holder(&tokens, &[0; 32], NOW).await.unwrap().is_some());
        tokio::task::yield_now().await;
    }
}
