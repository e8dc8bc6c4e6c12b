//! The telephone number of an account: proved by a code, as the address is.

use florin_domain::account::Account;
use florin_domain::id::UserId;
use florin_domain::login_event::{EventKind, EventOutcome};
use florin_domain::phone::Phone;
use florin_domain::repository::{NewCode, StoredPhone};
use florin_domain::session::{CODE_LIFETIME_MILLIS, CodePurpose, Device, SecretHash};
use florin_domain::throttle::{CODE_REQUESTS, LOG_INS, MESSAGES, TEXTS};

use super::Auth;
use super::codes::invalid_otp;
use super::faults::Faults;
use crate::error::{AppError, FieldError, Result};
use crate::port::{CodeMessage, Recipient};
use crate::receipts::Keep;

/// A telephone number, as the client sent it.
#[derive(Debug, Clone, Default)]
pub struct NumberEntry {
    /// The number.
    pub phone: String,
    /// The account's password: codes that open the account go to the number, so a session alone does not do.
    pub password: String,
    /// What was wrong with its form.
    pub faults: Vec<FieldError>,
}

/// The code that was sent to the number, as the client sent it.
#[derive(Debug, Clone, Default)]
pub struct NumberProof {
    /// The code.
    pub otp: String,
    /// What was wrong with its form.
    pub faults: Vec<FieldError>,
}

impl Auth {
    /// The account's number.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is none.
    pub async fn phone(&self, account: &Account) -> Result<StoredPhone> {
        self.ports.phones.phone(account.id).await?.ok_or(AppError::NotFound)
    }

    /// Puts a number in place of any other, to be proved by the code that is sent to it. Returns how many seconds the code is
    /// good for.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for what is no number, and those of [`Self::check_password_of`]; [`AppError::Conflict`] `sms_unavailable` when the server reaches no
    /// telephones; [`AppError::TooMany`] for too many codes of one client, messages of one account, or messages to one number.
    pub async fn put_phone(&self, account: &Account, entry: &NumberEntry, device: &Device) -> Result<i64> {
        let mut faults = Faults::of_form(&entry.faults);
        let phone = Phone::parse(&entry.phone);
        if let Err(error) = &phone
            && entry.faults.is_empty()
        {
            faults.add(FieldError::new("/phone", "invalid_phone", error.to_string()));
        }
        let phone = faults.none_or(phone.ok())?;
        self.require_sms()?;
        if let Err(error) = self.count_attempt(&CODE_REQUESTS, device).await {
            return self.refuse(Some(account.id), EventKind::Code, device, error).await;
        }
        self.check_password_of(account, &entry.password, EventKind::Code, device).await?;
        if let Err(error) = self.count_number(account, &phone).await {
            return self.refuse(Some(account.id), EventKind::Code, device, error).await;
        }
        let (purpose, at, otp) = (CodePurpose::Phone, self.now(), self.ports.secrets.code());
        self.ports.phones.put(account.id, &phone, at).await?;
        let hash = self.hash_number_code(account, &phone, &otp);
        let expires_at = at.plus_millis(CODE_LIFETIME_MILLIS);
        let event = self.event(Some(account.id), EventKind::Code, EventOutcome::Ok, device);
        self.ports.sessions.put_code(&NewCode { user: account.id, purpose, hash, at, expires_at }, &event).await?;
        let (email, to) = (account.email.clone(), Recipient::Phone(phone));
        self.send(CodeMessage::Code { email, to, purpose, otp }).await;
        Ok(CODE_LIFETIME_MILLIS / 1000)
    }

    /// Who asks is signed in, so they are told what they were refused for.
    async fn count_number(&self, account: &Account, phone: &Phone) -> Result<()> {
        if self.policy.throttled {
            self.take(&MESSAGES, &self.subject_of(&account.email)).await?;
            self.take(&TEXTS, &self.subject_of_number(phone)).await?;
        }
        Ok(())
    }

    /// Proves the account's number by the code that was sent to it.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] `invalid_otp` for any code that is not in force; [`AppError::TooMany`] for too many tries
    /// from one client.
    pub async fn prove_phone(&self, account: &Account, proof: &NumberProof, device: &Device) -> Result<()> {
        Faults::of_form(&proof.faults).none_or(Some(()))?;
        match self.try_prove(account, &proof.otp, device).await {
            Ok(()) => {
                tracing::info!(user = %account.id, "telephone number proved");
                Ok(())
            }
            Err(error) => self.refuse(Some(account.id), EventKind::PhoneProved, device, error).await,
        }
    }

    async fn try_prove(&self, account: &Account, otp: &str, device: &Device) -> Result<()> {
        self.count_attempt(&LOG_INS, device).await?;
        // The guess is counted before anything is compared.
        let code = self.ports.sessions.spend_guess(account.id, CodePurpose::Phone, self.now()).await?;
        let code = code.ok_or_else(invalid_otp)?;
        let StoredPhone { phone, .. } = self.ports.phones.phone(account.id).await?.ok_or_else(invalid_otp)?;
        let hash = self.hash_number_code(account, &phone, otp);
        if !self.ports.secrets.same(&code.hash, &hash) {
            return Err(invalid_otp());
        }
        let event = self.event(Some(account.id), EventKind::PhoneProved, EventOutcome::Ok, device);
        let proved = self.ports.phones.prove(account.id, &phone, &hash, &event).await?;
        if proved { Ok(()) } else { Err(invalid_otp()) }
    }

    /// Removes the account's number.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is none.
    pub async fn remove_phone(&self, account: &Account, device: &Device, keep: &Keep<()>) -> Result<()> {
        let event = self.event(Some(account.id), EventKind::PhoneRemoved, EventOutcome::Ok, device);
        let removed = self.ports.phones.remove(account.id, &event, keep.receipt(&())?).await?;
        keep.note_kept_if(removed)
    }

    /// The number to which codes of an account may go; `None` also for a decoy.
    pub(super) async fn proved_number(&self, user: UserId) -> Result<Option<Phone>> {
        let stored = self.ports.phones.phone(user).await?;
        Ok(stored.filter(|stored| stored.proved_at.is_some()).map(|stored| stored.phone))
    }

    /// # Errors
    /// [`AppError::Conflict`] `sms_unavailable`.
    pub(super) fn require_sms(&self) -> Result<()> {
        if self.ports.sender.reaches_phones() {
            return Ok(());
        }
        Err(AppError::conflict("sms_unavailable", "this server sends no short messages"))
    }

    /// The hash of a code that proves a number: of no use for another number that was put in its place meanwhile.
    fn hash_number_code(&self, account: &Account, phone: &Phone, otp: &str) -> SecretHash {
        let decoy = self.ports.secrets.decoy(&account.email);
        self.ports.secrets.hash_code(decoy, CodePurpose::Phone, &format!("{phone} {otp}"))
    }
}
