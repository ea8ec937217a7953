//! What a language model writes at the command line beside explanations: fixes, here and at a
//! server, and words of requests.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod served;

use std::fs;
use std::process::Command;
use std::sync::Arc;

use common::Bench;
use common::models::{Stage, text};
use quell_testkit::llm::{ANY_WORDS, LlmAsked, LlmDouble, LlmFault, any_answer};
use serde_json::{Value, json};
use served::Served;

const CODE: &str = r#"resource "aws_ecs_task_definition" "build" {
  family = "build"

  container_definitions = jsonencode([
    {
      name       = "builder"
      image      = "registry.acme-corp.net/builder:7"
      privileged = true
    }
  ])
}
"#;
const LINE: &str = "      privileged = true\n";
const MENDED: &str = "      privileged = false\n";
const VOLUME: &str = "resource \"aws_ebs_volume\" \"cache\" {\n  size = 40\n}\n";

/// A fix of the code where one is asked for, else words that stand beside anything.
fn answer(turn: &LlmAsked) -> String {
    let is_fix =
        turn.schema.as_ref().is_some_and(|schema| schema["properties"]["before"].is_object());
    if !is_fix {
        return any_answer(turn);
    }
    let why = "The builder loses the rights of root on its host. [r2]";
    json!({"path": "services/build.tf", "before": LINE, "after": MENDED, "why": why}).to_string()
}

fn provider(url: &str) -> String {
    format!(
        "[llm.words]\nkind = 'anthropic'\nurl = '{url}'\nmodel = 'claude-haiku-5-5'\n\
         secret = 'env:MODEL_KEY'\nprice_input = '1'\nprice_output = '5'\n\
         [analyst]\nsmall = 'words'\nlarge = 'words'\nin_letters = true\n"
    )
}

fn stage() -> Stage {
    Stage::new(LlmDouble::new(Arc::new(answer)), |url| {
        let sink = "[sinks.github]\nkind = 'github'\nproject = 'acme/shop'\nsecret = 'env:T'\n";
        provider(url) + sink
    })
}

/// Checkov's word that a container runs with the rights of root.
fn privileged() -> String {
    let failed = json!([{"check_id": "CKV_AWS_334", "check_name": "Ensure ECS containers are not privileged",
        "check_result": {"result": "FAILED"}, "file_path": "/services/build.tf",
        "file_abs_path": "/src/services/build.tf", "file_line_range": [1, 11],
        "resource": "aws_ecs_task_definition.build", "severity": null}]);
    checkov(&failed)
}

fn checkov(failed: &Value) -> String {
    json!({"check_type": "terraform", "results": {"passed_checks": [], "failed_checks": failed,
        "skipped_checks": [], "parsing_errors": []}, "summary": {}})
    .to_string()
}

/// The code with the fault, and what a tool says of it.
fn with_fault(bench: &Bench) -> String {
    bench.file("infra/services/build.tf", CODE);
    bench.file("findings.json", privileged());
    "findings.json".to_owned()
}

#[test]
fn a_fix_that_a_model_writes_is_proved_shown_and_written() {
    let stage = stage();
    let findings = with_fault(&stage.bench);
    assert_eq!(stage.run(&["triage", &findings, "--quiet"]).status.code(), Some(0));
    let without = stage.json(&["fix", "--repo", "infra", "--json"]);
    assert_eq!((&without["made"], &without["for_model"]), (&json!(0), &json!(1)), "{without}");
    assert!(stage.models.asked().is_empty());
    let told = stage.json(&["fix", "--repo", "infra", "--ask-model", "--json"]);
    let fix = &told["fixes"][0];
    assert_eq!((&told["made"], &fix["written"]["by"]), (&json!(1), &json!("model")), "{told}");
    assert_eq!(fix["safety"], "needs_approval");
    let asked = stage.models.asked();
    assert!(asked.len() == 1 && !asked[0].user.contains("registry.acme-corp.net"), "{asked:?}");
    // The answer was kept, so writing it asks nobody and costs nothing.
    let words = ["fix", "--repo", "infra", "--ask-model", "--write", "--allow-dirty"];
    let (code, said) = stage.said(&words);
    assert!(code == Some(0) && said.contains("written by a language model"), "{said}");
    let path = stage.bench.folder.path().join("infra/services/build.tf");
    assert_eq!(fs::read_to_string(path).unwrap(), CODE.replace(LINE, MENDED));
    assert_eq!(stage.models.asked().len(), 1);
    let spend = stage.json(&["llm", "spend", "--by", "task", "--json"]);
    assert_eq!((&spend["items"][0]["name"], &spend["total"]["calls"]), (&json!("fix"), &json!(1)));
    assert_eq!(spend["total"]["kept_answers"], 1, "{spend}");
    let log = stage.json(&["audit", "list", "--action", "model.ask", "--json"]).to_string();
    assert!(log.contains("model.ask") && !log.contains("privileged ="), "{log}");
}

#[test]
fn where_no_model_writes_a_fix_it_is_said_why() {
    let stage = stage();
    let findings = with_fault(&stage.bench);
    stage.run(&["triage", &findings, "--quiet"]);
    stage.models.always(Some(LlmFault::Refusal));
    let told = stage.json(&["fix", "--repo", "infra", "--ask-model", "--json"]);
    let reason = told["unfixed"][0]["reason"].as_str().unwrap();
    assert!(told["made"] == 0 && reason.contains("no model wrote a fix"), "{told}");
    stage.bench.file("quell.toml", "");
    let (code, said) = stage.said(&["fix", "--repo", "infra", "--ask-model"]);
    assert!(code == Some(2) && said.contains("no model is given the task `fix`"), "{said}");
}

#[test]
fn a_server_s_model_writes_and_the_proof_is_made_here() {
    let stage = stage();
    let config = format!("[egress]\nallow = ['{}']\n{}", stage.url, provider(&stage.url));
    let served = Served::configured(&config);
    with_fault(&served.bench);
    served.import("findings.json", &privileged());
    let told = served.json(&["fix", "--repo", "infra", "--ask-model", "--json"]);
    let fix = &told["fixes"][0];
    assert_eq!((&told["made"], &fix["written"]["by"]), (&json!(1), &json!("model")), "{told}");
    let checks = fix["proof"].as_array().unwrap();
    assert!(checks.iter().any(|one| one["check"] == "confined" && one["verdict"] == "passed"));
    let asked = stage.models.asked();
    assert!(asked.len() == 1 && !asked[0].user.contains("registry.acme-corp.net"), "{asked:?}");
    let spend = served.json(&["llm", "spend", "--by", "task", "--json"]);
    assert_eq!((&spend["items"][0]["name"], &spend["total"]["calls"]), (&json!("fix"), &json!(1)));
    let log = served.json(&["audit", "list", "--json"]).to_string();
    assert!(log.contains("fix.write") && log.contains("model.ask"), "{log}");
    // Without a model there nothing is written, and it is said why.
    let plain = Served::start();
    with_fault(&plain.bench);
    plain.import("findings.json", &privileged());
    let told = plain.json(&["fix", "--repo", "infra", "--ask-model", "--json"]);
    let reason = told["unfixed"][0]["reason"].as_str().unwrap();
    assert!(told["made"] == 0 && reason.contains("no model is configured"), "{told}");
}

#[test]
fn a_request_has_a_model_s_words_beside_the_rules_once() {
    let stage = stage();
    let bench = &stage.bench;
    bench.file("infra/main.tf", VOLUME);
    let failed = json!([{"check_id": "CKV_AWS_3", "check_name": "Ensure all data stored in the EBS is securely encrypted",
        "check_result": {"result": "FAILED"}, "file_path": "/main.tf", "file_abs_path": "/scan/main.tf",
        "file_line_range": [1, 3], "resource": "aws_ebs_volume.cache"}]);
    bench.file("findings.json", checkov(&failed));
    stage.run(&["triage", "findings.json", "--quiet"]);
    for words in [
        &["init", "--quiet"][..],
        &["config", "user.name", "A Person"],
        &["config", "user.email", "person@example.org"],
        &["add", "-A"],
        &["commit", "--quiet", "-m", "first"],
    ] {
        let folder = bench.folder.path().join("infra");
        assert!(Command::new("git").args(words).current_dir(folder).status().unwrap().success());
    }
    let words = ["fix", "--repo", "infra", "--deliver", "github", "--into", "acme/shop"];
    let (code, said) = stage.said(&words);
    assert!(code == Some(0) && said.contains("in the outbox for github"), "{said}");
    let letter = || {
        let rows = stage.json(&["outbox", "list", "--json"]);
        let rows = rows["items"].as_array().unwrap();
        let opened = rows.iter().find(|row| row["act"] == "open").unwrap();
        let shown = stage.run(&["outbox", "show", &opened["id"].to_string(), "--json"]);
        text(&shown.stdout)
    };
    let told = letter();
    assert!(told.contains("In other words (by a language model)"), "{told}");
    assert!(told.contains(ANY_WORDS) && told.contains("claude-haiku-5-5"), "{told}");
    let asked = stage.models.asked();
    assert!(asked.len() == 1 && asked[0].user.contains("a pull request"), "{asked:?}");
    // It is there already, so nobody is asked a second time.
    let (_, said) = stage.said(&words);
    assert!(said.contains("is there already"), "{said}");
    assert_eq!((stage.models.asked().len(), letter()), (1, told));
}
