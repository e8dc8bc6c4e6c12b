//! Bodies: their media type and their size.

use std::time::Duration;

use acceptance::{json, raw, spawn};

const MEBIBYTE: usize = 1024 * 1024;

#[tokio::test]
async fn bodies_must_be_json_in_utf_8() {
    let app = spawn().await;
    let user = app.user().await;
    let body = br#"{"amount": "1"}"#;
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
        "text/json",
        "nonsense",
        "*/*",
    ] {
        let answer = user.call("POST", "/expenses").body(media_type, body).await;
        answer.refused(415, "unsupported_media_type");
    }
    user.call("POST", "/expenses").bare_body(body).await.refused(415, "unsupported_media_type");
    user.call("POST", "/expenses")
        .header("content-encoding", "gzip")
        .raw_json("{}")
        .await
        .refused(415, "unsupported_media_type");
    for media_type in [
        "application/json",
        "Application/JSON",
        "application/json; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
    ] {
        user.call("POST", "/expenses").body(media_type, body).await.expect(201);
    }
    assert_eq!(user.all("/actions", 50).await.len(), 4);
}

#[tokio::test]
async fn a_body_of_more_than_a_mebibyte_is_413() {
    let app = spawn().await;
    let user = app.user().await;
    let sized = |bytes: usize| {
        let frame = r#"{"amount": "1", "notes": ""}"#.len();
        format!(r#"{{"amount": "1", "notes": "{}"}}"#, "n".repeat(bytes - frame))
    };
    user.call("POST", "/expenses").raw_json(&sized(MEBIBYTE)).await.invalid(&["/notes too_long"]);
    user.call("POST", "/expenses").raw_json(&sized(MEBIBYTE + 1)).await.refused(413, "body_too_large");
    user.call("POST", "/expenses").raw_json(&sized(3 * MEBIBYTE)).await.refused(413, "body_too_large");
    app.client.call("POST", "/auth/login").raw_json(&sized(2 * MEBIBYTE)).await.refused(413, "body_too_large");
    assert_eq!(user.all("/expenses", 50).await.len(), 0);
}

#[tokio::test]
async fn a_size_that_is_only_announced_is_refused_at_once() {
    let app = spawn().await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let announced = format!("{head}Content-Length: 10000000000\r\n\r\n");
    let (answer, _) = raw::exchange(app.client.base(), announced.as_bytes(), Duration::from_secs(1)).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("body_too_large"), "{answer}");
    // Not announced: told as soon as it is too much.
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..20 {
        chunked.extend_from_slice(format!("{:x}\r\n{}\r\n", 65536, "x".repeat(65536)).as_bytes());
    }
    let (answer, _) = raw::exchange(app.client.base(), &chunked, Duration::from_secs(2)).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn hostile_json_is_refused_quickly() {
    let app = spawn().await;
    let user = app.user().await;
    let deep = "[".repeat(500_000);
    let wide = format!("{{{}\"amount\": \"1\"}}", (0..60_000).map(|n| format!("\"k{n}\": 1, ")).collect::<String>());
    let tags = format!("{{\"amount\": \"1\", \"tags\": [{}\"x\"]}}", "\"x\", ".repeat(150_000));
    let number = format!("{{\"amount\": {}}}", "9".repeat(900_000));
    let faults = format!("{{\"amount\": \"1\", \"tags\": [{}7]}}", "7, ".repeat(90));
    let began = std::time::Instant::now();
    for body in [&deep, &wide, &tags, &number, &faults] {
        let answer = user.call("POST", "/expenses").raw_json(body).await;
        assert!([400, 422].contains(&answer.status), "{answer:?}");
        assert!(answer.body.len() < 64 * 1024, "an answer of {} bytes", answer.body.len());
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(user.all("/expenses", 50).await.len(), 0);
    let named = user.create_expense(&json!({"amount": "1", "x".repeat(5000): 1})).await.refused(422, "invalid");
    assert!(named.body.len() < 2000, "names are not repeated at any length");
}
