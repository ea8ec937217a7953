//! Questions and bodies that want more than they may: what is asked for stays text, and what a
//! body says beside its fields changes nothing.

use quell_testkit::server::Request;
use serde_json::{Value, json};

use crate::bench::{Bench, lines};
use crate::rights::{body, bogus, routes};

/// Text that means something to a database, a shell, a template or a pattern, and nothing here.
const TEXTS: [&str; 16] = [
    "' OR '1'='1",
    "'; DROP TABLE issues; --",
    "\" OR \"\"=\"",
    "%",
    "_",
    "*",
    "a' UNION SELECT hash FROM tokens --",
    "pg_sleep(10)",
    "(a+)+$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "$(id)",
    "../../server.db",
    "\0",
    "\u{202e}\u{200b}",
];

/// A value as it stands in a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// The parameters of a question that take text.
fn text_parameters(operation: &Value) -> Vec<String> {
    let all = operation["parameters"].as_array().cloned().unwrap_or_default();
    let text = |one: &Value| one["in"] == "query" && one["schema"].to_string().contains("string");
    let named = all.iter().filter(|one| text(one));
    named.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_asked_for_is_text_and_nothing_else() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("run", 3)).status, 200);
    let document = bench.get("/api/v1/openapi.json").json();
    let paths = document["paths"].as_object().unwrap().iter();
    let questions: Vec<(&String, String)> = paths
        .flat_map(|(path, methods)| {
            text_parameters(&methods["get"]).into_iter().map(move |name| (path, name))
        })
        .collect();
    let pairs = questions.iter().flat_map(|question| TEXTS.map(|text| (question, text)));
    let mut asked = 0;
    for ((path, name), text) in pairs {
        let answer = bench.get(&format!("{}?{name}={}", bogus(path), encoded(text)));
        assert!(answer.status < 500, "{name} of {path}: {}", answer.text());
        let items = answer.json()["items"].as_array().cloned().unwrap_or_default();
        let holds = |item: &Value| item.to_string().contains(text);
        assert!(items.iter().all(holds), "{name}={text} of {path} finds what has it not");
        asked += 1;
    }
    assert!(asked > 300, "only {asked} questions");
    assert_eq!(bench.get("/api/v1/findings").json()["total"], 3);
}

#[test]
fn a_body_says_nothing_beside_its_fields() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("run", 3)).status, 200);
    let mut tried = 0;
    for (method, path) in routes(&bench) {
        let taken = body(&path);
        if method != "POST" || taken == "{}" {
            continue;
        }
        let send = |body: String| {
            let request = Request::post(&bogus(&path), body);
            bench.admin.send(&request.with("content-type", "application/json")).unwrap()
        };
        let more =
            [("tenant", json!("other")), ("role", json!("admin")), ("approved", json!(true))];
        for (name, value) in more {
            let mut body: Value = serde_json::from_str(taken).unwrap();
            body[name] = value;
            let answer = send(body.to_string());
            assert!(matches!(answer.status, 400 | 422), "{path} takes `{name}`: {}", answer.text());
        }
        // The same field twice, and a list in place of each field.
        let inner = taken.trim_start_matches('{');
        let twice = send(format!("{{{},{inner}", inner.trim_end_matches('}')));
        assert!(matches!(twice.status, 400 | 422), "{path}: {}", twice.text());
        let mut lists: Value = serde_json::from_str(taken).unwrap();
        lists.as_object_mut().unwrap().values_mut().for_each(|value| *value = json!([[["x"]]]));
        let listed = send(lists.to_string());
        assert!(matches!(listed.status, 400 | 422), "{path}: {}", listed.text());
        tried += 1;
    }
    assert!(tried >= 6, "only {tried} routes take a body");
    assert_eq!(bench.get("/api/v1/findings").json()["total"], 3);
}

#[test]
fn no_answer_is_a_stream_that_outlives_who_asked() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("run", 3)).status, 200);
    let mut asked = 0;
    for (method, path) in routes(&bench) {
        if method != "GET" {
            continue;
        }
        for wants in [
            [("accept", "text/event-stream"), ("connection", "keep-alive")],
            [("connection", "upgrade"), ("upgrade", "websocket")],
        ] {
            let request = Request::get(&bogus(&path))
                .with("sec-websocket-version", "13")
                .with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            let request =
                wants.iter().fold(request, |request, (name, value)| request.with(name, value));
            let answer = bench.admin.send(&request).unwrap();
            let kind = answer.header("content-type").unwrap_or_default().to_owned();
            assert!(answer.status != 101 && answer.status < 500, "{path}: {}", answer.status);
            assert!(!kind.contains("event-stream"), "{path}: {kind}");
            asked += 1;
        }
    }
    assert!(asked > 60, "{asked}");
}
