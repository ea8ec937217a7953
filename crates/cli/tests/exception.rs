//! `quell exception`, `quell policy` and `quell stats` on a data directory.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Bench, demo, prowler};
use serde_json::{Value, json};

fn filled() -> Bench {
    let bench = Bench::new();
    let records: Vec<Value> = ["logs", "data"].iter().map(|name| prowler(name)).collect();
    let scan = bench.file("scan.json", json!(records).to_string());
    assert_eq!(bench.triage(&scan).0, 0);
    bench
}

fn json_of(bench: &Bench, arguments: &[&str]) -> Value {
    serde_json::from_slice(&bench.run(arguments).stdout).unwrap()
}

fn out_of(bench: &Bench, arguments: &[&str]) -> String {
    String::from_utf8(bench.run(arguments).stdout).unwrap()
}

fn code(bench: &Bench, arguments: &[&str]) -> i32 {
    bench.run(arguments).status.code().unwrap()
}

const SCOPE: &str = "asset = *logs*";

fn asked(bench: &Bench) -> String {
    let preview = json_of(bench, &["exception", "preview", SCOPE, "--json"]);
    assert_eq!(preview["issues"], 1);
    let until = preview["latest_end"].as_str().unwrap().to_owned();
    let request = [
        "exception",
        "request",
        SCOPE,
        "--reason",
        "closed network",
        "--owner",
        "shop",
        "--until",
        &until,
        "--json",
    ];
    json_of(bench, &request)["exception"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_another_person_agrees_to_is_hidden_and_the_report_says_by_what() {
    let bench = filled();
    let open = || json_of(&bench, &["issue", "list", "--json"])["count"].clone();
    assert_eq!(open(), 2);
    let id = asked(&bench);
    assert_eq!(code(&bench, &["exception", "approve", &id]), 1);
    for name in ["ben", "cleo"] {
        bench.run(&["exception", "approve", &id, "--as", name]);
    }
    assert_eq!(json_of(&bench, &["exception", "show", &id, "--json"])["in_force"], true);
    assert_eq!(open(), 1);
    let report = json_of(&bench, &["triage", "--json"]);
    let schema = std::fs::read(demo().join("../../docs/report.schema.json")).unwrap();
    jsonschema::validate(&serde_json::from_slice(&schema).unwrap(), &report).unwrap();
    assert_eq!(
        (&report["funnel"]["issues"], &report["hidden"][0]["issues"]),
        (&json!(1), &json!(1))
    );
    let hidden = report["hidden"][0]["ids"][0].as_str().unwrap();
    // Reports for people name the exception, with what it hides and until when.
    for format in ["html", "markdown"] {
        let text = out_of(&bench, &["triage", "--format", format]);
        assert!(text.contains("1 open issue hidden by 1 exception"), "{format}: {text}");
        assert!(text.contains(id.get(..10).unwrap()) && text.contains("closed network"), "{text}");
        assert!(!text.contains("href=\"/exceptions"), "it is no page of a server: {text}");
    }
    let listed = out_of(&bench, &["issue", "list", "--status", "suppressed"]);
    assert!(listed.contains("hidden by exception"), "{listed}");
    assert!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    let story = String::from_utf8(bench.run(&["issue", "show", hidden]).stdout).unwrap();
    assert!(story.contains("hidden by exception") && story.contains("of shop until"), "{story}");
    assert_eq!(code(&bench, &["exception", "withdraw", &id]), 0);
    assert_eq!(open(), 2);
}

#[test]
fn lists_of_tools_are_asked_for_and_what_is_wrong_is_said() {
    let bench = filled();
    bench.file(".trivyignore", "CVE-2024-1\nCVE-2 x\n");
    let taken = json_of(&bench, &["exception", "import", ".trivyignore", "--owner", "o", "--json"]);
    assert_eq!(taken["requested"].as_array().unwrap().len(), 1);
    assert_eq!(taken["skipped"][0]["line"], 2);
    assert_eq!(code(&bench, &["exception", "preview", "colour = red"]), 2);
    assert_eq!(code(&bench, &["exception", "show", "zzzz"]), 2);
    assert_eq!(code(&bench, &["exception", "import", "scan.json", "--owner", "o"]), 2);
}

#[test]
fn rules_are_tried_and_clocks_are_counted() {
    let bench = filled();
    let rules = demo().join("../rules/phases.toml");
    assert_eq!(code(&bench, &["policy", "test", rules.to_str().unwrap()]), 0);
    let wrong = std::fs::read_to_string(&rules).unwrap().replace("\"runs\"", "\"refused\"");
    bench.file("wrong.toml", wrong);
    assert_eq!(code(&bench, &["policy", "test", "wrong.toml"]), 1);
    bench.file("broken.toml", "[[rule]]\nid = \"a\"\n");
    assert_eq!(code(&bench, &["policy", "test", "broken.toml"]), 2);
    let told = json_of(&bench, &["policy", "test", "wrong.toml", "--json"]);
    assert_eq!(
        (&told["wrong"][0]["expected"], &told["rules"]),
        (&"refused".into(), &told["rules"])
    );
    assert_ne!(told["wrong"][0]["verdict"]["outcome"], "refused", "{told}");
    let none = out_of(&bench, &["policy", "rules"]);
    assert!(none.starts_with("no rules, so everything is only observed"), "{none}");
    bench.file("quell.toml", format!("[approvals]\nrules = {:?}\n", rules.to_str().unwrap()));
    let listed = out_of(&bench, &["policy", "rules"]);
    assert!(listed.contains("no admin stands behind it; in production it takes two"), "{listed}");
    assert!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    let page = json_of(&bench, &["policy", "rules", "--json"]);
    assert_eq!(page["items"].as_array().unwrap().len() as u64, page["total"].as_u64().unwrap());
    assert!(page["items"][0]["backers"].is_array() && page["items"][0]["id"].is_string(), "{page}");
    // Rules may be about some tenants only.
    let own = "[[rule]]\nid = \"a\"\nphase = \"assist\"\ntenants = [\"blue\"]\n";
    bench.file("own.toml", own);
    bench.file("quell.toml", "[approvals]\nrules = \"own.toml\"\n");
    for (tenant, outcome) in [("blue", "waits"), ("default", "refused")] {
        let explain = ["policy", "explain", "--proved", "--tenant", tenant, "--json"];
        assert_eq!(json_of(&bench, &explain)["outcome"], outcome, "{tenant}");
    }
    bench.file("quell.toml", "");
    let verdict = json_of(&bench, &["policy", "explain", "--proved", "--json"]);
    assert_eq!(verdict["outcome"], "refused");
    assert_eq!(json_of(&bench, &["stats", "--json"])["issues"], 2);
    // Who agrees to a plan is known to a server only.
    assert_eq!(code(&bench, &["approval", "list"]), 2);
}
