//! One-time codes: sending them, and guessing at them.

use florin_domain::account::{Account, Email};
use florin_domain::calendar::Timestamp;
use florin_domain::id::{SignUpId, UserId};
use florin_domain::login_event::{EventKind, EventOutcome};
use florin_domain::repository::{NewCode, WaitingSignUp};
use florin_domain::session::{CODE_LIFETIME_MILLIS, CodePurpose, Device, SecretHash};
use florin_domain::throttle::CODE_REQUESTS;

use super::Auth;
use super::faults::Faults;
use crate::error::{AppError, FieldError, Result};
use crate::port::{CodeMessage, Recipient};

/// A request for a code, as the client sent it.
#[derive(Debug, Clone, Default)]
pub struct CodeRequest {
    /// The address of the account.
    pub email: String,
    /// Where the code is to go.
    pub channel: CodeChannel,
    /// What was wrong with its form.
    pub faults: Vec<FieldError>,
}

/// Where a code goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CodeChannel {
    /// To the account's address.
    #[default]
    Email,
    /// To the account's proved telephone number.
    Sms,
}

/// An address and a code, as the client sent them.
#[derive(Debug, Clone, Default)]
pub struct CodeEntry {
    /// The address.
    pub email: String,
    /// The code.
    pub otp: String,
    /// What was wrong with its form.
    pub faults: Vec<FieldError>,
}

impl CodeEntry {
    /// The address, if nothing is wrong.
    pub(super) fn check(&self) -> Result<Email> {
        let mut faults = Faults::of_form(&self.faults);
        let email = faults.email(&self.email);
        faults.none_or(email)
    }
}

/// Whom a code of an address is for.
pub(super) struct Addressee {
    /// Whoever has the address.
    pub(super) user: Option<UserId>,
    /// Their account, if a code for that purpose is theirs to use.
    account: Option<Account>,
    /// What the code is bound to.
    decoy: UserId,
}

impl Addressee {
    /// Whose code it is, as stored: the decoy's where it is nobody's to use.
    fn key(&self) -> UserId {
        self.account.as_ref().map_or(self.decoy, |account| account.id)
    }
}

/// A right guess.
pub(super) struct RightGuess {
    /// Whose code it was.
    pub(super) account: Account,
    /// The hash of the code.
    pub(super) hash: SecretHash,
    /// The sign-up that the code was sent with.
    pub(super) sign_up: Option<SignUpId>,
}

impl Auth {
    /// Sends a code to verify the address or, once it is verified, to log in with. Says nothing about whether the address
    /// has an account: for one that has none, or a disabled one, the same is done for its decoy, and nothing sent. So it is
    /// for one without a proved number when the code is to go there.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for what is no address; [`AppError::TooMany`] for too many from one client;
    /// [`AppError::Conflict`] `sms_unavailable` when the server reaches no telephones.
    pub async fn request_code(&self, request: &CodeRequest, device: &Device) -> Result<()> {
        let purpose = |account: &Account| match account.verified_at {
            None => Some(CodePurpose::Verify),
            Some(_) => Some(CodePurpose::Login),
        };
        self.request(request, device, CodePurpose::Login, purpose).await
    }

    /// Sends a code to set a new password with, if the address has a verified account. Says nothing about whether it has.
    ///
    /// # Errors
    /// Those of [`Self::request_code`].
    pub async fn forgot_password(&self, request: &CodeRequest, device: &Device) -> Result<()> {
        let purpose = |account: &Account| account.verified_at.map(|_| CodePurpose::Reset);
        self.request(request, device, CodePurpose::Reset, purpose).await
    }

    async fn request(
        &self,
        request: &CodeRequest,
        device: &Device,
        of_decoy: CodePurpose,
        of_account: impl Fn(&Account) -> Option<CodePurpose> + Send,
    ) -> Result<()> {
        let mut faults = Faults::of_form(&request.faults);
        let email = faults.email(&request.email);
        let email = faults.none_or(email)?;
        if request.channel == CodeChannel::Sms {
            self.require_sms()?;
        }
        let account = self.ports.accounts.credentials(&email).await?.map(|credentials| credentials.account);
        let user = account.as_ref().map(|account| account.id);
        if let Err(error) = self.count_attempt(&CODE_REQUESTS, device).await {
            return self.refuse(user, EventKind::Code, device, error).await;
        }
        if !self.count_message(&email).await? {
            let unsent = self.event(user, EventKind::Code, EventOutcome::Failed, device);
            return Ok(self.ports.audit.note(&unsent).await?);
        }
        let real = account.filter(is_enabled).and_then(|account| Some((account.id, of_account(&account)?)));
        let decoy = self.ports.secrets.decoy(&email);
        let to = match request.channel {
            CodeChannel::Email => real.map(|_| Recipient::Email(email.clone())),
            CodeChannel::Sms => {
                let number = self.proved_number(real.map_or(decoy, |(owner, _)| owner)).await?;
                if !self.count_text(number.as_ref(), &email).await? {
                    let unsent = self.event(user, EventKind::Code, EventOutcome::Failed, device);
                    return Ok(self.ports.audit.note(&unsent).await?);
                }
                number.map(Recipient::Phone)
            }
        };
        let real = real.filter(|_| to.is_some());
        let (owner, purpose) = real.unwrap_or((decoy, of_decoy));
        let (otp, at) = (self.ports.secrets.code(), self.now());
        let hash = self.ports.secrets.hash_code(decoy, purpose, &otp);
        let expires_at = at.plus_millis(CODE_LIFETIME_MILLIS);
        let event = self.event(user, EventKind::Code, EventOutcome::Ok, device);
        self.ports.sessions.put_code(&NewCode { user: owner, purpose, hash, at, expires_at }, &event).await?;
        if let Some(to) = to {
            self.send(CodeMessage::Code { to, email, purpose, otp }).await;
        }
        Ok(())
    }

    /// Whom a code for that purpose and address is for.
    pub(super) async fn addressee(&self, email: &Email, purpose: CodePurpose) -> Result<Addressee> {
        let account = self.ports.accounts.credentials(email).await?.map(|credentials| credentials.account);
        let to_verify = purpose == CodePurpose::Verify;
        Ok(Addressee {
            user: account.as_ref().map(|account| account.id),
            account: account.filter(is_enabled).filter(|account| account.verified_at.is_none() == to_verify),
            decoy: self.ports.secrets.decoy(email),
        })
    }

    /// Guesses at a code. The guess is counted before anything is compared; the code is yet to be used up, in the
    /// transaction of what it allows.
    pub(super) async fn guess(
        &self,
        addressee: &Addressee,
        otp: &str,
        purpose: CodePurpose,
    ) -> Result<Option<RightGuess>> {
        let (owner, now) = (addressee.key(), self.now());
        let latest = self.ports.sessions.spend_guess(owner, purpose, now).await?;
        let waiting = match purpose {
            CodePurpose::Verify => self.ports.sign_ups.waiting(owner, now).await?,
            CodePurpose::Login | CodePurpose::Reset | CodePurpose::Phone => Vec::new(),
        };
        let hash = self.ports.secrets.hash_code(addressee.decoy, purpose, otp);
        let same = |stored: &SecretHash| self.ports.secrets.same(stored, &hash);
        // Without a code in force no guess was counted, and none counts.
        let since = latest.as_ref().map_or(Timestamp(i64::MAX), |latest| latest.since);
        // The newest, should two have been sent the same digits. None that was sent before the count began anew: it had its
        // guesses already.
        let right = |sign_up: &&WaitingSignUp| same(&sign_up.code_hash) & (sign_up.sent_at >= since);
        let sign_up = waiting.iter().rev().find(right).map(|sign_up| sign_up.id);
        let Some(latest) = latest else { return Ok(None) };
        let is_right = same(&latest.hash) || sign_up.is_some();
        let account = addressee.account.clone().filter(|_| is_right);
        Ok(account.map(|account| RightGuess { account, hash, sign_up }))
    }

    /// Notes that nothing was sent to an address, as it was sent too much already.
    pub(super) async fn note_unsent(&self, email: &Email, kind: EventKind, device: &Device) -> Result<()> {
        let owner = self.ports.accounts.credentials(email).await?.map(|credentials| credentials.account.id);
        Ok(self.ports.audit.note(&self.event(owner, kind, EventOutcome::Failed, device)).await?)
    }
}

fn is_enabled(account: &Account) -> bool {
    account.disabled_at.is_none()
}

pub(super) fn invalid_otp() -> AppError {
    AppError::Unauthenticated { code: "invalid_otp", detail: "the code is wrong or no longer in force".into() }
}
