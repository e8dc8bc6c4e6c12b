use super::*;

#[test]
fn every_answer_is_described() {
    let document = document().unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["operationId"].is_string(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{method} {path} {status}");
                if status.as_str() >= "400" {
                    assert!(response["content"]["application/problem+json"].is_object(), "{method} {path} {status}");
                }
            }
        }
    }
}

#[test]
fn operation_ids_are_unique() {
    let document = document().unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let mut ids: Vec<_> = operations.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect();
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn request_bodies_refuse_unknown_fields_and_answers_do_not_promise_to() {
    let schemas = &document().unwrap()["components"]["schemas"];
    assert_eq!(schemas["RegisterBody"]["additionalProperties"], false);
    assert!(schemas["UserBody"].get("additionalProperties").is_none());
}

#[test]
fn only_what_has_a_body_documents_one() {
    let paths = &document().unwrap()["paths"];
    assert!(paths["/api/v1/expenses"]["post"]["requestBody"]["required"].as_bool().unwrap());
    for operation in [&paths["/api/v1/expenses"]["get"], &paths["/api/v1/expenses/{id}"]["delete"]] {
        assert!(operation.get("requestBody").is_none() && operation["responses"].get("415").is_none());
    }
    let undo = &paths["/api/v1/actions/undo"]["post"]["requestBody"];
    assert_ne!(undo["required"], true);
    assert_eq!(undo["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/ExpectedBody");
}

#[test]
fn the_first_apis_paths_are_documented() {
    let paths = &document().unwrap()["paths"];
    assert_eq!(paths["/api/score"]["get"]["parameters"], paths["/api/v1/score"]["get"]["parameters"]);
    assert_eq!(paths["/reverseLastAction"]["post"]["operationId"], "reverseLastAction");
}

#[test]
fn every_answer_of_the_api_tells_the_limit() {
    let document = document().unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let is_api = path.starts_with("/api/") || path == "/reverseLastAction";
        for (method, operation) in operations.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                for name in ["RateLimit", "RateLimit-Policy"] {
                    let reference = response["headers"][name]["$ref"].as_str();
                    let header = reference.and_then(|path| document.pointer(path.trim_start_matches('#')));
                    assert_eq!(header.is_some(), is_api, "{name} of {method} {path} {status}");
                }
            }
        }
    }
}

/// Calls `check` with every text in `schema`, and where it is.
fn texts(document: &Value, schema: &Value, at: &str, check: &mut impl FnMut(&str, &Value)) {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        texts(document, &document["components"]["schemas"][name], &format!("{at} {name}"), check);
    }
    if schema["type"] == "string" || schema["type"].as_array().is_some_and(|types| types.contains(&"string".into())) {
        check(at, schema);
    }
    for choice in schema["oneOf"].as_array().into_iter().flatten().filter(|choice| choice.get("required").is_none()) {
        texts(document, choice, at, check);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        texts(document, member, &format!("{at}/{name}"), check);
    }
    if let Some(items) = schema.get("items") {
        texts(document, items, at, check);
    }
}

#[test]
fn every_text_in_a_request_says_its_form() {
    let document = document().unwrap();
    let mut count = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let at = format!("{method} {path}");
            let mut check = |at: &str, text: &Value| {
                count += 1;
                let says = text.get("enum").is_some() || text.get("pattern").is_some() || text["format"] == "date";
                assert!(says, "{at}: {text}");
            };
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                texts(&document, &parameter["schema"], &format!("{at} {}", parameter["name"]), &mut check);
            }
            for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(serde_json::Map::values)
            {
                texts(&document, &content["schema"], &at, &mut check);
            }
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn fields_of_one_name_have_one_form() {
    let document = document().unwrap();
    let parameter = |path: &str, method: &str, name: &str| {
        let parameters = document["paths"][path][method]["parameters"].as_array().unwrap();
        parameters.iter().find(|it| it["name"] == name).unwrap()["schema"].clone()
    };
    let member = |body: &str, name: &str| document["components"]["schemas"][body]["properties"][name].clone();
    let month = parameter("/api/v1/summary", "get", "month");
    assert_eq!(member("LimitBody", "from_month")["pattern"], month["pattern"]);
    assert_eq!(parameter("/api/score", "get", "month"), month);
    assert_eq!(parameter("/api/v1/score", "get", "model")["enum"], serde_json::json!(["standard/1", "classic/1"]));
    assert_eq!(parameter("/api/v1/expenses", "get", "category_id")["items"]["maximum"], 9_007_199_254_740_991_i64);
    assert_eq!(member("NewExpenseBody", "tags")["items"], member("CategorizeBody", "tags")["items"]);
    assert_ne!(member("NewExpenseBody", "notes")["pattern"], member("NewExpenseBody", "external_id")["pattern"]);
    assert_eq!(document["components"]["schemas"]["LoginBody"]["oneOf"].as_array().unwrap().len(), 2);
    assert!(document["components"]["schemas"]["AmountInput"].get("properties").is_none());
    assert!(member("UserBody", "name").get("pattern").is_none(), "answers promise less");
}
