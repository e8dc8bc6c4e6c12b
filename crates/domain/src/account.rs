//! People: accounts, roles, e-mail addresses.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::calendar::{Timestamp, Zone};
use crate::id::UserId;
use crate::money::Currency;

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Keeps expenses of their own.
    User,
    /// Also sees accounts, audit and aggregates; never another person's expenses.
    Admin,
}

impl Role {
    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::User, Self::Admin].into_iter().find(|role| role.as_str() == name)
    }
}

/// An e-mail address in its one normal form: NFKC, lower case, no surrounding blanks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// Not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address such as ana@example.com, of at most 254 characters")]
pub struct InvalidEmail;

impl Email {
    /// Reads an address: one `@`, a local part of 1 to 64 bytes, a domain of dot-separated labels, no blanks and no
    /// control characters. Whether mail arrives there is found out by the one-time code.
    ///
    /// # Errors
    /// [`InvalidEmail`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let normal = normal_form(text.trim());
        let (local, domain) = normal.split_once('@').ok_or(InvalidEmail)?;
        let forbidden = |c: char| c.is_whitespace() || c.is_control() || "\"(),:;<>@[\\]".contains(c);
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let well_formed = normal.len() <= 254
            && (1..=64).contains(&local.len())
            && !local.contains(forbidden)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && domain.contains('.')
            && domain.split('.').all(label);
        if well_formed { Ok(Self(normal)) } else { Err(InvalidEmail) }
    }

    /// The normalised address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes an address as this crate once stored it.
    #[must_use]
    pub const fn from_stored(normal: String) -> Self {
        Self(normal)
    }
}

/// NFKC and lower case. Composed once more after that: some letters have a composed form in lower case only.
fn normal_form(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

/// The words of a search for addresses, in the normal form of addresses.
#[must_use]
pub fn address_parts(search: &str) -> Vec<String> {
    normal_form(search).split_whitespace().map(str::to_owned).collect()
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identifier.
    pub id: UserId,
    /// The address it logs in with.
    pub email: Email,
    /// What the person wants to be called; may be empty.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The currency of every amount of this person.
    pub currency: Currency,
    /// The zone that decides the person's today.
    pub zone: Zone,
    /// When it signed up.
    pub created_at: Timestamp,
    /// When a one-time code proved the address; `None` before.
    pub verified_at: Option<Timestamp>,
    /// Since when it may not be used; `None` while it may.
    pub disabled_at: Option<Timestamp>,
    /// Choices of categories up to this instant teach the categorizer nothing; `None` when none were forgotten.
    pub learned_since: Option<Timestamp>,
}

/// The most characters of a person's name.
pub const MAX_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_back_as_written() {
        for (role, name) in [(Role::User, "user"), (Role::Admin, "admin")] {
            assert_eq!((role.as_str(), Role::parse(name)), (name, Some(role)));
        }
        assert_eq!(Role::parse("Admin"), None);
        assert_eq!(Email::parse("Ana@example.com").unwrap().to_string(), "ana@example.com");
        assert_eq!(Email::from_stored("ana@example.com".to_owned()).as_str(), "ana@example.com");
    }

    #[test]
    fn a_search_is_read_as_addresses_are() {
        assert_eq!(address_parts(" ａｎａ  @EXAMPLE.com\t"), ["ana", "@example.com"]);
        assert_eq!(address_parts(" \u{3000}"), [""; 0]);
    }

    #[test]
    fn addresses_have_one_normal_form() {
        assert_eq!(Email::parse(" Ana.Maria@Example.COM ").unwrap().as_str(), "ana.maria@example.com");
        assert_eq!(Email::parse("ａｎａ@example.com").unwrap().as_str(), "ana@example.com");
        assert_eq!(Email::parse("J\u{30c}@example.com").unwrap().as_str(), "\u{1f0}@example.com");
        for letter in 'A'..='\u{24f}' {
            for mark in ["", "\u{30c}", "\u{331}", "\u{307}"] {
                if let Ok(email) = Email::parse(&format!("{letter}{mark}@example.com")) {
                    assert_eq!(Email::parse(email.as_str()).as_ref(), Ok(&email));
                }
            }
        }
        for bad in [
            "",
            "ana",
            "@example.com",
            "ana@",
            "ana@localhost",
            "a b@example.com",
            "ana@exa mple.com",
            "ana@@example.com",
            "ana@example..com",
            "ana@-example.com",
            "a\0b@example.com",
            ".ana@example.com",
            "ana@example.com\r\nBcc: x@y.zz",
        ] {
            assert_eq!(Email::parse(bad), Err(InvalidEmail), "{bad:?}");
        }
    }
}
