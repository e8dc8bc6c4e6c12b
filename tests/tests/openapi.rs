//! The OpenAPI document: it is the repository's, it is true, and it is complete.
//!
//! `UPDATE_OPENAPI=1` writes the repository's `openapi.json` anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use acceptance::schema::Document;
use acceptance::{Value, json, spawn};

/// What the contract promises so far.
const CONTRACT: [&str; 80] = [
    "post /api/v1/auth/register",
    "post /api/v1/auth/verify",
    "post /api/v1/auth/otp",
    "post /api/v1/auth/login",
    "post /api/v1/auth/refresh",
    "post /api/v1/auth/logout",
    "get /api/v1/auth/sessions",
    "delete /api/v1/auth/sessions/{id}",
    "get /api/v1/auth/login-events",
    "post /api/v1/auth/tokens",
    "get /api/v1/auth/tokens",
    "delete /api/v1/auth/tokens/{id}",
    "put /api/v1/auth/password",
    "post /api/v1/auth/password/forgot",
    "post /api/v1/auth/password/reset",
    "get /api/v1/me",
    "patch /api/v1/me",
    "delete /api/v1/me",
    "delete /api/v1/me/learned",
    "get /api/v1/me/export",
    "get /api/v1/me/phone",
    "put /api/v1/me/phone",
    "delete /api/v1/me/phone",
    "post /api/v1/me/phone/verify",
    "get /api/v1/categories",
    "post /api/v1/categories",
    "get /api/v1/categories/{id}",
    "patch /api/v1/categories/{id}",
    "delete /api/v1/categories/{id}",
    "get /api/v1/categories/{id}/keywords",
    "put /api/v1/categories/{id}/keywords",
    "post /api/v1/categories/recategorize",
    "post /api/v1/categorize",
    "get /api/v1/tags",
    "patch /api/v1/tags/{name}",
    "delete /api/v1/tags/{name}",
    "post /api/v1/expenses",
    "get /api/v1/expenses",
    "get /api/v1/expenses/{id}",
    "put /api/v1/expenses/{id}",
    "patch /api/v1/expenses/{id}",
    "delete /api/v1/expenses/{id}",
    "post /api/v1/expenses/batch",
    "get /api/v1/changes",
    "get /api/v1/budgets",
    "put /api/v1/budgets/{category_id}",
    "delete /api/v1/budgets/{category_id}",
    "put /api/v1/budgets/total",
    "delete /api/v1/budgets/total",
    "get /api/v1/summary",
    "get /api/v1/score",
    "get /api/v1/score/history",
    "get /api/v1/insights/spending",
    "get /api/v1/actions",
    "post /api/v1/actions/undo",
    "post /api/v1/actions/redo",
    "post /api/v1/actions/{seq}/reverse",
    "get /api/v1/actions/verify",
    "get /api/v1/notifications",
    "post /api/v1/notifications/read-all",
    "post /api/v1/notifications/{id}/read",
    "get /api/v1/notification-preferences",
    "put /api/v1/notification-preferences",
    "get /api/v1/devices",
    "post /api/v1/devices",
    "delete /api/v1/devices/{id}",
    "get /api/v1/admin/users",
    "get /api/v1/admin/users/{id}",
    "patch /api/v1/admin/users/{id}",
    "post /api/v1/admin/users/{id}/revoke-sessions",
    "get /api/v1/admin/login-events",
    "get /api/v1/admin/stats",
    "get /api/v1/admin/jobs",
    "get /api/v1/admin/outbox",
    "post /api/v1/admin/outbox/{id}/retry",
    "post /api/v1/admin/verify",
    "get /livez",
    "get /readyz",
    "get /metrics",
    "get /openapi.json",
];

async fn served() -> (acceptance::App, Value) {
    let app = spawn().await;
    let document = app.client.at("GET", "/openapi.json").await.expect(200).json;
    (app, document)
}

#[tokio::test]
async fn the_repositorys_document_is_the_served_one() {
    let app = spawn().await;
    let answer = app.client.at("GET", "/openapi.json").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("openapi.json");
    if std::env::var("UPDATE_OPENAPI").is_ok_and(|value| value == "1") {
        fs::write(&path, &answer.body).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let found = String::from_utf8(answer.body).unwrap();
    if kept != found {
        let line = kept.lines().zip(found.lines()).position(|(a, b)| a != b).map_or(0, |line| line + 1);
        panic!("openapi.json is not what is served (line {line}); UPDATE_OPENAPI=1 writes it anew");
    }
}

#[tokio::test]
async fn everything_is_described_for_generators() {
    let (_app, document) = served().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path} has no summary");
            assert!(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "{method} {path} has no tag");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["description"].as_str().is_some_and(|d| !d.is_empty()), "{method} {path} {status}");
            }
            let named: BTreeSet<&str> =
                path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
            let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            let in_path = parameters.iter().filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap());
            assert_eq!(in_path.collect::<BTreeSet<_>>(), named, "{method} {path}");
        }
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn the_contract_is_covered() {
    let (_app, document) = served().await;
    let found: BTreeSet<String> =
        Document::new(document).operations().into_iter().map(|(path, method)| format!("{method} {path}")).collect();
    let missing: Vec<_> = CONTRACT.iter().filter(|line| !found.contains(**line)).collect();
    assert!(missing.is_empty(), "not documented: {missing:?}");
    let first_names = ["post /reverseLastAction", "post /api/reverseLastAction", "get /api/score"];
    let known: BTreeSet<&str> = CONTRACT.iter().chain(&first_names).copied().collect();
    let unknown: Vec<_> = found.iter().filter(|line| !known.contains(line.as_str())).collect();
    assert!(unknown.is_empty(), "documented, and not in the contract as this test knows it: {unknown:?}");
}

#[tokio::test]
async fn every_documented_path_answers_its_method() {
    let (app, document) = served().await;
    for (path, method) in Document::new(document.clone()).operations() {
        let concrete: Vec<&str> = path.split('/').map(|s| if s.starts_with('{') { "1" } else { s }).collect();
        let call = app.client.at(&method.to_uppercase(), &concrete.join("/"));
        let has_body = document["paths"][&path][&method].get("requestBody").is_some();
        let answer = if has_body { call.json(&json!({})).await } else { call.await };
        let protected = document["paths"][&path][&method].get("security").is_some();
        if protected {
            answer.refused(401, "invalid_token");
        } else {
            assert!([200, 401, 422, 503].contains(&answer.status), "{method} {path}: {answer:?}");
        }
    }
}
