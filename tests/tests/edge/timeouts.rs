//! Clients that are slow on purpose.

use std::time::Duration;

use acceptance::{App, raw, spawn_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn impatient() -> App {
    spawn_with(|settings| {
        settings.server.head_timeout_ms = 600;
        settings.server.body_timeout_ms = 600;
    })
    .await
}

/// Sends a byte every 100 ms, and returns after how long the server gave up, with what it said; `None` when it did not.
async fn drip(base: &str, start: &str, rest: &[u8]) -> Option<(Duration, String)> {
    let began = std::time::Instant::now();
    let stream = raw::connect(base).await;
    let (mut read, mut write) = stream.into_split();
    write.write_all(start.as_bytes()).await.unwrap();
    let rest = rest.to_vec();
    let writer = tokio::spawn(async move {
        for byte in rest {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if write.write_all(&[byte]).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    });
    let mut answer = Vec::new();
    let reading = read.read_buf(&mut answer);
    let ended = tokio::time::timeout(Duration::from_secs(4), reading).await.is_ok();
    writer.abort();
    ended.then(|| (began.elapsed(), String::from_utf8_lossy(&answer).into_owned()))
}

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let app = impatient().await;
    let base = app.client.base();
    let (_, closed) = raw::exchange(base, b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ", Duration::from_secs(4)).await;
    let closed = closed.expect("the connection is closed");
    assert!(closed < Duration::from_secs(3), "{closed:?}");
    let ended = drip(base, "GET /livez HTTP/1.1\r\n", "X-A: 1\r\n".repeat(20).as_bytes()).await;
    assert!(ended.is_some(), "a byte now and then keeps no connection open");
    // So many of them keep nobody out.
    let idle: Vec<_> = futures::future::join_all((0..200).map(|_| raw::connect(base))).await;
    app.client.at("GET", "/livez").await.expect(200);
    drop(idle);
}

#[tokio::test]
async fn a_slow_body_is_answered_408() {
    let app = impatient().await;
    let head =
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    let (answer, _) =
        raw::exchange(app.client.base(), format!("{head}{{\"em").as_bytes(), Duration::from_secs(2)).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("application/problem+json") && answer.contains("\"request_id\""), "{answer}");
    let (after, answer) = drip(app.client.base(), head, " ".repeat(40).as_bytes()).await.unwrap_or_default();
    assert!(after < Duration::from_secs(3) && answer.starts_with("HTTP/1.1 408 "), "{after:?}: {answer}");
}

#[tokio::test]
async fn the_whole_body_is_timed_on_personal_routes_too() {
    let app = impatient().await;
    let user = app.user().await;
    let head = format!(
        "POST /api/v1/expenses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n5\r\n{{\"amo\r\n",
        user.token().unwrap()
    );
    let (answer, _) = raw::exchange(app.client.base(), head.as_bytes(), Duration::from_secs(2)).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(user.all("/actions", 50).await.len(), 0);
}
