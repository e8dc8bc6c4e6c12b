//! What is counted before anything is tried.

use std::net::IpAddr;

use florin_domain::account::Email;
use florin_domain::phone::Phone;
use florin_domain::session::{Device, SecretHash};
use florin_domain::throttle::{MESSAGES, PASSWORD_GUESSES, TEXTS, Throttle, Verdict};

use super::Auth;
use crate::error::{AppError, Result};

impl Auth {
    /// Refuses what would be refused anyhow for want of a place among the passwords that wait to be hashed, before it costs
    /// the database anything: a flood of log-ins must not be one of reads and writes.
    ///
    /// # Errors
    /// [`AppError::Busy`].
    pub(super) fn check_room(&self) -> Result<()> {
        if self.ports.hasher.has_room() { Ok(()) } else { Err(AppError::Busy) }
    }

    /// Counts a guess at a password of the address, whether or not anybody has it.
    ///
    /// # Errors
    /// [`AppError::TooMany`] `too_many_attempts`.
    pub(super) async fn count_guess(&self, email: &Email) -> Result<()> {
        self.take(&PASSWORD_GUESSES, &self.subject_of(email)).await
    }

    /// Takes a counted guess back: it was right. That this fails is no reason to refuse who guessed right.
    pub(super) async fn forgive_guess(&self, email: &Email) {
        let given_back = self.ports.throttles.give_back(&PASSWORD_GUESSES, &self.subject_of(email)).await;
        if let Err(error) = given_back {
            tracing::warn!(%error, "a right password stays counted as a wrong guess");
        }
    }

    /// Counts an attempt of a client's network.
    ///
    /// # Errors
    /// [`AppError::TooMany`] `too_many_attempts`.
    pub(super) async fn count_attempt(&self, throttle: &Throttle, device: &Device) -> Result<()> {
        if !self.policy.throttled {
            return Ok(());
        }
        self.take(throttle, &self.ports.secrets.hash_subject(&format!("network {}", network(&device.ip)))).await
    }

    /// Counts a message to an address; whether one more may be sent.
    pub(super) async fn count_message(&self, email: &Email) -> Result<bool> {
        if !self.policy.throttled {
            return Ok(true);
        }
        let verdict = self.ports.throttles.take(&MESSAGES, &self.subject_of(email), self.now()).await?;
        Ok(verdict == Verdict::Allowed)
    }

    /// Counts a short message to a number; whether one more may be sent. Where there is no number, as much is counted for the
    /// address.
    pub(super) async fn count_text(&self, number: Option<&Phone>, email: &Email) -> Result<bool> {
        if !self.policy.throttled {
            return Ok(true);
        }
        let of_nobody = || self.ports.secrets.hash_subject(&format!("no telephone {email}"));
        let subject = number.map_or_else(of_nobody, |number| self.subject_of_number(number));
        let verdict = self.ports.throttles.take(&TEXTS, &subject, self.now()).await?;
        Ok(verdict == Verdict::Allowed)
    }

    pub(super) async fn take(&self, throttle: &Throttle, subject: &SecretHash) -> Result<()> {
        let now = self.now();
        match self.ports.throttles.take(throttle, subject, now).await? {
            Verdict::Allowed => Ok(()),
            Verdict::Refused { retry_at } => {
                let seconds = retry_at.0.saturating_sub(now.0).saturating_add(999) / 1000;
                let retry_after = u32::try_from(seconds.max(1)).unwrap_or(u32::MAX);
                Err(AppError::TooMany { code: "too_many_attempts", retry_after })
            }
        }
    }

    pub(super) fn subject_of(&self, email: &Email) -> SecretHash {
        self.ports.secrets.hash_subject(&format!("address {email}"))
    }

    pub(super) fn subject_of_number(&self, number: &Phone) -> SecretHash {
        self.ports.secrets.hash_subject(&format!("telephone {number}"))
    }
}

/// What one client has for itself: its IPv4 address, or the 64 bits of an IPv6 address that its network gave it, within
/// which it may choose as it likes.
fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => ip.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn a_client_is_its_address_or_its_ipv6_network() {
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::9"), network("2001:db8:1:2:ffff::"));
        assert_ne!(network("2001:db8:1:2::9"), network("2001:db8:1:3::9"));
        assert_eq!(network(""), "");
    }
}
