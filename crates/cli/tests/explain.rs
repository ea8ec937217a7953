//! `quell explain` and `triage --explain`, with a model and with none that answers.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::demo;
use common::models::{Stage, text};
use quell_testkit::llm::{ANY_WORDS, LlmDouble, LlmFault, any_answer};
use serde_json::{Value, json};

fn stage() -> Stage {
    Stage::new(LlmDouble::new(Arc::new(any_answer)), |url| {
        format!(
            "[llm.words]\nkind = 'openai-compatible'\nurl = '{url}/compatible/v1'\n\
             model = 'qwen3'\nprice_input = '0'\nprice_output = '0'\ntimeout_seconds = 1\n\
             [analyst]\nsmall = 'words'\nlarge = 'words'\nwait_seconds = 1\nin_letters = true\n"
        )
    })
}

/// The same with the demo's findings.
fn with_findings() -> Stage {
    let stage = stage();
    let output = stage.run(&["triage", demo().join("findings").to_str().unwrap(), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    stage
}

/// Incidents: one of a kind.
fn incident(stage: &Stage, is_attack: bool) -> String {
    let report = stage.json(&["triage", "--json"]);
    let incidents = report["incidents"].as_array().unwrap();
    let found = incidents.iter().find(|one| one["timeline"].is_object() == is_attack).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[test]
fn an_incident_is_explained_by_a_model_once_and_from_then_on_by_what_was_kept() {
    let stage = with_findings();
    let id = incident(&stage, false);
    let plain = stage.json(&["explain", &id, "--no-model", "--json"]);
    assert_eq!(plain["words"]["by"], "rules");
    assert_eq!(stage.models.asked().len(), 0);
    let told = stage.json(&["explain", id.get(..10).unwrap(), "--json"]);
    assert_eq!((&told["words"]["by"], &told["incident"]), (&json!("model"), &json!(id)), "{told}");
    assert_eq!(told["words"]["task"], "incident");
    assert_eq!(told["words"]["made"]["kept"], false);
    assert!(!told["records"].as_array().unwrap().is_empty(), "{told}");
    assert_eq!(stage.models.asked().len(), 1);
    let again = stage.run(&["explain", &id]);
    let out = text(&again.stdout);
    assert!(out.contains("Written by qwen3 of words, an answer that was kept; checked"), "{out}");
    assert!(out.contains(&format!("- {ANY_WORDS} [")), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    let kept = stage.json(&["explain", &id, "--no-model", "--json"]);
    assert_eq!(kept["words"]["made"]["kept"], true);
    assert_eq!(stage.models.asked().len(), 1);
    // For somebody else it is another question.
    let other = stage.json(&["explain", &id, "--as", "executive", "--json"]);
    assert_eq!(
        (&other["audience"], &other["words"]["made"]["kept"]),
        (&json!("executive"), &json!(false),)
    );
    assert_eq!(stage.models.asked().len(), 2);
}

#[test]
fn what_was_seen_to_happen_is_told_as_that_unless_another_task_is_asked_for() {
    let stage = with_findings();
    let id = incident(&stage, true);
    assert_eq!(stage.json(&["explain", &id, "--json"])["words"]["task"], "runtime");
    let plain = stage.json(&["explain", &id, "--task", "incident", "--json"]);
    assert_eq!(plain["words"]["task"], "incident");
    for (words, said) in [
        (&["explain", &id, "--task", "x"][..], "it is one of "),
        (&["explain", "zzz"], "no incident `zzz`"),
        (&["explain", &id, "--as", "nobody"], "possible values: owner, analyst, executive"),
    ] {
        let output = stage.run(words);
        let told = text(&output.stderr);
        assert!(output.status.code() == Some(2) && told.contains(said), "{words:?}: {told}");
    }
}

#[test]
fn what_would_leave_is_shown_as_it_leaves_and_nobody_is_asked() {
    let stage = with_findings();
    let id = incident(&stage, false);
    let shown = stage.run(&["explain", &id, "--show-payload"]);
    assert_eq!((shown.status.code(), stage.models.asked().len()), (Some(0), 0));
    let said = text(&shown.stderr);
    assert!(said.contains("bytes would go to `words`; nothing was sent"), "{said}");
    let json = stage.json(&["explain", &id, "--show-payload", "--json"]);
    assert_eq!(json["payload"]["text"], text(&shown.stdout));
    let payload: Value = serde_json::from_slice(&shown.stdout).unwrap();
    stage.json(&["explain", &id, "--json"]);
    let sent = stage.models.asked().pop().unwrap();
    let messages: Vec<&str> = payload["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|m| m["content"].as_str())
        .collect();
    assert_eq!(messages, [sent.system.as_str(), sent.user.as_str()]);
    // Without a model there is nothing to show.
    stage.bench.file("quell.toml", "");
    let none = stage.run(&["explain", &id, "--show-payload"]);
    assert_eq!((none.status.code(), none.stdout.len()), (Some(0), 0));
    assert!(text(&none.stderr).contains("nothing would be sent: no model is configured"));
}

#[test]
fn a_report_has_as_many_incidents_in_other_words_as_were_asked_for() {
    let stage = with_findings();
    let report = stage.json(&["triage", "--explain=2", "--json"]);
    let words: Vec<&Value> =
        report["incidents"].as_array().unwrap().iter().map(|one| &one["words"]).collect();
    assert!(words[..2].iter().all(|words| words["by"] == "model"), "{words:?}");
    assert!(words[2..].iter().all(|words| words.is_null()));
    assert_eq!(stage.models.asked().len(), 2);
    let schema = demo().join("../../docs/report.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&report).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let output = stage.run(&["triage", "--explain=3"]);
    let (out, said) = (text(&output.stdout), text(&output.stderr));
    assert!(said.contains("in other words: 3 by a language model, 0 by the rules"), "{said}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    // Off unless it is asked for.
    let plain = stage.json(&["triage", "--json"]);
    assert!(plain["incidents"].as_array().unwrap().iter().all(|one| one["words"].is_null()));
    assert_eq!(stage.models.asked().len(), 3);
}

#[test]
fn a_directory_that_a_server_holds_is_explained_by_the_rules() {
    let stage = with_findings();
    let id = incident(&stage, false);
    stage.json(&["explain", &id, "--json"]);
    let lock = stage.bench.folder.path().join("data").join("server.lock");
    let held =
        std::fs::File::options().create(true).truncate(false).write(true).open(lock).unwrap();
    held.lock().unwrap();
    let told = stage.json(&["explain", &id, "--json"]);
    assert_eq!(told["words"]["by"], "rules", "{told}");
    let said = told["words"]["instead_of"]["said"].as_str().unwrap();
    assert!(said.contains("another quell serves the data directory"), "{said}");
}

/// Commands that read and that write, each as often as it can be run again.
fn commands([id, issue, asset]: [&str; 3]) -> Vec<Vec<String>> {
    let (findings, code) = (demo().join("findings"), demo().join("infrastructure"));
    let (findings, code) = (findings.to_str().unwrap(), code.to_str().unwrap());
    let all: &[&[&str]] = &[
        &["triage", findings],
        &["triage", "--explain=3"],
        &["triage", findings, "--repo", code, "--explain=1", "--format", "html"],
        &["triage", "--format", "markdown"],
        &["issue", "list"],
        &["issue", "show", issue],
        &["issue", "mark", issue, "--as", "in_progress", "--reason", "x"],
        &["issue", "unmark", issue],
        &["incident", "list"],
        &["incident", "show", id],
        &["incident", "mark", id, "--as", "in_progress", "--reason", "x"],
        &["incident", "unmark", id],
        &["explain", id],
        &["explain", id, "--as", "executive", "--json"],
        &["explain", id, "--show-payload"],
        &["explain", id, "--no-model"],
        &["asset", "show", asset],
        &["exception", "list"],
        &["risk", "explain", issue],
        &["stats"],
        &["fix", "--repo", code],
        &["controls", "list"],
        &["outbox", "list"],
        &["sink", "list"],
        &["deliver", "--dry-run"],
        &["deliver"],
        &["source", "list"],
        &["jobs", "list"],
        &["status"],
        &["token", "list"],
        &["user", "list"],
        &["llm", "list"],
        &["policy", "rules"],
        &["audit", "list"],
        &["config", "check"],
        &["doctor"],
    ];
    all.iter().map(|one| one.iter().map(|word| (*word).to_owned()).collect()).collect()
}

/// How each command ended.
fn ends(stage: &Stage) -> Vec<(String, Option<i32>)> {
    let report = stage.json(&["triage", "--json"]);
    let named = ["incidents", "issues", "assets"].map(|list| report[list][0]["id"].as_str());
    let all = commands(named.map(Option::unwrap));
    let each = all.into_iter().map(|words| {
        let output = stage.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        if words[0] == "explain" && !words.contains(&"--show-payload".to_owned()) {
            let out = text(&output.stdout);
            let by_rules =
                out.contains("Written by the rules: ") || out.contains("\"by\": \"rules\"");
            assert!(by_rules, "{words:?}: {out}");
        }
        (words[..words.len().min(2)].join(" "), output.status.code())
    });
    each.collect()
}

#[test]
fn whatever_a_provider_does_every_command_ends_as_without_one() {
    let bare = with_findings();
    bare.bench.file("quell.toml", "");
    let expected = ends(&bare);
    let usage: Vec<_> = expected.iter().filter(|(_, code)| *code == Some(2)).collect();
    assert!(usage.is_empty(), "{usage:?}");
    for fault in [None, Some(LlmFault::SlowFirstByte), Some(LlmFault::Refusal)] {
        let mut stage = with_findings();
        match fault {
            None => stage.down(),
            Some(fault) => stage.models.always(Some(fault)),
        }
        assert_eq!(ends(&stage), expected, "{fault:?}");
    }
}
