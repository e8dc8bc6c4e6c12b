//! Sending mail over SMTP: what notifications and one-time codes share.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use florin_app::port::SinkError;
use florin_domain::calendar::Timestamp;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use secrecy::ExposeSecret;

use super::text::line;
use super::{ChannelError, later, refused, timeout};
use crate::settings::Settings;

const URL_KEY: &str = "email.smtp_url";
const FROM_KEY: &str = "email.from";
/// How many connections to the relay are kept.
const CONNECTIONS: u32 = 8;
/// What the protocol answers when the credentials are at fault (RFC 4954), which is none of the mail's.
const CREDENTIALS_AT_FAULT: [u16; 4] = [530, 534, 535, 538];

/// The server that takes mail.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Relay {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<(String, String)>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, security, credentials: _ } = self;
        f.debug_struct("Relay")
            .field("host", host)
            .field("port", port)
            .field("security", security)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// None: on this machine.
    None,
    /// STARTTLS, which the server must offer.
    Upgraded,
    /// TLS from the first byte.
    Whole,
}

impl Relay {
    /// Reads `email.smtp_url`.
    ///
    /// # Errors
    /// [`ChannelError`], which tells nothing of the address.
    pub(crate) fn read(text: &str) -> Result<Self, ChannelError> {
        let wrong = |reason: &str| ChannelError::new(URL_KEY, reason);
        let url = Url::parse(text).map_err(|_| wrong("must be smtp:// or smtps:// and a host"))?;
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let (security, port) = match url.scheme() {
            "smtp" if is_here => (Security::None, 587),
            "smtp" => (Security::Upgraded, 587),
            "smtps" => (Security::Whole, 465),
            _ => return Err(wrong("must begin with smtp:// or smtps://")),
        };
        let has_more = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        if host.is_empty() || has_more {
            return Err(wrong("must be a host, and at most a user, a password and a port besides"));
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => {
                let both = decoded(user).ok().zip(decoded(password.unwrap_or_default()).ok());
                Some(both.ok_or_else(|| wrong("has a user or password that is not UTF-8"))?)
            }
        };
        Ok(Self { host, port: url.port().unwrap_or(port), security, credentials })
    }
}

/// Reads `email.from`.
///
/// # Errors
/// [`ChannelError`].
pub(crate) fn read_sender(text: &str) -> Result<Mailbox, ChannelError> {
    text.parse().map_err(|_| ChannelError::new(FROM_KEY, "must be an address such as Florin <florin@example.com>"))
}

/// A mail to one person.
#[derive(Clone)]
pub(crate) struct Mail {
    /// The address.
    pub(crate) to: String,
    /// What its owner is called; may be empty.
    pub(crate) name: String,
    /// The subject.
    pub(crate) subject: String,
    /// What it says, as plain text.
    pub(crate) plain: String,
    /// The same as HTML.
    pub(crate) html: String,
    /// What the part of the `Message-ID` before its `@` is: the same at every try, so that mail programs find repeats.
    pub(crate) id: String,
    /// When.
    pub(crate) at: Timestamp,
}

/// Sends mail.
#[derive(Clone)]
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

impl Mailer {
    /// As `[email]` says. Nothing is connected to yet.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub(crate) fn new(settings: &Settings) -> Result<Self, ChannelError> {
        let Relay { host, port, security, credentials } = Relay::read(settings.email.smtp_url.expose_secret())?;
        let from = read_sender(&settings.email.from)?;
        let failed = |_| ChannelError::new(URL_KEY, "names a host that TLS cannot check");
        let tls = || {
            let trusting = TlsParameters::builder(host.clone()).certificate_store(CertificateStore::WebpkiRoots);
            trusting.build_rustls().map_err(failed)
        };
        let tls = match security {
            Security::None => Tls::None,
            Security::Upgraded => Tls::Required(tls()?),
            Security::Whole => Tls::Wrapper(tls()?),
        };
        let timeout = timeout(settings);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(timeout))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(Duration::from_secs(30)));
        if let Some((user, password)) = credentials {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self { transport: builder.build(), from, timeout })
    }

    /// Sends a mail, and returns when the relay has taken it.
    ///
    /// # Errors
    /// [`SinkError`].
    pub(crate) async fn send(&self, mail: &Mail) -> Result<(), SinkError> {
        let message = self.message(mail)?;
        let transport = self.transport.clone();
        // In a task of its own: a conversation that is dropped half way would leave its connection in the pool, where the next
        // mail took the late answer to this one for its own. Each step of it has the same bound.
        let sending = tokio::spawn(async move { transport.send(message).await });
        match tokio::time::timeout(self.timeout, sending).await {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err(error))) => Err(meaning(&error)),
            Ok(Err(_)) => Err(later("the sender of mail ended")),
            Err(_) => Err(later("the mail server did not answer in time")),
        }
    }

    fn message(&self, mail: &Mail) -> Result<Message, SinkError> {
        let address: Address = mail.to.parse().map_err(|_| refused("the address cannot be written in a mail"))?;
        let name = Some(line(&mail.name)).filter(|name| !name.trim().is_empty());
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let since_1970 = Duration::from_millis(u64::try_from(mail.at.0).unwrap_or_default());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(name, address))
            .subject(line(&mail.subject))
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .date(SystemTime::UNIX_EPOCH + since_1970)
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(mail.plain.clone(), mail.html.clone()))
            .map_err(|_| refused("the mail cannot be written"))
    }
}

/// What a failure means. The text of an answer may name the recipient, so only its number is told.
fn meaning(error: &lettre::transport::smtp::Error) -> SinkError {
    let status = error.status().map(u16::from);
    match status {
        Some(status) if CREDENTIALS_AT_FAULT.contains(&status) => {
            later(format!("the mail server refused the credentials: {status}"))
        }
        Some(status) if error.is_permanent() => refused(format!("the mail server refused it: {status}")),
        Some(status) => later(format!("the mail server answered {status}")),
        None if error.is_timeout() => later("the mail server did not answer in time"),
        None if error.is_tls() => later("no TLS with the mail server"),
        None if error.is_client() => later("the mail server does not speak as it should"),
        None => later("the mail server cannot be connected to"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer() -> Mailer {
        let mut settings = Settings::built_in().unwrap();
        settings.email.smtp_url = "smtp://127.0.0.1:1".into();
        settings.email.from = "Florin <florin@example.com>".to_owned();
        Mailer::new(&settings).unwrap()
    }

    fn mail() -> Mail {
        let text = |text: &str| text.to_owned();
        let (to, name, subject, id) = (text("ana@example.org"), text("Ana"), text("Over your limit"), text("n.9"));
        Mail {
            to,
            name,
            subject,
            id,
            plain: text("plain\n"),
            html: text("<p>html</p>\n"),
            at: Timestamp(1_772_357_400_125),
        }
    }

    #[tokio::test]
    async fn a_mail_has_both_forms_and_a_stable_id() {
        let text = String::from_utf8(mailer().message(&mail()).unwrap().formatted()).unwrap();
        for line in [
            "From: Florin <florin@example.com>",
            "To: Ana <ana@example.org>",
            "Subject: Over your limit",
            "Message-ID: <n.9@example.com>",
            "Auto-Submitted: auto-generated",
            "Date: Sun, 01 Mar 2026 09:30:00 +0000",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line}: {text}");
        }
        assert!(text.contains("Content-Type: multipart/alternative;"), "{text}");
    }

    #[tokio::test]
    async fn names_and_subjects_add_no_header() {
        let evil = "x\r\nBcc: eve@example.net\r\n\r\nbody \u{1}\u{2028}é, <eve@example.net>";
        let mail = Mail { name: evil.to_owned(), subject: evil.to_owned(), ..mail() };
        let message = mailer().message(&mail).unwrap();
        let recipients: Vec<_> = message.envelope().to().iter().map(ToString::to_string).collect();
        assert_eq!(recipients, ["ana@example.org"]);
        let text = String::from_utf8(message.formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let names: Vec<_> = head
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap().to_ascii_lowercase())
            .collect();
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(
            sorted,
            ["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"],
            "{head}"
        );
        assert!(!head.contains("eve@example.net>,"), "{head}");
    }

    #[tokio::test]
    async fn what_is_no_address_is_refused_and_not_named() {
        for to in ["ana@example.org\r\nBcc: eve@example.net", "nobody", ""] {
            let error = mailer().message(&Mail { to: to.to_owned(), ..mail() }).unwrap_err();
            assert_eq!(error, refused("the address cannot be written in a mail"));
        }
    }

    #[test]
    fn relays_are_read() {
        let relay = |host: &str, port, security| Relay { host: host.to_owned(), port, security, credentials: None };
        for (url, read) in [
            ("smtp://localhost", relay("localhost", 587, Security::None)),
            ("smtp://[::1]:25", relay("::1", 25, Security::None)),
            ("smtp://mail.example.com", relay("mail.example.com", 587, Security::Upgraded)),
            ("smtps://mail.example.com/", relay("mail.example.com", 465, Security::Whole)),
        ] {
            assert_eq!(Relay::read(url), Ok(read), "{url}");
        }
        let with_user = Relay::read("smtps://ana%40example.com:p%2Fw%3A@mail.example.com:2465").unwrap();
        assert_eq!(with_user.credentials, Some(("ana@example.com".to_owned(), "p/w:".to_owned())));
        assert!(!format!("{with_user:?}").contains("w:"), "{with_user:?}");
        for bad in ["", "mail.example.com", "http://mail.example.com", "smtp://", "smtp://h/path", "smtp://h?tls=none"]
        {
            assert_eq!(Relay::read(bad).unwrap_err().key, URL_KEY, "{bad}");
        }
        assert!(read_sender("Florin <florin@example.com>").is_ok());
        assert_eq!(read_sender("Florin").unwrap_err().key, FROM_KEY);
    }
}
