//! Sessions, refresh tokens, one-time codes.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::id::{SessionId, UserId};
use crate::session::{CodePurpose, Device, NewRefreshToken, Principal, Rotation, SecretHash};

use super::Result;

/// A code that may still be guessed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeState {
    /// Its keyed hash.
    pub hash: SecretHash,
}

/// Log-in sessions (`session`, `refresh_token`) and one-time codes (`one_time_code`).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Opens a session with its first refresh token.
    ///
    /// # Errors
    /// None of its own.
    async fn open(&self, user: UserId, device: &Device, token: &NewRefreshToken) -> Result<SessionId>;

    /// Who holds an access token that names `session` and `user`: `None` when the session has ended or never was, or the
    /// account is disabled. One indexed read.
    ///
    /// # Errors
    /// None of its own.
    async fn principal(&self, session: SessionId, user: UserId) -> Result<Option<Principal>>;

    /// Exchanges the refresh token hashed `old` for `new`, at the instant `new.issued_at`. Of any number of simultaneous
    /// exchanges, one wins. A used token revokes its family, unless it was used at most
    /// [`crate::session::REFRESH_GRACE_MILLIS`] ago and its successor is unused: then the successor is replaced by `new`.
    ///
    /// # Errors
    /// None of its own.
    async fn rotate(&self, old: &SecretHash, new: &NewRefreshToken) -> Result<Rotation>;

    /// Ends the session that a refresh token belongs to; `None` when there is none.
    ///
    /// # Errors
    /// None of its own.
    async fn close_by_token(&self, token: &SecretHash, at: Timestamp) -> Result<Option<UserId>>;

    /// Ends all sessions of a user, except one.
    ///
    /// # Errors
    /// None of its own.
    async fn close_all(&self, user: UserId, except: Option<SessionId>, at: Timestamp) -> Result<()>;

    /// Puts a code in place of any older one for the same purpose, and of its lifetime. Guesses stay spent: the new code
    /// inherits those of the one that it replaces, and the instant since which they are counted, unless that one was used
    /// or that instant is a lifetime ago; then none are spent. So asking for codes is no way to more guesses, and whoever
    /// has spent them all waits for no longer than a lifetime, however often they ask.
    ///
    /// # Errors
    /// None of its own.
    async fn put_code(
        &self,
        user: UserId,
        purpose: CodePurpose,
        hash: &SecretHash,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()>;

    /// Spends one guess at the code, atomically, before anything is compared. `None` when no code is in force, it has
    /// expired, was used, or all guesses are spent.
    ///
    /// # Errors
    /// None of its own.
    async fn spend_guess(&self, user: UserId, purpose: CodePurpose, at: Timestamp) -> Result<Option<CodeState>>;

    /// Uses a code up. `false` when it was used, replaced or has expired meanwhile: of any number of simultaneous uses,
    /// one wins.
    ///
    /// # Errors
    /// None of its own.
    async fn consume_code(&self, user: UserId, purpose: CodePurpose, hash: &SecretHash, at: Timestamp) -> Result<bool>;
}
