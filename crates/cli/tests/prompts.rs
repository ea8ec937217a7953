//! `quell prompts`: tasks listed, compared, and tried on a double of a provider.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;

use common::Bench;
use common::models::{Stage, text};
use quell_testkit::llm::{LlmDouble, LlmFault};
use serde_json::{Value, json};

fn stage() -> Stage {
    Stage::new(LlmDouble::default(), |url| {
        format!(
            "[llm.words]\nkind = 'anthropic'\nurl = '{url}'\nmodel = 'claude-haiku-5-5'\n\
             secret = 'env:MODEL_KEY'\nprice_input = '1'\nprice_output = '5'\n"
        )
    })
}

fn run(stage: &Stage, words: &[&str]) -> (Option<i32>, String, String) {
    let output = stage.run(words);
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A version of a task that has one case, in a folder of its own.
fn folder(bench: &Bench) -> String {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/prompts/incident");
    for name in ["task.toml", "schema.json", "instructions.md"] {
        let text = fs::read_to_string(from.join(name)).unwrap();
        let text = match name {
            "instructions.md" => text + "\nOne line more.\n",
            "task.toml" => text.replacen("\"status\", ", "", 1),
            _ => text,
        };
        bench.file(&format!("other/incident/{name}"), text);
    }
    let sentence = json!("The bucket is open. [r1]");
    let case = json!({
        "about": "a bucket that is open", "from": "authored",
        "records": [{"id": "issue:1", "kind": "issue", "fields": {"title": "The bucket is open"}}],
        "expect": {},
        "good": {"risk": sentence, "why_here": sentence, "intent": "", "steps": sentence},
        "bad": [{"why": "unresolved", "answer": {}}],
    });
    bench.file("other/incident/cases/01-open-bucket.json", case.to_string());
    "other".to_owned()
}

#[test]
fn tasks_are_listed_within_80_columns() {
    let stage = stage();
    let (code, text, _) = run(&stage, &["prompts", "list"]);
    assert!(code == Some(0) && text.contains("incident"), "{text}");
    assert!(text.contains("by rules"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let (_, text, _) = run(&stage, &["prompts", "list", "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    let first = &json["items"][0];
    assert!(first["version"].as_u64() >= Some(1) && first["tokens_own"].as_u64() > Some(100));
    assert!(stage.models.asked().is_empty());
}

#[test]
fn a_change_shows_what_differs_and_the_scores_of_both() {
    let stage = stage();
    let folder = folder(&stage.bench);
    let (code, text, told) = run(&stage, &["prompts", "diff", "incident", "--against", &folder]);
    assert_eq!(code, Some(0), "{told}");
    assert!(text.contains("+One line more.") && text.contains("issue.status"), "{text}");
    assert!(
        text.contains("01-open-bucket.json") && text.contains("version has to go up"),
        "{text}"
    );
    let words = ["prompts", "diff", "incident", "--against", &folder, "--provider", "words"];
    let (_, text, told) = run(&stage, &[&words[..], &["--cases", "1"]].concat());
    assert!(text.contains("SCORES") && text.contains("tokens in"), "{text}{told}");
    assert!(!stage.models.asked().is_empty(), "{text}");
    let (code, _, told) = run(&stage, &["prompts", "diff", "incident", "--against", "nowhere"]);
    assert!(code == Some(2) && told.contains("--against"), "{told}");
    assert_eq!(run(&stage, &["prompts", "diff", "nothing"]).0, Some(2));
}

#[test]
fn nobody_is_asked_where_nobody_is_configured() {
    let stage = stage();
    let (code, _, told) = run(&stage, &["prompts", "eval", "incident"]);
    assert!(
        code == Some(2) && told.contains("--provider") && told.contains("[llm.NAME]"),
        "{told}"
    );
    assert_eq!(run(&stage, &["prompts", "eval", "incident", "--provider", "nobody"]).0, Some(2));
    assert_eq!(run(&stage, &["prompts", "eval", "nothing"]).0, Some(2));
    assert_eq!(run(&stage, &["prompts", "eval", "--answers", "nowhere.json"]).0, Some(2));
    assert!(stage.models.asked().is_empty());
}

#[test]
fn cases_are_asked_scored_kept_and_scored_again_without_asking() {
    let stage = stage();
    let words = ["prompts", "eval", "incident", "--provider", "words", "--cases", "2"];
    let (code, text, told) =
        run(&stage, &[&words[..], &["--keep", "kept.json", "--json"]].concat());
    assert_eq!(code, Some(0), "{told}");
    let json: Value = serde_json::from_str(&text).unwrap();
    let asked = stage.models.asked().len();
    assert_eq!(json["items"][0]["cases"].as_u64(), u64::try_from(asked).ok(), "{text}");
    let (code, again, told) =
        run(&stage, &["prompts", "eval", "incident", "--answers", "kept.json", "--json"]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), json);
    assert_eq!(stage.models.asked().len(), asked);
    let (code, text, _) = run(&stage, &["prompts", "eval", "incident", "--answers", "kept.json"]);
    assert!(code == Some(0) && text.contains("incident"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let (code, _, told) = run(&stage, &[&words[..], &["--keep", "kept.json"]].concat());
    assert!(code == Some(2) && told.contains("kept.json"), "{told}");
    if asked > 0 {
        stage.models.always(Some(LlmFault::QuotaGone));
        assert_eq!(run(&stage, &words).0, Some(3));
    }
}
