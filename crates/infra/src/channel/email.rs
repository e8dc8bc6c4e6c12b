//! Notifications by mail.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use florin_app::port::{Clock, NotificationSink, SinkError};
use florin_domain::notification::delivery::{Address, Leased};
use florin_domain::notification::{Notice, Overspend};

use super::mail::{Mail, Mailer};
use super::text::{html, plain};
use super::{ChannelError, misaddressed, unaddressed};
use crate::settings::Settings;

/// Mails each notification to the account's address.
pub struct EmailSink {
    mailer: Mailer,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for EmailSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailSink").finish_non_exhaustive()
    }
}

impl EmailSink {
    /// As `[email]` says.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, ChannelError> {
        Ok(Self { mailer: Mailer::new(settings)?, clock })
    }
}

#[async_trait]
impl NotificationSink for EmailSink {
    async fn deliver(&self, delivery: &Leased) -> Result<(), SinkError> {
        let (email, name) = match &delivery.address {
            Address::Email { email, name } => (email, name),
            Address::Gone => return Err(unaddressed()),
            _ => return Err(misaddressed()),
        };
        let notice = &delivery.notification.notice;
        let (title, message) = (notice.title(), notice.message());
        let greeting = if name.trim().is_empty() { "Hello,".to_owned() } else { format!("Hello {},", name.trim()) };
        let figures = match notice {
            Notice::Overspend(overspend) => Some(figures(overspend)),
            Notice::Inactivity(_) => None,
        };
        let mut paragraphs = vec![greeting.as_str(), &message];
        paragraphs.extend(figures.as_deref());
        paragraphs.push("You can choose what Florin tells you, and how, in the preferences of your account.");
        let mail = Mail {
            to: email.clone(),
            name: name.clone(),
            plain: plain(&paragraphs),
            html: html(&title, &paragraphs),
            subject: title,
            id: format!("notification.{}", delivery.notification.id),
            at: self.clock.now(),
        };
        self.mailer.send(&mail).await
    }
}

fn figures(overspend: &Overspend) -> String {
    let Overspend { currency, month, .. } = overspend;
    let amount = |minor| format!("{} {}", currency.code(), currency.format(minor));
    format!("Spent in {month}: {}. Your limit: {}.", amount(overspend.spent), amount(overspend.limit))
}
