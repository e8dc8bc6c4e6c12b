//! What the operator does at the command line.

use std::sync::Arc;

use florin_domain::account::{Email, Role};
use florin_domain::id::UserId;
use florin_domain::ledger::Verified;
use florin_domain::login_event::{EventKind, EventOutcome, NewLoginEvent};
use florin_domain::repository::{AccountRepository, AuditRepository, LedgerRepository, NewAccount};
use florin_domain::session::Device;

use crate::auth::{AuthPolicy, MIN_ADMIN_PASSWORD, check_password};
use crate::error::{AppError, Result};
use crate::port::{Clock, PasswordHasher};

/// How many accounts are read at once.
const PAGE: u64 = 500;

/// The operator's use cases.
pub struct Operator {
    accounts: Arc<dyn AccountRepository>,
    ledger: Arc<dyn LedgerRepository>,
    audit: Arc<dyn AuditRepository>,
    hasher: Arc<dyn PasswordHasher>,
    clock: Arc<dyn Clock>,
    policy: AuthPolicy,
}

impl Operator {
    /// A service over its ports.
    #[must_use]
    pub fn new(
        accounts: Arc<dyn AccountRepository>,
        ledger: Arc<dyn LedgerRepository>,
        audit: Arc<dyn AuditRepository>,
        hasher: Arc<dyn PasswordHasher>,
        clock: Arc<dyn Clock>,
        policy: AuthPolicy,
    ) -> Self {
        Self { accounts, ledger, audit, hasher, clock, policy }
    }

    /// Makes a verified admin. Admins are made here only, never by sign-up.
    ///
    /// # Errors
    /// [`AppError::Invalid`]; [`AppError::Conflict`] `email_taken`.
    pub async fn create_admin(&self, email: &str, password: &str) -> Result<UserId> {
        self.create_account(email, password, "", Role::Admin, MIN_ADMIN_PASSWORD).await
    }

    /// Makes a verified account with a password of at least `min_password` bytes, and notes it as signed up.
    ///
    /// # Errors
    /// Those of [`Self::create_admin`].
    pub async fn create_account(
        &self,
        email: &str,
        password: &str,
        name: &str,
        role: Role,
        min_password: usize,
    ) -> Result<UserId> {
        let email = Email::parse(email).map_err(|e| AppError::field("/email", "invalid_email", e.to_string()))?;
        if let Some(error) = check_password("/password", password, min_password, &[email.as_str(), name]) {
            return Err(AppError::Invalid(vec![error]));
        }
        let now = self.clock.now();
        let new = NewAccount {
            email,
            name: name.to_owned(),
            role,
            currency: self.policy.default_currency,
            zone: self.policy.default_zone,
            password_hash: self.hasher.hash(password).await?,
            created_at: now,
            verified_at: Some(now),
        };
        let user = self.accounts.create(&new).await?;
        // From no address: it was done at the command line. It is noted after the account is there; should that fail, the
        // command fails and says so.
        let noted = NewLoginEvent::new(Some(user), now, EventKind::SignUp, EventOutcome::Ok, &Device::default());
        self.audit.note(&noted).await?;
        Ok(user)
    }

    /// Walks one user's log, or everybody's, and hands each result to `report`.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a user who is not there.
    pub async fn verify(&self, user: Option<UserId>, mut report: impl FnMut(UserId, &Verified) + Send) -> Result<()> {
        if let Some(user) = user {
            // Those who were erased have no account any more, but a log that can still be walked.
            let known = self.accounts.ids_after(UserId(user.0 - 1), 1).await?;
            known.first().filter(|first| **first == user).ok_or(AppError::NotFound)?;
            report(user, &self.ledger.verify(user).await?);
            return Ok(());
        }
        let mut after = UserId(0);
        loop {
            let users = self.accounts.ids_after(after, PAGE).await?;
            let Some(last) = users.last() else { return Ok(()) };
            after = *last;
            for user in users {
                report(user, &self.ledger.verify(user).await?);
            }
        }
    }
}
