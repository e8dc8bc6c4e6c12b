use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{App, HttpResponse};
use serde_json::Value;

use super::*;

async fn answer_to(request: TestRequest) -> (StatusCode, Vec<(String, String)>, Value) {
    let edge_data = Edge {
        proxies: TrustedProxies::default(),
        in_flight: InFlight::new(0),
        rate_limit: RateLimit::new(0),
        cors: Cors(vec!["https://app.example.com".to_owned()]),
        runtime: tokio::runtime::Handle::current(),
    };
    let app = App::new()
        .app_data(web::Data::new(edge_data))
        .wrap(from_fn(edge::<BoxBody>))
        .route("/ok", web::get().to(|| async { HttpResponse::Ok().json("fine") }))
        .route("/panic", web::get().to(|| async { panicking() }))
        .route("/framework", web::get().to(|| async { HttpResponse::PayloadTooLarge().body("plain") }))
        .route("/missing", web::get().to(|_: web::Data<u8>| async { HttpResponse::Ok().finish() }));
    let app = init_service(app).await;
    let response = match actix_web::dev::Service::call(&app, request.to_request()).await {
        Ok(response) => response,
        Err(error) => ServiceResponse::new(TestRequest::default().to_http_request(), error.error_response()),
    };
    let status = response.status();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let body = read_body(response).await;
    (status, headers, serde_json::from_slice(&body).unwrap_or_default())
}

#[allow(clippy::panic)]
fn panicking() -> HttpResponse {
    panic!("a secret")
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
}

#[actix_web::test]
async fn every_answer_has_an_id_and_security_headers() {
    let request = |path| TestRequest::get().uri(path);
    for (request, status) in [
        (request("/ok"), 200),
        (request("/nowhere"), 404),
        (request("/panic"), 500),
        (request("/missing"), 500),
        (request("/framework"), 413),
        (request("/%ff"), 400),
    ] {
        let (answered, headers, body) = answer_to(request.insert_header(("x-request-id", "a.B-1_"))).await;
        assert_eq!(answered.as_u16(), status);
        assert_eq!(header(&headers, "x-request-id"), Some("a.B-1_"));
        assert_eq!(header(&headers, "x-content-type-options"), Some("nosniff"));
        assert_eq!(header(&headers, "content-security-policy"), Some("frame-ancestors 'none'"));
        assert_eq!(header(&headers, "access-control-allow-origin"), None);
        if status >= 400 {
            assert_eq!(header(&headers, "content-type"), Some("application/problem+json"));
            assert_eq!((&body["status"], &body["request_id"]), (&status.into(), &"a.B-1_".into()));
            assert!(!body.to_string().contains("secret"), "{body}");
        }
    }
}

#[actix_web::test]
async fn unsafe_ids_are_replaced() {
    let long = "a".repeat(65);
    for bad in ["", "a b", "a\"b", long.as_str()] {
        let (_, headers, _) = answer_to(TestRequest::get().uri("/ok").insert_header(("x-request-id", bad))).await;
        let id = header(&headers, "x-request-id").unwrap();
        assert!(id != bad && !id.is_empty(), "{id}");
    }
}

#[actix_web::test]
async fn only_configured_origins_may_call() {
    let preflight = |origin: &'static str| {
        let request = TestRequest::default().method(actix_web::http::Method::OPTIONS).uri("/ok");
        request.insert_header(("origin", origin)).insert_header(("access-control-request-method", "POST"))
    };
    let (status, headers, _) = answer_to(preflight("https://app.example.com")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(header(&headers, "access-control-allow-origin"), Some("https://app.example.com"));
    let (status, headers, _) = answer_to(preflight("https://evil.example.com")).await;
    assert_ne!(status, StatusCode::NO_CONTENT);
    assert_eq!(header(&headers, "access-control-allow-origin"), None);
}
