//! `quell llm`: providers tried against their double.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use common::models::Stage;
use common::{Bench, demo};
use quell_model::TenantId;
use quell_store::{Reserved, ServerStore, SpendAsk, SpendLimits, SpendMost, SpendUsed};
use quell_testkit::double::Fault;
use quell_testkit::llm::{LLM_KEY, LlmDouble, LlmFault, any_answer};
use quell_testkit::net::{Answer, Slow};
use serde_json::{Value, json};

fn stage() -> Stage {
    Stage::new(LlmDouble::default(), |url| {
        format!(
            "[llm.words]\nkind = 'anthropic'\nurl = '{url}'\nmodel = 'claude-haiku-5-5'\n\
             secret = 'env:MODEL_KEY'\nprice_input = '1'\nprice_output = '5'\n\
             [llm.own]\nkind = 'openai-compatible'\nurl = '{url}/compatible/v1'\n\
             model = 'qwen3'\nvectors = 'bge'\n\
             [analyst]\nsmall = 'words'\n"
        )
    })
}

#[test]
fn each_of_a_provider_s_means_is_tried() {
    let stage = stage();
    let words = ["llm", "test", "--json"];
    let json = stage.json(&words);
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
    let (code, text) = stage.said(&["llm", "test", "own"]);
    assert_eq!((code, stage.models.asked().len()), (Some(0), 9), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    // Each try is in the audit log, with who is asked.
    let log = stage.json(&["audit", "list", "--action", "model.ask", "--json"]);
    let of = |at: usize| log[at]["objects"]["provider"].to_string();
    assert_eq!(log.as_array().unwrap().len(), 4, "{log}");
    assert_eq!((of(0), of(3)), ("[\"own\"]".to_owned(), "[\"own\",\"words\"]".to_owned()));
}

#[test]
fn what_does_not_work_is_told_and_ends_with_3() {
    let stage = stage();
    stage.models.always(Some(LlmFault::QuotaGone));
    let (code, text) = stage.said(&["llm", "test", "words"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("fails") && text.contains("look at quota or billing"), "{text}");
    let output = stage.bench.command(&["llm", "test"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(3) && text.contains("MODEL_KEY"), "{text}");
    assert_eq!(stage.said(&["llm", "test", "nobody"]).0, Some(2));
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
    let stage = stage();
    let (code, text) = stage.said(&["llm", "list"]);
    assert!(
        code == Some(0) && text.contains("asked for nothing") && text.contains("small"),
        "{text}"
    );
    assert_eq!(stage.said(&["config", "check"]).0, Some(0));
    assert_eq!(stage.requests(), 0);
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
    let stage = stage();
    let (code, text) = stage.said(&["llm", "spend"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("left today: 2,000,000 of 2,000,000 tokens, 10.00 of 10.00 money\n"));
    assert!(text.contains("nothing was spent"), "{text}");
    assert!(!stage.bench.folder.path().join("data/server.db").exists(), "looking makes nothing");
    spend(&stage.bench);
    let (code, text) = stage.said(&["llm", "spend", "--by", "user"]);
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
    assert_eq!(stage.said(&["llm", "spend", "--days", "0"]).0, Some(2));
    assert_eq!(stage.said(&["llm", "spend", "--by", "colour"]).0, Some(2));
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

/// A provider that takes batches, asked for everything, and the demo's findings.
fn batches() -> Stage {
    let stage = Stage::new(LlmDouble::new(Arc::new(any_answer)), |url| {
        format!(
            "[llm.words]\nkind = 'anthropic'\nurl = '{url}'\nmodel = 'claude-haiku-5-5'\n\
             secret = 'env:MODEL_KEY'\nprice_input = '1'\nprice_output = '5'\n\
             price_batch_percent = 50\n[analyst]\nsmall = 'words'\nlarge = 'words'\n"
        )
    });
    let findings = demo().join("findings");
    let output = stage.run(&["triage", findings.to_str().unwrap(), "--quiet"]);
    assert_eq!(output.status.code(), Some(0));
    stage
}

fn sum(handed: &Value, name: &str) -> u64 {
    handed["items"].as_array().unwrap().iter().map(|item| item[name].as_u64().unwrap()).sum()
}

#[test]
fn a_batch_is_handed_in_and_fetched_by_a_later_run() {
    let stage = batches();
    let handed = stage.json(&["llm", "batch", "--top", "5", "--json"]);
    assert_eq!((sum(&handed, "handed_in"), sum(&handed, "kept")), (5, 0), "{handed}");
    let most = sum(&handed, "most_money");
    let spend = stage.json(&["llm", "spend", "--json"]);
    assert_eq!(spend["under_way"]["calls"], 5, "{spend}");
    assert_eq!(spend["under_way"]["money"].as_u64(), Some(most), "{spend}");
    let collected = stage.json(&["llm", "collect", "--json"]);
    assert_eq!((&collected["answers"], &collected["lost"]), (&json!(5), &json!(0)), "{collected}");
    let money = collected["money"].as_u64().unwrap();
    assert!(money > 0 && money < most, "{collected} {most}");
    let spend = stage.json(&["llm", "spend", "--json"]);
    assert_eq!(spend["under_way"]["calls"], 0, "{spend}");
    assert_eq!(spend["total"]["money"].as_u64(), Some(money), "{spend}");
    // It is shown without asking, and handed in no second time.
    let report = stage.json(&["triage", "--json"]);
    let id = report["incidents"][0]["id"].as_str().unwrap();
    let told = stage.json(&["explain", id, "--no-model", "--json"]);
    assert_eq!(
        (&told["words"]["by"], &told["words"]["made"]["kept"]),
        (&json!("model"), &json!(true))
    );
    let (code, text) = stage.said(&["llm", "batch", "--top", "5"]);
    assert!(code == Some(0) && text.contains("0 handed in for 0.00 at most"), "{text}");
    assert!(
        text.contains("answered before") && text.lines().all(|line| line.len() <= 80),
        "{text}"
    );
    let (code, text) = stage.said(&["llm", "collect"]);
    assert!(code == Some(0) && text.contains("batches: 0 done, 0 under way, 0 lost"), "{text}");
    assert!(stage.models.asked().is_empty(), "nobody was asked beside the batches");
}

#[test]
fn a_batch_of_which_nobody_knows_whether_it_arrived_stays_reserved() {
    let stage = batches();
    let slow = Slow { first: Duration::from_secs(120), ..Slow::default() };
    let never = Answer { slow: Some(slow), ..Answer::new(200, "{}") };
    stage.script().add("/v1/messages/batches", 1, Fault::Answer(never));
    let mut command = stage.bench.command(&["llm", "batch", "--top", "5"]);
    let mut run = command
        .env("MODEL_KEY", LLM_KEY)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    stage.until("it is handed in", || stage.requests() > 0);
    run.kill().unwrap();
    run.wait().unwrap();
    let collected = stage.json(&["llm", "collect", "--json"]);
    let is = |name: &str| collected[name].as_u64().unwrap();
    assert_eq!((is("lost"), is("answers"), is("done")), (1, 0, 0), "{collected}");
    let spend = stage.json(&["llm", "spend", "--json"]);
    assert!(spend["under_way"]["money"].as_u64() > Some(0), "{spend}");
    // What was not handed in for certain is handed in anew, beside what is reserved.
    let handed = stage.json(&["llm", "batch", "--top", "5", "--json"]);
    assert_eq!(sum(&handed, "handed_in"), 5, "{handed}");
    assert_eq!(stage.json(&["llm", "collect", "--json"])["answers"], 5);
    let after = stage.json(&["llm", "spend", "--json"]);
    assert_eq!(after["under_way"], spend["under_way"], "{after}");
}

#[test]
fn a_batch_that_is_refused_reserves_nothing() {
    let stage = batches();
    stage.script().add("/v1/messages/batches", 2, Fault::Answer(Answer::new(401, "{}")));
    let (code, text) = stage.said(&["llm", "batch", "--top", "5"]);
    assert!(code == Some(3) && text.contains("not handed in"), "{text}");
    let spend = stage.json(&["llm", "spend", "--json"]);
    assert_eq!(spend["under_way"]["calls"], 0, "{spend}");
    let bench = Bench::new();
    let output = bench.run(&["llm", "collect"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(3) && said.contains("no model is configured"), "{said}");
}
