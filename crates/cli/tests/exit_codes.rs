//! Exit codes are a contract; `docs/exit-codes.md` lists them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Bench, prowler};
use serde_json::Value;

fn code(bench: &Bench, arguments: &[&str]) -> i32 {
    bench.run(arguments).status.code().unwrap()
}

#[test]
fn each_end_has_its_code() {
    let bench = Bench::new();
    bench.file("good.json", Value::from(vec![prowler("a")]).to_string());
    bench.file("bad.json", "{\"nothing\": true}");
    assert_eq!(code(&bench, &["triage", "good.json"]), 0);
    assert_eq!(code(&bench, &["triage", "good.json", "--fail-on", "high"]), 1);
    assert_eq!(code(&bench, &["triage", "good.json", "--fail-on", "critical"]), 0);
    assert_eq!(code(&bench, &["triage", "--no-such-flag"]), 2);
    assert_eq!(code(&bench, &["issue", "show", "zzzz"]), 2);
    assert_eq!(code(&bench, &["triage", "bad.json"]), 3);
    assert_eq!(code(&bench, &["triage", "missing.json"]), 3);
    assert_eq!(code(&bench, &["triage", "good.json", "bad.json"]), 3);
}

#[test]
fn a_merge_can_be_looked_at_and_undone() {
    let bench = Bench::new();
    let (first, mut second) = (prowler("a"), prowler("a"));
    second["finding_info"]["uid"] = "another".into();
    let path = bench.file("two.json", Value::from(vec![first, second]).to_string());
    let (_, report) = bench.triage(&path);
    let issues = report["issues"].as_array().unwrap();
    assert_eq!(issues.len(), 1);
    let id = issues[0]["id"].as_str().unwrap();
    let finding = issues[0]["findings"][0]["id"].as_str().unwrap();
    let shown = String::from_utf8(bench.run(&["issue", "show", id]).stdout).unwrap();
    assert!(shown.contains("two.json"), "{shown}");
    assert_eq!(code(&bench, &["issue", "split", id, finding]), 0);
    let (_, report) = bench.triage(&path);
    assert_eq!(report["issues"].as_array().unwrap().len(), 2);
}

#[test]
fn rejects_are_written_with_their_place() {
    let bench = Bench::new();
    bench
        .file("mixed.json", format!("[{},{{\"class_uid\":2004,\"severity_id\":1}}]", prowler("a")));
    assert_eq!(code(&bench, &["triage", "mixed.json", "--rejects", "rejects.jsonl"]), 0);
    let rejects = std::fs::read_to_string(bench.folder.path().join("rejects.jsonl")).unwrap();
    let reject: Value = serde_json::from_str(rejects.lines().next().unwrap()).unwrap();
    assert_eq!(reject["path"], "mixed.json");
    assert!(
        reject["offset_bytes"].as_u64().unwrap() > 1 && reject["reason"].is_string(),
        "{reject}"
    );
}
