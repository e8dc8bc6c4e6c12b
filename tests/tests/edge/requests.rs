//! Paths, methods, queries, headers. That every answer has its security headers, and every refusal its problem body with
//! the request's id, is checked by the harness on each answer of the whole suite.

use std::time::Duration;

use acceptance::{json, raw, spawn};

#[tokio::test]
async fn an_unknown_path_is_404() {
    let app = spawn().await;
    let user = app.user().await;
    for path in [
        "/nothing",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/expenses",
        "/api/v1/nothing",
        "/api/v1/expenses/",
        "/api/v1/expenses/1/2",
        "/api/v1/expenses/1/",
        "/api/expenses",
        "/API/V1/me",
        "/api/v1/ME",
        "/.env",
        "/admin",
        "/api/v1/me%2f",
        "/metrics/",
        "/livez/x",
    ] {
        let answer = user.at("GET", path).await.refused(404, "not_found");
        let signed_out = app.client.at("GET", path).await;
        assert!([401, 404].contains(&signed_out.status), "{signed_out:?}");
        assert_eq!(answer["type"], "urn:florin:problem:not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_and_says_which_are_right() {
    let app = spawn().await;
    let user = app.user().await;
    for (method, path, allowed) in [
        ("POST", "/api/v1/me", "DELETE, GET, HEAD, PATCH"),
        ("DELETE", "/api/v1/expenses", "POST, GET, HEAD"),
        ("POST", "/api/v1/expenses/1", "GET, HEAD, PUT, PATCH, DELETE"),
        ("GET", "/api/v1/expenses/batch", ""),
        ("GET", "/api/v1/auth/login", "POST"),
        ("PUT", "/api/v1/actions", "GET, HEAD"),
        ("GET", "/api/v1/actions/undo", "POST"),
        ("GET", "/reverseLastAction", "POST"),
        ("GET", "/api/reverseLastAction", "POST"),
        ("POST", "/api/score", "GET, HEAD"),
        ("POST", "/livez", "GET, HEAD"),
        ("BREW", "/api/v1/me", "DELETE, GET, HEAD, PATCH"),
    ] {
        if allowed.is_empty() {
            continue;
        }
        let answer = user.at(method, path).await.refused(405, "method_not_allowed");
        let mut found: Vec<_> = answer.header("allow").unwrap().split(", ").collect();
        let mut allowed: Vec<_> = allowed.split(", ").collect();
        found.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(found, allowed, "{method} {path}");
    }
    // What no path has is no write either, whose key could have been used before.
    user.create_expense(&json!({"amount": "1"})).header("idempotency-key", "k").await.expect(201);
    for method in ["QUERY", "PUT"] {
        let refused = user.at(method, "/api/v1/expenses").header("idempotency-key", "k");
        refused.await.refused(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn head_and_options_are_sane() {
    let app = spawn().await;
    let user = app.user().await;
    let id = user.record(&json!({"amount": "1"})).await;
    for path in
        ["/livez".to_owned(), "/api/v1/me".to_owned(), format!("/api/v1/expenses/{id}"), "/api/v1/expenses".to_owned()]
    {
        let (get, head) = (user.at("GET", &path).await.expect(200), user.at("HEAD", &path).await.expect(200));
        assert!(head.body.is_empty());
        for header in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(head.header(header), get.header(header), "{header} of {path}");
        }
        let options = user.at("OPTIONS", &path).await;
        assert!([200, 204, 405].contains(&options.status), "{options:?}");
        assert!(options.header("allow").is_some(), "{options:?}");
        assert_eq!(options.header("access-control-allow-origin"), None, "no CORS unless configured");
    }
    let refused = user.at("HEAD", "/api/v1/expenses/999999").await;
    assert_eq!((refused.status, refused.body.len()), (404, 0));
    let origin = user.get("/me").header("origin", "https://evil.example").await.expect(200);
    assert_eq!(origin.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_everywhere() {
    let app = spawn().await;
    let user = app.user().await;
    for path in [
        "/me",
        "/expenses",
        "/expenses/1",
        "/changes",
        "/categories",
        "/categories/1",
        "/categories/1/keywords",
        "/tags",
        "/budgets",
        "/summary",
        "/score",
        "/score/history",
        "/insights/spending",
        "/actions",
        "/actions/verify",
    ] {
        user.get(&format!("{path}?surprise=1")).await.invalid(&["/surprise unknown_field"]);
        let answer = user.get(&format!("{path}?surprise=%zz")).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    user.post("/expenses?surprise=1", &json!({"amount": "1"})).await.invalid(&["/surprise unknown_field"]);
    user.post("/actions/undo?surprise", &json!({})).await.invalid(&["/surprise unknown_field"]);
    app.client.post("/auth/login?surprise=1", &json!({})).await.refused(422, "invalid");
    assert_eq!(user.all("/actions", 50).await.len(), 0);
}

#[tokio::test]
async fn bad_percent_encoding_in_a_path_is_400() {
    let app = spawn().await;
    let user = app.user().await;
    for path in ["/tags/%ff", "/tags/%zz", "/tags/%", "/tags/%c3%28", "/expenses/%e0%80%80"] {
        assert_eq!(user.delete(path).await.status, 400, "{path}");
    }
    assert_eq!(user.get("/expenses/%00").await.status, 404);
}

#[tokio::test]
async fn a_request_keeps_a_safe_id_and_gets_one_in_place_of_another() {
    let app = spawn().await;
    for safe in ["a", "3f2a-B_c.9", &"x".repeat(64)] {
        let answer = app.client.get("/me").header("x-request-id", safe).await.refused(401, "invalid_token");
        assert_eq!((answer.header("x-request-id"), &answer["request_id"]), (Some(safe), &json!(safe)));
    }
    let mut made = std::collections::BTreeSet::new();
    for unsafe_id in
        ["", " ", "a b", "a\"b", "<script>", "a;b", "a,b", "a\tb", "é", "${jndi:x}", "%0d%0a", &"x".repeat(65), "a/b"]
    {
        let answer = app.client.get("/me").header("x-request-id", unsafe_id).await.refused(401, "invalid_token");
        let id = answer.header("x-request-id").unwrap();
        assert_ne!(id, unsafe_id);
        assert!(
            (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
            "{id}"
        );
        assert!(made.insert(id.to_owned()), "{id} was used before");
    }
}

#[tokio::test]
async fn spoofed_addresses_and_odd_headers_change_nothing() {
    let app = spawn().await;
    let user = app.user().await;
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.9, evil"),
        ("forwarded", "for=\"[2001:db8::1]\""),
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/admin"),
        ("accept", "text/html"),
        ("accept-language", "de"),
        ("accept-encoding", "br;q=1.0, *;q=0"),
        ("cookie", "session=1"),
        ("range", "bytes=0-5"),
        ("expect", "something"),
        ("upgrade", "h2c"),
    ] {
        let answer = user.get("/me").header(name, value).await;
        assert!(answer.status == 200 || (name == "expect" && answer.status == 417), "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn broken_requests_end_the_connection_and_nothing_else() {
    let app = spawn().await;
    let base = app.client.base();
    for bytes in [
        &b"\r\n\r\n"[..],
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let (answer, _) = raw::exchange(base, bytes, Duration::from_millis(300)).await;
        let status = answer.split(' ').nth(1).unwrap_or("400").to_owned();
        assert!(!status.starts_with('5') && !answer.starts_with("HTTP/1.1 200"), "{:?}: {answer}", String::from_utf8_lossy(bytes));
    }
    let huge = format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "x".repeat(2_000_000));
    let (answer, _) = raw::exchange(base, huge.as_bytes(), Duration::from_secs(3)).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "a head has an end: {}", &answer[..answer.len().min(200)]);
    app.client.at("GET", "/livez").await.expect(200);
}

#[tokio::test]
async fn only_configured_origins_are_let_in() {
    let app =
        acceptance::spawn_with(|settings| settings.server.cors_origins = vec!["https://app.example.com".to_owned()])
            .await;
    let user = app.user().await;
    let good = user.get("/me").header("origin", "https://app.example.com").await.expect(200);
    assert_eq!(good.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(good.header("access-control-allow-credentials"), None);
    for evil in ["https://evil.example", "https://app.example.com.evil.example", "null", "http://app.example.com"] {
        let answer = user.get("/me").header("origin", evil).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{evil}");
    }
    let preflight = app.client.at("OPTIONS", "/api/v1/expenses").header("origin", "https://app.example.com");
    let preflight = preflight.header("access-control-request-method", "POST").await.expect(204);
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("POST"));
    let names = |header: Option<&str>| header.unwrap().split(", ").map(str::to_lowercase).collect::<Vec<_>>();
    let sent = names(preflight.header("access-control-allow-headers"));
    for header in ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-request-id"] {
        assert!(sent.iter().any(|name| name == header), "{header} in {sent:?}");
    }
    let read = names(good.header("access-control-expose-headers"));
    for header in
        ["ratelimit", "ratelimit-policy", "retry-after", "idempotency-replayed", "etag", "location", "x-request-id"]
    {
        assert!(read.iter().any(|name| name == header), "{header} in {read:?}");
    }
}
