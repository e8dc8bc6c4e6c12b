//! Mail.

use std::sync::Arc;
use std::time::Duration;

use acceptance::smtp::{Behaviour, MailServer};
use florin_app::port::{NotificationSink, SinkError};
use florin_domain::notification::Channel;
use florin_domain::notification::delivery::{Address, Leased};
use florin_infra::settings::ChannelName;

use super::{channel, delivery, later, refused};

fn email(server: &MailServer, timeout_ms: u64) -> Arc<dyn NotificationSink> {
    let url = server.url();
    let made = channel(ChannelName::Email, |settings| {
        settings.email.smtp_url = url.into();
        settings.email.from = "Florin <florin@example.com>".to_owned();
        settings.delivery.timeout_ms = timeout_ms;
    });
    made.unwrap().0
}

fn to(email: &str, name: &str, category: &str) -> Leased {
    let address = Address::Email { email: email.to_owned(), name: name.to_owned() };
    delivery(Channel::Email, address, category)
}

#[tokio::test]
async fn a_mail_says_it_in_plain_text_and_in_html() {
    let server = MailServer::start().await;
    let email = email(&server, 10_000);
    assert_eq!(email.deliver(&to("ana@example.org", "Ána", "R&D <b>")).await, Ok(()));
    let mail = server.mail_to("ana@example.org", 0).await;
    assert_eq!((mail.from.as_str(), mail.to.len()), ("florin@example.com", 1));
    for (name, value) in [
        ("From", "Florin <florin@example.com>"),
        ("Subject", "Over your limit: R&D <b>"),
        ("Message-ID", "<notification.9@example.com>"),
        ("Auto-Submitted", "auto-generated"),
        ("Date", "Tue, 10 Mar 2026 06:30:00 +0000"),
    ] {
        assert_eq!(mail.header(name).as_deref(), Some(value), "{name}");
    }
    let plain = mail.part("text/plain");
    assert!(plain.starts_with("Hello Ána,\r\n\r\nYou have overspent in category R&D <b>.\r\n"), "{plain:?}");
    assert!(plain.contains("Spent in 2026-03: INR 1250.75. Your limit: INR 1000.00."), "{plain}");
    let html = mail.part("text/html");
    assert!(html.contains("<p>You have overspent in category R&amp;D &lt;b&gt;.</p>"), "{html}");

    assert_eq!(email.deliver(&to("ana@example.org", "Ána", "Food")).await, Ok(()));
    let again = server.mail_to("ana@example.org", 1).await;
    assert_eq!(again.header("Message-ID"), mail.header("Message-ID"), "so that a repeat is found");
}

#[tokio::test]
async fn nobody_adds_a_header_or_a_recipient() {
    let server = MailServer::start().await;
    let email = email(&server, 10_000);
    let evil = "x\r\nBcc: eve@example.net\r\n\r\nhello";
    assert_eq!(email.deliver(&to("ana@example.org", evil, evil)).await, Ok(()));
    let mail = server.mail_to("ana@example.org", 0).await;
    assert_eq!(mail.to, ["ana@example.org"]);
    assert_eq!(mail.header("Bcc"), None);
    assert!(mail.header("Subject").unwrap().contains("Over your limit"));
    let outcome = email.deliver(&to("ana@example.org>\r\nRCPT TO:<eve@example.net", "", "Food")).await;
    assert_eq!(outcome, refused("the address cannot be written in a mail"));
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn each_answer_has_its_meaning_and_names_nobody() {
    let server = MailServer::start().await;
    let email = email(&server, 10_000);
    let mail = to("ana@example.org", "Ana", "Food");
    for (status, outcome) in [
        (450, later("the mail server answered 450", None)),
        (550, refused("the mail server refused it: 550")),
        (535, later("the mail server refused the credentials: 535", None)),
    ] {
        server.behave(Behaviour::Answers(status));
        assert_eq!(email.deliver(&mail).await, outcome);
    }
    server.behave(Behaviour::Takes);
    assert_eq!(email.deliver(&mail).await, Ok(()), "the connection is of use after a refusal");
    assert_eq!(
        email.deliver(&Leased { address: Address::Gone, ..mail }).await.unwrap_err(),
        SinkError::Gone { reason: "there is nowhere to send it to any more".to_owned() }
    );
}

#[tokio::test]
async fn a_slow_server_is_left_in_time_and_its_late_answer_is_nobody_elses() {
    let server = MailServer::start().await;
    let email = email(&server, 300);
    server.behave(Behaviour::TakesAfter(Duration::from_secs(2)));
    let outcome = email.deliver(&to("ana@example.org", "Ana", "Food")).await;
    assert_eq!(outcome, later("the mail server did not answer in time", None));
    server.behave(Behaviour::Answers(550));
    let next = email.deliver(&to("bo@example.org", "Bo", "Food")).await;
    assert_eq!(next, refused("the mail server refused it: 550"));
}
