//! Changing a password, resetting a forgotten one, and proving who one is by the password once more.

use florin_domain::account::{Account, Role};
use florin_domain::id::SessionId;
use florin_domain::login_event::EventKind;
use florin_domain::repository::PasswordChange;
use florin_domain::session::{CodePurpose, Device, Proof};
use florin_domain::throttle::LOG_INS;

use super::codes::{Addressee, invalid_otp};
use super::faults::Faults;
use super::{Auth, MIN_ADMIN_PASSWORD, MIN_PASSWORD, TRIES, check_password, usable};
use crate::error::{AppError, FieldError, Result};

const NEW_PASSWORD: &str = "/new_password";

/// A new password for a forgotten one, as the client sent it.
#[derive(Debug, Clone, Default)]
pub struct PasswordReset {
    /// The address.
    pub email: String,
    /// The code that [`Auth::forgot_password`] sent.
    pub otp: String,
    /// The new password.
    pub new_password: String,
    /// What was wrong with its form.
    pub faults: Vec<FieldError>,
}

/// A new password in place of the present one, as the client sent it.
#[derive(Debug, Clone, Default)]
pub struct PasswordReplacement {
    /// The present password.
    pub current_password: String,
    /// The new one.
    pub new_password: String,
    /// What was wrong with its form.
    pub faults: Vec<FieldError>,
}

impl Auth {
    /// Sets a new password by a code, ends every session and revokes every personal access token.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every wrong field, before the code is used up; [`AppError::Unauthenticated`]
    /// `invalid_otp` for any code that is not in force; [`AppError::TooMany`] for too many from one client.
    pub async fn reset_password(&self, reset: &PasswordReset, device: &Device) -> Result<()> {
        let mut faults = Faults::of_form(&reset.faults);
        let email = faults.email(&reset.email);
        let fault = check_password(NEW_PASSWORD, &reset.new_password, MIN_PASSWORD, &[&reset.email]);
        fault.into_iter().for_each(|fault| faults.add(fault));
        let addressee = self.addressee(&faults.none_or(email)?, CodePurpose::Reset).await?;
        match self.try_reset(&addressee, reset, device).await {
            Ok(()) => Ok(()),
            Err(error) => self.refuse(addressee.user, EventKind::PasswordReset, device, error).await,
        }
    }

    async fn try_reset(&self, addressee: &Addressee, reset: &PasswordReset, device: &Device) -> Result<()> {
        self.count_attempt(&LOG_INS, device).await?;
        let right = self.guess(addressee, &reset.otp, CodePurpose::Reset).await?.ok_or_else(invalid_otp)?;
        // What depends on the account is told only to who has its code, which stays in force.
        if let Some(fault) = fault_of(&right.account, &reset.new_password) {
            return Err(AppError::Invalid(vec![fault]));
        }
        let proof = Proof::Code(CodePurpose::Reset, right.hash);
        if self.set_password(&right.account, proof, &reset.new_password, None, device).await? {
            tracing::info!(user = %right.account.id, "password reset");
            return Ok(());
        }
        Err(invalid_otp())
    }

    /// Replaces the caller's password and ends their other sessions.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every wrong field, `wrong_password` and `password_unchanged` among them; [`AppError::TooMany`] when too many passwords were wrong.
    pub async fn change_password(
        &self,
        account: &Account,
        session: SessionId,
        replacement: &PasswordReplacement,
        device: &Device,
    ) -> Result<()> {
        let mut faults = Faults::of_form(&replacement.faults);
        fault_of(account, &replacement.new_password).into_iter().for_each(|fault| faults.add(fault));
        if replacement.new_password == replacement.current_password {
            faults.add(FieldError::new(NEW_PASSWORD, "password_unchanged", "must differ from the present password"));
        }
        faults.none_or(Some(()))?;
        match self.try_change(account, session, replacement, device).await {
            Ok(()) => Ok(()),
            Err(error) => self.refuse(Some(account.id), EventKind::PasswordChange, device, error).await,
        }
    }

    async fn try_change(
        &self,
        account: &Account,
        session: SessionId,
        replacement: &PasswordReplacement,
        device: &Device,
    ) -> Result<()> {
        for _ in 0..TRIES {
            let Some(old) = self.right_hash(account, &replacement.current_password).await? else { break };
            let (proof, keep) = (Proof::Password(old), Some(session));
            if self.set_password(account, proof, &replacement.new_password, keep, device).await? {
                tracing::info!(user = %account.id, "password changed");
                return Ok(());
            }
            // Changed meanwhile: perhaps only hashed anew, by a log-in.
        }
        Err(wrong_password("/current_password"))
    }

    async fn set_password(
        &self,
        account: &Account,
        proof: Proof,
        password: &str,
        keep: Option<SessionId>,
        device: &Device,
    ) -> Result<bool> {
        let password_hash = self.ports.hasher.hash(password).await?;
        let (user, device, at) = (account.id, device.clone(), self.now());
        let change = PasswordChange { user, proof, password_hash, keep, device, at };
        Ok(self.ports.accounts.change_password(&change).await?)
    }

    /// Checks the password of an account for something that needs it again, such as erasure. A wrong one counts as a guess,
    /// like one at the log-in, and what is refused is noted as a failure of `kind`. What is done then is for the caller to note.
    ///
    /// # Errors
    /// [`AppError::Invalid`] `wrong_password` at `/password`; [`AppError::TooMany`] when too many guesses were wrong;
    /// [`AppError::Unauthenticated`] `invalid_token` when the account was erased meanwhile.
    pub async fn check_password_of(
        &self,
        account: &Account,
        password: &str,
        kind: EventKind,
        device: &Device,
    ) -> Result<()> {
        let error = match self.right_hash(account, password).await {
            Ok(Some(_)) => return Ok(()),
            Ok(None) => wrong_password("/password"),
            // Erased meanwhile: of somebody who is gone nothing more is noted.
            Err(error @ AppError::Unauthenticated { .. }) => return Err(error),
            Err(error) => error,
        };
        self.refuse(Some(account.id), kind, device, error).await
    }

    /// The stored hash of an account's password, if `password` is it. A wrong one stays counted as a guess.
    ///
    /// # Errors
    /// [`AppError::TooMany`]; [`AppError::Unauthenticated`] `invalid_token` when the account is gone.
    async fn right_hash(&self, account: &Account, password: &str) -> Result<Option<String>> {
        self.check_room()?;
        self.count_guess(&account.email).await?;
        let found = self.ports.accounts.credentials(&account.email).await?;
        // The address may have gone to somebody else's account meanwhile, after an erasure.
        let found = found.filter(|credentials| credentials.account.id == account.id);
        let encoded = found.as_ref().and_then(|credentials| usable(&credentials.password_hash));
        let verified = self.ports.hasher.verify(password, encoded).await;
        // One that was right or never looked at is not to be counted.
        if !matches!(verified, Ok(false)) {
            self.forgive_guess(&account.email).await;
        }
        let is_right = verified?;
        let credentials = found.ok_or_else(AppError::invalid_token)?;
        Ok(is_right.then_some(credentials.password_hash))
    }
}

/// What is wrong with a new password for that account.
fn fault_of(account: &Account, password: &str) -> Option<FieldError> {
    let min = match account.role {
        Role::Admin => MIN_ADMIN_PASSWORD,
        Role::User => MIN_PASSWORD,
    };
    check_password(NEW_PASSWORD, password, min, &[account.email.as_str(), &account.name])
}

fn wrong_password(pointer: &str) -> AppError {
    AppError::field(pointer, "wrong_password", "is not the password of this account")
}
