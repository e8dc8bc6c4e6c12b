//! Sign-ups whose address is not proved yet.

use async_trait::async_trait;

use crate::account::Email;
use crate::calendar::{Timestamp, Zone};
use crate::id::{SessionId, SignUpId, UserId};
use crate::money::Currency;
use crate::session::{Device, NewSession, SecretHash};

use super::Result;

/// A sign-up to be kept until a code confirms it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignUp {
    /// The address.
    pub email: Email,
    /// What stands for the address where it is taken.
    pub decoy: UserId,
    /// What the person wants to be called; may be empty.
    pub name: String,
    /// The currency of the account's amounts.
    pub currency: Currency,
    /// Its zone.
    pub zone: Zone,
    /// The encoded hash of the password.
    pub password_hash: String,
    /// The keyed hash of the code that is sent with it.
    pub code_hash: SecretHash,
    /// When.
    pub at: Timestamp,
    /// Until when its code is good.
    pub expires_at: Timestamp,
    /// Where it came from.
    pub device: Device,
}

/// What became of a sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedUp {
    /// It waits for its code.
    Waiting(UserId),
    /// The address has an account, and nothing of it changed.
    Taken(UserId),
}

/// A sign-up that its code may still confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingSignUp {
    /// Its identifier.
    pub id: SignUpId,
    /// The keyed hash of its code.
    pub code_hash: SecretHash,
    /// When the code was sent.
    pub sent_at: Timestamp,
}

/// An address that its code proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The session that is opened with it.
    pub session: NewSession,
    /// The hash of the code.
    pub code_hash: SecretHash,
    /// The sign-up that it confirms; `None` for a code that is bound to none.
    pub sign_up: Option<SignUpId>,
}

/// The most sign-ups of one address that wait at the same time; older ones are forgotten.
pub const MAX_SIGN_UPS: usize = 5;

/// Sign-ups whose address is not proved yet (`sign_up`). Each is bound to the code that was sent with it, so that whoever
/// signs an address up that is not theirs does not choose the password that its owner's code confirms.
///
/// A row outlives its code: another one may be sent and bound to it. Whoever removes it, removes the password of a person who
/// proves the address later.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SignUpRepository: Send + Sync {
    /// Keeps a sign-up, puts its code and notes the event. An address that nobody signed up before gets its account with
    /// it, unproved and with none of the details but the hash of the latest password, for a log-in before the address is
    /// proved to be told so. Of a taken address only the event is noted; a code is put for the decoy, as work to match.
    ///
    /// # Errors
    /// None of its own.
    async fn put(&self, new: &NewSignUp) -> Result<SignedUp>;

    /// The sign-ups of a user whose codes are good at `at`, the oldest first.
    ///
    /// # Errors
    /// None of its own.
    async fn waiting(&self, user: UserId, at: Timestamp) -> Result<Vec<WaitingSignUp>>;

    /// Proves an address, at the instant of the new session's token: uses the code up, gives the account the details and
    /// the password of the sign-up that it confirms, forgets all others, opens the session and notes the event. A code that
    /// is bound to no sign-up leaves the account without a usable password (an empty hash). `None`, and nothing happened,
    /// when the code was used, replaced or has expired meanwhile: of any number of simultaneous uses, one wins.
    ///
    /// # Errors
    /// None of its own.
    async fn confirm(&self, confirmation: &Confirmation) -> Result<Option<SessionId>>;
}
