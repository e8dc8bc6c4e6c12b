//! What a password must be.

use crate::error::FieldError;

/// The fewest bytes of a password.
pub const MIN_PASSWORD: usize = 8;
/// The fewest bytes of an admin's password.
pub const MIN_ADMIN_PASSWORD: usize = 15;
/// The most bytes of a password; hashing more would be work for nothing.
const MAX_PASSWORD: usize = 1024;

/// Checks a new password: its length in bytes, nothing else. There are no composition rules (trust.md, "Who may do what").
#[must_use]
pub fn check_password(pointer: &str, password: &str, min: usize) -> Option<FieldError> {
    let (code, message) = match password.len() {
        n if n < min => ("password_too_short", format!("must be at least {min} bytes long")),
        n if n > MAX_PASSWORD => ("password_too_long", format!("must be at most {MAX_PASSWORD} bytes long")),
        _ => return None,
    };
    Some(FieldError::new(pointer, code, message))
}
