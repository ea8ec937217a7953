//! A change of code that was merged is followed until tools have looked, and after.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use quell_deliver::letter::{ChangedFile, CodeChange, Proved};
use quell_deliver::outbox::{Act, State};
use quell_deliver::{Body, Key, Letter, Line};
use quell_model::{Clock as _, IssueKey, Severity, TenantId};
use quell_store::{Delivery, NewRow, OutboxStore};
use quell_testkit::double::Double;
use quell_testkit::server::delivery;
use quell_testkit::sinks::{GithubDouble, HookDouble, JiraDouble, JiraIssue, blob_id};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::bench::{Bench, Shifted, jira, runtime, secret, until};

const OPEN: &str = "resource \"aws_s3_bucket\" \"logs\" {\n  bucket = \"acme-logs\"\n}\n";
const BLOCK: &str = "resource \"aws_s3_bucket_versioning\" \"logs\" {\n  bucket = aws_s3_bucket.logs.id\n  versioning_configuration {\n    status = \"Enabled\"\n  }\n}\n";

fn fixed() -> String {
    format!("{OPEN}\n{BLOCK}")
}

/// A Jira, a GitHub, and a server: a route leads to the one, a change goes to the other.
struct Rig {
    jira: Arc<JiraDouble>,
    github: Arc<GithubDouble>,
    bench: Bench,
    _doubles: (Double, Double),
    _runtime: Runtime,
}

impl Rig {
    /// A finding, its ticket, and a change for it that is merged.
    fn merged() -> Self {
        let runtime = runtime();
        let clock = Arc::new(Shifted::default());
        let jira = jira(Arc::clone(&clock) as _);
        let github = Arc::new(GithubDouble::new(clock, &[("infra/main.tf", OPEN)]));
        github.token(&secret("HEADER"));
        let tickets = runtime.block_on(Double::start(Arc::clone(&jira) as _)).unwrap();
        let code = runtime.block_on(Double::start(Arc::clone(&github) as _)).unwrap();
        let more = format!(
            "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[sinks.jira]\nkind = \"jira\"\n\
             url = \"{}\"\nproject = \"SEC\"\nsecret = \"env:BEARER\"\nlook_seconds = 30\n\n\
             [sinks.github]\nkind = \"github\"\nurl = \"{}\"\nproject = \"acme/shop\"\n\
             secret = \"env:HEADER\"\nlook_seconds = 30\n\n\
             [routes.all]\nsinks = [\"jira\"]\nleast_severity = \"low\"\nrelease = \"rule\"\n",
            tickets.url(),
            code.url()
        );
        let bench = Bench::with(&[], &more);
        let rig = Self { jira, github, bench, _doubles: (tickets, code), _runtime: runtime };
        rig.tell(1, 0);
        until("a ticket stands", || rig.jira.issues().len() == 1);
        rig.send_change();
        until("a pull request stands", || !rig.github.threads().is_empty());
        until("it is known where it stands", || rig.stand("github")["remote"]["name"].is_string());
        rig.github.merge(1);
        rig
    }

    /// Delivers the finding by webhook, as it stands so long after the beginning.
    fn tell(&self, status: u64, later: u64) {
        let mut record: Value = serde_json::from_slice(&delivery("d", 1, 400)).unwrap();
        record["status_id"] = json!(status);
        record["time"] = json!(record["time"].as_u64().unwrap() + later);
        assert_eq!(self.bench.deliver(record.to_string().as_bytes()).status, 202);
    }

    /// Seconds from the beginning of the findings until now.
    fn now(&self) -> u64 {
        let record: Value = serde_json::from_slice(&delivery("d", 1, 400)).unwrap();
        let now = u64::try_from(self.bench.clock.now().as_second()).unwrap();
        now - record["time"].as_u64().unwrap()
    }

    fn send_change(&self) {
        let issues = self.bench.get("/api/v1/issues").json();
        let issue: IssueKey = issues["items"][0]["id"].as_str().unwrap().parse().unwrap();
        let (tenant, now) = (TenantId::default(), self.bench.clock.now());
        let key = Key::new(&tenant, "github", "change:a", 0);
        let change = CodeChange {
            repository: "acme/shop".to_owned(),
            base: "main".to_owned(),
            base_commit: None,
            files: vec![ChangedFile {
                path: "infra/main.tf".to_owned(),
                before: Some(blob_id(OPEN)),
                after: fixed(),
                executable: false,
            }],
            message: "Keep versions".to_owned(),
            proved: vec![Proved {
                control: "aws.s3.bucket_versioning".to_owned(),
                path: "infra/main.tf".to_owned(),
                address: "aws_s3_bucket.logs".to_owned(),
            }],
        };
        let letter = Letter {
            key: key.clone(),
            title: Line::own("Keep versions"),
            body: Body::paragraph(Line::own("A fix.")),
            severity: Severity::High,
            due: None,
            labels: Vec::new(),
            files: Vec::new(),
            page: None,
            owner: None,
            change: Some(change),
            item: None,
            records: Vec::new(),
            asks: None,
        };
        let row = NewRow {
            sink: "github".to_owned(),
            subject: "change:a".to_owned(),
            key,
            act: Act::Open { letter: Box::new(letter) },
            state: State::Waiting { until: now },
            replays: None,
        };
        let delivery = Delivery {
            issues: vec![issue],
            acts: 1,
            escalated: true,
            ..Delivery::new(("github", "change:a"), "", now)
        };
        let mut store = OutboxStore::open_for(self.bench.data(), &tenant).unwrap();
        store.outbox_add((None, &delivery), &[row], now).unwrap();
        store.sync().unwrap();
    }

    fn stand(&self, sink: &str) -> Value {
        let told = self.bench.get("/api/v1/deliveries").json();
        let all = told["items"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["sink"] == sink).unwrap_or_default()
    }

    fn issue(&self) -> JiraIssue {
        self.jira.issues().remove(0)
    }

    fn ticket_says(&self, words: &str) -> bool {
        format!("{:?}", self.issue().comments).contains(words)
    }

    fn request_says(&self, words: &str) -> bool {
        self.github.threads()[0].comments.iter().any(|text| text.contains(words))
    }

    /// Lets days pass, after which also what is over is looked at, until something is so.
    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let mut looks = 0_u32;
        until(what, || {
            // Not with every look: what is under way has to end before it counts as lost.
            let pause = if looks == 0 { 90_000 } else { 3_700 };
            let passes = looks.is_multiple_of(20);
            self.bench.clock.0.fetch_add(if passes { pause } else { 0 }, Ordering::SeqCst);
            looks += 1;
            is_so()
        });
    }

    /// Lets minutes pass, so that what failed once is tried again.
    fn soon(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let mut looks = 0_u32;
        until(what, || {
            looks += 1;
            let passed = if looks.is_multiple_of(20) { 60 } else { 0 };
            self.bench.clock.0.fetch_add(passed, Ordering::SeqCst);
            is_so()
        });
    }

    fn until_told(&self, word: &str) {
        self.until(&format!("it is {word}"), || self.stand("github")["merged"]["told"] == word);
    }
}

#[test]
fn a_merge_alone_closes_nothing_and_what_tools_see_no_more_is_closed_with_the_evidence() {
    let rig = Rig::merged();
    rig.until_told("waits");
    let merged = rig.stand("github")["merged"].clone();
    assert_eq!(merged["checked"]["code"], "holds", "{merged}");
    until("the ticket says that it was merged", || rig.ticket_says("was merged at"));
    assert_ne!(rig.issue().category, "done");
    let now = rig.now();
    rig.tell(4, now);
    rig.until("the ticket is closed", || rig.issue().category == "done");
    assert!(rig.ticket_says("own checks hold on the code"));
    rig.until_told("gone");
    rig.soon("the request says so", || rig.request_says("No tool sees the fault any more"));
}

#[test]
fn a_message_is_sent_once_more_with_its_own_id() {
    let runtime = runtime();
    let clock = Arc::new(Shifted::default());
    let hook = Arc::new(HookDouble::new(clock));
    let double = runtime.block_on(Double::start(Arc::clone(&hook) as _)).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), HookDouble::secret(1)).unwrap();
    let more = format!(
        "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[sinks.hook]\nkind = \"webhook\"\n\
         url = \"{}/hooks/quell\"\nsecret = \"file:{}\"\n\n\
         [routes.all]\nsinks = [\"hook\"]\nleast_severity = \"low\"\nrelease = \"rule\"\n",
        double.url(),
        file.path().display()
    );
    let bench = Bench::with(&[], &more);
    assert_eq!(bench.deliver(&delivery("d", 1, 400)).status, 202);
    until("a message was sent", || hook.messages().len() == 1);
    let rows = || bench.get("/api/v1/outbox?state=sent").json()["items"].clone();
    until("it is known", || rows().as_array().is_some_and(|rows| rows.len() == 1));
    let first = rows()[0].clone();
    let path = format!("/api/v1/outbox/{}/replay", first["id"]);
    let made = bench.post(&path, "").json();
    assert_eq!((&made["replays"], made["id"] == first["id"]), (&first["key"], false));
    until("it came once more", || hook.messages().len() == 2);
    let messages = hook.messages();
    assert_eq!(messages[0], messages[1]);
    assert_eq!(messages[0].0, first["key"].as_str().unwrap());
    until("it is known", || rows().as_array().is_some_and(|rows| rows.len() == 2));
    assert_eq!(rows()[0]["tries"][0]["came"], "done");
    assert_ne!(rows()[0]["key"], first["key"]);
    assert_eq!(bench.post("/api/v1/outbox/999/replay", "").status, 404);
}

#[test]
fn a_ticket_is_not_made_once_more() {
    let rig = Rig::merged();
    let rows = rig.bench.get("/api/v1/outbox?state=sent&sink=jira").json()["items"].clone();
    let path = format!("/api/v1/outbox/{}/replay", rows[0]["id"]);
    let answer = rig.bench.post(&path, "");
    assert_eq!(answer.status, 409);
    assert!(answer.text().contains("takes the same message twice as one"), "{}", answer.text());
    assert_eq!(rig.jira.issues().len(), 1);
}

#[test]
fn what_a_tool_sees_after_the_merge_is_said_in_the_ticket_and_on_the_stand() {
    let rig = Rig::merged();
    rig.until_told("waits");
    let now = rig.now();
    rig.tell(1, now);
    rig.until_told("still_there");
    let conflict = rig.stand("github")["conflict"].clone();
    assert_eq!(conflict, "it was merged, and the fault was seen since");
    rig.soon("the ticket says so", || rig.ticket_says("the merge alone did not mend it"));
    rig.soon("the request says so", || rig.request_says("the merge alone did not mend it"));
}

#[test]
fn what_comes_back_though_the_code_has_the_fix_is_drift() {
    let rig = Rig::merged();
    let now = rig.now();
    rig.tell(4, now);
    rig.until_told("gone");
    rig.until("the ticket is closed", || rig.issue().category == "done");
    let now = rig.now();
    rig.tell(1, now);
    rig.until("the ticket is open again", || rig.issue().category == "new");
    rig.until_told("drift");
    assert!(rig.stand("github")["conflict"].as_str().unwrap().contains("it drifted"));
    assert!(rig.ticket_says("changed it outside of the code"));
}

#[test]
fn what_comes_back_since_the_code_changed_is_no_drift() {
    let rig = Rig::merged();
    let now = rig.now();
    rig.tell(4, now);
    rig.until_told("gone");
    rig.github.push("main", "infra/main.tf", OPEN);
    let now = rig.now();
    rig.tell(1, now);
    rig.until_told("undone");
    assert!(rig.stand("github")["conflict"].as_str().unwrap().contains("has not the fix"));
}
