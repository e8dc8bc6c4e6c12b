//! An HTTP server on this machine that answers by a script and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method and target, as `POST /hook`.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Request {
    /// The value of a header.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        crate::parse(&self.body)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A status, headers, and a body.
    Says(u16, Vec<(&'static str, String)>, String),
    /// None at all, while the connection stays open.
    Hangs,
}

impl Reply {
    /// A bare status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Says(status, Vec::new(), String::new())
    }

    /// A status with one header.
    #[must_use]
    pub fn with_header(status: u16, name: &'static str, value: &str) -> Self {
        Self::Says(status, vec![(name, value.to_owned())], String::new())
    }

    /// A status with JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Says(status, vec![("content-type", "application/json".to_owned())], body.to_string())
    }
}

/// The server. It ends with this value.
#[derive(Debug)]
pub struct HttpSink {
    address: std::net::SocketAddr,
    script: Arc<Mutex<VecDeque<Reply>>>,
    requests: Arc<Mutex<Vec<Request>>>,
    serving: JoinHandle<()>,
}

impl HttpSink {
    /// Starts one that answers 200 to what the script does not answer.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (script, requests) = (Arc::<Mutex<VecDeque<Reply>>>::default(), Arc::<Mutex<Vec<Request>>>::default());
        let serving = tokio::spawn({
            let (script, requests) = (Arc::clone(&script), Arc::clone(&requests));
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (script, requests) = (Arc::clone(&script), Arc::clone(&requests));
                    tokio::spawn(async move {
                        answer(stream, &script, &requests).await.ok();
                    });
                }
            }
        });
        Self { address, script, requests, serving }
    }

    /// Its address, as `http://127.0.0.1:1234`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers the next requests so, one after another.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().extend(replies);
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The last request.
    ///
    /// # Panics
    /// When there was none.
    #[must_use]
    pub fn last(&self) -> Request {
        self.requests().pop().expect("a request")
    }
}

impl Drop for HttpSink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One request a connection.
async fn answer(
    mut stream: TcpStream,
    script: &Mutex<VecDeque<Reply>>,
    requests: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
    let request = loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(request) = whole(&bytes) {
            break request;
        }
    };
    requests.lock().unwrap().push(request);
    let reply = script.lock().unwrap().pop_front().unwrap_or_else(|| Reply::status(200));
    let Reply::Says(status, headers, body) = reply else {
        tokio::time::sleep(Duration::from_secs(600)).await;
        return Ok(());
    };
    let mut text = format!("HTTP/1.1 {status} so\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes()).await?;
    stream.shutdown().await
}

/// A request, once it is there to its end.
fn whole(bytes: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let fields = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<_> = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
    let complete = body.len() >= length.parse::<usize>().ok()?;
    complete.then(|| Request { line, headers, body: body.to_owned() })
}
