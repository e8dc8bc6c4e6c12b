//! Logging in, by password or by code.

use florin_domain::account::Email;
use florin_domain::login_event::EventKind;
use florin_domain::repository::Credentials;
use florin_domain::session::{CodePurpose, Device, Proof};
use florin_domain::throttle::LOG_INS;

use super::codes::Addressee;
use super::faults::Faults;
use super::{Auth, TRIES, Tokens, invalid_credentials, refuse_disabled, usable};
use crate::error::{AppError, FieldError, Result};

/// A log-in as the client sent it.
#[derive(Debug, Clone)]
pub struct LogIn {
    /// The address.
    pub email: String,
    /// What goes with it.
    pub secret: Secret,
    /// What was wrong with its form.
    pub faults: Vec<FieldError>,
}

/// What somebody logs in with.
#[derive(Debug, Clone)]
pub enum Secret {
    /// The password.
    Password(String),
    /// A one-time code that [`Auth::request_code`] sent.
    Code(String),
}

impl Auth {
    /// Logs in.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every wrong field; [`AppError::Unauthenticated`] `invalid_credentials` for any mismatch;
    /// [`AppError::Forbidden`] `email_not_verified` or `account_disabled`, only with the right password;
    /// [`AppError::TooMany`] for too many log-ins from one client or too many wrong passwords of one address;
    /// [`AppError::Busy`] when too many passwords wait to be hashed.
    pub async fn log_in(&self, log_in: &LogIn, device: &Device) -> Result<Tokens> {
        let mut faults = Faults::of_form(&log_in.faults);
        let email = faults.email(&log_in.email);
        let email = faults.none_or(email)?;
        let (user, outcome) = match &log_in.secret {
            Secret::Password(password) => {
                self.check_room()?;
                let found = self.ports.accounts.credentials(&email).await?;
                let user = found.as_ref().map(|credentials| credentials.account.id);
                (user, self.try_password(&email, found, password, device).await)
            }
            Secret::Code(otp) => {
                let addressee = self.addressee(&email, CodePurpose::Login).await?;
                (addressee.user, self.try_code(&addressee, otp, device).await)
            }
        };
        match outcome {
            Ok(tokens) => {
                tracing::info!(user = %tokens.account.id, "logged in");
                Ok(tokens)
            }
            Err(error) => self.refuse(user, EventKind::LogIn, device, error).await,
        }
    }

    async fn try_code(&self, addressee: &Addressee, otp: &str, device: &Device) -> Result<Tokens> {
        self.count_attempt(&LOG_INS, device).await?;
        let right = self.guess(addressee, otp, CodePurpose::Login).await?.ok_or_else(invalid_credentials)?;
        let proof = Proof::Code(CodePurpose::Login, right.hash);
        self.open(right.account.id, device, &proof).await?.ok_or_else(invalid_credentials)
    }

    async fn try_password(
        &self,
        email: &Email,
        mut found: Option<Credentials>,
        password: &str,
        device: &Device,
    ) -> Result<Tokens> {
        self.count_attempt(&LOG_INS, device).await?;
        self.count_guess(email).await?;
        let mut is_counted = true;
        for _ in 0..TRIES {
            let encoded = found.as_ref().and_then(|credentials| usable(&credentials.password_hash));
            let verified = self.ports.hasher.verify(password, encoded).await;
            // One that was right or never looked at is not to be counted.
            if is_counted && !matches!(verified, Ok(false)) {
                self.forgive_guess(email).await;
                is_counted = false;
            }
            let is_right = verified?;
            let Some(Credentials { account, password_hash }) = found.filter(|_| is_right) else { break };
            refuse_disabled(&account)?;
            if account.verified_at.is_none() {
                return Err(AppError::Forbidden {
                    code: "email_not_verified",
                    detail: "verify the address with the code that was sent to it first".into(),
                });
            }
            let proof = Proof::Password(password_hash.clone());
            if let Some(tokens) = self.open(account.id, device, &proof).await? {
                self.rehash(&tokens, password, &password_hash).await;
                return Ok(tokens);
            }
            // Changed meanwhile: perhaps only hashed anew, by another log-in.
            found = self.ports.accounts.credentials(email).await?;
        }
        Err(invalid_credentials())
    }

    /// Hashes a password anew whose hash was made when hashes were cheaper. That this fails is no reason to refuse who is
    /// logged in already; the next log-in tries again.
    async fn rehash(&self, tokens: &Tokens, password: &str, old: &str) {
        if !self.ports.hasher.is_outdated(old) {
            return;
        }
        let user = tokens.account.id;
        let replaced = match self.ports.hasher.hash(password).await {
            Ok(new) => self.ports.accounts.rehash(user, old, &new).await.map_err(AppError::from),
            Err(error) => Err(error.into()),
        };
        match replaced {
            Ok(replaced) => tracing::info!(%user, replaced, "an outdated password hash"),
            Err(error) => tracing::warn!(%user, %error, "an outdated password hash stays"),
        }
    }
}
