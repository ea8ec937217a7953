//! Incidents explained over the API and in letters: by a model where one answers, else by the
//! rules.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use quell_server::Role;
use quell_testkit::double::Double;
use quell_testkit::llm::{ANY_WORDS, LlmDouble, LlmFault, any_answer};
use quell_testkit::server::{Answer, Client, Request, delivery};
use quell_testkit::sinks::JiraDouble;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::bench::{Bench, Shifted, jira, runtime, until};

/// A server that may ask a model, and whose letters stand in a Jira.
struct Rig {
    models: Arc<LlmDouble>,
    jira: Arc<JiraDouble>,
    bench: Bench,
    _doubles: [Double; 2],
    _runtime: Runtime,
}

impl Rig {
    fn new(analyst: &str) -> Self {
        Self::with(analyst, "")
    }

    fn with(analyst: &str, route: &str) -> Self {
        let runtime = runtime();
        let models = Arc::new(LlmDouble::new(Arc::new(any_answer)));
        let jira = jira(Arc::new(Shifted::default()));
        let started = async {
            let models = Double::start(Arc::clone(&models) as _).await.unwrap();
            [models, Double::start(Arc::clone(&jira) as _).await.unwrap()]
        };
        let doubles = runtime.block_on(started);
        let more = format!(
            "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n\
             [llm.words]\nkind = \"openai-compatible\"\nurl = \"{}/compatible/v1\"\n\
             model = \"qwen3\"\nprice_input = \"0\"\nprice_output = \"0\"\ntimeout_seconds = 1\n\n\
             [analyst]\nsmall = \"words\"\nlarge = \"words\"\nwait_seconds = 1\n{analyst}\n\n\
             [sinks.jira]\nkind = \"jira\"\nurl = \"{}\"\nproject = \"SEC\"\n\
             secret = \"env:BEARER\"\nsigned_with = \"env:HEADER\"\n\n\
             [routes.all]\nsinks = [\"jira\"]\nleast_severity = \"low\"\nrelease = \"rule\"\n{route}\n",
            doubles[0].url(),
            doubles[1].url()
        );
        let bench = Bench::with(&[], &more);
        Self { models, jira, bench, _doubles: doubles, _runtime: runtime }
    }

    /// Takes in a finding; its incident.
    fn incident(&self, number: u64) -> String {
        assert_eq!(self.bench.deliver(&delivery("d", number, 400)).status, 202);
        let list = || self.bench.get("/api/v1/incidents").json();
        until("there is an incident", || list()["items"][0]["id"].is_string());
        list()["items"][0]["id"].as_str().unwrap().to_owned()
    }

    fn explain(&self, id: &str, body: &Value) -> Value {
        let path = format!("/api/v1/incidents/{id}/explanation");
        let answer = self.bench.post(&path, body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn shown(&self, id: &str, query: &str) -> Value {
        let path = format!("/api/v1/incidents/{id}/explanation{query}");
        let answer = self.bench.get(&path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// What the model was asked to explain.
    fn asked(&self) -> usize {
        let asked = self.models.asked();
        asked.iter().filter(|turn| turn.system.contains("You explain one")).count()
    }
}

fn post(client: &Client, path: &str, body: &Value) -> Answer {
    let request = Request::post(path, body.to_string()).with("content-type", "application/json");
    client.send(&request).unwrap()
}

#[test]
fn looking_asks_nobody_and_asking_is_kept_for_who_looks() {
    let rig = Rig::new("");
    let id = rig.incident(1);
    let first = rig.shown(&id, "");
    assert_eq!(first["words"]["instead_of"]["why"], "not_asked", "{first}");
    assert_eq!(rig.asked(), 0);
    let told = rig.explain(id.get(..10).unwrap(), &json!({"as": "analyst"}));
    assert_eq!((&told["words"]["by"], &told["audience"]), (&json!("model"), &json!("analyst")));
    assert_eq!((rig.asked(), &told["incident"]), (1, &json!(id)));
    let kept = rig.shown(&id, "?as=analyst");
    assert_eq!(kept["words"]["made"]["kept"], true, "{kept}");
    // A report says it too, and asks nobody.
    rig.explain(&id, &json!({}));
    let report = rig.bench.get("/api/v1/report?explain=3").json();
    assert_eq!(report["incidents"][0]["words"]["by"], "model", "{report}");
    let html = rig.bench.get("/api/v1/report?explain=3&format=html").text();
    assert!(html.contains("Language model") && html.contains(ANY_WORDS), "{html}");
    assert!(rig.bench.get("/api/v1/report").json()["incidents"][0]["words"].is_null());
    assert_eq!(rig.asked(), 2);
    let told = rig.bench.get("/api/v1/audit?limit=500").text();
    assert!(told.contains("incident.explain") && told.contains("model.ask"), "{told}");
}

#[test]
fn what_would_leave_is_shown_and_nobody_is_asked() {
    let rig = Rig::new("");
    let id = rig.incident(1);
    let shown = rig.explain(&id, &json!({"show_payload": true}));
    assert_eq!((&shown["payload"]["provider"], rig.asked()), (&json!("words"), 0), "{shown}");
    let payload: Value = serde_json::from_str(shown["payload"]["text"].as_str().unwrap()).unwrap();
    rig.explain(&id, &json!({}));
    let asked = rig.models.asked();
    let sent = asked.iter().find(|turn| turn.system.contains("You explain one")).unwrap();
    assert_eq!(payload["messages"][1]["content"], sent.user);
}

#[test]
fn who_may_not_decide_may_not_ask_and_who_is_limited_sees_their_places() {
    let rig = Rig::new("");
    let id = rig.incident(1);
    let path = format!("/api/v1/incidents/{id}/explanation");
    let viewer = rig.bench.client(Role::Viewer, "default");
    assert_eq!(viewer.send(&Request::get(&path)).unwrap().status, 200);
    assert_eq!(post(&viewer, &path, &json!({})).status, 403);
    let elsewhere = rig.bench.limited(Role::Admin, "default", &["account=999999999999"]);
    assert_eq!(elsewhere.send(&Request::get(&path)).unwrap().status, 404);
    assert_eq!(post(&elsewhere, &path, &json!({})).status, 404);
    assert_eq!(rig.asked(), 0);
    for (body, status) in [
        (json!({"task": "message"}), 400),
        (json!({"as": "nobody"}), 422),
        (json!({"to": "owner"}), 422),
    ] {
        let answer = rig.bench.post(&path, body.to_string());
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    assert_eq!(rig.bench.get(&format!("{path}?task=x")).status, 400);
    assert_eq!(rig.bench.get(&format!("{path}?as=x")).status, 400);
    assert_eq!(rig.bench.get("/api/v1/report?explain=101").status, 400);
}

#[test]
fn whatever_a_provider_does_the_rules_answer_at_once_and_nothing_else_is_touched() {
    for fault in [LlmFault::Lost, LlmFault::SlowFirstByte, LlmFault::Refusal] {
        let rig = Rig::new("in_letters = true");
        rig.models.always(Some(fault));
        let id = rig.incident(1);
        let told = rig.explain(&id, &json!({}));
        assert_eq!(told["words"]["by"], "rules", "{fault:?}: {told}");
        assert!(told["words"]["instead_of"]["why"] != "not_configured", "{fault:?}: {told}");
        assert!(!told["words"]["parts"].as_array().unwrap().is_empty(), "{fault:?}: {told}");
        until("a ticket stands", || rig.jira.issues().len() == 1);
        let body = rig.jira.issues()[0].text("description").to_owned();
        assert!(!body.contains("language model"), "{fault:?}: {body}");
        for route in [
            "issues",
            "incidents",
            "findings",
            "assets",
            "fixes",
            "statistics",
            "report",
            "outbox",
            "deliveries",
            "sinks",
            "jobs",
            "imports",
            "sources",
            "status",
            "exceptions",
            "approvals",
            "controls",
            "service-levels",
            "me",
        ] {
            let answer = rig.bench.get(&format!("/api/v1/{route}"));
            assert_eq!(answer.status, 200, "{fault:?}: {route}: {}", answer.text());
        }
        assert_eq!(rig.bench.get(&format!("/api/v1/incidents/{id}")).status, 200);
        assert_eq!(rig.shown(&id, "")["words"]["by"], "rules", "{fault:?}");
    }
}

/// The ticket of the one incident, with what stands around it.
fn ticket(analyst: &str) -> (Value, String) {
    let rig = Rig::new(analyst);
    rig.incident(1);
    until("a ticket stands", || rig.jira.issues().len() == 1);
    let issue = rig.jira.issues().remove(0);
    let row = rig.bench.get("/api/v1/outbox").json()["items"][0].clone();
    let letter = rig.bench.get(&format!("/api/v1/outbox/{}", row["id"])).json();
    let around = json!([
        issue.text("summary"),
        issue.labels(),
        row["sink"],
        row["subject"],
        row["key"],
        row["act"]
    ]);
    (around, letter.to_string())
}

#[test]
fn letters_have_a_model_s_words_beside_the_rules_only_where_that_is_wanted() {
    let (plain_around, plain) = ticket("");
    let (around, letter) = ticket("in_letters = true");
    assert_eq!(around, plain_around);
    assert!(!plain.contains(ANY_WORDS) && !plain.contains("language model"), "{plain}");
    assert!(letter.contains(ANY_WORDS), "{letter}");
    assert!(letter.contains("In other words (by a language model)"), "{letter}");
    assert!(letter.contains("What is wrong") && letter.contains("Issues"), "{letter}");
}

#[test]
fn a_digest_has_a_model_s_words_about_what_it_tells_of() {
    let rig = Rig::with("in_letters = true", "digest_at = \"00:00\"");
    let subjects = || {
        let told = rig.bench.get("/api/v1/deliveries").json();
        let all = told["items"].as_array().unwrap().clone();
        all.iter().map(|one| one["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    until("today's hour was looked at", || subjects() == ["digest:all"]);
    rig.incident(1);
    rig.bench.clock.0.fetch_add(24 * 3600, Ordering::SeqCst);
    until("a digest stands", || rig.jira.issues().len() == 1);
    let row = rig.bench.get("/api/v1/outbox").json()["items"][0].clone();
    let letter = rig.bench.get(&format!("/api/v1/outbox/{}", row["id"])).json().to_string();
    assert!(letter.contains("new since yesterday"), "{letter}");
    assert!(letter.contains("In other words (by a language model)"), "{letter}");
    assert!(letter.contains(ANY_WORDS), "{letter}");
    let asked = rig.models.asked();
    let told = asked.iter().filter(|turn| turn.user.contains("a digest of several incidents"));
    assert_eq!(told.count(), 1);
}

/// An issue of a known control, and the fault that would be told of it.
fn fault(rig: &Rig) -> (String, Value) {
    let record = json!({"class_uid": 2004, "severity_id": 4, "status_code": "FAIL",
        "time": 1_790_000_000, "status_id": 1,
        "metadata": {"event_code": "s3_bucket_object_versioning", "product": {"name": "Prowler"}},
        "finding_info": {"uid": "prowler-a", "title": "Versioning"},
        "resources": [{"uid": "arn:aws:s3:::a", "type": "AwsS3Bucket", "region": "eu-west-1"}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}});
    assert_eq!(rig.bench.deliver(record.to_string().as_bytes()).status, 202);
    let list = || rig.bench.get("/api/v1/issues").json();
    until("there is an issue", || list()["items"][0]["id"].is_string());
    let issue = list()["items"][0].clone();
    let fault = json!({"control": issue["control"], "language": "Terraform", "file": "main.tf",
        "address": "aws_s3_bucket.payments-archive", "kind": "aws_s3_bucket",
        "code": "resource \"aws_s3_bucket\" \"x\" {\n  password = \"hunter2-Q9x!aa\"\n}\n",
        "names": ["payments-archive-eu"], "others": [], "arguments": "", "blocks": "",
        "neighbours": [], "recipe": "no recipe", "advice": []});
    (issue["id"].as_str().unwrap().to_owned(), fault)
}

#[test]
fn a_fix_is_written_for_who_may_fix_there_and_about_the_issue_s_own_fault() {
    let rig = Rig::new("");
    let (id, fault) = fault(&rig);
    let path = format!("/api/v1/issues/{id}/fix");
    let viewer = rig.bench.client(Role::Viewer, "default");
    assert_eq!(post(&viewer, &path, &fault).status, 403);
    let elsewhere = rig.bench.limited(Role::Admin, "default", &["account=999999999999"]);
    assert_eq!(post(&elsewhere, &path, &fault).status, 404);
    let mut other = fault.clone();
    other["control"] = json!("aws.iam.administrator_access");
    let mut long = fault.clone();
    long["code"] = json!("x".repeat(20_000));
    let mut more = fault.clone();
    more["shell"] = json!("id");
    for body in [other, long, more] {
        let answer = rig.bench.post(&path, body.to_string());
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    assert!(rig.models.asked().is_empty());
    let told = rig.bench.post(&path, fault.to_string());
    assert_eq!(told.status, 200, "{}", told.text());
    // The double's words have the shape of a fix; whether they are one is proved where the code is.
    let told = told.json();
    let texts: Vec<&Value> = told["texts"].as_array().unwrap().iter().map(|t| &t[0]).collect();
    assert_eq!(
        (&told["by"], texts),
        (&json!("model"), vec![&json!("path"), &json!("before"), &json!("after")]),
        "{told}"
    );
    // What was asked is masked.
    let asked = rig.models.asked();
    let sent = &asked[0].user;
    assert!(asked.len() == 1 && sent.contains("aws_s3_bucket"), "{sent}");
    assert!(!sent.contains("hunter2") && !sent.contains("payments-archive-eu"), "{sent}");
    let log = rig.bench.get("/api/v1/audit?limit=500").text();
    assert!(log.contains("fix.write") && log.contains("model.ask"), "{log}");
}
