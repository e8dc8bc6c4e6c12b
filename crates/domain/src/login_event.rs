//! The audit trail of accounts: who signed up, logged in, asked for a code, and what became of it. A row holds no secret,
//! and nothing that its subject could write beyond an address and a `User-Agent` (trust.md, "Who may do what").

use crate::calendar::Timestamp;
use crate::id::{LoginEventId, UserId};
use crate::session::Device;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An address was signed up.
    SignUp,
    /// A one-time code was asked for: to verify, to log in, or to reset a password.
    Code,
    /// An address was proved by its code, which also logs in.
    Verify,
    /// Somebody logged in, by password or by code.
    LogIn,
    /// A refresh token was exchanged; `Failed` when a used one was shown and its family ended.
    Refresh,
    /// A session ended: by its owner, here or from another device.
    LogOut,
    /// A forgotten password was replaced.
    PasswordReset,
    /// A password was changed.
    PasswordChange,
    /// A personal access token was made.
    TokenCreated,
    /// A personal access token was revoked.
    TokenRevoked,
    /// A telephone number was proved by its code.
    PhoneProved,
    /// A telephone number was removed.
    PhoneRemoved,
    /// An admin changed the role.
    RoleChange,
    /// An admin disabled the account.
    Disable,
    /// An admin enabled the account again.
    Enable,
    /// An admin ended all sessions and tokens.
    SessionsRevoked,
    /// The owner erased the account.
    Erasure,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::SignUp,
        Self::Code,
        Self::Verify,
        Self::LogIn,
        Self::Refresh,
        Self::LogOut,
        Self::PasswordReset,
        Self::PasswordChange,
        Self::TokenCreated,
        Self::TokenRevoked,
        Self::PhoneProved,
        Self::PhoneRemoved,
        Self::RoleChange,
        Self::Disable,
        Self::Enable,
        Self::SessionsRevoked,
        Self::Erasure,
    ];

    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Code => "code",
            Self::Verify => "verify",
            Self::LogIn => "login",
            Self::Refresh => "refresh",
            Self::LogOut => "logout",
            Self::PasswordReset => "password_reset",
            Self::PasswordChange => "password_change",
            Self::TokenCreated => "token_created",
            Self::TokenRevoked => "token_revoked",
            Self::PhoneProved => "phone_proved",
            Self::PhoneRemoved => "phone_removed",
            Self::RoleChange => "role_change",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::SessionsRevoked => "sessions_revoked",
            Self::Erasure => "erasure",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventOutcome {
    /// It was done.
    Ok,
    /// It was refused.
    Failed,
}

impl EventOutcome {
    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Ok, Self::Failed].into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// An event to be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLoginEvent {
    /// Whose account; `None` when there is none of the address that was named, which is not noted.
    pub user: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// What became of it.
    pub outcome: EventOutcome,
    /// Where the request came from. An admin's own, where an admin acted.
    pub device: Device,
    /// The admin who did it; `None` for the account's owner or whoever claimed to be.
    pub actor: Option<UserId>,
}

impl NewLoginEvent {
    /// Something that a person did, or tried, themselves.
    #[must_use]
    pub fn new(user: Option<UserId>, at: Timestamp, kind: EventKind, outcome: EventOutcome, device: &Device) -> Self {
        Self { user, at, kind, outcome, device: device.clone(), actor: None }
    }
}

/// A row of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginEvent {
    /// Its identifier. Identifiers are handed out in blocks: order is by `at` first.
    pub id: LoginEventId,
    /// What was noted.
    pub event: NewLoginEvent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_differ() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
        }
        for outcome in [EventOutcome::Ok, EventOutcome::Failed] {
            assert_eq!(EventOutcome::parse(outcome.as_str()), Some(outcome));
        }
        assert_eq!(EventKind::parse("nothing"), None);
    }
}
