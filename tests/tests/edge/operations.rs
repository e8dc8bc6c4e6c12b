//! Health, figures, the OpenAPI document and its page.

use acceptance::{json, spawn};

#[tokio::test]
async fn health_is_told() {
    let app = spawn().await;
    assert_eq!(app.client.at("GET", "/livez").await.expect(200).json, json!({"status": "ok"}));
    assert_eq!(app.client.at("GET", "/readyz").await.expect(200).json, json!({"status": "ok"}));
}

#[tokio::test]
async fn readiness_fails_on_a_schema_of_another_time() {
    let app = spawn().await;
    app.database
        .execute(
            "UPDATE seaql_migrations SET version = 'm99991231_000000_future' WHERE version LIKE '%000017_user_action'",
        )
        .await;
    let answer = app.client.at("GET", "/readyz").await.refused(503, "not_ready");
    assert!(answer.header("retry-after").is_some());
    app.database.execute("DELETE FROM seaql_migrations WHERE version LIKE '%future'").await;
    let answer = app.client.at("GET", "/readyz").await.refused(503, "not_ready");
    assert!(answer.text("detail").contains("user_action"), "it says what is missing: {answer:?}");
    app.client.at("GET", "/livez").await.expect(200);
}

#[tokio::test]
async fn figures_are_there_for_prometheus_and_name_nobody() {
    let app = spawn().await;
    let user = app.user().await;
    user.get("/expenses/123456789").await.expect(404);
    let metrics = app.client.at("GET", "/metrics").await.expect(200);
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain"));
    let text = String::from_utf8(metrics.body).unwrap();
    for personal in ["123456789", "@example.com", user.token().unwrap()] {
        assert!(!text.contains(personal), "{personal} stands in the figures");
    }
}

#[tokio::test]
async fn the_page_of_the_api_needs_nothing_from_elsewhere() {
    let app = spawn().await;
    for path in ["/", "/docs"] {
        let answer = app.client.at("GET", path).await;
        assert!([301, 302, 303, 307, 308].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.header("location"), Some("/docs/"));
    }
    let page = app.client.at("GET", "/docs/").await.expect(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    for rule in ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|one| one == rule), "{policy}");
    }
    let html = String::from_utf8(page.body).unwrap();
    let mut assets = 0;
    for attribute in ["src=\"", "href=\""] {
        for link in html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(!link.contains("//"), "the page wants {link}");
            let path = format!("/docs/{}", link.trim_start_matches("./"));
            let asset = app.client.at("GET", &path).await.expect(200);
            let media_type = asset.header("content-type").unwrap();
            let is_image = media_type.starts_with("image/");
            assert!(is_image || media_type.ends_with("; charset=utf-8"), "{path}: {media_type}");
            assets += 1;
        }
    }
    assert!(assets >= 3, "{html}");
    let start = app.client.at("GET", "/docs/swagger-initializer.js").await.expect(200);
    let start = String::from_utf8(start.body).unwrap();
    assert!(start.contains("/openapi.json") && !start.contains("://"), "{start}");
    app.client.at("GET", "/docs/nothing.js").await.refused(404, "not_found");
    for path in ["/docs/../Cargo.toml", "/docs/%2e%2e/%2e%2e/etc/passwd", "/docs//etc/passwd"] {
        let answer = app.client.at("GET", path).await;
        assert!([400, 404].contains(&answer.status), "{answer:?}");
    }
}
