//! What a password must be.

use crate::error::FieldError;

/// The fewest bytes of a password.
pub const MIN_PASSWORD: usize = 8;
/// The fewest bytes of an admin's password.
pub const MIN_ADMIN_PASSWORD: usize = 15;
/// The most bytes of a password; hashing more would be work for nothing.
const MAX_PASSWORD: usize = 1024;

/// Passwords that everybody tries first, in lower case, one a line; those too short to be accepted are left out.
const COMMON: &str = include_str!("common_passwords.txt");

/// Checks a new password: its length in bytes, and that it is none of those that everybody tries first, in whatever case.
/// There are no composition rules (trust.md, "Who may do what").
#[must_use]
pub fn check_password(pointer: &str, password: &str, min: usize) -> Option<FieldError> {
    let (code, message) = match password.len() {
        n if n < min => ("password_too_short", format!("must be at least {min} bytes long")),
        n if n > MAX_PASSWORD => ("password_too_long", format!("must be at most {MAX_PASSWORD} bytes long")),
        _ if is_common(password) => ("password_too_common", "must not be a password that is widely used".to_owned()),
        _ => return None,
    };
    Some(FieldError::new(pointer, code, message))
}

fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    COMMON.lines().any(|common| common == lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_commonness_are_all_that_counts() {
        let code = |password: &str| check_password("/password", password, MIN_PASSWORD).map(|fault| fault.code);
        assert_eq!(code("1234567"), Some("password_too_short"));
        assert_eq!(code("ééééé"), None, "ten bytes");
        assert_eq!(code("PassWord123"), Some("password_too_common"));
        assert_eq!(code("aaaabbbb"), None, "no composition rules");
        assert_eq!(code(&"x".repeat(1024)), None);
        assert_eq!(code(&"x".repeat(1025)), Some("password_too_long"));
    }

    #[test]
    fn the_list_is_tidy() {
        let lines: Vec<_> = COMMON.lines().collect();
        let mut sorted = lines.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(lines, sorted, "sorted, each once");
        assert!(lines.iter().all(|line| line.len() >= MIN_PASSWORD && **line == line.to_lowercase()));
    }
}
