//! `quell backup`, `quell restore` and `quell doctor`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::net::TcpListener;

use common::{Bench, prowler};
use serde_json::Value;

fn code(bench: &Bench, arguments: &[&str]) -> i32 {
    bench.run(arguments).status.code().unwrap()
}

/// The findings of a data directory, as a backup counts them.
fn findings(bench: &Bench, data: &str, to: &str) -> u64 {
    let output = bench.run(&["backup", "--json", "--data", data, "--to", to]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let files = report["backup"]["files"].as_array().unwrap();
    let database = files.iter().find(|file| file["path"] == "quell.db").unwrap();
    database["rows"]["findings"].as_u64().unwrap()
}

/// A free port, as a configuration.
fn listening(bench: &Bench) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = listener.local_addr().unwrap();
    bench.file("quell.toml", format!("[server]\nlisten = '{listen}'\n"));
    listener
}

#[test]
fn a_backup_is_put_back_whole() {
    let bench = Bench::new();
    bench.file("one.json", Value::from(vec![prowler("a")]).to_string());
    assert_eq!(code(&bench, &["triage", "one.json"]), 0);
    assert_eq!(code(&bench, &["backup", "--to", "b/one"]), 0);
    assert_eq!(code(&bench, &["backup", "--to", "b/one"]), 2, "the folder is taken");
    assert_eq!(code(&bench, &["backup", "--data", "nothing", "--to", "b/two"]), 2);
    bench.file("two.json", Value::from(vec![prowler("b")]).to_string());
    assert_eq!(code(&bench, &["triage", "two.json"]), 0);
    assert_eq!(findings(&bench, "data", "b/2"), 2);
    assert_eq!(code(&bench, &["restore", "--from", "b/one"]), 2, "not empty");
    let output = bench.run(&["restore", "--from", "b/one", "--force", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["put_aside"].as_str().unwrap().ends_with("before-restore-1"), "{report}");
    assert_eq!(findings(&bench, "data", "b/3"), 1);
    assert_eq!(code(&bench, &["restore", "--from", "b/one", "--data", "other"]), 0);
    assert_eq!(findings(&bench, "other", "b/4"), 1);
}

#[test]
fn a_damaged_backup_is_refused() {
    let bench = Bench::new();
    bench.file("one.json", Value::from(vec![prowler("a")]).to_string());
    bench.run(&["triage", "one.json"]);
    bench.run(&["backup", "--to", "b"]);
    let path = bench.folder.path().join("b/quell.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(code(&bench, &["restore", "--from", "b", "--data", "other"]), 3);
    assert!(!bench.folder.path().join("other").exists());
    assert_eq!(code(&bench, &["restore", "--from", "none", "--data", "other"]), 2);
}

#[test]
fn the_doctor_names_what_fails_and_what_to_do() {
    let bench = Bench::new();
    drop(listening(&bench));
    bench.file("one.json", Value::from(vec![prowler("a")]).to_string());
    bench.run(&["triage", "one.json"]);
    let fine = bench.run(&["doctor"]);
    let shown = String::from_utf8_lossy(&fine.stdout);
    assert_eq!(fine.status.code(), Some(0), "{shown}");
    assert!(shown.contains("data can be written"), "{shown}");

    let listener = listening(&bench);
    bench.file("data/server.db", vec![b'x'; 4096]);
    let output = bench.run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failed: Vec<&Value> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["verdict"] == "fail")
        .collect();
    let checks: Vec<_> = failed.iter().map(|line| line["check"].as_str().unwrap()).collect();
    assert_eq!(checks, ["database", "port"], "{report}");
    assert!(failed.iter().all(|line| !line["next"].as_str().unwrap().is_empty()));
    drop(listener);

    let hook = "[hooks.a]\nauth = 'bearer'\nsecrets = ['env:A_SECRET', 'file:/not/there']\n";
    bench.file("quell.toml", hook);
    let output = bench.command(&["doctor"]).env("A_SECRET", "changeme").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown.matches("fail  secret").count(), 2, "{shown}");
    assert!(!shown.contains("changeme"), "{shown}");

    bench.file("quell.toml", "[server]\nlisten = 1\n");
    assert_eq!(code(&bench, &["doctor"]), 1);
    assert_eq!(code(&bench, &["doctor", "--data", "not/there", "--config", "none"]), 3);
}
