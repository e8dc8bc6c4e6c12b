//! Signing up, and proving the address.

use florin_domain::account::Email;
use florin_domain::calendar::Zone;
use florin_domain::login_event::EventKind;
use florin_domain::money::Currency;
use florin_domain::repository::{Confirmation, NewSignUp, SignedUp};
use florin_domain::session::{CODE_LIFETIME_MILLIS, CodePurpose, Device};
use florin_domain::throttle::{LOG_INS, SIGN_UPS};

use super::codes::{Addressee, CodeEntry, invalid_otp};
use super::faults::{Faults, check_profile};
use super::{Auth, MIN_PASSWORD, Tokens, check_password};
use crate::error::{FieldError, Result};
use crate::port::{CodeMessage, Recipient};

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

/// What a sign-up says, checked.
struct Details {
    email: Email,
    name: String,
    currency: Currency,
    zone: Zone,
}

impl Auth {
    /// Signs a person up and sends a code to the address. The answer is the same when the address has an account: its
    /// owner is told instead. While the address is unproved it may be signed up time and again: each sign-up waits for the
    /// code that was sent with it.
    ///
    /// Returns how many seconds the code is good for.
    ///
    /// # Errors
    /// [`crate::error::AppError::Invalid`] naming every wrong field; [`crate::error::AppError::TooMany`] for too many from one client.
    pub async fn register(&self, registration: &Registration, device: &Device) -> Result<i64> {
        let Details { email, name, currency, zone } = self.check(registration)?;
        self.check_room()?;
        if let Err(error) = self.count_attempt(&SIGN_UPS, device).await {
            return self.refuse(None, EventKind::SignUp, device, error).await;
        }
        // Hashed in every case, so that the time tells nothing about the address.
        let password_hash = self.ports.hasher.hash(&registration.password).await?;
        let expires_in = CODE_LIFETIME_MILLIS / 1000;
        if !self.count_message(&email).await? {
            self.note_unsent(&email, EventKind::SignUp, device).await?;
            return Ok(expires_in);
        }
        let purpose = CodePurpose::Verify;
        let (decoy, otp, at) = (self.ports.secrets.decoy(&email), self.ports.secrets.code(), self.now());
        let new = NewSignUp {
            email: email.clone(),
            decoy,
            name,
            currency,
            zone,
            password_hash,
            code_hash: self.ports.secrets.hash_code(decoy, purpose, &otp),
            at,
            expires_at: at.plus_millis(CODE_LIFETIME_MILLIS),
            device: device.clone(),
        };
        match self.ports.sign_ups.put(&new).await? {
            SignedUp::Waiting(user) => {
                tracing::info!(%user, "signed up");
                self.send(CodeMessage::Code { to: Recipient::Email(email.clone()), email, purpose, otp }).await;
            }
            SignedUp::Taken(user) => {
                tracing::info!(%user, "somebody signed the address up again");
                self.send(CodeMessage::AddressTaken { email }).await;
            }
        }
        Ok(expires_in)
    }

    fn check(&self, registration: &Registration) -> Result<Details> {
        let mut faults = Faults::of_form(&registration.faults);
        let email = faults.email(&registration.email);
        let name = registration.name.as_deref();
        let own = [registration.email.as_str(), name.unwrap_or_default()];
        let fault = check_password("/password", &registration.password, MIN_PASSWORD, &own);
        fault.into_iter().for_each(|fault| faults.add(fault));
        let mut of_profile = Vec::new();
        let (currency, zone) = (registration.currency.as_deref(), registration.timezone.as_deref());
        let profile = check_profile(name, currency, zone, &mut of_profile);
        of_profile.into_iter().for_each(|fault| faults.add(fault));
        Ok(Details {
            email: faults.none_or(email)?,
            name: profile.name.unwrap_or_default(),
            currency: profile.currency.unwrap_or(self.policy.default_currency),
            zone: profile.zone.unwrap_or(self.policy.default_zone),
        })
    }

    /// Proves an address by a code, gives the account the details of the sign-up that the code was sent with, and logs in.
    ///
    /// # Errors
    /// [`crate::error::AppError::Invalid`] naming every wrong field; [`crate::error::AppError::Unauthenticated`] `invalid_otp` for any code that is not
    /// in force; [`crate::error::AppError::TooMany`] for too many log-ins from one client.
    pub async fn verify(&self, entry: &CodeEntry, device: &Device) -> Result<Tokens> {
        let addressee = self.addressee(&entry.check()?, CodePurpose::Verify).await?;
        match self.try_verify(&addressee, &entry.otp, device).await {
            Ok(tokens) => Ok(tokens),
            Err(error) => self.refuse(addressee.user, EventKind::Verify, device, error).await,
        }
    }

    async fn try_verify(&self, addressee: &Addressee, otp: &str, device: &Device) -> Result<Tokens> {
        self.count_attempt(&LOG_INS, device).await?;
        let right = self.guess(addressee, otp, CodePurpose::Verify).await?.ok_or_else(invalid_otp)?;
        let (token, session) = self.new_session(right.account.id, device);
        let user = session.user;
        let confirmation = Confirmation { session, code_hash: right.hash, sign_up: right.sign_up };
        let session = self.ports.sign_ups.confirm(&confirmation).await?.ok_or_else(invalid_otp)?;
        tracing::info!(%user, "address proved");
        self.tokens_of(session, user, token, &confirmation.session.token).await
    }
}
