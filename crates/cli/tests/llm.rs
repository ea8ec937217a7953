//! `quell llm`: providers tried against their double.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::Bench;
use quell_testkit::double::Double;
use quell_testkit::llm::{LLM_KEY, LlmDouble, LlmFault};
use serde_json::Value;
use tokio::runtime::Runtime;

struct Stage {
    bench: Bench,
    models: Arc<LlmDouble>,
    double: Double,
    _runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let models = Arc::new(LlmDouble::default());
        let double = runtime.block_on(Double::start(Arc::clone(&models) as _)).unwrap();
        let bench = Bench::new();
        let url = double.url();
        bench.file(
            "quell.toml",
            format!(
                "[egress]\nallow = ['{url}']\n\
                 [llm.words]\nkind = 'anthropic'\nurl = '{url}'\nmodel = 'claude-haiku-5-5'\n\
                 secret = 'env:MODEL_KEY'\nprice_input = '1'\nprice_output = '5'\n\
                 [llm.own]\nkind = 'openai-compatible'\nurl = '{url}/compatible/v1'\n\
                 model = 'qwen3'\nvectors = 'bge'\n\
                 [analyst]\nsmall = 'words'\n"
            ),
        );
        Self { bench, models, double, _runtime: runtime }
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.bench.command(words).env("MODEL_KEY", LLM_KEY).output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(all).unwrap();
        assert!(!text.contains(LLM_KEY), "{text}");
        (output.status.code(), text)
    }
}

#[test]
fn each_of_a_provider_s_means_is_tried() {
    let stage = Stage::new();
    let words = ["llm", "test", "--json"];
    let output = stage.bench.command(&words).env("MODEL_KEY", LLM_KEY).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["well"], true);
    let states = |name: &str| -> Vec<String> {
        let items = json["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["name"] == name).unwrap();
        item["means"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| format!("{} {}", row["name"], row["state"]))
            .collect()
    };
    let works = ["models", "text", "schema", "stream"].map(|name| format!("\"{name}\" \"works\""));
    assert_eq!(states("words")[..4], works);
    assert_eq!(states("words")[4], "\"vectors\" \"none\"");
    assert_eq!(states("own")[4], "\"vectors\" \"works\"");
    assert!(json["items"][1]["means"][1]["cost"].as_u64().unwrap() > 0, "{json}");
    let asked = stage.models.asked();
    assert_eq!(asked.len(), 6);
    assert!(asked.iter().all(|turn| turn.user == "Is two more than one?"));
    let (code, text) = stage.run(&["llm", "test", "own"]);
    assert_eq!((code, stage.models.asked().len()), (Some(0), 9), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn what_does_not_work_is_told_and_ends_with_3() {
    let stage = Stage::new();
    stage.models.always(Some(LlmFault::QuotaGone));
    let (code, text) = stage.run(&["llm", "test", "words"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("fails") && text.contains("look at quota or billing"), "{text}");
    let output = stage.bench.command(&["llm", "test"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(3) && text.contains("MODEL_KEY"), "{text}");
    assert_eq!(stage.run(&["llm", "test", "nobody"]).0, Some(2));
}

#[test]
fn nothing_is_asked_where_nobody_is_configured() {
    let bench = Bench::new();
    for words in [&["llm", "test"][..], &["llm", "list"]] {
        let output = bench.run(words);
        let all = [output.stdout, output.stderr].concat();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(all).unwrap().contains("no model is asked"));
    }
    let stage = Stage::new();
    let (code, text) = stage.run(&["llm", "list"]);
    assert!(
        code == Some(0) && text.contains("asked for nothing") && text.contains("small"),
        "{text}"
    );
    assert_eq!(stage.run(&["config", "check"]).0, Some(0));
    assert_eq!(stage.double.ledger.count(), 0);
}
