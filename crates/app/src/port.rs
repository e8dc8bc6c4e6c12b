//! Technical ports: what the use cases need of the world besides storage.

mod queue;

use async_trait::async_trait;
use florin_domain::account::Email;
use florin_domain::calendar::Timestamp;
use florin_domain::id::{SessionId, UserId};
use florin_domain::ledger::{OperationId, Salt};
use florin_domain::notification::delivery::Leased;
use florin_domain::phone::Phone;
use florin_domain::session::{CodePurpose, SecretHash};

#[cfg(feature = "mocks")]
pub use queue::MockDeliveryQueue;
pub use queue::{DeliveryQueue, Handed};

/// Tells the time. Tests advance it.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// Why a technical port did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Too much of that work is waiting already. Try again in a moment.
    #[error("too busy")]
    Busy,
    /// A defect or a broken environment.
    #[error("a technical part failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Hashes passwords, slowly on purpose and only a few at a time.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// The encoded hash of a password, with its parameters and salt.
    ///
    /// # Errors
    /// [`PortError::Busy`] when the queue is full.
    async fn hash(&self, password: &str) -> Result<String, PortError>;

    /// Whether `password` is the one that `encoded` was made of. With `None` the same work is done for nothing and the
    /// answer is no, so that the time tells nothing about whether an account exists. A hash that was cheaper than those made
    /// now costs as much as they do.
    ///
    /// # Errors
    /// [`PortError::Busy`] when the queue is full.
    async fn verify<'a>(&self, password: &'a str, encoded: Option<&'a str>) -> Result<bool, PortError>;

    /// Whether one more would be taken now. Asked before anything is looked up or counted for a log-in, so that those beyond
    /// the queue cost next to nothing; whether it is taken is decided when it is asked for.
    fn has_room(&self) -> bool;

    /// Whether a hash was cheaper to make than those made now, so that it should be made anew.
    fn is_outdated(&self, encoded: &str) -> bool;
}

/// What an access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessClaims {
    /// Whose it is (`sub`).
    pub user: UserId,
    /// The session that it belongs to (`sid`).
    pub session: SessionId,
    /// When it was issued (`iat`, `nbf`); whole seconds count.
    pub issued_at: Timestamp,
    /// Until when it is good (`exp`); whole seconds count.
    pub expires_at: Timestamp,
}

/// Signs access tokens and reads them back.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait TokenIssuer: Send + Sync {
    /// Signs a token.
    ///
    /// # Errors
    /// [`PortError::Failed`] when the key does not work.
    fn issue(&self, claims: &AccessClaims) -> Result<String, PortError>;

    /// What a token says, if it is one of ours, for this API, and in force at `now`, to the second.
    fn read(&self, token: &str, now: Timestamp) -> Option<AccessClaims>;
}

/// Makes secrets, and hashes, under a key, those that are too short-lived or too random to need a slow hash.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait SecretGenerator: Send + Sync {
    /// Six decimal digits, each value equally likely.
    fn code(&self) -> String;

    /// A refresh token: 256 random bits as URL-safe text.
    fn token(&self) -> String;

    /// A personal access token: 256 random bits as URL-safe text, after [`florin_domain::personal_token::PREFIX`].
    fn personal_token(&self) -> String;

    /// Random bytes for an action's payload hash.
    fn salt(&self) -> Salt;

    /// A name for a write whose client gave none.
    fn operation(&self) -> OperationId;

    /// The keyed hash of a one-time code, bound to what [`Self::decoy`] makes of its address, and to its purpose.
    fn hash_code(&self, decoy: UserId, purpose: CodePurpose, code: &str) -> SecretHash;

    /// The keyed hash of what attempts are counted for: an address, a network. Of no use to who reads it.
    fn hash_subject(&self, subject: &str) -> SecretHash;

    /// A number below zero that stands for an address, and for nobody's account. What is done for accounts is done for it
    /// where an address has none, so that neither time nor bytes tell which it is; and one-time codes are bound to it.
    fn decoy(&self, email: &Email) -> UserId;

    /// The keyed hash of a refresh token or personal access token.
    fn hash_token(&self, token: &str) -> SecretHash;

    /// Seals bytes, so that storage can neither read nor change them. `context` is bound to them and not stored.
    ///
    /// # Errors
    /// [`PortError::Failed`] in no sound build.
    fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, PortError>;

    /// What was sealed in this context; `None` for anything else.
    fn unseal(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;

    /// Whether two hashes are equal, in a time that does not depend on where they differ.
    fn same(&self, a: &SecretHash, b: &SecretHash) -> bool;
}

/// Where a one-time code goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// By mail.
    Email(Email),
    /// By short message, to a telephone number.
    Phone(Phone),
}

/// A message about an account to its owner, or to whoever has its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeMessage {
    /// A one-time code.
    Code {
        /// The account's address.
        email: Email,
        /// To whom.
        to: Recipient,
        /// What for.
        purpose: CodePurpose,
        /// The six digits.
        otp: String,
    },
    /// Somebody tried to sign up with an address that has an account.
    AddressTaken {
        /// To whom.
        email: Email,
    },
}

/// Delivers one-time codes.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait OtpSender: Send + Sync {
    /// Takes a message to be sent. Whoever waits for this must not learn from the time that there is somebody to send to: an
    /// adapter that needs a network queues the message and returns.
    ///
    /// # Errors
    /// [`PortError`] when it cannot be taken.
    async fn send(&self, message: &CodeMessage) -> Result<(), PortError>;

    /// Whether codes can be sent to telephones.
    fn reaches_phones(&self) -> bool;
}

/// Why a channel did not deliver. The reasons are for operators: no secret, nobody's address or data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// Not now. It may be tried again.
    #[error("{reason}")]
    Later {
        /// Why.
        reason: String,
        /// How long the other side wants to be left alone, in milliseconds, if it said so: the whole channel, not this delivery
        /// alone.
        after_millis: Option<i64>,
    },
    /// Never: trying again would end the same way.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// The place is gone: a device's token is dead. Nothing is to be sent there any more.
    #[error("{reason}")]
    Gone {
        /// Why.
        reason: String,
    },
}

/// Delivers notifications over one channel.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait NotificationSink: Send + Sync {
    /// Delivers one, and returns when the other side has taken it. May be called any number of times for one notification, whose
    /// identifier lets the other side find repeats. Ends within the time that the settings allow.
    ///
    /// # Errors
    /// [`SinkError`].
    async fn deliver(&self, delivery: &Leased) -> Result<(), SinkError>;
}

/// Draws numbers: to spread what would otherwise happen at one moment, and to tell processes apart.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Random: Send + Sync {
    /// Any number.
    fn number(&self) -> u64;
}
