//! Receipts: what was answered to a write that its client gave a key, kept with the effect, so that the client can ask
//! again without anything being done twice (http-api.md, `Idempotency-Key`).

use crate::calendar::Timestamp;

/// How long a receipt is kept: 24 hours, in milliseconds. Afterwards its key names another write.
pub const RECEIPT_LIFETIME_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// The key and the request as hashes, and the answer, which storage cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// SHA-256 of the client's key. Keys belong to a user, not to a token.
    pub key: [u8; 32],
    /// SHA-256 of what was asked: method, path and body. The same key with another request is a mistake.
    pub fingerprint: [u8; 32],
    /// The answer, sealed.
    pub answer: Vec<u8>,
}

/// Since when receipts are still good at `now`; older ones count as absent.
#[must_use]
pub const fn good_since(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(RECEIPT_LIFETIME_MILLIS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_good_for_a_day() {
        assert_eq!(RECEIPT_LIFETIME_MILLIS, 86_400_000);
        assert_eq!(good_since(Timestamp(86_400_001)), Timestamp(1));
        assert_eq!(good_since(Timestamp(i64::MIN)), Timestamp(i64::MIN));
    }
}
