//! A mail server on this machine, which speaks enough SMTP to take mail and keeps it for the test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Header, blank line and body, as they came.
    pub text: String,
}

impl Mail {
    /// The value of a header, unfolded; `None` when it is not there.
    ///
    /// # Panics
    /// When it is there twice.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n").expect("a head");
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let lines = unfolded.split("\r\n").filter_map(|line| line.split_once(": "));
        let mut values = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned());
        let first = values.next();
        assert_eq!(values.next(), None, "{name} is there twice");
        first
    }

    /// The parts of a mail of several, by their media type, without their transfer encoding.
    ///
    /// # Panics
    /// When it is not of several parts.
    #[must_use]
    pub fn part(&self, media_type: &str) -> String {
        let kind = self.header("Content-Type").expect("a type");
        let boundary = kind.split("boundary=").nth(1).expect("a boundary").trim_matches('"').to_owned();
        let boundary = format!("--{boundary}");
        let mut parts = self.text.split(&boundary);
        let part = parts.find(|part| part.contains(&format!("Content-Type: {media_type}"))).expect("the part");
        let (head, body) = part.split_once("\r\n\r\n").expect("a head of the part");
        if head.contains("quoted-printable") { unquoted(body) } else { body.to_owned() }
    }

    /// The six digits of the code in it.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    pub fn code(&self) -> String {
        let plain = self.part("text/plain");
        let after = plain.split("Your code is ").nth(1).expect("a code");
        after.chars().take(6).collect()
    }
}

fn unquoted(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'=').then(|| after.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// How it answers the end of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// It takes it.
    Takes,
    /// It refuses it with this status.
    Answers(u16),
    /// It takes it, after so long.
    TakesAfter(Duration),
}

/// The mail server. It ends with this value.
#[derive(Debug)]
pub struct MailServer {
    address: std::net::SocketAddr,
    behaviour: Arc<Mutex<Behaviour>>,
    mails: watch::Receiver<Vec<Mail>>,
    serving: JoinHandle<()>,
}

impl MailServer {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let behaviour = Arc::new(Mutex::new(Behaviour::Takes));
        let (taken, mails) = watch::channel(Vec::new());
        let taken = Arc::new(taken);
        let serving = tokio::spawn({
            let behaviour = Arc::clone(&behaviour);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (behaviour, taken) = (Arc::clone(&behaviour), Arc::clone(&taken));
                    tokio::spawn(async move {
                        converse(stream, &behaviour, &taken).await.ok();
                    });
                }
            }
        });
        Self { address, behaviour, mails, serving }
    }

    /// Its address, as `email.smtp_url` takes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// From now on it does that.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Every mail so far.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.borrow().clone()
    }

    /// The `n`-th mail to an address, from 0, once it is there.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn mail_to(&self, address: &str, n: usize) -> Mail {
        let mut mails = self.mails.clone();
        let to = |mails: &Vec<Mail>| {
            let of_address = |mail: &&Mail| mail.to.iter().any(|to| to == address);
            mails.iter().filter(of_address).nth(n).cloned()
        };
        let found = tokio::time::timeout(Duration::from_secs(20), mails.wait_for(|mails| to(mails).is_some())).await;
        let found = to(&found.expect("a mail in time").expect("the server runs"));
        found.expect("the mail")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn converse(
    stream: TcpStream,
    behaviour: &Mutex<Behaviour>,
    taken: &watch::Sender<Vec<Mail>>,
) -> std::io::Result<()> {
    let (input, mut output) = stream.into_split();
    let mut lines = BufReader::new(input).lines();
    output.write_all(b"220 mail.example.com ESMTP\r\n").await?;
    let (mut from, mut to) = (String::new(), Vec::new());
    let inside = |line: &str| line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-mail.example.com\r\n250 8BITMIME\r\n".to_owned(),
            "MAIL" => {
                (from, to) = (inside(&line), Vec::new());
                "250 OK\r\n".to_owned()
            }
            "RCPT" => {
                to.push(inside(&line));
                "250 OK\r\n".to_owned()
            }
            "DATA" => {
                output.write_all(b"354 Go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push_str("\r\n");
                }
                let behaviour = *behaviour.lock().unwrap();
                if let Behaviour::TakesAfter(pause) = behaviour {
                    tokio::time::sleep(pause).await;
                }
                match behaviour {
                    Behaviour::Answers(status) => format!("{status} not {}\r\n", to.join(" ")),
                    Behaviour::Takes | Behaviour::TakesAfter(_) => {
                        let mail = Mail { from: from.clone(), to: to.clone(), text };
                        taken.send_modify(|mails| mails.push(mail));
                        "250 taken\r\n".to_owned()
                    }
                }
            }
            "QUIT" => {
                output.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 OK\r\n".to_owned(),
        };
        output.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}
