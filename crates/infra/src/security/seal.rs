//! Sealed bytes: AES-256-GCM with a random nonce in front.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use secrecy::{ExposeSecret, SecretSlice};

fn key(key: &SecretSlice<u8>) -> Result<RandomizedNonceKey, Unspecified> {
    RandomizedNonceKey::new(&AES_256_GCM, key.expose_secret())
}

/// Seals `plain` under a key of 32 bytes. `context` is authenticated and not stored.
pub(super) fn seal(secret: &SecretSlice<u8>, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let mut sealed = plain.to_vec();
    let nonce = key(secret)?.seal_in_place_append_tag(Aad::from(context), &mut sealed)?;
    Ok([&nonce.as_ref()[..], &sealed].concat())
}

/// What was sealed with that key in that context.
pub(super) fn unseal(secret: &SecretSlice<u8>, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut bytes = sealed.to_vec();
    let plain = key(secret).ok()?.open_in_place(Nonce::from(nonce), Aad::from(context), &mut bytes).ok()?.len();
    bytes.truncate(plain);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_here_is_unsealed() {
        let (one, two): (SecretSlice<u8>, SecretSlice<u8>) = (vec![1; 32].into(), vec![2; 32].into());
        for plain in [&b""[..], b"x", &[7; 100_000]] {
            let sealed = seal(&one, b"row 1", plain).unwrap();
            assert_ne!(sealed, seal(&one, b"row 1", plain).unwrap(), "each time another nonce");
            assert_eq!(unseal(&one, b"row 1", &sealed).as_deref(), Some(plain));
            assert_eq!(unseal(&two, b"row 1", &sealed), None);
            assert_eq!(unseal(&one, b"row 2", &sealed), None);
            assert_eq!(unseal(&one, b"row 1", &sealed[..sealed.len() - 1]), None);
            let mut altered = sealed.clone();
            *altered.last_mut().unwrap() ^= 1;
            assert_eq!(unseal(&one, b"row 1", &altered), None);
        }
        assert_eq!(unseal(&one, b"", b"short"), None);
    }
}
