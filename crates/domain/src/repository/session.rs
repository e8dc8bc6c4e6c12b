//! Sessions, refresh tokens, one-time codes.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::id::{SessionId, UserId};
use crate::login_event::NewLoginEvent;
use crate::receipt::Receipt;
use crate::session::{
    CodePurpose, Device, LiveSession, NewRefreshToken, NewSession, Principal, Proof, Rotation, SecretHash,
};

use super::Result;

/// A code that may still be guessed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeState {
    /// Its keyed hash.
    pub hash: SecretHash,
    /// Since when the guesses are counted of which this is one.
    pub since: Timestamp,
}

/// A one-time code to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCode {
    /// Whose; a decoy's where an address has no account that it could be for.
    pub user: UserId,
    /// What for.
    pub purpose: CodePurpose,
    /// Its keyed hash.
    pub hash: SecretHash,
    /// When.
    pub at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Log-in sessions (`session`, `refresh_token`) and one-time codes (`one_time_code`).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Opens a session with its first refresh token and notes the log-in, if what it was proved by still holds: the
    /// password has not changed, or the code is in force, which is used up then. `None`, and nothing happened, if it does
    /// not, or the account is disabled. So a log-in and a change of the password come one after the other, and of any number of simultaneous uses of a
    /// code one wins.
    ///
    /// # Errors
    /// None of its own.
    async fn log_in(&self, new: &NewSession, proof: &Proof) -> Result<Option<SessionId>>;

    /// Who holds an access token that names `session` and `user`: `None` when the session has ended or never was, or the
    /// account is disabled. One indexed read.
    ///
    /// # Errors
    /// None of its own.
    async fn principal(&self, session: SessionId, user: UserId) -> Result<Option<Principal>>;

    /// Exchanges the refresh token hashed `old` for `new`, at the instant `new.issued_at`. Of any number of simultaneous
    /// exchanges, one wins. A used token revokes its family, unless it was used at most
    /// [`crate::session::REFRESH_GRACE_MILLIS`] ago and its successor is unused: then the successor is replaced by `new`.
    /// The session's age bounds the new token ([`NewRefreshToken::within`]); a session that is too old gets none.
    /// Whatever came of it is noted as an event.
    ///
    /// # Errors
    /// None of its own.
    async fn rotate(&self, old: &SecretHash, new: &NewRefreshToken, device: &Device) -> Result<Rotation>;

    /// Ends the session that a refresh token belongs to and notes it; `None` when there is none that was live.
    ///
    /// # Errors
    /// None of its own.
    async fn close_by_token(&self, token: &SecretHash, at: Timestamp, device: &Device) -> Result<Option<UserId>>;

    /// Ends all sessions of a user, except one.
    ///
    /// # Errors
    /// None of its own.
    async fn close_all(&self, user: UserId, except: Option<SessionId>, at: Timestamp) -> Result<()>;

    /// The sessions of a user that go on: not ended, with a refresh token that has not expired at `now`; the last used first,
    /// at most `limit`.
    ///
    /// # Errors
    /// None of its own.
    async fn live(&self, user: UserId, now: Timestamp, limit: u64) -> Result<Vec<LiveSession>>;

    /// Ends a session of a user, notes it, and keeps the receipt; `false`, and nothing noted or kept, when it has ended or never
    /// was theirs.
    ///
    /// # Errors
    /// `Taken(Operation)` when the receipt's key has an answer.
    async fn close(
        &self,
        user: UserId,
        session: SessionId,
        at: Timestamp,
        event: &NewLoginEvent,
        receipt: Option<Receipt>,
    ) -> Result<bool>;

    /// Puts a code in place of any older one for the same purpose, and of its lifetime, and notes the event. A code to
    /// verify is bound to the sign-up that waits for the user, if there is exactly one. Guesses stay spent: the new code
    /// inherits those of the one that it replaces, and the instant since which they are counted, unless that one was used
    /// or that instant is a lifetime ago; then none are spent. So asking for codes is no way to more guesses, and whoever
    /// has spent them all waits for no longer than a lifetime, however often they ask.
    ///
    /// A row whose code was used or has expired may be removed, a decoy's like any other: it restrains nobody any more.
    ///
    /// # Errors
    /// None of its own.
    async fn put_code(&self, code: &NewCode, event: &NewLoginEvent) -> Result<()>;

    /// Spends one guess at the code, atomically, before anything is compared. `None` when no code is in force, it has
    /// expired, was used, or all guesses are spent. One row is written in every case, so that the time tells nothing.
    ///
    /// # Errors
    /// None of its own.
    async fn spend_guess(&self, user: UserId, purpose: CodePurpose, at: Timestamp) -> Result<Option<CodeState>>;
}
