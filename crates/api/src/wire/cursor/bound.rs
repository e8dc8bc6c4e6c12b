//! A position bound to filters, as text. Plain functions, so that a fuzzer can drive them without a server.

use crate::wire::base64url;

/// Writes `position`, bound to `filters`.
#[must_use]
pub fn write(position: &str, filters: &str) -> String {
    let mut bytes = checksum(position, filters).to_be_bytes().to_vec();
    bytes.extend_from_slice(position.as_bytes());
    base64url::encode(&bytes)
}

/// The position in `text`. `None` for anything that [`write()`] would not have written for these filters.
#[must_use]
pub fn read(text: &str, filters: &str) -> Option<String> {
    let bytes = base64url::decode(text)?;
    let (sum, position) = bytes.split_at_checked(8)?;
    let position = std::str::from_utf8(position).ok()?;
    (sum == checksum(position, filters).to_be_bytes()).then(|| position.to_owned())
}

/// FNV-1a, 64 bits: the same on every instance and after every restart, which the standard hasher does not promise.
fn checksum(position: &str, filters: &str) -> u64 {
    let separated = position.bytes().chain([0xff]).chain(filters.bytes());
    separated.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
