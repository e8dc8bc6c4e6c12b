//! Sign-up, verification, log-in, refresh, log-out, and the caller's own profile.

use std::sync::Arc;

use florin_domain::account::{Account, Email, MAX_NAME};
use florin_domain::calendar::{Timestamp, Zone};
use florin_domain::id::{SessionId, UserId};
use florin_domain::money::Currency;
use florin_domain::repository::{
    AccountRepository, AuditRepository, NewAccount, ProfileChange, RepositoryError, SessionRepository,
    ThrottleRepository, UniqueKey,
};
use florin_domain::session::{CODE_LIFETIME_MILLIS, CodePurpose, Device, NewRefreshToken, Principal, Rotation};

use crate::error::{AppError, FieldError, Result};
use crate::port::{AccessClaims, Clock, CodeMessage, OtpSender, PasswordHasher, SecretGenerator, TokenIssuer};

mod password;
mod passwords;
mod throttles;

pub use password::{MIN_ADMIN_PASSWORD, MIN_PASSWORD, check_password};

/// What the operator decides about accounts.
#[derive(Debug, Clone, Copy)]
pub struct AuthPolicy {
    /// How long an access token is good, in milliseconds.
    pub access_millis: i64,
    /// How long a refresh token is good, in milliseconds.
    pub refresh_millis: i64,
    /// The currency of a person who names none.
    pub default_currency: Currency,
    /// The zone of a person who names none.
    pub default_zone: Zone,
    /// Whether attempts are counted by client and messages by address. Wrong guesses always are.
    pub throttled: bool,
}

/// A sign-up as the client sent it.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
    /// What the person wants to be called.
    pub name: Option<String>,
    /// An ISO 4217 code.
    pub currency: Option<String>,
    /// An IANA zone.
    pub timezone: Option<String>,
    /// What was wrong with its form, found when it was read. The use case adds what is wrong with the values.
    pub faults: Vec<FieldError>,
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
    /// The audit trail.
    pub audit: Arc<dyn AuditRepository>,
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

    /// Signs a person up and sends a code to the address. The answer is the same when the address has an account: its
    /// owner is told instead, or, while the address is unproved, the new details replace the old.
    ///
    /// Returns how many seconds the code is good for.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every wrong field.
    pub async fn register(&self, registration: &Registration) -> Result<i64> {
        let mut new = self.check(registration)?;
        // Hashed in every case, so that the time tells nothing about the address.
        new.password_hash = self.ports.hasher.hash(&registration.password).await?;
        match self.ports.accounts.create(&new).await {
            Ok(user) => self.send_code(user, &new.email, CodePurpose::Verify).await?,
            Err(RepositoryError::Taken(UniqueKey::Email)) => match self.ports.accounts.credentials(&new.email).await? {
                Some(taken) if taken.account.verified_at.is_none() => {
                    self.ports.accounts.replace_unverified(taken.account.id, &new).await?;
                    self.send_code(taken.account.id, &new.email, CodePurpose::Verify).await?;
                }
                _ => self.ports.sender.send(&CodeMessage::AddressTaken { email: new.email }).await?,
            },
            Err(error) => return Err(error.into()),
        }
        Ok(CODE_LIFETIME_MILLIS / 1000)
    }

    fn check(&self, registration: &Registration) -> Result<NewAccount> {
        let mut errors = registration.faults.clone();
        let read = |pointer: &str| !registration.faults.iter().any(|fault| fault.pointer == pointer);
        let email = Email::parse(&registration.email);
        if read("/email")
            && let Err(error) = &email
        {
            errors.push(FieldError::new("/email", "invalid_email", error.to_string()));
        }
        if read("/password") {
            errors.extend(check_password("/password", &registration.password, MIN_PASSWORD));
        }
        let profile = check_profile(
            registration.name.as_deref(),
            registration.currency.as_deref(),
            registration.timezone.as_deref(),
            &mut errors,
        );
        match email {
            Ok(email) if errors.is_empty() => Ok(NewAccount {
                email,
                name: profile.name.unwrap_or_default(),
                role: florin_domain::account::Role::User,
                currency: profile.currency.unwrap_or(self.policy.default_currency),
                zone: profile.zone.unwrap_or(self.policy.default_zone),
                password_hash: String::new(),
                created_at: self.ports.clock.now(),
                verified_at: None,
            }),
            _ => Err(AppError::Invalid(errors)),
        }
    }

    async fn send_code(&self, user: UserId, email: &Email, purpose: CodePurpose) -> Result<()> {
        let now = self.ports.clock.now();
        let otp = self.ports.secrets.code();
        let hash = self.ports.secrets.hash_code(user, purpose, &otp);
        let expires_at = now.plus_millis(CODE_LIFETIME_MILLIS);
        self.ports.sessions.put_code(user, purpose, &hash, now, expires_at).await?;
        self.ports.sender.send(&CodeMessage::Code { email: email.clone(), purpose, otp }).await?;
        Ok(())
    }

    /// Sends a code to verify the address or, once it is verified, to log in with. Says nothing about whether the
    /// address has an account.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for what is no address.
    pub async fn request_code(&self, email: &str) -> Result<()> {
        let email = parse_email(email)?;
        let Some(found) = self.ports.accounts.credentials(&email).await? else { return Ok(()) };
        let account = found.account;
        if account.disabled_at.is_some() {
            return Ok(());
        }
        let purpose = if account.verified_at.is_none() { CodePurpose::Verify } else { CodePurpose::Login };
        self.send_code(account.id, &email, purpose).await
    }

    /// Proves an address by its code, and logs in.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] `invalid_otp` for any code that is not the one in force.
    pub async fn verify(&self, email: &str, otp: &str, device: &Device) -> Result<Tokens> {
        let account = self.check_code(email, otp, CodePurpose::Verify, "invalid_otp").await?;
        self.ports.accounts.mark_verified(account.id, self.ports.clock.now()).await?;
        self.open_session(account.id, device).await
    }

    /// Logs in by password.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] `invalid_credentials` for any mismatch; [`AppError::Forbidden`]
    /// `email_not_verified` or `account_disabled`, only with the right password.
    pub async fn login(&self, email: &str, password: &str, device: &Device) -> Result<Tokens> {
        let email = parse_email(email)?;
        let found = self.ports.accounts.credentials(&email).await?;
        let encoded = found.as_ref().map(|credentials| credentials.password_hash.as_str());
        let right = self.ports.hasher.verify(password, encoded).await?;
        match found {
            Some(credentials) if right => {
                refuse_disabled(&credentials.account)?;
                if credentials.account.verified_at.is_none() {
                    return Err(AppError::Forbidden {
                        code: "email_not_verified",
                        detail: "verify the address with the code that was sent to it first".into(),
                    });
                }
                self.open_session(credentials.account.id, device).await
            }
            _ => Err(invalid_credentials()),
        }
    }

    /// Logs in by a one-time code that [`Self::request_code`] sent.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] `invalid_credentials` for any mismatch.
    pub async fn login_with_code(&self, email: &str, otp: &str, device: &Device) -> Result<Tokens> {
        let account = self.check_code(email, otp, CodePurpose::Login, "invalid_credentials").await?;
        refuse_disabled(&account)?;
        self.open_session(account.id, device).await
    }

    /// The guess is counted before anything is compared, and the code used up before anything is granted.
    async fn check_code(&self, email: &str, otp: &str, purpose: CodePurpose, code: &'static str) -> Result<Account> {
        let refused = || AppError::Unauthenticated { code, detail: "the code is wrong or no longer in force".into() };
        let email = parse_email(email)?;
        let now = self.ports.clock.now();
        let found = self.ports.accounts.credentials(&email).await?;
        let Some(account) = found.map(|credentials| credentials.account) else { return Err(refused()) };
        let state = self.ports.sessions.spend_guess(account.id, purpose, now).await?;
        let guess = self.ports.secrets.hash_code(account.id, purpose, otp);
        match state {
            Some(state) if self.ports.secrets.same(&state.hash, &guess) => {
                let won = self.ports.sessions.consume_code(account.id, purpose, &guess, now).await?;
                if won { Ok(account) } else { Err(refused()) }
            }
            _ => Err(refused()),
        }
    }

    async fn open_session(&self, user: UserId, device: &Device) -> Result<Tokens> {
        let (token, stored) = self.new_refresh_token();
        let session = self.ports.sessions.open(user, device, &stored).await?;
        let principal = self.ports.sessions.principal(session, user).await?.ok_or_else(invalid_credentials)?;
        self.tokens(session, principal, token)
    }

    fn new_refresh_token(&self) -> (String, NewRefreshToken) {
        let token = self.ports.secrets.token();
        let issued_at = self.ports.clock.now();
        let expires_at = issued_at.plus_millis(self.policy.refresh_millis);
        let hash = self.ports.secrets.hash_token(&token);
        (token, NewRefreshToken { hash, issued_at, expires_at })
    }

    fn tokens(&self, session: SessionId, principal: Principal, refresh_token: String) -> Result<Tokens> {
        let issued_at = self.ports.clock.now();
        let access_token = self.ports.issuer.issue(&AccessClaims {
            user: principal.account.id,
            session,
            issued_at,
            expires_at: issued_at.plus_millis(self.policy.access_millis),
        })?;
        Ok(Tokens {
            access_token,
            expires_in: self.policy.access_millis / 1000,
            refresh_token,
            refresh_expires_in: self.policy.refresh_millis / 1000,
            account: principal.account,
        })
    }

    /// Exchanges a refresh token for new tokens. A used one ends its whole session.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] `invalid_refresh_token`.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens> {
        let refused = || AppError::Unauthenticated {
            code: "invalid_refresh_token",
            detail: "the refresh token is not in force; log in again".into(),
        };
        let (token, stored) = self.new_refresh_token();
        let old = self.ports.secrets.hash_token(refresh_token);
        match self.ports.sessions.rotate(&old, &stored).await? {
            Rotation::Rotated { session, user } => {
                let principal = self.ports.sessions.principal(session, user).await?.ok_or_else(refused)?;
                self.tokens(session, principal, token)
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
    pub async fn logout(&self, refresh_token: &str) -> Result<()> {
        let hash = self.ports.secrets.hash_token(refresh_token);
        self.ports.sessions.close_by_token(&hash, self.ports.clock.now()).await?;
        Ok(())
    }

    /// Who sent this access token. Its session and account are read anew, so that a log-out or a disabled account is in
    /// force at once, on every instance.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] `invalid_token`, the same for every cause.
    pub async fn authenticate(&self, access_token: &str) -> Result<Principal> {
        let claims = self.ports.issuer.read(access_token, self.now()).ok_or_else(invalid_token)?;
        self.ports.sessions.principal(claims.session, claims.user).await?.ok_or_else(invalid_token)
    }

    /// Changes the caller's profile and returns it as it is now.
    ///
    /// # Errors
    /// [`AppError::Invalid`]; [`AppError::Conflict`] `currency_locked` once there is an expense.
    pub async fn update_profile(&self, account: &Account, patch: &ProfilePatch) -> Result<Account> {
        let mut errors = Vec::new();
        let mut change =
            check_profile(patch.name.as_deref(), patch.currency.as_deref(), patch.timezone.as_deref(), &mut errors);
        if !errors.is_empty() {
            return Err(AppError::Invalid(errors));
        }
        change.currency = change.currency.filter(|currency| *currency != account.currency);
        match self.ports.accounts.update_profile(account.id, &change).await {
            Err(RepositoryError::Stale) => {
                return Err(AppError::conflict(
                    "currency_locked",
                    "the currency can be changed only before the first expense",
                ));
            }
            other => other?,
        }
        self.ports.accounts.account(account.id).await?.ok_or(AppError::NotFound)
    }

    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}

fn check_profile(
    name: Option<&str>,
    currency: Option<&str>,
    timezone: Option<&str>,
    errors: &mut Vec<FieldError>,
) -> ProfileChange {
    let name = name.map(str::trim).map(str::to_owned);
    if name.as_deref().is_some_and(|n| n.chars().count() > MAX_NAME || n.chars().any(char::is_control)) {
        let message = format!("must be at most {MAX_NAME} characters without control characters");
        errors.push(FieldError::new("/name", "invalid_name", message));
    }
    let currency = currency.and_then(|code| {
        Currency::parse(code)
            .map_err(|error| errors.push(FieldError::new("/currency", "unknown_currency", error.to_string())))
            .ok()
    });
    let zone = timezone.and_then(|name| {
        Zone::parse(name)
            .map_err(|error| errors.push(FieldError::new("/timezone", "unknown_timezone", error.to_string())))
            .ok()
    });
    ProfileChange { name, currency, zone }
}

/// A stored hash that some password has: there is none when it is empty, as after a sign-up whose password nothing confirmed.
fn usable(password_hash: &str) -> Option<&str> {
    Some(password_hash).filter(|hash| !hash.is_empty())
}

fn parse_email(email: &str) -> Result<Email> {
    Email::parse(email).map_err(|error| AppError::field("/email", "invalid_email", error.to_string()))
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

fn invalid_token() -> AppError {
    AppError::Unauthenticated { code: "invalid_token", detail: "the access token is missing or not in force".into() }
}
