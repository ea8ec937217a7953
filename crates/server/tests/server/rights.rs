//! Who may do what: every route with every role, and with another tenant's token.

use std::collections::{BTreeMap, BTreeSet};

use quell_server::Role;
use quell_testkit::server::{Answer, Client, Request, delivery, signature};
use serde_json::Value;

use crate::bench::{Bench, lines, logged, secret, until};

/// Every route with the roles that may use it.
const TABLE: &str = include_str!("rights.txt");

/// The routes of the description: method and path.
pub(crate) fn routes(bench: &Bench) -> Vec<(String, String)> {
    let document = bench.get("/api/v1/openapi.json").json();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), path.clone()));
        }
    }
    assert!(routes.len() > 8);
    routes
}

/// A body that each route which takes one takes, naming things that are not there.
pub(crate) fn body(path: &str) -> &'static str {
    let bodies = [
        ("/mark", r#"{"as":"accepted","reason":"known"}"#),
        ("/tell", r#"{"change":"comment","note":"seen"}"#),
        (
            "issues/{id}/fix",
            r#"{"control":"x","language":"x","file":"x","address":"x","kind":"x","code":"x","names":[],"others":[],"arguments":"","blocks":"","neighbours":[],"recipe":"","advice":[]}"#,
        ),
        ("issues/{id}/split", r#"{"finding":"10es1h1rtrfebkcjn5g2jzxh8y"}"#),
        ("incidents/{id}/split", r#"{"issues":["10es1h1rtrfebkcjn5g2jzxh8y"]}"#),
        ("incidents/{id}/join", r#"{"incidents":["10es1h1rtrfebkcjn5g2jzxh8y"]}"#),
        (
            "/exceptions",
            r#"{"scope":"colour = red","reason":"x","owner":"x","until":"2999-01-01"}"#,
        ),
        (
            "/containment",
            r#"{"action":{"do":"scale_to_zero","cluster":"x","namespace":"x","workload":"deployment","name":"x"}}"#,
        ),
        ("/containment/{id}/rollback", r#"{"reason":"x"}"#),
        ("/approvals", r#"{"fix":"0"}"#),
        ("/approvals/{id}", r#"{"word":"approve"}"#),
        ("/llm/grants", r#"{"what":["names"],"reason":"x","until":"2999-01-01"}"#),
        ("/delegations", r#"{"to":"0","days":1}"#),
        ("/exceptions/decide", r#"{"ids":["0"],"wish":"approve"}"#),
        ("/exceptions/import", r#"{"name":"x","text":"","owner":"x"}"#),
    ];
    bodies.iter().find(|(end, _)| path.ends_with(end)).map_or("{}", |(_, body)| body)
}

pub(crate) fn ask(client: &Client, (method, route): (&str, &str), path: &str) -> Answer {
    let request = match method {
        "GET" => Request::get(path),
        "DELETE" => Request::new("DELETE", path),
        _ => Request::post(path, body(route)).with("content-type", "application/json"),
    };
    let request = if matches!(method, "PUT" | "PATCH") { request.method(method) } else { request };
    client.send(&request).unwrap()
}

/// The path with something in place of each parameter that names nothing.
pub(crate) fn bogus(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str("00000000000000000000000000000000");
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

#[test]
fn each_route_is_open_to_the_roles_of_the_table_and_to_no_other() {
    let bench = Bench::new();
    let clients: Vec<(Role, Client)> =
        Role::ALL.into_iter().map(|role| (role, bench.client(role, "default"))).collect();
    let mut found = String::new();
    for (method, path) in routes(&bench) {
        if path.starts_with("/api/v1/hooks/") {
            continue;
        }
        let stranger = ask(&bench.stranger(), (&method, &path), &bogus(&path));
        assert_eq!(stranger.status, 401, "{method} {path} without a token");
        let wrong = ask(
            &bench.admin.with_token("quell_aaaaaaaaaaaa_bbbb"),
            (&method, &path),
            &bogus(&path),
        );
        assert_eq!(wrong.undated(), stranger.undated(), "{method} {path} with a wrong token");
        let may: Vec<&str> = clients
            .iter()
            .filter(|(_, client)| ask(client, (&method, &path), &bogus(&path)).status != 403)
            .map(|(role, _)| role.as_str())
            .collect();
        found.push_str(&format!("{method} {path}: {}\n", may.join(" ")));
    }
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (table, found) = (sorted(TABLE), sorted(&found));
    let missing: Vec<_> = found.difference(&table).collect();
    let stale: Vec<_> = table.difference(&found).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "rights.txt is to have {missing:#?}\nand not {stale:#?}"
    );
}

/// The first id of each list of the API.
fn ids(bench: &Bench) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for (method, path) in routes(bench) {
        if method != "GET" || path.contains('{') {
            continue;
        }
        let list = bench.get(&path).json();
        let first = list["items"].as_array().and_then(|items| items.first()).cloned();
        let id = first.as_ref().and_then(|item| item["id"].as_str());
        if let Some(id) = id {
            ids.insert(path, id.to_owned());
        }
    }
    ids
}

#[test]
fn another_tenant_s_token_finds_nothing_of_this_one() {
    let bench = Bench::new();
    let import = "/api/v1/imports?wait=true&name=secretname&source=secretsource";
    assert_eq!(bench.post(import, lines("secretrun", 3)).status, 200);
    assert_eq!(bench.deliver(&delivery("secrethook", 1, 600)).status, 202);
    until("it was taken", || bench.found("default").len() == 4);
    let foreign = bench.client(Role::Admin, "foreign");
    let ids = ids(&bench);
    assert!(ids.contains_key("/api/v1/jobs"), "{ids:?}");
    let mut tried = 0;
    for (method, path) in routes(&bench) {
        if path.starts_with("/api/v1/hooks/") {
            continue;
        }
        let list = path.split("/{").next().unwrap();
        // The catalogue is the same for all.
        let own = list != "/api/v1/controls";
        let Some(id) = ids.get(list).filter(|_| own && path.contains('{')) else {
            // A list or a question: whatever it says, nothing of the other tenant is in it.
            let answer = ask(&foreign, (&method, &path), &bogus(&path));
            assert!(!holds_secret(&answer.json()), "{method} {path}: {}", answer.text());
            continue;
        };
        let real = path.replacen("{id}", id, 1);
        let answer = ask(&foreign, (&method, &path), &bogus(&real));
        let nothing = ask(&foreign, (&method, &path), &bogus(&path));
        assert_eq!(answer.status, 404, "{method} {real}: {}", answer.text());
        assert_eq!(answer.undated(), nothing.undated(), "{method} {real} shows that it is there");
        tried += 1;
    }
    assert!(tried >= 4, "only {tried} routes with an id were tried");
    // What it tried has changed nothing.
    assert_eq!(bench.found("default").len(), 4);
    assert!(bench.found("foreign").len() < 4);
}

fn holds_secret(value: &Value) -> bool {
    let text = value.to_string();
    ["secretname", "secretsource", "secretrun", "secrethook"].iter().any(|word| text.contains(word))
}

#[test]
fn every_answer_has_the_headers_that_keep_browsers_safe() {
    let bench = Bench::new();
    let wrong_host = Request::get("/health/live").with("Host", "evil.example");
    let refused = bench.stranger().send(&wrong_host).unwrap();
    assert_eq!(refused.status, 400);
    let paths = [
        "/",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/sign-in",
        "/approvals",
        "/exceptions/new",
        "/nothing",
        "/api/v1/docs",
        "/api/v1/openapi.json",
        "/api/v1/jobs",
        "/api/v1/jobs?limit=x",
        "/api/v1/imports",
        "/api/v1/jobs/%3Cscript%3Ealert(1)%3C/script%3E",
    ];
    let mut answers: Vec<(String, Answer)> = paths
        .iter()
        .flat_map(|path| {
            [
                ((*path).to_owned(), bench.get(path)),
                (
                    format!("{path} by a stranger"),
                    bench.stranger().send(&Request::get(path)).unwrap(),
                ),
            ]
        })
        .collect();
    answers.push(("another host".to_owned(), refused));
    for (path, answer) in answers {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        // A browser says where a form comes from only on a page that lets it.
        let kind = answer.header("content-type").unwrap_or_default();
        let tells = if kind.starts_with("text/html") { "same-origin" } else { "no-referrer" };
        assert_eq!(answer.header("referrer-policy"), Some(tells), "{path}");
        assert!(!policy.contains("script-src") || !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        assert_eq!(answer.header("server"), None, "{path}");
        assert!(!answer.text().contains("<script>alert"), "{path}");
    }
    // Other sites may not ask.
    let origin = Request::new("OPTIONS", "/api/v1/jobs")
        .with("Origin", "https://evil.example")
        .with("Access-Control-Request-Method", "GET");
    let answer = bench.admin.send(&origin).unwrap();
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert!(answer.status >= 400, "{}", answer.status);
}

#[test]
fn no_secret_is_in_any_answer_or_log() {
    let bench = Bench::new();
    tracing::warn!("this line shows that what is logged is looked at");
    let body = delivery("leak", 1, 600);
    let mut seen = String::new();
    for name in ["signed", "basic", "bearer", "header", "rotated", "off", "nothing"] {
        for secret_name in ["SIGNED", "BEARER", "BASIC", "HEADER"] {
            let value = secret(secret_name);
            let bearer = format!("Bearer {value}");
            let signature = signature(value.as_bytes(), &body);
            let headers = [
                ("authorization", bearer.as_str()),
                ("x-api-key", &value),
                ("x-signature", &signature),
            ];
            seen.push_str(&answer_text(&bench.hook(name, &body, &headers)));
        }
    }
    for path in ["/api/v1/jobs", "/api/v1/sources", "/metrics", "/", "/api/v1/openapi.json"] {
        seen.push_str(&answer_text(&bench.get(path)));
    }
    let token = bench.admin.token.clone().unwrap();
    let odd =
        bench.admin.with_token(&format!("{token}x")).send(&Request::get("/api/v1/jobs")).unwrap();
    seen.push_str(&answer_text(&odd));
    seen.push_str(&logged());
    let secret_part = token.rsplit('_').next().unwrap();
    assert!(!seen.contains("canary-"), "a webhook's secret is seen");
    assert!(!seen.contains(secret_part), "a token is seen");
    assert!(seen.contains("what is logged is looked at"), "nothing that was logged is seen");
    // Nor in any file of the data directory: tokens are kept as hashes.
    let mut waiting = vec![bench.data().to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap_or_default();
            let has =
                |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!has("canary-") && !has(secret_part), "{}", path.display());
        }
    }
}

fn answer_text(answer: &Answer) -> String {
    format!("{:?}\n{}\n", answer.headers, answer.text())
}
