//! A small validator of JSON against the schemas of the OpenAPI document: what is answered has to be what is promised.

use serde_json::Value;

/// The document, and where answers are looked up in it.
#[derive(Debug)]
pub struct Document(Value);

impl Document {
    /// A document as `/openapi.json` has it.
    #[must_use]
    pub const fn new(document: Value) -> Self {
        Self(document)
    }

    /// Every path with its methods, in lower case.
    #[must_use]
    pub fn operations(&self) -> Vec<(String, String)> {
        let paths = self.0["paths"].as_object().expect("paths");
        let methods = |item: &Value| item.as_object().expect("methods").keys().cloned().collect::<Vec<_>>();
        paths.iter().flat_map(|(path, item)| methods(item).into_iter().map(|m| (path.clone(), m))).collect()
    }

    /// The documented operation of a request, by its method in lower case and its path without a query.
    #[must_use]
    pub fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let paths = self.0["paths"].as_object()?;
        let exact = paths.get(path).and_then(|item| item.get(method));
        exact.or_else(|| paths.iter().find(|(pattern, _)| fits(pattern, path)).and_then(|(_, item)| item.get(method)))
    }

    /// Everything in which an answer differs from what is documented; nothing when it is as promised.
    #[must_use]
    pub fn differences(&self, method: &str, path: &str, status: u16, media_type: &str, body: &Value) -> Vec<String> {
        let Some(operation) = self.operation(&method.to_lowercase(), path) else {
            return vec![format!("{method} {path} is not documented")];
        };
        let Some(response) = operation["responses"].get(status.to_string()) else {
            return vec![format!("{method} {path} does not document {status}")];
        };
        let Some(content) = response.get("content") else {
            return if body.is_null() { Vec::new() } else { vec![format!("{status} is documented without a body")] };
        };
        let essence = media_type.split(';').next().unwrap_or_default();
        let Some(schema) = content.get(essence).map(|content| &content["schema"]) else {
            return vec![format!("{status} is not documented as {essence:?}")];
        };
        let mut differences = Vec::new();
        self.compare(schema, body, "", &mut differences);
        differences
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(path) => self.resolve(self.0.pointer(path.trim_start_matches('#')).expect("a schema of that name")),
            None => schema,
        }
    }

    fn compare(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let schema = self.resolve(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.compare(part, value, at, found);
        }
        for choice in ["oneOf", "anyOf"] {
            let Some(parts) = schema[choice].as_array() else { continue };
            let fits = |part: &&Value| {
                let mut found = Vec::new();
                self.compare(part, value, at, &mut found);
                found.is_empty()
            };
            if !parts.iter().any(|part| fits(&part)) {
                found.push(format!("{at}: {value} fits none of its {choice}"));
            }
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.iter().any(|wanted| is_of(value, wanted)) {
            found.push(format!("{at}: {value} is none of {types:?}"));
            return;
        }
        if let Some(choices) = schema["enum"].as_array()
            && !choices.contains(value)
        {
            found.push(format!("{at}: {value} is none of {choices:?}"));
        }
        if let Value::Object(members) = value {
            self.compare_members(schema, members, at, found);
        }
        if let (Value::Array(items), Some(schema)) = (value, schema.get("items")) {
            for (n, item) in items.iter().enumerate() {
                self.compare(schema, item, &format!("{at}/{n}"), found);
            }
        }
    }

    fn compare_members(
        &self,
        schema: &Value,
        members: &serde_json::Map<String, Value>,
        at: &str,
        found: &mut Vec<String>,
    ) {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for name in required.filter(|name| !members.contains_key(*name)) {
            found.push(format!("{at}: {name} is missing"));
        }
        let Some(properties) = schema["properties"].as_object() else { return };
        for (name, value) in members {
            match properties.get(name) {
                Some(schema) => self.compare(schema, value, &format!("{at}/{name}"), found),
                None => found.push(format!("{at}: {name} is not documented")),
            }
        }
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let same = |(wanted, found): (&&str, &&str)| wanted == found || (wanted.starts_with('{') && !found.is_empty());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(same)
}

fn is_of(value: &Value, wanted: &str) -> bool {
    match wanted {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => false,
    }
}
