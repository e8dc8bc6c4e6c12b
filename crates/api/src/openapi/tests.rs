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
