//! Bytes on a TCP connection, for what no HTTP library would send.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A connection to `http://HOST:PORT`.
pub async fn connect(base: &str) -> TcpStream {
    let address = base.strip_prefix("http://").expect("an http:// address");
    TcpStream::connect(address).await.expect("the server listens")
}

/// Sends bytes, then reads until the server closes the connection or `patience` is over. Returns what came, and after how
/// long it was closed; `None` when it was not.
pub async fn exchange(base: &str, bytes: &[u8], patience: Duration) -> (String, Option<Duration>) {
    let began = Instant::now();
    let mut stream = connect(base).await;
    stream.write_all(bytes).await.ok();
    let mut answer = Vec::new();
    let closed = timeout(patience, async {
        let mut chunk = [0; 4096];
        loop {
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return began.elapsed(),
                Ok(n) => answer.extend_from_slice(&chunk[..n]),
            }
        }
    });
    let closed = closed.await.ok();
    (String::from_utf8_lossy(&answer).into_owned(), closed)
}

/// Sends bytes, waits for `pause`, and cuts the connection with RST, as a client that crashes or loses its network does.
pub async fn abort(base: &str, bytes: &[u8], pause: Duration) {
    let mut stream = connect(base).await;
    stream.write_all(bytes).await.ok();
    tokio::time::sleep(pause).await;
    stream.set_zero_linger().ok();
}
