//! `quell llm`: providers tried against their double.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::Bench;
use quell_model::TenantId;
use quell_store::{Reserved, ServerStore, SpendAsk, SpendLimits, SpendMost, SpendUsed};
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

/// Spends a little on the bench's data directory, and leaves a call open.
fn spend(bench: &Bench) {
    let mut store = ServerStore::open(&bench.folder.path().join("data")).unwrap();
    let tenant = &TenantId::default();
    let most = SpendMost { tokens: 10_000, money: 1_000_000 };
    let limits = SpendLimits { tenant_day: most, user_day: most, incident: most };
    let (provider, model, task, money) = ("words", "claude-haiku-5-5", "incident", Some(5_000));
    let (user, incident, tokens) = (Some("ana\u{1b}[31m"), None, 4_000);
    let ask = SpendAsk { tenant, user, incident, task, provider, model, tokens, money };
    for settled in [true, false] {
        let reserved = store.spend_reserve(&ask, &limits, jiff::Timestamp::now()).unwrap();
        let Reserved::Yes(id) = reserved else { panic!("{reserved:?}") };
        let used =
            SpendUsed { input: 900, output: 334, money: Some(4_250), ..SpendUsed::default() };
        assert!(!settled || store.spend_settle(id, &used).unwrap());
    }
    assert!(matches!(
        store.spend_reserve(&ask, &SpendLimits::default(), jiff::Timestamp::now()).unwrap(),
        Reserved::No(_)
    ));
}

#[test]
fn what_is_left_today_is_told_first() {
    let stage = Stage::new();
    let (code, text) = stage.run(&["llm", "spend"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("left today: 2,000,000 of 2,000,000 tokens, 10.00 of 10.00 money\n"));
    assert!(text.contains("nothing was spent"), "{text}");
    assert!(!stage.bench.folder.path().join("data/server.db").exists(), "looking makes nothing");
    spend(&stage.bench);
    let (code, text) = stage.run(&["llm", "spend", "--by", "user"]);
    assert_eq!(code, Some(0), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "left today: 1,994,766 of 2,000,000 tokens, 9.99075 of 10.00 money");
    assert_eq!(lines[1], "1 call under way, with 4,000 tokens and 0.005 reserved");
    assert!(lines[4].starts_with("ana") && lines[4].contains("1,234"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
    let output = stage.bench.run(&["llm", "spend", "--json", "--days", "1", "--by", "provider"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["items"][0]["name"], "words claude-haiku-5-5");
    assert_eq!(json["total"]["refused_calls"], 1);
    assert_eq!(stage.run(&["llm", "spend", "--days", "0"]).0, Some(2));
    assert_eq!(stage.run(&["llm", "spend", "--by", "colour"]).0, Some(2));
}

#[test]
fn a_grant_is_made_listed_taken_back_and_in_the_audit_log() {
    let bench = Bench::new();
    let until =
        jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(24 * 30)).unwrap();
    let until = until.strftime("%Y-%m-%d").to_string();
    let add = |what: &str, task: &str, until: &str, reason: &str| {
        let words = ["llm", "grant", "add", "--what", what, "--task", task, "--until", until];
        bench.run(&[&words[..], &["--reason", reason]].concat())
    };
    let made = add("names", "incident", &until, "owners know\u{202e} them by name");
    let text = String::from_utf8([made.stdout, made.stderr].concat()).unwrap();
    assert_eq!(made.status.code(), Some(0), "{text}");
    assert!(text.starts_with("grant 1: names for incident\n"), "{text}");
    assert!(!text.contains('\u{202e}'), "{text}");
    let faults = [
        ("secrets", "incident", until.as_str(), "x"),
        ("names", "nosuch", &until, "x"),
        ("names", "incident", "2999-01-01", "x"),
        ("names", "incident", "soon", "x"),
        ("names", "incident", &until, " "),
    ];
    for (what, task, until, reason) in faults {
        assert_eq!(add(what, task, until, reason).status.code(), Some(2), "{what} {task} {until}");
    }
    let list = |words: &[&str]| {
        let output = bench.run(&[&["llm", "grant", "list", "--json"], words].concat());
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        json["items"].as_array().unwrap().clone()
    };
    assert_eq!(list(&[]).len(), 1);
    assert_eq!(bench.run(&["llm", "grant", "remove", "2"]).status.code(), Some(2));
    assert_eq!(bench.run(&["llm", "grant", "remove", "1"]).status.code(), Some(0));
    assert_eq!((list(&[]).len(), list(&["--all"]).len()), (0, 1));
    assert!(list(&["--all"])[0]["removed_at"].is_string());
    let output = bench.run(&["audit", "list", "--action", "grant.create", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("grant.create") && text.contains("incident"), "{text}");
}
