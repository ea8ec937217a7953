//! `quell deliver`, `quell outbox` and `quell sink` against a double of Jira.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::process::Output;
use std::sync::Arc;

use common::models::text;
use common::{Bench, SystemClock, prowler};
use quell_testkit::double::Double;
use quell_testkit::sinks::JiraDouble;
use serde_json::Value;
use tokio::runtime::Runtime;

const SECRET: &str = "jira-s3cret-of-a-test";

struct Desk {
    bench: Bench,
    jira: Arc<JiraDouble>,
    double: Double,
    _runtime: Runtime,
}

impl Desk {
    fn new(release: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let jira = Arc::new(JiraDouble::new(Arc::new(SystemClock)));
        jira.set(|settings| {
            settings.user.clear();
            SECRET.clone_into(&mut settings.token);
        });
        let double = runtime.block_on(Double::start(Arc::clone(&jira) as _)).unwrap();
        let bench = Bench::new();
        let config = format!(
            "[egress]\nallow = [\"http://127.0.0.1\"]\n\n[sinks.jira]\nkind = \"jira\"\n\
             url = \"{}\"\nproject = \"SEC\"\nsecret = \"env:JIRA_TOKEN\"\n\n\
             [routes.all]\nsinks = [\"jira\"]\nleast_severity = \"low\"\nrelease = \"{release}\"\n",
            double.url()
        );
        bench.file("quell.toml", config);
        let findings = bench.file("findings.json", prowler("logs").to_string());
        bench.triage(&findings);
        Self { bench, jira, double, _runtime: runtime }
    }

    fn with(&self, secret: &str, words: &[&str]) -> Output {
        let output = self.bench.command(words).env("JIRA_TOKEN", secret).output().unwrap();
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(!said.contains("panicked") && !said.contains(SECRET), "{said}");
        output
    }

    fn run(&self, words: &[&str]) -> Output {
        self.with(SECRET, words)
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn rows(&self, state: &str) -> Vec<Value> {
        let told = self.json(&["outbox", "list", "--state", state]);
        told["items"].as_array().unwrap().clone()
    }
}

#[test]
fn a_dry_run_shows_each_request_as_it_is_sent_then() {
    let desk = Desk::new("rule");
    let shown = desk.json(&["deliver", "--dry-run"]);
    assert_eq!(desk.double.ledger.count(), 0, "nobody is asked");
    assert!(desk.rows("waiting").is_empty(), "nothing is kept");
    let letters = shown.as_array().unwrap();
    assert_eq!(letters.len(), 1, "{shown:#}");
    let plain = desk.run(&["deliver", "--dry-run"]);
    assert_eq!(plain.status.code(), Some(0));
    let body = letters[0]["requests"][0]["body"].as_str().unwrap();
    let words = body.lines().map(str::trim).all(|line| text(&plain.stdout).contains(line));
    assert!(words, "{}", text(&plain.stdout));

    assert_eq!(desk.run(&["deliver"]).status.code(), Some(0));
    let issue = desk.jira.issues().remove(0);
    let sent = desk.double.ledger.of("POST ");
    let requests = letters[0]["requests"].as_array().unwrap();
    assert_eq!(requests.len(), sent.len());
    for (shown, sent) in requests.iter().zip(sent) {
        let target = shown["target"].as_str().unwrap().replace("{issue}", &issue.id.to_string());
        let target = target.replacen(&desk.double.url(), "", 1);
        assert_eq!(format!("{} {target}", shown["method"].as_str().unwrap()), sent.what);
        let shown = shown["body"].as_str().unwrap();
        match serde_json::from_slice::<Value>(&sent.body) {
            Ok(body) => assert_eq!(serde_json::from_str::<Value>(shown).unwrap(), body),
            Err(_) => assert_eq!(shown.as_bytes(), sent.body),
        }
    }
    // Then there is nothing more to send.
    assert_eq!(desk.json(&["deliver", "--dry-run"]), serde_json::json!([]));
    assert_eq!(desk.run(&["deliver"]).status.code(), Some(0));
    assert_eq!(desk.jira.issues().len(), 1);
}

#[test]
fn a_letter_is_looked_at_let_go_mended_and_cancelled_by_hand() {
    let desk = Desk::new("person");
    desk.run(&["deliver"]);
    let held = desk.rows("held");
    assert_eq!((held.len(), desk.double.ledger.count()), (1, 0));
    let id = held[0]["id"].to_string();
    let listed = text(&desk.run(&["outbox", "list"]).stdout);
    assert!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    assert!(text(&desk.run(&["outbox", "show", &id]).stdout).contains("Versioning"));
    assert_eq!(desk.run(&["outbox", "release", &id]).status.code(), Some(0));
    assert_eq!(desk.run(&["outbox", "release", &id]).status.code(), Some(2), "only once");

    // A login that was revoked parks it, and says so; once it is mended it is tried again.
    desk.with("revoked", &["deliver"]);
    let parked = desk.rows("parked");
    let why = parked[0]["why"].as_str().unwrap();
    assert!(why.contains("the login is refused"), "{why}");
    let listed = text(&desk.run(&["outbox", "list"]).stdout);
    assert!(listed.contains("the login is refused"), "{listed}");
    let test = desk.with("revoked", &["sink", "test", "jira"]);
    assert_ne!(test.status.code(), Some(0));
    assert!(desk.jira.issues().is_empty());
    assert_eq!(desk.run(&["outbox", "retry", &id]).status.code(), Some(0));
    desk.run(&["deliver"]);
    assert_eq!((desk.rows("sent").len(), desk.jira.issues().len()), (1, 1));
    assert_eq!(desk.run(&["outbox", "cancel", &id]).status.code(), Some(2), "it is there");
    assert_eq!(desk.run(&["outbox", "replay", &id]).status.code(), Some(2), "Jira would make two");
    assert_eq!(desk.run(&["outbox", "show", "99"]).status.code(), Some(2));
    let stands = desk.json(&["outbox", "stands"]);
    assert_eq!(stands["items"][0]["sink"], "jira", "{stands:#}");
    assert_eq!(desk.run(&["sink", "test", "nobody"]).status.code(), Some(2));
}

#[test]
fn what_nobody_wants_is_cancelled_and_never_sent() {
    let desk = Desk::new("person");
    desk.run(&["deliver"]);
    let id = desk.rows("held")[0]["id"].to_string();
    assert_eq!(desk.run(&["outbox", "cancel", &id]).status.code(), Some(0));
    desk.run(&["deliver"]);
    assert_eq!(desk.run(&["outbox", "release", &id]).status.code(), Some(2));
    assert_eq!((desk.rows("cancelled").len(), desk.double.ledger.count()), (1, 0));
}
