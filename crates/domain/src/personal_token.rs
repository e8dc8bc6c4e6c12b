//! Personal access tokens: secrets that scripts act with in place of a log-in.

use crate::calendar::Timestamp;
use crate::id::{TokenId, UserId};
use crate::receipt::Receipt;
use crate::session::{Principal, Scopes, SecretHash};

/// What every personal access token begins with, so that people and scanners of leaked text know one when they see it.
pub const PREFIX: &str = "flr_pat_";
/// The most tokens that a person has at once. Revoked ones do not count, expired ones do until they are revoked.
pub const MAX_TOKENS: u64 = 50;
/// The most characters of a token's name.
pub const MAX_NAME: usize = 100;
/// The longest that a token may be good for, unless for ever: ten years with the leap days that they can have, in
/// milliseconds.
pub const MAX_LIFETIME_MILLIS: i64 = 3653 * 24 * 60 * 60 * 1000;
/// How long a noted use stays good enough: a minute, in milliseconds.
pub const USE_NOTED_MILLIS: i64 = 60 * 1000;

/// A part of what a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Requests that change nothing.
    Read,
    /// Requests that change something. They need not include reading.
    Write,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// Why a list of scopes was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScopes {
    /// There is none.
    #[error("must name at least one scope")]
    Empty,
    /// One is named twice.
    #[error("must name each scope once")]
    Repeated,
}

impl Scopes {
    /// The scopes of a list.
    ///
    /// # Errors
    /// [`InvalidScopes`] for an empty list and for one that names a scope twice.
    pub fn of(list: &[Scope]) -> Result<Self, InvalidScopes> {
        let count = |wanted: Scope| list.iter().filter(|scope| **scope == wanted).count();
        let counts = Scope::ALL.map(count);
        match counts {
            [0, 0] => Err(InvalidScopes::Empty),
            [read, write] if read > 1 || write > 1 => Err(InvalidScopes::Repeated),
            [read, write] => Ok(Self { read: read == 1, write: write == 1 }),
        }
    }

    /// Their names, in one order.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let has = |scope: &Scope| match scope {
            Scope::Read => self.read,
            Scope::Write => self.write,
        };
        Scope::ALL.into_iter().filter(has).map(Scope::as_str).collect()
    }

    /// The scopes of names with blanks between, as they are stored; `None` when one is unknown.
    #[must_use]
    pub fn from_stored(names: &str) -> Option<Self> {
        let named = |name: &str| Scope::ALL.into_iter().find(|scope| scope.as_str() == name);
        let list: Option<Vec<Scope>> = names.split(' ').map(named).collect();
        Self::of(&list?).ok()
    }
}

/// A token as its owner sees it. The secret is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalToken {
    /// Its identifier.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good; `None` for until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; `None` for never.
    pub last_used_at: Option<Timestamp>,
}

/// A token to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPersonalToken {
    /// One of [`crate::repository::TokenRepository::reserve_id`].
    pub id: TokenId,
    /// Whose.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Keyed hash of the secret.
    pub hash: SecretHash,
    /// When.
    pub created_at: Timestamp,
    /// Until when it is good; `None` for until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// What the client is answered, when it gave the write a key. It holds the secret, sealed.
    pub receipt: Option<Receipt>,
}

/// Who shows a token that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// Whom it lets in, and what it grants.
    pub principal: Principal,
    /// When it was last used, as far as it was noted.
    pub last_used_at: Option<Timestamp>,
}

impl TokenHolder {
    /// Whether a use at that instant is worth noting: none was within the last minute.
    #[must_use]
    pub fn is_use_news(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|noted| now.0.saturating_sub(noted.0) >= USE_NOTED_MILLIS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_that_are_told() {
        assert_eq!(MAX_LIFETIME_MILLIS, 315_619_200_000, "3,653 days");
        assert_eq!(USE_NOTED_MILLIS, 60_000, "a minute");
        assert_eq!([Scope::Read, Scope::Write].map(Scope::as_str), ["read", "write"]);
    }

    #[test]
    fn a_use_is_news_a_minute_after_the_last() {
        let zone = crate::calendar::Zone::UTC;
        let account = crate::account::Account {
            id: UserId(7),
            email: crate::account::Email::parse("ana@example.com").unwrap(),
            name: String::new(),
            role: crate::account::Role::User,
            currency: crate::money::Currency::parse("INR").unwrap(),
            zone,
            created_at: Timestamp(0),
            verified_at: None,
            disabled_at: None,
            learned_since: None,
        };
        let access = crate::session::Access::Token(TokenId(1), Scopes { read: true, write: false });
        let session = crate::session::Access::Session(crate::id::SessionId(5));
        let signed_in = Principal { access: session, account: account.clone() };
        assert_eq!(signed_in.session(), Some(crate::id::SessionId(5)));
        let mut holder = TokenHolder { principal: Principal { access, account }, last_used_at: None };
        assert_eq!(holder.principal.session(), None);
        assert!(holder.is_use_news(Timestamp(0)));
        holder.last_used_at = Some(Timestamp(1_000_000));
        for (now, news) in [(1_000_000, false), (1_059_999, false), (1_060_000, true), (2_000_000, true), (0, false)] {
            assert_eq!(holder.is_use_news(Timestamp(now)), news, "{now}");
        }
    }

    #[test]
    fn scopes_are_a_set_of_at_least_one() {
        use Scope::{Read, Write};
        assert_eq!(Scopes::of(&[]), Err(InvalidScopes::Empty));
        assert_eq!(Scopes::of(&[Read, Read]), Err(InvalidScopes::Repeated));
        assert_eq!(Scopes::of(&[Write, Read, Write]), Err(InvalidScopes::Repeated));
        for (list, names) in
            [(&[Read][..], &["read"][..]), (&[Write], &["write"]), (&[Write, Read], &["read", "write"])]
        {
            let scopes = Scopes::of(list).unwrap();
            assert_eq!(scopes.names(), names);
            assert_eq!(Scopes::from_stored(&names.join(" ")), Some(scopes));
        }
        for bad in ["", "admin", "read  write", "read read", "Read"] {
            assert_eq!(Scopes::from_stored(bad), None, "{bad:?}");
        }
    }
}
