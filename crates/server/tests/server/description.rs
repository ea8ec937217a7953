//! The description of the API: whole, and true of what is answered.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::bench::{Bench, lines};

/// Every operation: its method, its path and what is said of it.
fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, said)| (method, path, said))
    })
}

/// What an answer with a status is to look like.
fn validator(document: &Value, path: &str, method: &str, status: &str) -> Validator {
    let escaped = path.replace('/', "~1").replace('{', "%7B").replace('}', "%7D");
    let content = &document["paths"][path][method]["responses"][status]["content"];
    assert!(content["application/json"]["schema"].is_object(), "{method} {path} {status}");
    let at =
        format!("#/paths/{escaped}/{method}/responses/{status}/content/application~1json/schema");
    let mut schema = document.clone();
    schema["$ref"] = json!(at);
    jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_operation_has_a_name_of_its_own_and_schemas_for_all_its_answers() {
    let bench = Bench::new();
    let document = bench.get("/api/v1/openapi.json").json();
    let mut names = BTreeSet::new();
    for (method, path, said) in operations(&document) {
        let name = said["operationId"].as_str().unwrap();
        assert!(names.insert(name), "two operations are called {name}");
        let answers = said["responses"].as_object().unwrap();
        for (status, answer) in answers {
            let problem = !status.starts_with('2');
            let kind = if problem { "application/problem+json" } else { "application/json" };
            let schema = &answer["content"][kind]["schema"];
            let named = schema["$ref"].is_string();
            assert!(
                named || schema["properties"].is_object(),
                "{method} {path} {status}: {answer}"
            );
        }
        if !path.contains("/hooks/") {
            for status in ["400", "401", "403", "429", "500", "503"] {
                assert!(answers.contains_key(status), "{method} {path} does not name {status}");
            }
        }
        if path.contains("{id}") {
            assert!(answers.contains_key("404"), "{method} {path} does not name 404");
        }
        if method != "get" && !path.contains("/hooks/") {
            let parameters = said["parameters"].as_array().unwrap();
            let once = parameters.iter().any(|given| given["name"] == "Idempotency-Key");
            assert!(once && answers.contains_key("422"), "{method} {path}");
        }
    }
    let text = document.to_string();
    let known = document["components"]["schemas"].as_object().unwrap();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(known.contains_key(name), "{name} is not described");
    }
}

#[test]
fn lists_and_items_are_as_they_are_described() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("described", 7)).status, 200);
    let document = bench.get("/api/v1/openapi.json").json();
    let mut items = 0;
    for (method, path, said) in operations(&document).filter(|(method, ..)| *method == "get") {
        if path.contains('{') {
            continue;
        }
        let parameters = said["parameters"].as_array().cloned().unwrap_or_default();
        let is_needed = |given: &Value| given["required"] == true && given["in"] == "query";
        if parameters.iter().any(is_needed) {
            continue;
        }
        let takes = |name: &str| parameters.iter().any(|given| given["name"] == name);
        let asked =
            if takes("facets") { format!("{path}?facets=true&limit=3") } else { path.clone() };
        let answer = bench.get(&asked).json();
        let check = |path: &str, answer: &Value| {
            let validator = validator(&document, path, method, "200");
            let errors: Vec<String> = validator
                .iter_errors(answer)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{path}: {}", errors.join("\n"));
        };
        check(path, &answer);
        let one = format!("{path}/{{id}}");
        let id = answer["items"][0]["id"].as_str();
        if let Some(id) = id.filter(|_| document["paths"][&one]["get"].is_object()) {
            let id = id.replace('/', "%2F");
            check(&one, &bench.get(&one.replace("{id}", &id)).json());
            items += 1;
        }
    }
    assert!(items >= 5, "only {items} resources were shown");
}
