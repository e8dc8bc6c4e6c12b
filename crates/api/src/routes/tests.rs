use actix_web::App;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};

use super::*;
use crate::openapi;

/// Paths for people, which the document leaves out: `/`, `/docs` and the files below it.
const UNDOCUMENTED: usize = 3;

#[actix_web::test]
async fn the_table_and_the_document_agree() {
    let before = resource::REGISTERED.get();
    let app = init_service(App::new().configure(configure)).await;
    let registered = resource::REGISTERED.get() - before;
    let document = openapi::document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    for (path, operations) in paths {
        let concrete: Vec<_> =
            path.split('/').map(|segment| if segment.starts_with('{') { "1" } else { segment }).collect();
        let method = Method::from_bytes(b"PURGE").unwrap();
        let request = TestRequest::default().method(method).uri(&concrete.join("/")).to_request();
        let response = call_service(&app, request).await;
        assert_eq!(response.status(), 405, "{path}");
        let allow = response.headers().get("allow").unwrap().to_str().unwrap().to_lowercase();
        let mut allowed: Vec<&str> = allow.split(", ").filter(|method| *method != "head").collect();
        let mut documented: Vec<&str> = operations.as_object().unwrap().keys().map(String::as_str).collect();
        allowed.sort_unstable();
        documented.sort_unstable();
        assert_eq!(allowed, documented, "{path}");
    }
    assert_eq!(registered, paths.len() + UNDOCUMENTED, "every path is documented");
}

#[actix_web::test]
async fn whoever_needs_a_caller_says_so() {
    let app = init_service(App::new().configure(configure)).await;
    for (path, operations) in openapi::document().unwrap()["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation.get("security").is_none() {
                continue;
            }
            let uri = path.replace(['{', '}'], "");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let request = TestRequest::default().method(method.clone()).uri(&uri).to_request();
            assert_eq!(call_service(&app, request).await.status(), 401, "{method} {path}");
        }
    }
}
