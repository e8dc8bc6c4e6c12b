//! What a password must be.

use crate::error::FieldError;

/// The fewest bytes of a password.
pub const MIN_PASSWORD: usize = 8;
/// The fewest bytes of an admin's password.
pub const MIN_ADMIN_PASSWORD: usize = 15;
/// The most bytes of a password; hashing more would be work for nothing.
const MAX_PASSWORD: usize = 1024;

/// Passwords that everybody tries first, in lower case, one a line: the 6,000 most frequent of at least eight bytes among
/// those that the password meter zxcvbn ranks (MIT licence), and what people make of the year, the season and this product.
const COMMON: &str = include_str!("common_passwords.txt");

/// Checks a new password: its length in bytes, and that it is none of those that everybody tries first, in whatever case:
/// neither a common one nor one of `own`, the person's address and name. There are no composition rules (trust.md, "Who may
/// do what").
#[must_use]
pub fn check_password(pointer: &str, password: &str, min: usize, own: &[&str]) -> Option<FieldError> {
    let (code, message) = match password.len() {
        n if n < min => ("password_too_short", format!("must be at least {min} bytes long")),
        n if n > MAX_PASSWORD => ("password_too_long", format!("must be at most {MAX_PASSWORD} bytes long")),
        _ if is_common(password) => ("password_too_common", "must not be a password that is widely used".to_owned()),
        _ if is_own(password, own) => ("password_too_common", "must not be the address or the name".to_owned()),
        _ => return None,
    };
    Some(FieldError::new(pointer, code, message))
}

fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let of_this_product =
        lower.strip_prefix("florin").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    of_this_product || COMMON.lines().any(|common| common == lower)
}

/// Whether it is an address, what stands before its `@`, or a name.
fn is_own(password: &str, own: &[&str]) -> bool {
    let lower = password.trim().to_lowercase();
    own.iter()
        .map(|own| own.trim().to_lowercase())
        .any(|own| own == lower || own.split_once('@').is_some_and(|(local_part, _)| local_part == lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_commonness_are_all_that_counts() {
        let code = |password: &str| check_password("/password", password, MIN_PASSWORD, &[]).map(|fault| fault.code);
        assert_eq!(code("1234567"), Some("password_too_short"));
        assert_eq!(code("ééééé"), None, "ten bytes");
        assert_eq!(code("PassWord123"), Some("password_too_common"));
        assert_eq!(code("aaaabbbb"), None, "no composition rules");
        assert_eq!(code(&"x".repeat(1024)), None);
        assert_eq!(code(&"x".repeat(1025)), Some("password_too_long"));
        assert_eq!(code("Florin2026"), Some("password_too_common"));
        assert_eq!(code("florin and more"), None);
    }

    #[test]
    fn nobodys_password_is_their_own_address_or_name() {
        let own = ["Ana.Maria@Example.com", " Ana María "];
        let code = |password: &str| check_password("/password", password, MIN_PASSWORD, &own).map(|fault| fault.code);
        for password in ["ana.maria@example.com", "ANA.MARIA", "ana maría"] {
            assert_eq!(code(password), Some("password_too_common"), "{password}");
        }
        assert_eq!(code("ana.maria@example.org"), None);
        assert_eq!(check_password("/password", "zzqzzqzz", MIN_PASSWORD, &["", " "]), None, "no name is no word");
    }

    #[test]
    fn the_list_is_tidy() {
        let lines: Vec<_> = COMMON.lines().collect();
        let mut sorted = lines.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(lines, sorted, "sorted, each once");
        assert!(lines.len() >= 3000, "the top 3000 of those that are long enough, as the ASVS asks");
        assert!(lines.iter().all(|line| line.len() >= MIN_PASSWORD && **line == line.to_lowercase()));
    }
}
