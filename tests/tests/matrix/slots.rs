//! Where requests take identifiers, as the OpenAPI document says.

use std::collections::BTreeSet;

use acceptance::Value;

/// Parameters and members that are whole numbers or opaque, and name nothing: how many rows, where a page begins, a position in
/// one's own log, an hour of the day, percent of a limit.
const NAME_NOTHING: [&str; 5] = ["limit", "cursor", "since", "hour", "levels"];

/// Every place of every operation that takes an identifier, as `patch /api/v1/expenses/{id} body /category_id`: all variables
/// in paths, and in queries and bodies whatever is a whole number or is called an identifier.
pub(crate) fn of(document: &Value) -> BTreeSet<String> {
    let mut slots = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let parameter = resolve(document, parameter);
                let (place, name) = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
                let takes_one = match place {
                    "path" => true,
                    "query" => is_identifier(document, name, &parameter["schema"]) || name == "tag",
                    _ => false,
                };
                if takes_one && !NAME_NOTHING.contains(&name) {
                    slots.insert(format!("{method} {path} {place} {name}"));
                }
            }
            for content in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                let mut found = BTreeSet::new();
                collect(document, &content.1["schema"], "", &mut found);
                slots.extend(found.into_iter().map(|pointer| format!("{method} {path} body {pointer}")));
            }
        }
    }
    slots
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => resolve(document, document.pointer(path.trim_start_matches('#')).expect("a schema")),
        None => schema,
    }
}

/// The schema and all that it may be instead.
fn choices<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let schema = resolve(document, schema);
    let mut all = vec![schema];
    for choice in ["oneOf", "anyOf", "allOf"] {
        all.extend(schema[choice].as_array().into_iter().flatten().flat_map(|part| choices(document, part)));
    }
    all
}

fn is_identifier(document: &Value, name: &str, schema: &Value) -> bool {
    let is = |schema: &Value, wanted: &str| match &schema["type"] {
        Value::String(one) => one == wanted,
        Value::Array(several) => several.iter().any(|one| one == wanted),
        _ => false,
    };
    let whole = choices(document, schema).into_iter().any(|schema| {
        is(schema, "integer") || (is(schema, "array") && is(resolve(document, &schema["items"]), "integer"))
    });
    whole || name == "id" || name.ends_with("_id")
}

fn collect(document: &Value, schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    for schema in choices(document, schema) {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let pointer = format!("{at}/{name}");
            if is_identifier(document, name, member) && !NAME_NOTHING.contains(&name.as_str()) {
                found.insert(pointer.clone());
            }
            collect(document, member, &pointer, found);
        }
        if schema.get("items").is_some() {
            collect(document, &schema["items"], &format!("{at}/*"), found);
        }
    }
}

#[test]
fn places_are_found_wherever_they_stand() {
    let document = acceptance::json!({
        "components": {"schemas": {
            "Body": {"properties": {"list": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
                                    "limit": {"type": "string"}}},
            "Item": {"oneOf": [{"properties": {"who_id": {"type": ["string", "null"]}}},
                               {"properties": {"count": {"type": ["integer", "null"]}}}]},
        }},
        "paths": {"/x/{name}": {"post": {
            "parameters": [{"in": "path", "name": "name", "schema": {"type": "string"}},
                           {"in": "query", "name": "limit", "schema": {"type": "integer"}},
                           {"in": "query", "name": "into", "schema": {"type": ["array", "null"], "items": {"type": "integer"}}},
                           {"in": "header", "name": "If-Match", "schema": {"type": "string"}}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}},
        }}},
    });
    let expected = [
        "post /x/{name} body /list/*/count",
        "post /x/{name} body /list/*/who_id",
        "post /x/{name} path name",
        "post /x/{name} query into",
    ];
    assert_eq!(of(&document).into_iter().collect::<Vec<_>>(), expected);
}
