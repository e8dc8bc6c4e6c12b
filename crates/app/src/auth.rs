//! Sign-up, verification, log-in, refresh, log-out, passwords, and the caller's own profile.
//!
//! Whoever is not signed in learns nothing about who has an account. For an address without one the same is done, to the
//! statement, for a decoy: a number below zero that is made of the address; only nothing is sent. Each attempt leaves
//! exactly one row of the audit trail, in the transaction of its effect where it has one.

use std::sync::Arc;

use florin_domain::account::Account;
use florin_domain::calendar::{Timestamp, Zone};
use florin_domain::id::{SessionId, UserId};
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::money::Currency;
use florin_domain::personal_token;
use florin_domain::repository::{
    AccountRepository, AuditRepository, PhoneRepository, RepositoryError, SessionRepository, SignUpRepository,
    ThrottleRepository, TokenRepository,
};
use florin_domain::session::{Device, NewRefreshToken, NewSession, Principal, Proof, Rotation};

use crate::error::{AppError, Result};
use crate::port::{AccessClaims, Clock, CodeMessage, OtpSender, PasswordHasher, SecretGenerator, TokenIssuer};
use crate::tokens;

mod codes;
mod faults;
mod log_in;
mod password;
mod passwords;
mod phone;
mod sign_up;
mod throttles;

pub use codes::{CodeChannel, CodeEntry, CodeRequest};
pub use log_in::{LogIn, Secret};
pub use password::{MIN_ADMIN_PASSWORD, MIN_PASSWORD, check_password};
pub use passwords::{PasswordReplacement, PasswordReset};
pub use phone::{NumberEntry, NumberProof};
pub use sign_up::Registration;

use faults::check_profile;

/// How often what depends on a stored hash is tried, which a log-in may replace by a dearer one at any time.
const TRIES: u32 = 3;

/// What the operator decides about accounts.
#[derive(Debug, Clone, Copy)]
pub struct AuthPolicy {
    /// How long an access token is good, in milliseconds.
    pub access_millis: i64,
    /// How long a refresh token is good, in milliseconds.
    pub refresh_millis: i64,
    /// How long a session goes on at most, however much it is used, in milliseconds.
    pub session_millis: i64,
    /// The currency of a person who names none.
    pub default_currency: Currency,
    /// The zone of a person who names none.
    pub default_zone: Zone,
    /// Whether attempts are counted by client and messages by address. Wrong guesses always are.
    pub throttled: bool,
}

/// Changes of a profile as the client sent them; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfilePatch {
    /// A new name.
    pub name: Option<String>,
    /// An ISO 4217 code.
    pub currency: Option<String>,
    /// An IANA zone.
    pub timezone: Option<String>,
}

/// What a client gets to act with.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// How long it is good, in seconds.
    pub expires_in: i64,
    /// For one exchange against new tokens.
    pub refresh_token: String,
    /// How long that is good, in seconds.
    pub refresh_expires_in: i64,
    /// Whose they are.
    pub account: Account,
}

/// The ports that [`Auth`] works with.
#[derive(Clone)]
pub struct AuthPorts {
    /// Accounts.
    pub accounts: Arc<dyn AccountRepository>,
    /// Sessions and codes.
    pub sessions: Arc<dyn SessionRepository>,
    /// Sign-ups whose address is not proved yet.
    pub sign_ups: Arc<dyn SignUpRepository>,
    /// The audit trail.
    pub audit: Arc<dyn AuditRepository>,
    /// Personal access tokens.
    pub tokens: Arc<dyn TokenRepository>,
    /// Telephone numbers.
    pub phones: Arc<dyn PhoneRepository>,
    /// Counted attempts.
    pub throttles: Arc<dyn ThrottleRepository>,
    /// Password hashing.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Access tokens.
    pub issuer: Arc<dyn TokenIssuer>,
    /// Codes and refresh tokens.
    pub secrets: Arc<dyn SecretGenerator>,
    /// Delivery of codes.
    pub sender: Arc<dyn OtpSender>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Accounts and sessions.
pub struct Auth {
    ports: AuthPorts,
    policy: AuthPolicy,
}

impl Auth {
    /// A service over its ports.
    #[must_use]
    pub const fn new(ports: AuthPorts, policy: AuthPolicy) -> Self {
        Self { ports, policy }
    }

    /// Opens a session, if what it is proved by still holds.
    async fn open(&self, user: UserId, device: &Device, proof: &Proof) -> Result<Option<Tokens>> {
        let (token, new) = self.new_session(user, device);
        match self.ports.sessions.log_in(&new, proof).await? {
            Some(session) => self.tokens_of(session, user, token, &new.token).await.map(Some),
            None => Ok(None),
        }
    }

    fn new_session(&self, user: UserId, device: &Device) -> (String, NewSession) {
        let (token, stored) = self.new_refresh_token();
        (token, NewSession { user, device: device.clone(), token: stored })
    }

    fn new_refresh_token(&self) -> (String, NewRefreshToken) {
        let token = self.ports.secrets.token();
        let issued_at = self.ports.clock.now();
        let session_millis = self.policy.session_millis;
        // No longer than the session that it may be the first of.
        let expires_at = issued_at.plus_millis(self.policy.refresh_millis.min(session_millis));
        let hash = self.ports.secrets.hash_token(&token);
        (token, NewRefreshToken { hash, issued_at, expires_at, session_millis })
    }

    /// The tokens of a session that was opened just now.
    async fn tokens_of(
        &self,
        session: SessionId,
        user: UserId,
        refresh_token: String,
        stored: &NewRefreshToken,
    ) -> Result<Tokens> {
        let principal = self.ports.sessions.principal(session, user).await?.ok_or_else(invalid_credentials)?;
        self.tokens(session, principal, refresh_token, stored)
    }

    /// No access token outlives the refresh token beside it, nor with that its session.
    fn tokens(
        &self,
        session: SessionId,
        principal: Principal,
        refresh_token: String,
        stored: &NewRefreshToken,
    ) -> Result<Tokens> {
        let issued_at = self.ports.clock.now();
        let expires_at = issued_at.plus_millis(self.policy.access_millis).min(stored.expires_at);
        let claims = AccessClaims { user: principal.account.id, session, issued_at, expires_at };
        Ok(Tokens {
            access_token: self.ports.issuer.issue(&claims)?,
            expires_in: expires_at.0.saturating_sub(issued_at.0) / 1000,
            refresh_token,
            refresh_expires_in: stored.expires_at.0.saturating_sub(stored.issued_at.0) / 1000,
            account: principal.account,
        })
    }

    /// Exchanges a refresh token for new tokens. A used one ends its whole session; one of a session that went on for as
    /// long as it may is refused like one that has expired.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] `invalid_refresh_token`.
    pub async fn refresh(&self, refresh_token: &str, device: &Device) -> Result<Tokens> {
        let refused = || AppError::Unauthenticated {
            code: "invalid_refresh_token",
            detail: "the refresh token is not in force; log in again".into(),
        };
        let (token, stored) = self.new_refresh_token();
        let old = self.ports.secrets.hash_token(refresh_token);
        match self.ports.sessions.rotate(&old, &stored, device).await? {
            Rotation::Rotated { session, user, expires_at } => {
                let principal = self.ports.sessions.principal(session, user).await?.ok_or_else(refused)?;
                self.tokens(session, principal, token, &NewRefreshToken { expires_at, ..stored })
            }
            Rotation::Reused { session, user } => {
                tracing::warn!(%user, %session, "a used refresh token was shown again; its session is revoked");
                Err(refused())
            }
            Rotation::Invalid => Err(refused()),
        }
    }

    /// Ends the session of a refresh token. Ending one that is not there is no fault.
    ///
    /// # Errors
    /// None of its own.
    pub async fn logout(&self, refresh_token: &str, device: &Device) -> Result<()> {
        let hash = self.ports.secrets.hash_token(refresh_token);
        if let Some(user) = self.ports.sessions.close_by_token(&hash, self.now(), device).await? {
            tracing::info!(%user, "logged out");
        }
        Ok(())
    }

    /// Who sent this access token or personal access token. What it belongs to is read anew, so that a log-out, a revocation,
    /// a new role or a disabled account is in force at once, on every instance.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] `invalid_token`, the same for every cause.
    pub async fn authenticate(&self, access_token: &str) -> Result<Principal> {
        if access_token.starts_with(personal_token::PREFIX) {
            let hash = self.ports.secrets.hash_token(access_token);
            return tokens::holder(&self.ports.tokens, &hash, self.now()).await?.ok_or_else(AppError::invalid_token);
        }
        let claims = self.ports.issuer.read(access_token, self.now()).ok_or_else(AppError::invalid_token)?;
        self.ports.sessions.principal(claims.session, claims.user).await?.ok_or_else(AppError::invalid_token)
    }

    /// Changes the caller's profile and returns it as it is now. `accept`, if there is one, says whether it may be changed as
    /// it is.
    ///
    /// # Errors
    /// [`AppError::Invalid`]; [`AppError::PreconditionFailed`]; [`AppError::Conflict`] `currency_locked` once there is an
    /// expense.
    pub async fn update_profile(
        &self,
        account: &Account,
        patch: &ProfilePatch,
        accept: Option<impl Fn(&Account) -> bool + Send + Sync>,
    ) -> Result<Account> {
        let mut errors = Vec::new();
        let mut change =
            check_profile(patch.name.as_deref(), patch.currency.as_deref(), patch.timezone.as_deref(), &mut errors);
        if !errors.is_empty() {
            return Err(AppError::Invalid(errors));
        }
        for _ in 0..TRIES {
            if let Some(accept) = &accept {
                let present = self.ports.accounts.account(account.id).await?.ok_or(AppError::NotFound)?;
                if !accept(&present) {
                    return Err(AppError::PreconditionFailed);
                }
                change.only_if = Some(present);
            }
            match self.ports.accounts.update_profile(account.id, &change).await {
                Err(RepositoryError::Stale) => {
                    return Err(AppError::conflict(
                        "currency_locked",
                        "the currency can be changed only before the first expense",
                    ));
                }
                Ok(false) if accept.is_some() => {}
                other => {
                    other?;
                    return self.ports.accounts.account(account.id).await?.ok_or(AppError::NotFound);
                }
            }
        }
        Err(AppError::contended())
    }

    /// An event of now.
    fn event(&self, user: Option<UserId>, kind: EventKind, outcome: EventOutcome, device: &Device) -> NewLoginEvent {
        NewLoginEvent::new(user, self.now(), kind, outcome, device)
    }

    /// Notes that something was refused, and refuses it. What could not be done for a defect or for want of storage or of
    /// time is no refusal.
    async fn refuse<T>(&self, user: Option<UserId>, kind: EventKind, device: &Device, error: AppError) -> Result<T> {
        let is_refusal = matches!(
            error,
            AppError::Unauthenticated { .. }
                | AppError::Forbidden { .. }
                | AppError::TooMany { .. }
                | AppError::Invalid(_)
        );
        if is_refusal {
            tracing::info!(user = user.map(|user| user.0), event = kind.as_str(), %error, "refused");
            self.ports.audit.note(&self.event(user, kind, EventOutcome::Failed, device)).await?;
        }
        Err(error)
    }

    /// Sends a message. That this fails is told to the operator and not to whoever asked: it would tell them that there is
    /// somebody to send to.
    async fn send(&self, message: CodeMessage) {
        if let Err(error) = self.ports.sender.send(&message).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "a message could not be sent");
        }
    }

    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}

/// A stored hash that some password has: there is none when it is empty, as after a sign-up whose password nothing confirmed.
fn usable(password_hash: &str) -> Option<&str> {
    Some(password_hash).filter(|hash| !hash.is_empty())
}

fn refuse_disabled(account: &Account) -> Result<()> {
    match account.disabled_at {
        None => Ok(()),
        Some(_) => Err(AppError::Forbidden { code: "account_disabled", detail: "the account is disabled".into() }),
    }
}

fn invalid_credentials() -> AppError {
    AppError::Unauthenticated { code: "invalid_credentials", detail: "the address or the secret is wrong".into() }
}
