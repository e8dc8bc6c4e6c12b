//! Telephone numbers, for short messages.

use std::fmt;

/// A telephone number as ITU-T E.164 writes it: a plus sign and 8 to 15 digits, the first of which is not 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Not a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a telephone number with its country code, such as +919812345678")]
pub struct InvalidPhone;

impl Phone {
    /// Reads a number. Blanks, dashes, dots and brackets between its digits are left out.
    ///
    /// # Errors
    /// [`InvalidPhone`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidPhone> {
        let digits = text.trim().strip_prefix('+').ok_or(InvalidPhone)?;
        let digits: String = digits.chars().filter(|c| !" -.()".contains(*c)).collect();
        let well_formed =
            (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if well_formed { Ok(Self(format!("+{digits}"))) } else { Err(InvalidPhone) }
    }

    /// The number, as `+919812345678`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a number as this crate once stored it.
    #[must_use]
    pub const fn from_stored(number: String) -> Self {
        Self(number)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(Phone::parse(" +91 (98123) 456-78 ").unwrap().as_str(), "+919812345678");
        assert_eq!(Phone::parse("+12345678").unwrap().to_string(), "+12345678");
        assert_eq!(Phone::parse("+123456789012345").unwrap().to_string(), "+123456789012345");
        assert_eq!(Phone::from_stored("+12345678".to_owned()).as_str(), "+12345678");
        for bad in [
            "",
            "+",
            "919812345678",
            "+0123456789",
            "+1234567",
            "+1234567890123456",
            "+91x9812345678",
            "+９１９８１２３４５６７８",
        ] {
            assert_eq!(Phone::parse(bad), Err(InvalidPhone), "{bad:?}");
        }
    }
}
