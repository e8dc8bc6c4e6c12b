//! One-time codes as lines of JSON.

use std::io::{self, Write};

use async_trait::async_trait;
use florin_app::port::{CodeMessage, OtpSender, PortError, Recipient};
use serde::Serialize;

/// Writes each message to standard output as one line of JSON: for trying things out, since whoever reads the output can
/// log in.
///
/// ```text
/// {"type":"otp","email":"ana@example.com","purpose":"verify","otp":"123456"}
/// {"type":"address_taken","email":"ana@example.com"}
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct LogOtpSender;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Otp {
        email: &'a str,
        purpose: &'a str,
        otp: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        phone: Option<&'a str>,
    },
    AddressTaken {
        email: &'a str,
    },
}

fn line(message: &CodeMessage) -> Result<String, serde_json::Error> {
    let mut line = serde_json::to_string(&match message {
        CodeMessage::Code { email, to, purpose, otp } => {
            let phone = match to {
                Recipient::Email(_) => None,
                Recipient::Phone(phone) => Some(phone.as_str()),
            };
            Line::Otp { email: email.as_str(), purpose: purpose.as_str(), otp, phone }
        }
        CodeMessage::AddressTaken { email } => Line::AddressTaken { email: email.as_str() },
    })?;
    line.push('\n');
    Ok(line)
}

#[async_trait]
impl OtpSender for LogOtpSender {
    async fn send(&self, message: &CodeMessage) -> Result<(), PortError> {
        let line = line(message).map_err(|error| PortError::Failed(error.into()))?;
        // Whoever reads the output may be slow. The lock is held for the whole line, so lines never mix.
        let written = tokio::task::spawn_blocking(move || {
            let mut output = io::stdout().lock();
            output.write_all(line.as_bytes())?;
            output.flush()
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(PortError::Failed(error.into())),
            Err(error) => Err(PortError::Failed(error.into())),
        }
    }

    fn reaches_phones(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::account::Email;
    use florin_domain::session::CodePurpose;

    use super::*;

    #[test]
    fn a_message_is_one_line() {
        let email = Email::parse("ana@example.com").unwrap();
        for (purpose, word) in
            [(CodePurpose::Verify, "verify"), (CodePurpose::Login, "login"), (CodePurpose::Reset, "reset")]
        {
            let to = Recipient::Email(email.clone());
            let message = CodeMessage::Code { email: email.clone(), to, purpose, otp: "012345".to_owned() };
            assert_eq!(
                line(&message).unwrap(),
                format!(
                    "{{\"type\":\"otp\",\"email\":\"ana@example.com\",\"purpose\":\"{word}\",\"otp\":\"012345\"}}\n"
                )
            );
        }
        assert_eq!(
            line(&CodeMessage::AddressTaken { email }).unwrap(),
            "{\"type\":\"address_taken\",\"email\":\"ana@example.com\"}\n"
        );
    }
}
