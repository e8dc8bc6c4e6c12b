//! Log-in sessions, refresh tokens and one-time codes, as stored. Secrets appear only as hashes.

use crate::account::Account;
use crate::calendar::Timestamp;
use crate::id::{SessionId, TokenId, UserId};

/// What a one-time code is for. A code for one purpose is useless for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodePurpose {
    /// To prove an address after sign-up.
    Verify,
    /// To log in without a password.
    Login,
    /// To set a new password.
    Reset,
    /// To prove a telephone number.
    Phone,
}

impl CodePurpose {
    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Login => "login",
            Self::Reset => "reset",
            Self::Phone => "phone",
        }
    }
}

/// How many guesses at one code are ever evaluated.
pub const MAX_CODE_GUESSES: i32 = 5;
/// How long a code is good for: ten minutes, in milliseconds.
pub const CODE_LIFETIME_MILLIS: i64 = 10 * 60 * 1000;
/// How long a used refresh token is forgiven while its successor is unused: 30 seconds, in milliseconds.
pub const REFRESH_GRACE_MILLIS: i64 = 30 * 1000;

/// A keyed hash of a one-time code, of a refresh token or personal access token, or of what a throttle counts by.
pub type SecretHash = [u8; 32];

/// Where a session was opened from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// The client's address as text.
    pub ip: String,
    /// Its `User-Agent`, cut to 200 characters.
    pub user_agent: String,
}

/// What a personal access token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes {
    /// Requests that change nothing.
    pub read: bool,
    /// Requests that change something.
    pub write: bool,
}

/// What a principal acts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// An access token of a log-in session: everything that the account may do.
    Session(SessionId),
    /// A personal access token: what its scopes say, and nothing about the account itself.
    Token(TokenId, Scopes),
}

impl Access {
    /// Whether it grants requests that change something, or those that change nothing.
    #[must_use]
    pub const fn grants(self, changes_something: bool) -> bool {
        match self {
            Self::Session(_) => true,
            Self::Token(_, scopes) if changes_something => scopes.write,
            Self::Token(_, scopes) => scopes.read,
        }
    }
}

/// The holder of a token, read anew for each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What was shown.
    pub access: Access,
    /// Whose it is. Disabled accounts are not returned.
    pub account: Account,
}

impl Principal {
    /// The session that the token names; `None` for a personal access token.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        match self.access {
            Access::Session(session) => Some(session),
            Access::Token(..) => None,
        }
    }
}

/// A session that goes on, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// Its identifier.
    pub id: SessionId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When its refresh token was last exchanged; when it was opened, if it never was.
    pub last_used_at: Timestamp,
    /// Where it was opened from.
    pub device: Device,
}

/// What became of a refresh token that a client showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It was unused, or used less than [`REFRESH_GRACE_MILLIS`] ago with its successor unused: the new token is in force.
    Rotated {
        /// The session that goes on.
        session: SessionId,
        /// Whose it is.
        user: UserId,
        /// Until when the new token may be used, which the end of the session bounds.
        expires_at: Timestamp,
    },
    /// It was used before: the whole family is revoked now.
    Reused {
        /// The session that ended.
        session: SessionId,
        /// Whose it was.
        user: UserId,
    },
    /// Unknown, expired, or its session has ended.
    Invalid,
}

/// A refresh token to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefreshToken {
    /// Keyed hash of the token.
    pub hash: SecretHash,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Until when it may be used.
    pub expires_at: Timestamp,
    /// How long its session may go on from when it was opened, however much it is used; in milliseconds.
    pub session_millis: i64,
}

impl NewRefreshToken {
    /// The token as one of a session that was opened then: good no longer than the session may go on. `None` when that is
    /// over.
    #[must_use]
    pub fn within(&self, opened_at: Timestamp) -> Option<Self> {
        let end = opened_at.plus_millis(self.session_millis);
        let expires_at = self.expires_at.min(end);
        (self.issued_at < end).then(|| Self { expires_at, ..self.clone() })
    }
}

/// A session to be opened, at the instant at which its token is issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Whose.
    pub user: UserId,
    /// Where it is opened from.
    pub device: Device,
    /// Its first refresh token.
    pub token: NewRefreshToken,
}

/// What a person proved themselves by. It must still hold in the transaction of what it allows.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// The password of this stored hash.
    Password(String),
    /// The one-time code of this purpose and hash, which is used up.
    Code(CodePurpose, SecretHash),
}

impl std::fmt::Debug for Proof {
    /// Without the hashes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::Code(..) => "Code",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_names_are_those_that_are_told() {
        assert_eq!((CODE_LIFETIME_MILLIS, REFRESH_GRACE_MILLIS), (600_000, 30_000), "ten minutes, thirty seconds");
        let purposes = [CodePurpose::Verify, CodePurpose::Login, CodePurpose::Reset, CodePurpose::Phone];
        assert_eq!(purposes.map(CodePurpose::as_str), ["verify", "login", "reset", "phone"]);
    }

    #[test]
    fn a_session_may_everything_and_a_token_what_its_scopes_say() {
        for (access, may_read, may_write) in [
            (Access::Session(SessionId(1)), true, true),
            (Access::Token(TokenId(1), Scopes { read: true, write: false }), true, false),
            (Access::Token(TokenId(1), Scopes { read: false, write: true }), false, true),
            (Access::Token(TokenId(1), Scopes { read: true, write: true }), true, true),
        ] {
            assert_eq!((access.grants(false), access.grants(true)), (may_read, may_write), "{access:?}");
        }
    }

    #[test]
    fn a_proof_says_only_of_what_kind_it_is() {
        assert_eq!(format!("{:?}", Proof::Password("hash".to_owned())), "Password");
        assert_eq!(format!("{:?}", Proof::Code(CodePurpose::Login, [7; 32])), "Code");
    }

    #[test]
    fn a_token_is_good_no_longer_than_its_session() {
        let token = NewRefreshToken {
            hash: [0; 32],
            issued_at: Timestamp(100),
            expires_at: Timestamp(200),
            session_millis: 50,
        };
        for (opened_at, expires_at) in [(49, None), (50, None), (51, Some(101)), (149, Some(199)), (151, Some(200))] {
            let ends = token.within(Timestamp(opened_at)).map(|token| token.expires_at.0);
            assert_eq!(ends, expires_at, "opened at {opened_at}");
        }
    }
}
