//! Personal access tokens.

use async_trait::async_trait;

use crate::calendar::Timestamp;
use crate::id::{SessionId, TokenId, UserId};
use crate::login_event::NewLoginEvent;
use crate::personal_token::{NewPersonalToken, PersonalToken, TokenHolder};
use crate::receipt::Receipt;
use crate::session::SecretHash;

use super::Result;

/// Personal access tokens (`personal_token`).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TokenRepository: Send + Sync {
    /// An identifier that no token has or will have, for one that is to be made.
    ///
    /// # Errors
    /// None of its own.
    async fn reserve_id(&self) -> Result<TokenId>;

    /// Stores a token that was made in `session`, and notes it; `None` when its owner has `most` of them already. Those that
    /// were revoked do not count. Of any number of simultaneous calls, no more than fit are stored.
    ///
    /// # Errors
    /// `Stale` when the session or the account has ended: whoever ends them ends what is made meanwhile as well;
    /// `Taken(Operation)` when the receipt's key has one that is still good.
    async fn create(
        &self,
        new: &NewPersonalToken,
        session: SessionId,
        most: u64,
        event: &NewLoginEvent,
    ) -> Result<Option<TokenId>>;

    /// The tokens of a person that were not revoked, expired ones included, newest first.
    ///
    /// # Errors
    /// None of its own.
    async fn tokens(&self, user: UserId) -> Result<Vec<PersonalToken>>;

    /// Revokes a token, notes it, and keeps the receipt; `false`, and nothing noted or kept, when there is none that was not
    /// revoked.
    ///
    /// # Errors
    /// `Taken(Operation)` when the receipt's key has an answer.
    async fn revoke(
        &self,
        user: UserId,
        token: TokenId,
        at: Timestamp,
        event: &NewLoginEvent,
        receipt: Option<Receipt>,
    ) -> Result<bool>;

    /// Who holds the token of that hash: `None` when it is not in force at `now`, or its account is disabled or erased. One
    /// indexed read.
    ///
    /// # Errors
    /// None of its own.
    async fn holder(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<TokenHolder>>;

    /// Notes that a token was used, unless a use within the minute before was noted already.
    ///
    /// # Errors
    /// None of its own.
    async fn note_use(&self, token: TokenId, at: Timestamp) -> Result<()>;
}
