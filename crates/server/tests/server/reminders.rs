//! People are told, by the routes that want it, of exceptions that end and of what waits for them;
//! what was told of is closed once it is decided.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use quell_model::Clock;
use quell_server::Role;
use quell_testkit::double::Double;
use quell_testkit::server::{Client, Request};
use quell_testkit::sinks::{JiraDouble, JiraIssue};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::bench::{Bench, Shifted, jira, lines, runtime, until};

struct Rig {
    jira: Arc<JiraDouble>,
    _double: Double,
    bench: Bench,
    _rules: tempfile::TempDir,
    _runtime: Runtime,
}

impl Rig {
    fn new() -> Self {
        Self::with("")
    }

    /// With more lines of `[approvals]`.
    fn with(approvals: &str) -> Self {
        let runtime = runtime();
        let jira = jira(Arc::new(Shifted::default()));
        let double = runtime.block_on(Double::start(Arc::clone(&jira) as _)).unwrap();
        let rules = tempfile::tempdir().unwrap();
        let path = rules.path().join("rules.toml");
        let text = "[[rule]]\nid = \"all\"\nphase = \"assist\"\nkinds = [\"fix.*\"]\n";
        std::fs::write(&path, text).unwrap();
        let more = format!(
            "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[approvals]\nrules = {:?}\n{approvals}\n\
             [sinks.jira]\nkind = \"jira\"\nurl = \"{}\"\nproject = \"SEC\"\n\
             secret = \"env:BEARER\"\nlook_seconds = 30\n\n[routes.people]\nsinks = [\"jira\"]\n\
             what = \"reminders\"\nleast_severity = \"informational\"\nrelease = \"rule\"\n",
            path.display().to_string(),
            double.url()
        );
        let bench = Bench::with(&[("server.public_url", "https://quell.example")], &more);
        assert_eq!(bench.post("/api/v1/imports?wait=true", lines("remind", 3)).status, 200);
        Self { jira, _double: double, bench, _rules: rules, _runtime: runtime }
    }

    fn pass(&self, time: SignedDuration) {
        self.bench.clock.0.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    fn until_letter(&self, title: &str) -> JiraIssue {
        let found = || {
            let all = self.jira.issues().into_iter();
            let mut named = all.filter(|issue| issue.text("summary").contains(title));
            named.next()
        };
        until(&format!("a letter says `{title}`"), || found().is_some());
        found().unwrap()
    }

    fn until_closed(&self, title: &str) {
        until(&format!("`{title}` is closed"), || {
            self.pass(SignedDuration::from_secs(31));
            self.until_letter(title).category == "done"
        });
    }

    fn letters(&self) -> usize {
        self.jira.issues().len()
    }
}

fn post(client: &Client, path: &str, body: &Value) -> Value {
    let request = Request::post(path, body.to_string()).with("content-type", "application/json");
    let answer = client.send(&request).unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

#[test]
fn an_owner_is_told_before_an_exception_ends_and_a_renewal_takes_its_place() {
    let rig = Rig::new();
    let bench = &rig.bench;
    let (engineer, approver) =
        (bench.client(Role::Engineer, "default"), bench.client(Role::Approver, "default"));
    let end = |days: i64| (bench.clock.now() + SignedDuration::from_hours(24 * days)).to_string();
    let ask = |days: i64, renews: Option<&str>| {
        let mut body = json!({"scope": "account = 111122223333", "reason": "closed [~net](x)",
            "owner": "shop", "until": end(days)});
        if let Some(renews) = renews {
            body["renews"] = renews.into();
        }
        let asked = post(&engineer, "/api/v1/exceptions", &body);
        asked["exception"]["id"].as_str().unwrap().to_owned()
    };
    let approve = |id: &str| {
        let body = json!({"ids": [id], "wish": "approve"});
        let answer = post(&approver, "/api/v1/exceptions/decide", &body);
        assert_eq!(answer["items"][0]["state"], "granted", "{answer}");
    };
    let state = |id: &str| bench.get(&format!("/api/v1/exceptions/{id}")).json()["state"].clone();
    let first = ask(20, None);
    // A day later it still waits for a reviewer, and somebody is told.
    rig.pass(SignedDuration::from_hours(25));
    let letter = rig.until_letter("An exception waits for a reviewer");
    assert!(letter.text("summary").contains("111122223333"), "{}", letter.text("summary"));
    approve(&first);
    rig.until_closed("waits for a reviewer");
    assert_eq!(rig.letters(), 1);
    rig.pass(SignedDuration::from_hours(24 * 13));
    let letter = format!("{:?}", rig.until_letter("An exception ends in 5 days"));
    assert!(letter.contains(&format!("quell exception renew {first} --until DAY")), "{letter}");

    // The old one stays until the new one is decided, and ends with that.
    let no_such = json!({"scope": "account = 1", "reason": "x", "owner": "shop", "until": end(9),
        "renews": "nosuch"});
    let refused = Request::post("/api/v1/exceptions", no_such.to_string())
        .with("content-type", "application/json");
    assert_eq!(engineer.send(&refused).unwrap().status, 404);
    let second = ask(25, Some(&first));
    assert_eq!((state(&first), state(&second)), (json!("granted"), json!("requested")));
    assert_eq!(bench.get("/api/v1/issues?status=open").json()["total"], 0);
    approve(&second);
    assert_eq!((state(&first), state(&second)), (json!("ended"), json!("granted")));
    assert_eq!(bench.get("/api/v1/issues?status=open").json()["total"], 0);
    let old = bench.get(&format!("/api/v1/exceptions/{first}")).json();
    let last = old["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["step"], &last["note"]), (&json!("renewed"), &json!(format!("by {second}"))));
    rig.until_closed("An exception ends in 5 days");
    assert_eq!(rig.letters(), 2, "each is told once");
}

#[test]
fn people_are_told_of_a_plan_that_waits_and_the_letter_decides_nothing() {
    let rig = Rig::new();
    let bench = &rig.bench;
    let issue = bench.get("/api/v1/issues?status=open").json()["items"][0]["id"].clone();
    let fix: quell_model::Fix = serde_json::from_value(json!({
        "id": "f1", "control": "aws.s3.bucket_public", "recipe": "set_attributes",
        "title": "close the\u{202e} bucket", "closes": [issue], "state": {"state": "proved"},
        "safety": "needs_approval", "file": "main.tf", "address": "aws_s3_bucket.logs",
        "diff": "-a\n+b\n", "proof": [], "may_break": [],
    }))
    .unwrap();
    let mut store = quell_store::Store::open(bench.data()).unwrap();
    quell_pipeline::query::keep_fixes(&mut store, &[fix]).unwrap();
    let (engineer, approver) =
        (bench.client(Role::Engineer, "default"), bench.client(Role::Approver, "default"));
    let plan = post(&engineer, "/api/v1/approvals", &json!({"fix": "f1"}))["plan"].clone();
    let id = plan["id"].as_str().unwrap();
    rig.pass(SignedDuration::from_hours(23));
    assert_eq!(rig.letters(), 0, "it has not waited long");
    rig.pass(SignedDuration::from_hours(2));
    let letter = rig.until_letter("A plan waits for approval: close the");
    assert!(!letter.text("summary").contains('\u{202e}'), "{}", letter.text("summary"));
    let letter = format!("{letter:?}");
    assert!(letter.contains(&format!("https://quell.example/approvals/{id}")), "{letter}");
    assert!(letter.contains("Answering here decides nothing."), "{letter}");
    let path = format!("/api/v1/approvals/{id}");
    assert_eq!(bench.get(&path).json()["approvals"]["votes"], json!([]));
    post(&approver, &path, &json!({"word": "approve", "hash": plan["hash"]}));
    rig.until_closed("A plan waits for approval");
    assert_eq!(rig.letters(), 1);
}

#[test]
fn reviewers_are_told_of_an_exception_at_once_where_that_is_wanted() {
    let rig = Rig::with("remind_hours = 0\n");
    let client = |role| rig.bench.client(role, "default");
    let until = (rig.bench.clock.now() + SignedDuration::from_hours(24 * 20)).to_string();
    let body = json!({"scope": "account = 111122223333", "reason": "closed", "owner": "shop",
        "until": until});
    let asked = post(&client(Role::Analyst), "/api/v1/exceptions", &body);
    let id = asked["exception"]["id"].as_str().unwrap();
    let letter = format!("{:?}", rig.until_letter("An exception waits for a reviewer"));
    assert!(letter.contains(&format!("https://quell.example/exceptions/{id}")), "{letter}");
    let no = json!({"ids": [id], "wish": "refuse", "note": "not now"});
    post(&client(Role::Approver), "/api/v1/exceptions/decide", &no);
    rig.until_closed("waits for a reviewer");
    assert_eq!(rig.letters(), 1);
}
