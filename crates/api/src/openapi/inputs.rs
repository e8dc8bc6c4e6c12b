//! What every reader of requests demands of a field, by the field's name or format: said once for the whole document, as
//! the names mean the same all over it.
//!
//! Patterns are of the part of ECMA 262 that other dialects share. What a pattern cannot say (which currencies there are,
//! how long a text is once it is normalised) stays in the descriptions.

use florin_domain::id::MAX_ID;
use florin_domain::score::model_names;
use florin_domain::tag::MAX_TAG_LENGTH;
use serde_json::{Value, json};

/// Text on one line: no control characters.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// Text in which tabs and line breaks are allowed.
const LINES: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// Text on one line that is not all blank.
const NOT_BLANK: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000-\u001f\u007f-\u009f]*$";
/// Text on one line without blanks around it.
const TRIMMED: &str = r"^[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]([^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000])?$";
/// A date of an expense: none before 1970.
const DATE: &str = "^(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}$";
/// A month: none before 1970.
const MONTH: &str = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$";
/// An amount of zero or more, in a currency with up to four decimals.
pub(crate) const AMOUNT: &str = r"^(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?$";
/// An amount of more than zero.
pub(crate) const POSITIVE_AMOUNT: &str =
    r"^([1-9][0-9]{0,12}(\.[0-9]{1,4})?|0\.([1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9]))$";
/// `*`, or a list of entity tags.
const ENTITY_TAGS: &str = r#"^(\*|(W/)?"[ !#-~]*"( *, *(W/)?"[ !#-~]*")*)$"#;
/// The most characters of a keyword before it is normalised.
const MAX_RAW_KEYWORD: usize = 255;

/// Completes the schemas of all members of a request's object.
pub(super) fn describe_members(schema: &mut Value) {
    for (name, member) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        describe(name, member);
    }
}

/// Completes the schema of the field or parameter of that name.
pub(super) fn describe(name: &str, schema: &mut Value) {
    if let Some(items) = schema.get_mut("items") {
        describe(name, items);
        if ["scopes", "levels", "channels"].contains(&name) {
            schema["uniqueItems"] = json!(true);
        }
    } else if is_of(schema, "string") {
        describe_text(name, schema);
    } else if is_of(schema, "integer") && name == "category_id" {
        schema["minimum"] = json!(1);
        schema["maximum"] = json!(MAX_ID);
    }
}

fn describe_text(name: &str, schema: &mut Value) {
    if schema.get("enum").is_some() || schema.get("pattern").is_some() {
        return;
    }
    let pattern = match (name, schema["format"].as_str()) {
        (_, Some("month")) => MONTH,
        (_, Some("decimal")) => AMOUNT,
        ("date", Some("date")) => DATE,
        // The format says all.
        (_, Some("date")) => return,
        (_, Some("password")) => {
            // Its bounds count bytes: two characters can be eight of them.
            if schema.get("minLength").is_some() {
                schema["minLength"] = json!(2);
            }
            LINE
        }
        ("model", _) => {
            schema["enum"] = model_names().collect();
            return;
        }
        ("notes" | "q", _) => LINES,
        ("external_id", _) => TRIMMED,
        ("currency", _) => "^[A-Z]{3}$",
        ("timezone", _) => "^[A-Za-z0-9_+/-]{1,64}$",
        ("If-Match" | "If-None-Match", _) => {
            schema["format"] = json!("entity-tags");
            ENTITY_TAGS
        }
        ("cursor", _) => {
            schema["minLength"] = json!(1);
            "^[A-Za-z0-9_-]*$"
        }
        ("tags" | "tag", _) => {
            schema["minLength"] = json!(1);
            schema["maxLength"] = json!(MAX_TAG_LENGTH);
            NOT_BLANK
        }
        ("keywords", _) => {
            schema["minLength"] = json!(1);
            schema["maxLength"] = json!(MAX_RAW_KEYWORD);
            NOT_BLANK
        }
        _ => LINE,
    };
    schema["pattern"] = json!(pattern);
}

fn is_of(schema: &Value, wanted: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == wanted,
        Value::Array(types) => types.iter().any(|one| one == wanted),
        _ => false,
    }
}

/// A log-in names a password or a one-time code. `null` is the same as left out.
pub(super) fn one_secret(schema: &mut Value) {
    let choice = |given: &str, left_out: &str| {
        json!({
            "required": [given],
            "properties": {given: {"type": "string"}, left_out: {"type": "null"}}
        })
    };
    schema["oneOf"] = json!([choice("password", "otp"), choice("otp", "password")]);
}
