//! Random secrets and their hashes.

use std::time::Duration;

use florin_app::port::{Clock, PortError, SecretGenerator};
use florin_domain::account::Email;
use florin_domain::id::UserId;
use florin_domain::ledger::{OperationId, Salt};
use florin_domain::personal_token::PREFIX;
use florin_domain::session::{CodePurpose, SecretHash};
use secrecy::{ExposeSecret, SecretSlice};
use subtle::ConstantTimeEq;

use super::SigningKey;
use super::base64url;
use super::mac::hmac_sha256;
use super::seal;
use crate::clock::SystemClock;

/// What every refresh token begins with, so that scanners of leaked text know one when they see it.
pub const REFRESH_TOKEN_PREFIX: &str = "flr_rt_";

const CODES: u32 = 1_000_000;

/// Makes secrets of the operating system's randomness.
#[derive(Debug, Clone)]
pub struct Secrets {
    code_key: SecretSlice<u8>,
    seal_key: SecretSlice<u8>,
    subject_key: SecretSlice<u8>,
    decoy_key: SecretSlice<u8>,
    token_key: SecretSlice<u8>,
}

impl Secrets {
    /// Each kind of hash, and the seal of kept answers, has a key of its own, derived from `key`.
    #[must_use]
    pub fn new(key: &SigningKey) -> Self {
        Self {
            code_key: key.derive("otp"),
            seal_key: key.derive("seal"),
            subject_key: key.derive("throttle"),
            decoy_key: key.derive("decoy"),
            token_key: key.derive("token"),
        }
    }
}

impl SecretGenerator for Secrets {
    fn code(&self) -> String {
        // The values left over beyond a multiple of a million would make some codes likelier: they are drawn again.
        const LIMIT: u32 = u32::MAX - u32::MAX % CODES;
        loop {
            let drawn = u32::from_be_bytes(random());
            if drawn < LIMIT {
                return format!("{:06}", drawn % CODES);
            }
        }
    }

    fn token(&self) -> String {
        format!("{REFRESH_TOKEN_PREFIX}{}", base64url::encode(&random::<32>()))
    }

    fn personal_token(&self) -> String {
        format!("{PREFIX}{}", base64url::encode(&random::<32>()))
    }

    fn salt(&self) -> Salt {
        random()
    }

    /// In the order of time: those of one person's latest writes lie beside each other in their index, whose pages a write then
    /// mostly finds in memory.
    fn operation(&self) -> OperationId {
        OperationId(format!("auto-{:012x}{}", SystemClock.now().0, hex_of_random::<10>()))
    }

    fn hash_code(&self, decoy: UserId, purpose: CodePurpose, code: &str) -> SecretHash {
        let message = format!("{decoy}|{}|{code}", purpose.as_str());
        hmac_sha256(self.code_key.expose_secret(), message.as_bytes())
    }

    fn hash_subject(&self, subject: &str) -> SecretHash {
        hmac_sha256(self.subject_key.expose_secret(), subject.as_bytes())
    }

    fn decoy(&self, email: &Email) -> UserId {
        let [a, b, c, d, e, f, g, h, ..] = hmac_sha256(self.decoy_key.expose_secret(), email.as_str().as_bytes());
        // 62 bits and one: below zero, and never the least integer.
        UserId(-1 - (i64::from_be_bytes([a, b, c, d, e, f, g, h]) & (i64::MAX >> 1)))
    }

    fn hash_token(&self, token: &str) -> SecretHash {
        hmac_sha256(self.token_key.expose_secret(), token.as_bytes())
    }

    fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, PortError> {
        seal::seal(&self.seal_key, context, plain).map_err(|error| PortError::Failed(error.into()))
    }

    fn unseal(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        seal::unseal(&self.seal_key, context, sealed)
    }

    fn same(&self, a: &SecretHash, b: &SecretHash) -> bool {
        a.ct_eq(b).into()
    }
}

/// Random bytes of the operating system. A system that has none to give is waited for, as the system itself does early in
/// its start: there is nothing that could safely stand in for them.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    while let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the system gives no random bytes; waiting for them");
        std::thread::sleep(Duration::from_secs(1));
    }
    bytes
}

/// `N` random bytes in hexadecimal.
pub(super) fn hex_of_random<const N: usize>() -> String {
    random::<N>().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use secrecy::SecretString;

    use super::*;

    fn secrets(secret: &str) -> Secrets {
        Secrets::new(&SigningKey::new(SecretString::from(secret)))
    }

    #[test]
    fn codes_are_six_digits_and_even() {
        let secrets = secrets("one");
        let mut by_position = [[0_u32; 10]; 6];
        for _ in 0..60_000 {
            let code = secrets.code();
            assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
            for (counts, digit) in by_position.iter_mut().zip(code.bytes()) {
                counts[usize::from(digit - b'0')] += 1;
            }
        }
        // 6,000 are expected of each; seven standard deviations away is 515.
        assert!(by_position.iter().flatten().all(|count| (5_485..=6_515).contains(count)), "{by_position:?}");
    }

    #[test]
    fn tokens_and_operations_are_recognisable_and_new() {
        let secrets = secrets("one");
        let tokens: HashSet<String> = (0..1000).map(|_| secrets.token()).collect();
        assert_eq!(tokens.len(), 1000);
        for token in &tokens {
            let random = token.strip_prefix("flr_rt_").unwrap();
            assert!(random.len() == 43 && random.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        }
        let token = secrets.personal_token();
        assert!(token.len() == 51 && token.starts_with("flr_pat_") && token != secrets.personal_token(), "{token}");
        let OperationId(operation) = secrets.operation();
        assert!(operation.len() == 37 && operation.starts_with("auto-"), "{operation}");
        assert_ne!(secrets.operation(), secrets.operation());
        assert_ne!(secrets.salt(), secrets.salt());
    }

    #[test]
    fn a_code_is_bound_to_its_owner_purpose_and_installation() {
        let (one, two) = (secrets("one"), secrets("two"));
        let hash = one.hash_code(UserId(1), CodePurpose::Login, "123456");
        assert!(one.same(&hash, &one.hash_code(UserId(1), CodePurpose::Login, "123456")));
        for other in [
            one.hash_code(UserId(2), CodePurpose::Login, "123456"),
            one.hash_code(UserId(1), CodePurpose::Reset, "123456"),
            one.hash_code(UserId(1), CodePurpose::Login, "123457"),
            two.hash_code(UserId(1), CodePurpose::Login, "123456"),
        ] {
            assert!(!one.same(&hash, &other));
        }
    }

    #[test]
    fn another_secret_ends_every_token() {
        let (one, two) = (secrets("one"), secrets("two"));
        let hash = one.hash_token("flr_rt_x");
        assert_eq!(hash, one.hash_token("flr_rt_x"));
        for other in [one.hash_token("flr_rt_y"), two.hash_token("flr_rt_x"), one.hash_subject("flr_rt_x")] {
            assert_ne!(hash, other);
        }
    }

    #[test]
    fn an_address_has_one_decoy_in_each_installation_and_it_is_nobodys_id() {
        let (one, two) = (secrets("one"), secrets("two"));
        let email = |n: u32| Email::parse(&format!("a{n}@example.com")).unwrap();
        let decoys: HashSet<UserId> = (0..1000).map(|n| one.decoy(&email(n))).collect();
        assert_eq!(decoys.len(), 1000);
        assert!(decoys.iter().all(|decoy| decoy.0 < 0 && decoy.0 > i64::MIN));
        assert_eq!(one.decoy(&email(1)), one.decoy(&email(1)));
        assert_ne!(one.decoy(&email(1)), two.decoy(&email(1)));
        assert_ne!(one.hash_subject("x"), two.hash_subject("x"));
        assert_eq!(one.hash_subject("x"), one.hash_subject("x"));
    }
}
