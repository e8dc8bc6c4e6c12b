//! What holds for every operation, added to the document in one place instead of at each handler.

use serde_json::{Map, Value, json};

use super::inputs;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// The paths of the first API, which had no version: each with the present path whose handler answers there, and its
/// operation id.
const FIRST_API: [(&str, &str, &str); 3] = [
    ("/api/score", "/api/v1/score", "getScoreUnversioned"),
    ("/api/reverseLastAction", "/api/v1/actions/undo", "reverseLastActionUnversioned"),
    ("/reverseLastAction", "/api/v1/actions/undo", "reverseLastAction"),
];

const FORBIDDEN: &str = "`insufficient_scope`: the personal access token does not grant this; `session_required`: none \
                         does; `forbidden`: this is for admins";

/// Adds the security scheme, common headers and parameters, what every operation may answer, problem bodies, and the
/// strictness of request bodies.
pub(super) fn complete(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http", "scheme": "bearer",
            "description": "An access token of `/auth/login`, `/auth/verify` or `/auth/refresh`, or a personal access token of \
                            `/auth/tokens`."
        }
    });
    document["components"]["parameters"] = json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Names this write. The same key and request within 24 hours get the answer of the first time, and \
                nothing is done twice; another request of the same key is refused (422 `idempotency_key_reused`).",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            "example": "01930e4a-7c5b-7d6e-8f00-aabbccddeeff"
        }
    });
    document["components"]["headers"] = json!({
        "Idempotency-Replayed": {
            "description": "`true` when this is the answer of the first request of that `Idempotency-Key`; else absent.",
            "schema": {"type": "string", "enum": ["true"]}
        },
        "RateLimit": {
            "description": "How many more requests there may be now (`r`), and for how many seconds no more than these \
                (`t`), by draft-ietf-httpapi-ratelimit-headers. Absent when the limit is off.",
            "schema": {"type": "string"}, "example": "\"default\";r=599;t=1"
        },
        "RateLimit-Policy": {
            "description": "How many requests (`q`) there may be in how many seconds (`w`) of one user, or of one client's \
                network when signed out. Absent when the limit is off.",
            "schema": {"type": "string"}, "example": "\"default\";q=600;w=60"
        }
    });
    for (path, present, id) in FIRST_API {
        let mut operations = document["paths"][present].clone();
        for (_, operation) in operations.as_object_mut().into_iter().flatten() {
            operation["operationId"] = json!(id);
        }
        document["paths"][path] = operations;
    }
    let mut request_schemas = Vec::new();
    for (path, operations) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                if let Some(content) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut) {
                    content.values_mut().for_each(unwrap_optional);
                    request_schemas.extend(content.values().filter_map(schema_name));
                    accept_merge_patch(method, content);
                }
                for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap_or_default().to_owned();
                    inputs::describe(&name, &mut parameter["schema"]);
                }
                answers(path, method, operation);
                takes_a_key(method, operation);
            }
        }
    }
    describe_requests(document, request_schemas);
    inputs::one_secret(&mut document["components"]["schemas"]["LoginBody"]);
}

/// A body that may be left out is written as one that may be `null`, which it may not.
fn unwrap_optional(content: &mut Value) {
    let body =
        content.pointer("/schema/oneOf").and_then(Value::as_array).and_then(|choices| match choices.as_slice() {
            [body, null] if null["type"] == "null" => Some(body.clone()),
            _ => None,
        });
    if let Some(body) = body {
        content["schema"] = body;
    }
}

fn accept_merge_patch(method: &str, content: &mut Map<String, Value>) {
    if let Some(body) = content.get("application/json").cloned().filter(|_| method == "patch") {
        content.insert("application/merge-patch+json".to_owned(), body);
    }
}

/// Adds what an operation of this kind may answer, a problem body to every refusal, and the headers that go with each.
fn answers(path: &str, method: &str, operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    let is_signed_in = operation.get("security").is_some();
    let is_write = method != "get";
    let is_api = path.starts_with("/api/") || path == "/reverseLastAction";
    let common = [
        (is_api, "400", "The request cannot be read: its JSON, query, path or a header is malformed"),
        (is_signed_in, "401", "`invalid_token`: the access token is missing or not in force"),
        (is_signed_in, "403", FORBIDDEN),
        (has_body, "408", "`body_timeout`: the body did not arrive in time"),
        (has_body, "413", "`body_too_large`"),
        (has_body, "415", "`unsupported_media_type`: the body is not JSON in UTF-8"),
        (is_api, "422", "`invalid`: every wrong field is named"),
        (is_api, "429", "`too_many_requests` in a minute, or `too_many_in_flight`"),
        (is_api, "500", "`internal`: a defect; `request_id` finds it in the logs"),
        (is_api, "503", "`unavailable`, `busy` or `contended`: try again after `Retry-After`"),
        (is_api && is_write, "507", "`storage_full`"),
    ];
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (_, status, description) in common.iter().filter(|(applies, _, _)| *applies) {
        responses.entry(*status).or_insert_with(|| json!({"description": description}));
    }
    for (status, response) in responses.iter_mut() {
        if status.as_str() >= "400" && response.get("content").is_none() {
            response["content"] =
                json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
        }
        let header = |description: &str, kind: &str| json!({"description": description, "schema": {"type": kind}});
        match status.as_str() {
            "401" => response["headers"]["WWW-Authenticate"] = header("Always `Bearer`.", "string"),
            "429" | "503" => response["headers"]["Retry-After"] = header("Seconds to wait.", "integer"),
            _ => {}
        }
        for name in ["RateLimit", "RateLimit-Policy"].iter().filter(|_| is_api) {
            response["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
        }
    }
    responses.sort_keys();
}

/// Every signed-in write takes an `Idempotency-Key`, and says when its answer is an earlier one.
fn takes_a_key(method: &str, operation: &mut Value) {
    if method == "get" || operation.get("security").is_none() {
        return;
    }
    let reference = |kind: &str, name: &str| json!({"$ref": format!("#/components/{kind}/{name}")});
    let key = reference("parameters", "IdempotencyKey");
    match operation.get_mut("parameters").and_then(Value::as_array_mut) {
        Some(parameters) => parameters.push(key),
        None => operation["parameters"] = json!([key]),
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    responses.entry("409").or_insert_with(|| {
        json!({
            "description": "`idempotency_in_progress`: a request of the same key is being worked on",
            "content": {"application/problem+json": {"schema": reference("schemas", "Problem")}},
            "headers": {
                "RateLimit": reference("headers", "RateLimit"),
                "RateLimit-Policy": reference("headers", "RateLimit-Policy"),
            },
        })
    });
    for (status, response) in responses.iter_mut() {
        if !["401", "429"].contains(&status.as_str()) && !status.starts_with('5') {
            response["headers"]["Idempotency-Replayed"] = reference("headers", "Idempotency-Replayed");
        }
    }
    responses.sort_keys();
}

/// Requests are objects without further members, all the way down, and their members have the form that readers demand.
fn describe_requests(document: &mut Value, mut names: Vec<String>) {
    let mut done: Vec<String> = Vec::new();
    while let Some(name) = names.pop() {
        if done.contains(&name) {
            continue;
        }
        let schema = &mut document["components"]["schemas"][&name];
        if schema["type"] == "object" && schema.get("additionalProperties").is_none() {
            schema["additionalProperties"] = json!(false);
        }
        inputs::describe_members(schema);
        references(schema, &mut names);
        done.push(name);
    }
}

fn references(value: &Value, names: &mut Vec<String>) {
    names.extend(value["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned));
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        Value::Object(members) => members.values().for_each(|member| references(member, names)),
        _ => {}
    }
}

fn schema_name(content: &Value) -> Option<String> {
    content["schema"]["$ref"].as_str()?.rsplit('/').next().map(str::to_owned)
}
