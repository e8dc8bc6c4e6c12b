//! One-time codes by mail and by short message, one at a time.

use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use florin_app::port::{Clock, CodeMessage, Recipient, SinkError};

use super::words::{Words, address_taken, code};
use crate::channel::{ChannelError, Mail, Mailer, SmsGateway, html, plain};
use crate::settings::Settings;

/// Sends one message, and returns when the other side has taken it.
#[async_trait]
pub(super) trait Courier: Send + Sync {
    /// Sends it. `name` is the same at every try.
    ///
    /// # Errors
    /// [`SinkError`].
    async fn carry(&self, message: &CodeMessage, name: &str) -> Result<(), SinkError>;

    /// Whether it reaches telephones.
    fn reaches_phones(&self) -> bool;
}

/// Mail, and short messages where they are set.
pub(super) struct Post {
    mailer: Mailer,
    sms: Option<SmsGateway>,
    clock: Arc<dyn Clock>,
}

impl Post {
    /// As `[otp]`, `[email]` and `[sms]` say.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub(super) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, ChannelError> {
        let sms = settings.otp.sms.then(|| SmsGateway::new(settings, Arc::clone(&clock))).transpose()?;
        Ok(Self { mailer: Mailer::new(settings)?, sms, clock })
    }

    async fn mail(&self, to: &str, words: Words, name: &str) -> Result<(), SinkError> {
        let paragraphs: Vec<&str> = words.paragraphs.iter().map(String::as_str).collect();
        let mail = Mail {
            to: to.to_owned(),
            name: String::new(),
            plain: plain(&paragraphs),
            html: html(&words.subject, &paragraphs),
            subject: words.subject,
            id: format!("code.{name}"),
            at: self.clock.now(),
        };
        self.mailer.send(&mail).await
    }
}

#[async_trait]
impl Courier for Post {
    async fn carry(&self, message: &CodeMessage, name: &str) -> Result<(), SinkError> {
        match message {
            CodeMessage::Code { to: Recipient::Email(email), purpose, otp, .. } => {
                self.mail(email.as_str(), code(*purpose, otp), name).await
            }
            CodeMessage::Code { to: Recipient::Phone(phone), purpose, otp, .. } => match &self.sms {
                Some(sms) => sms.send(phone.as_str(), &code(*purpose, otp).short).await,
                None => Err(SinkError::Refused { reason: "otp.sms is false".to_owned() }),
            },
            CodeMessage::AddressTaken { email } => self.mail(email.as_str(), address_taken(), name).await,
        }
    }

    fn reaches_phones(&self) -> bool {
        self.sms.is_some()
    }
}

/// A name for a message, at random.
pub(super) fn new_name() -> String {
    let mut bytes = [0; 16];
    // Without randomness two messages may bear one name; whether they arrive does not depend on it.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}
