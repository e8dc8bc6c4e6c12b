//! One-time codes by mail, of the real program.

use std::time::{Duration, Instant};

use acceptance::binary::Place;
use acceptance::database::TestDatabase;
use acceptance::json;
use acceptance::smtp::{Behaviour, MailServer};

const EMAIL: &str = "ana@example.com";

fn place(database: &TestDatabase, mail: &MailServer) -> Place {
    Place::new(database.url())
        .with("FLORIN__OTP__DELIVERY", "smtp")
        .with("FLORIN__EMAIL__SMTP_URL", &mail.url())
        .with("FLORIN__EMAIL__FROM", "Florin <florin@example.com>")
}

#[tokio::test]
async fn production_signs_people_up_by_mail() {
    let (database, mail) = (TestDatabase::migrated().await, MailServer::start().await);
    let place = place(&database, &mail)
        .with("FLORIN_ENV", "production")
        .with("FLORIN__AUTH__SECRET", "pXq2v9Lk3Rz8Tn5Wc1Jy7Hd4Bf6Gm0Sa")
        .with("FLORIN__AUTH__ARGON2_M_KIB", "19456")
        .with("FLORIN__AUTH__ARGON2_T", "2")
        .with("FLORIN__DEMO__ALLOWED", "false")
        .with("FLORIN__LIMITS__REQUESTS_PER_MINUTE", "600")
        .with("FLORIN__LIMITS__IN_FLIGHT_PER_CLIENT", "64");
    let server = place.serve().await;
    let client = server.client.clone();
    let body = json!({"email": EMAIL, "password": "a password of many words"});
    client.register(&body).await.expect(202);
    let first = mail.mail_to(EMAIL, 0).await;
    assert_eq!(first.header("Subject").as_deref(), Some("Prove your address"));
    for part in [first.part("text/plain"), first.part("text/html")] {
        assert!(part.contains(&first.code()) && part.contains("valid for 10 minutes"), "{part}");
    }
    client.verify(EMAIL, &first.code()).await.expect(200);
    client.request_code(EMAIL).await.expect(202);
    let second = mail.mail_to(EMAIL, 1).await;
    assert_ne!(first.header("Message-ID"), second.header("Message-ID"));
    client.login_with_code(EMAIL, &second.code()).await.expect(200);
    client.register(&body).await.expect(202);
    let taken = mail.mail_to(EMAIL, 2).await;
    assert_eq!(taken.header("Subject").as_deref(), Some("You already have an account"));
    client.post("/auth/otp", &json!({"email": EMAIL, "channel": "sms"})).await.refused(409, "sms_unavailable");
    let log = server.stop().await;
    let told = |secret: &str| log.iter().any(|line| line.contains(secret));
    assert!(!told(EMAIL) && !told(&first.code()) && !told(&second.code()), "{log:?}");
}

#[tokio::test]
async fn nobody_waits_for_the_mail_server_and_what_waits_is_sent_before_the_end() {
    let (database, mail) = (TestDatabase::migrated().await, MailServer::start().await);
    let server = place(&database, &mail).serve().await;
    mail.behave(Behaviour::TakesAfter(Duration::from_millis(1500)));
    let begun = Instant::now();
    for n in 0..4 {
        let body = json!({"email": format!("person{n}@example.com"), "password": "a password of many words"});
        server.client.register(&body).await.expect(202);
    }
    assert!(begun.elapsed() < Duration::from_millis(4 * 1500), "{:?}", begun.elapsed());
    server.stop().await;
    assert_eq!(mail.mails().len(), 4);
}

#[tokio::test]
async fn a_code_that_was_not_taken_is_sent_again() {
    let (database, mail) = (TestDatabase::migrated().await, MailServer::start().await);
    let server = place(&database, &mail).serve().await;
    mail.behave(Behaviour::Answers(451));
    server.client.register(&json!({"email": EMAIL, "password": "a password of many words"})).await.expect(202);
    tokio::time::sleep(Duration::from_millis(500)).await;
    mail.behave(Behaviour::Takes);
    let code = mail.mail_to(EMAIL, 0).await.code();
    server.client.verify(EMAIL, &code).await.expect(200);
    server.stop().await;
}
