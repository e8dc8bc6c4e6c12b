//! What is said with a one-time code.

use florin_domain::session::{CODE_LIFETIME_MILLIS, CodePurpose};

/// A message in its forms.
pub(super) struct Words {
    /// The subject of a mail, and its heading.
    pub(super) subject: String,
    /// What a mail says.
    pub(super) paragraphs: Vec<String>,
    /// A short message; empty where there is none.
    pub(super) short: String,
}

/// A code.
pub(super) fn code(purpose: CodePurpose, otp: &str) -> Words {
    let (subject, use_it, if_not) = match purpose {
        CodePurpose::Verify => (
            "Prove your address",
            "prove your address and finish signing up to Florin",
            "If it was not you who signed up, ignore this mail: without the code nothing comes of it.",
        ),
        CodePurpose::Login => (
            "Your code to log in",
            "log in to Florin",
            "If it was not you who asked for it, ignore this mail and tell nobody the code. Your account is safe.",
        ),
        CodePurpose::Reset => (
            "Your code for a new password",
            "set a new password for Florin",
            "If it was not you who asked for it, ignore this mail and tell nobody the code. Your password stays as it is.",
        ),
        CodePurpose::Phone => (
            "Your code for your telephone number",
            "prove your telephone number to Florin",
            "If it was not you who asked for it, ignore this message: without the code nothing comes of it.",
        ),
    };
    let minutes = CODE_LIFETIME_MILLIS / 60_000;
    Words {
        subject: subject.to_owned(),
        paragraphs: vec![
            format!("Your code is {otp}"),
            format!("Use it to {use_it}. It is valid for {minutes} minutes and can be used once."),
            if_not.to_owned(),
        ],
        short: format!("{otp} is your code to {use_it}. Valid for {minutes} minutes. Tell it to nobody."),
    }
}

/// Somebody tried to sign up with an address that has an account.
pub(super) fn address_taken() -> Words {
    Words {
        subject: "You already have an account".to_owned(),
        paragraphs: vec![
            "Somebody, perhaps you, tried to sign up to Florin with this address, which has an account already."
                .to_owned(),
            "To get in, log in with your password, or ask for a code to log in with or to set a new password with."
                .to_owned(),
            "If it was not you, ignore this mail: nothing was changed.".to_owned(),
        ],
        short: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_says_what_it_is_for_and_how_long() {
        for purpose in [CodePurpose::Verify, CodePurpose::Login, CodePurpose::Reset, CodePurpose::Phone] {
            let words = code(purpose, "012345");
            let text = words.paragraphs.join("\n");
            for part in ["Your code is 012345", "valid for 10 minutes", "If it was not you", "Florin"] {
                assert!(text.contains(part), "{purpose:?}: {text}");
            }
            assert!(!words.subject.contains("012345"), "a subject is shown on locked screens");
            assert!(words.short.len() <= 160 && words.short.starts_with("012345 "), "{}", words.short);
        }
    }
}
