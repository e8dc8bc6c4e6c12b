//! A sender of one-time codes that keeps them for the test.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use florin_app::port::{CodeMessage, OtpSender, PortError, Recipient};

/// Keeps every message. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Codes(Arc<Mutex<Vec<CodeMessage>>>);

impl Codes {
    /// Every message to an address so far, oldest first: the purpose of a code and its digits, or `taken` and nothing.
    #[must_use]
    pub fn all(&self, address: &str) -> Vec<(&'static str, String)> {
        let messages = self.0.lock().unwrap();
        let to_address = messages.iter().filter_map(|message| match message {
            CodeMessage::Code { email, purpose, otp, .. } if email.as_str() == address => {
                Some((purpose.as_str(), otp.clone()))
            }
            CodeMessage::AddressTaken { email } if email.as_str() == address => Some(("taken", String::new())),
            _ => None,
        });
        to_address.collect()
    }

    /// The telephone numbers to which codes of an account went, oldest first.
    #[must_use]
    pub fn phones(&self, address: &str) -> Vec<String> {
        let messages = self.0.lock().unwrap();
        let to_phone = messages.iter().filter_map(|message| match message {
            CodeMessage::Code { email, to: Recipient::Phone(phone), .. } if email.as_str() == address => {
                Some(phone.to_string())
            }
            _ => None,
        });
        to_phone.collect()
    }

    /// The latest code for a purpose (`verify`, `login`, `reset`, `phone`).
    #[must_use]
    #[track_caller]
    pub fn latest(&self, address: &str, purpose: &str) -> String {
        let codes = self.all(address);
        let code = codes.into_iter().rev().find(|(sent, _)| *sent == purpose);
        code.unwrap_or_else(|| panic!("no {purpose} code was sent to {address}")).1
    }
}

/// Another code of six digits.
#[must_use]
pub fn another_code(code: &str) -> String {
    let number: u32 = code.parse().expect("six digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

#[async_trait]
impl OtpSender for Codes {
    async fn send(&self, message: &CodeMessage) -> Result<(), PortError> {
        self.0.lock().unwrap().push(message.clone());
        Ok(())
    }

    fn reaches_phones(&self) -> bool {
        true
    }
}
