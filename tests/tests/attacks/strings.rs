//! Strings that mean something elsewhere, in every place of the OpenAPI document that takes one: they come back byte for
//! byte or are refused, and nothing else happens.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use acceptance::{Answer, App, User, Value, json, size, spawn};
use florin_domain::categorizer::normalize_keyword;
use florin_domain::{category, tag, text};

use crate::payloads::{Payload, all};

/// Far less than what the payloads ask a database to sleep.
const PATIENCE: Duration = Duration::from_secs(15);
const HOLE: &str = "@@here@@";

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => resolve(document, document.pointer(path.trim_start_matches('#')).expect("a schema")),
        None => schema,
    }
}

fn choices<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let schema = resolve(document, schema);
    let mut all = vec![schema];
    for choice in ["oneOf", "anyOf", "allOf"] {
        all.extend(schema[choice].as_array().into_iter().flatten().flat_map(|part| choices(document, part)));
    }
    all
}

fn takes_text(schema: &Value) -> bool {
    match &schema["type"] {
        Value::String(one) => one == "string",
        Value::Array(several) => several.iter().any(|one| one == "string"),
        _ => false,
    }
}

/// Pointers to the members of a body that take text.
fn members(document: &Value, schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    for schema in choices(document, schema) {
        if !at.is_empty() && takes_text(schema) {
            found.insert(at.to_owned());
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            members(document, member, &format!("{at}/{name}"), found);
        }
        if schema.get("items").is_some() {
            members(document, &schema["items"], &format!("{at}/*"), found);
        }
    }
}

/// Every place that text may be put in, as `method path place name`: all parameters, and what takes text in bodies.
fn places(document: &Value) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let parameter = resolve(document, parameter);
                let (place, name) = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
                places.insert(format!("{method} {path} {place} {name}"));
            }
            for content in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                let mut found = BTreeSet::new();
                members(document, &content.1["schema"], "", &mut found);
                places.extend(found.into_iter().map(|pointer| format!("{method} {path} body {pointer}")));
            }
        }
    }
    places
}

/// A body that is good but for the member that is to be filled; `Null` where none is sent.
fn body(method: &str, path: &str, user: &User, new: &str) -> Value {
    let address = format!("{new}@example.com");
    match (method, path.trim_start_matches("/api/v1")) {
        ("post", "/auth/register") => json!({"email": address, "password": "a password of many words"}),
        ("post", "/auth/login") => json!({"email": user.email, "password": "not the password"}),
        ("post", "/auth/otp" | "/auth/password/forgot") => json!({"email": user.email}),
        ("post", "/auth/verify") => json!({"email": user.email, "otp": "123456"}),
        ("post", "/auth/password/reset") => {
            json!({"email": user.email, "otp": "123456", "new_password": "some new words"})
        }
        ("put", "/auth/password") => json!({"current_password": user.password, "new_password": "some new words"}),
        ("post", "/auth/refresh" | "/auth/logout") => json!({"refresh_token": "flr_rt_nothing"}),
        ("post", "/auth/tokens") => json!({"name": "a script", "scopes": ["read"]}),
        ("put", "/me/phone") => json!({"phone": "+919812345678", "password": user.password}),
        ("post", "/me/phone/verify") => json!({"otp": "123456"}),
        ("put", "/notification-preferences") => json!({}),
        ("post", "/devices") => json!({"token": new, "platform": "web"}),
        ("delete", "/me") => json!({"password": "not the password"}),
        ("post", "/categories") | ("patch", "/categories/{id}") => json!({"name": format!("Name {new}")}),
        ("put", "/categories/{id}/keywords") => json!({"keywords": []}),
        ("post", "/categorize") => json!({"notes": "lunch"}),
        ("post", "/expenses") => json!({"amount": "5"}),
        ("put", "/expenses/{id}") => json!({"amount": "5", "date": "2026-03-01"}),
        ("patch", "/tags/{name}") => json!({"name": new}),
        ("put", path) if path.starts_with("/budgets/") => json!({"limit": "5"}),
        ("post", "/expenses/batch") => json!({"operations": [{"op": "create", "amount": "5"}]}),
        ("patch", _) => json!({}),
        ("post", "/categories/recategorize") => Value::Null,
        (_, path) if path.contains("/actions/") || path.contains("reverseLastAction") => Value::Null,
        ("get" | "delete", _) => Value::Null,
        ("post", path) if path.starts_with("/admin/") || path.starts_with("/notifications/") => Value::Null,
        other => panic!("teach strings.rs a body for {other:?}"),
    }
}

/// Puts a hole where a pointer leads.
fn open(body: &mut Value, pointer: &str) {
    let mut at = body;
    for part in pointer.split('/').skip(1) {
        at = if part == "*" {
            if !at.get(0).is_some_and(Value::is_object) {
                *at = json!([null]);
            }
            &mut at[0]
        } else {
            &mut at[part]
        };
    }
    *at = json!(HOLE);
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Somebody with one of each thing that a path can name.
struct Person {
    user: User,
    expense: i64,
    category: i64,
    made: usize,
}

impl Person {
    async fn new(app: &App, admin: &User, path: &str) -> Self {
        let user = if path.contains("/admin/") { admin.clone() } else { app.user().await };
        let category = user.own_category(&format!("Own {}", app.new_address())).await;
        let expense = user.record(&json!({"amount": "5", "notes": "lunch", "tags": ["team"]})).await;
        Self { user, expense, category, made: 0 }
    }

    /// Sends a payload; `None` when there is no such request.
    async fn send(&mut self, place: &str, payload: &Payload, victim: i64) -> Option<Answer> {
        let mut parts = place.split(' ');
        let mut next = || parts.next().expect("method, path, place, name");
        let (method, path, within, name) = (next(), next(), next(), next());
        self.made += 1;
        let new = format!("new{}x{}", self.user.id, self.made);
        let thing = match () {
            () if path.contains("/admin/") => victim,
            () if path.contains("/expenses/") => self.expense,
            () => self.category,
        };
        let mut concrete = path.replace("{category_id}", "{id}");
        let literal = match (payload, within) {
            // No library sends a longer target.
            (Payload::Text(text), "path" | "query") if text.len() > 20_000 => return None,
            (Payload::Text(text), "path") => {
                let start = concrete.find('{')?;
                let end = concrete.find('}')?;
                concrete.replace_range(start..=end, &encoded(text));
                String::new()
            }
            (Payload::Text(text), "query") => {
                concrete = format!("{concrete}?{name}={}", encoded(text));
                String::new()
            }
            (Payload::Text(text), _) => json!(text).to_string(),
            (Payload::Raw(raw), "body") => (*raw).to_owned(),
            (Payload::Raw(_), _) => return None,
        };
        concrete = concrete.replace("{id}", &thing.to_string()).replace("{seq}", "1").replace("{name}", "team");
        let mut sent = body(method, path, &self.user, &new);
        if within == "body" {
            if name == "/otp" && path.ends_with("/login") {
                sent.as_object_mut()?.remove("password");
            }
            open(&mut sent, name);
        }
        let mut call = self.user.at(&method.to_uppercase(), &concrete);
        if let (Payload::Text(text), "header") = (payload, within) {
            // What HTTP does not let through is not sent.
            if text.bytes().any(|byte| byte < 32 && byte != b'\t' || byte == 127) || text.len() > 4096 {
                return None;
            }
            call = call.header_bytes(&name.to_lowercase(), text.as_bytes());
        }
        if !sent.is_null() {
            call = call.raw_json(&sent.to_string().replace(&format!("\"{HOLE}\""), &literal));
        }
        Some(call.await)
    }

    /// What a payload must have become, where it was stored.
    async fn check(&mut self, app: &App, place: &str, payload: &str, answer: &Answer) {
        let done = answer.status < 300;
        let has_control = payload.chars().any(char::is_control);
        let blank = payload.trim().is_empty();
        let (field, expected) = match place {
            "post /api/v1/expenses body /notes"
            | "put /api/v1/expenses/{id} body /notes"
            | "patch /api/v1/expenses/{id} body /notes" => {
                assert_eq!(done, text::is_clean(payload) && payload.chars().count() <= 500, "{answer:?}");
                ("notes", json!(payload))
            }
            "post /api/v1/expenses/batch body /operations/*/notes" => {
                assert_eq!(done, text::is_clean(payload) && payload.chars().count() <= 500, "{answer:?}");
                assert!(!done || answer["results"][0]["expense"]["notes"] == payload, "{answer:?}");
                return;
            }
            "put /api/v1/categories/{id}/keywords body /keywords/*" => {
                let normal = normalize_keyword(payload).filter(|_| !has_control && payload.chars().count() <= 255);
                assert!(!done || answer["keywords"] == json!([normal]), "{normal:?}: {answer:?}");
                return;
            }
            "post /api/v1/expenses body /external_id"
            | "put /api/v1/expenses/{id} body /external_id"
            | "patch /api/v1/expenses/{id} body /external_id" => {
                let fits = !blank && payload.trim() == payload && !has_control && payload.chars().count() <= 100;
                assert_eq!(done, fits, "{answer:?}");
                ("external_id", json!(payload))
            }
            "post /api/v1/expenses body /tags/*"
            | "put /api/v1/expenses/{id} body /tags/*"
            | "patch /api/v1/expenses/{id} body /tags/*" => {
                let normal = tag::normalize(payload);
                assert_eq!(done, normal.is_ok(), "{answer:?}");
                ("tags", json!([normal.unwrap_or_default()]))
            }
            "patch /api/v1/me body /name" => {
                assert_eq!(done, !has_control && payload.trim().chars().count() <= 100, "{answer:?}");
                ("name", json!(payload.trim()))
            }
            "post /api/v1/devices body /name" => {
                assert_eq!(done, !has_control && payload.trim().chars().count() <= 100, "{answer:?}");
                if done {
                    // Nobody has more than twenty.
                    self.user.delete(&format!("/devices/{}", answer.id())).await.expect(204);
                }
                ("name", json!(payload.trim()))
            }
            "post /api/v1/auth/tokens body /name" => {
                assert_eq!(done, !blank && !has_control && payload.trim().chars().count() <= 100, "{answer:?}");
                if done {
                    // Nobody has more than fifty.
                    self.user.revoke_token(answer.id()).await.expect(204);
                }
                ("name", json!(payload.trim()))
            }
            "post /api/v1/categories body /name" | "patch /api/v1/categories/{id} body /name" => {
                let normal = category::normalize_name(payload);
                // Beside a fault of the name itself, another may have it already.
                assert!(!done || normal.is_ok(), "{answer:?}");
                assert!(done || answer.status == 409 || normal.is_err(), "{answer:?}");
                ("name", json!(normal.unwrap_or_default()))
            }
            "put /api/v1/auth/password body /new_password" => {
                if done {
                    payload.clone_into(&mut self.user.password);
                    app.client.login(&self.user.email, payload).await.expect(200);
                }
                return;
            }
            "post /api/v1/auth/register body /password" => {
                if done {
                    let email = format!("new{}x{}@example.com", self.user.id, self.made);
                    let otp = app.codes.latest(&email, "verify");
                    app.client.verify(&email, &otp).await.expect(200);
                    app.client.login(&email, payload).await.expect(200);
                    app.client.login(&email, &format!("{payload}x")).await.expect(401);
                }
                return;
            }
            _ => return,
        };
        if done {
            assert_eq!(answer[field], expected, "{answer:?}");
            if place.contains("/expenses") {
                let again = self.user.get(&format!("/expenses/{}", answer.id())).await.expect(200);
                assert_eq!(again[field], expected, "{again:?}");
            }
        }
    }
}

/// All that another person sees of their own.
async fn everything(user: &User) -> Vec<Value> {
    let mut seen = Vec::new();
    let lists =
        ["/expenses", "/actions", "/categories?include_archived=true", "/tags", "/auth/login-events", "/notifications"];
    for list in lists {
        seen.push(json!(user.all(list, 200).await));
    }
    for one in [
        "/me",
        "/budgets",
        "/summary",
        "/auth/sessions",
        "/auth/tokens",
        "/actions/verify",
        "/notification-preferences",
        "/devices",
    ] {
        seen.push(user.get(one).await.expect(200).json);
    }
    seen
}

#[tokio::test]
async fn strings_are_data_wherever_they_are_sent() {
    let app = spawn().await;
    let (admin, ben) = (app.admin().await, app.user().await);
    ben.record(&json!({"amount": "5", "notes": "private to Ben", "tags": ["bens"]})).await;
    ben.create_token(&json!({"name": "bens", "scopes": ["read"]})).await.expect(201);
    let victim = app.user().await;
    let before = everything(&ben).await;
    let document = app.client.at("GET", "/openapi.json").await.expect(200).json;
    let (places, payloads) = (places(&document), all());
    assert!(places.len() >= 100, "{} places", places.len());
    // In CI each place gets some, and the next place others.
    let each = size(6, payloads.len());
    let (mut sent, mut done, mut slowest) = (0, 0, Duration::ZERO);
    let mut stride = 0;
    for place in &places {
        let mut person = Person::new(&app, &admin, place).await;
        for _ in 0..each {
            stride += 1;
            let payload = &payloads[stride % payloads.len()];
            let started = Instant::now();
            let Some(answer) = person.send(place, payload, victim.id).await else { continue };
            let took = started.elapsed();
            slowest = slowest.max(took);
            assert!(took < PATIENCE, "{place} {payload:?} took {took:?}");
            assert!(answer.status < 500, "{place} {payload:?}: {answer:?}");
            sent += 1;
            done += usize::from(answer.status < 300);
            match payload {
                Payload::Text(text) => person.check(&app, place, text, &answer).await,
                Payload::Raw(_) => assert!([400, 422].contains(&answer.status), "{place} {payload:?}: {answer:?}"),
            }
        }
    }
    println!(
        "{} places, {} payloads: {sent} requests, {done} done, the slowest in {slowest:?}",
        places.len(),
        payloads.len()
    );
    assert_eq!(everything(&ben).await, before, "nothing of another person's changed");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM user_login WHERE user_type = 'admin'").await, 1);
    acceptance::books::assert_sound(&ben).await;
}

#[test]
fn the_hole_is_opened_where_the_pointer_leads() {
    let mut body = json!({"operations": [{"op": "create"}]});
    open(&mut body, "/operations/*/tags/*");
    assert_eq!(body, json!({"operations": [{"op": "create", "tags": [HOLE]}]}));
}
