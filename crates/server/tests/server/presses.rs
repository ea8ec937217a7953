//! Buttons in a chat: a press is a vote of the person whom the configuration names, and nothing
//! else that a chat says agrees to anything.

use std::sync::Arc;

use quell_model::Clock as _;
use quell_server::{PersonPlan, Role, Scope, add_person};
use quell_testkit::double::Double;
use quell_testkit::server::{Answer, Request};
use quell_testkit::sinks::{Press, SlackDouble, SlackMessage};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::approvals::keep_fix;
use crate::bench::{Bench, lines, logged, runtime, secret, until};

const RULES: &str = "[[rule]]\nid = \"all\"\nphase = \"assist\"\nkinds = [\"fix.*\"]\n";
const CHANNEL: &str = "C0SECURITY";

/// A Slack, and a server that asks for approvals there.
struct Rig {
    slack: Arc<SlackDouble>,
    bench: Bench,
    _folder: tempfile::TempDir,
    _double: Double,
    _runtime: Runtime,
}

/// A press, as a test changes it.
#[derive(Clone)]
struct Pressing {
    action: &'static str,
    value: String,
    user: &'static str,
    team: &'static str,
    app: &'static str,
    ts: String,
}

impl Rig {
    fn new() -> Self {
        Self::with("")
    }

    /// With more settings of the route.
    fn with(route: &str) -> Self {
        let runtime = runtime();
        let slack = Arc::new(SlackDouble::new(CHANNEL));
        slack.new_token(&secret("BEARER"));
        let double = runtime.block_on(Double::start(Arc::clone(&slack) as _)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("rules.toml");
        std::fs::write(&rules, RULES).unwrap();
        let more = format!(
            "\n[approvals]\nrules = {:?}\n\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n\
             [sinks.chat]\nkind = \"slack\"\nurl = \"{}\"\nproject = \"{CHANNEL}\"\n\
             secret = \"env:BEARER\"\nsigned_with = \"env:HEADER\"\n\
             people = {{ U0ANA = \"ana\", U0BO = \"bo\", U0GONE = \"nobody\", U0FAR = \"far\" }}\n\n\
             [sinks.chat.options]\nbuttons = \"true\"\nteam = \"T0EXAMPLE\"\napp = \"A0QUELL\"\n\n\
             [routes.asks]\nsinks = [\"chat\"]\nwhat = \"approvals\"\nleast_severity = \"low\"\n\
             release = \"rule\"\n{route}\n",
            rules.display().to_string(),
            double.url()
        );
        let bench = Bench::with(&[], &more);
        let rig = Self { slack, bench, _folder: folder, _double: double, _runtime: runtime };
        rig.person("ana", Role::Approver, "default");
        rig.person("bo", Role::Engineer, "default");
        rig.person("far", Role::Approver, "foreign");
        rig
    }

    fn person(&self, name: &str, role: Role, tenant: &str) {
        let plan = PersonPlan {
            tenant: tenant.parse().unwrap(),
            name: name.to_owned(),
            roles: [role].into(),
            groups: Default::default(),
            scope: Scope::default(),
        };
        let password = SecretString::from("correct horse battery".to_owned());
        add_person(self.bench.data(), &plan, &password, &*self.bench.clock).unwrap();
    }

    /// Asks for a fix, and waits until the chat is asked.
    fn asked(&self) -> (Value, SlackMessage) {
        let imported = self.bench.post("/api/v1/imports?wait=true", lines("press", 3));
        assert_eq!(imported.status, 200);
        keep_fix(&self.bench, "-a\n+b\n");
        let engineer = self.bench.client(Role::Engineer, "default");
        let request = Request::post("/api/v1/approvals", json!({"fix": "f1"}).to_string());
        let request = request.with("content-type", "application/json");
        let asked = engineer.send(&request).unwrap().json();
        assert_eq!(asked["verdict"]["outcome"], "waits", "{asked}");
        until("the chat is asked", || {
            let rows = self.bench.get("/api/v1/outbox").json();
            assert!(!rows.to_string().contains("parked"), "{rows}");
            self.slack.messages().len() == 1
        });
        let plan = asked["plan"].clone();
        until("it is known where it stands", || {
            let told = self.bench.get("/api/v1/deliveries").json();
            told["items"][0]["remote"]["name"].is_string()
        });
        (plan, self.slack.messages().remove(0))
    }

    fn press(&self, pressing: &Pressing) -> Answer {
        self.press_at(pressing, self.bench.clock.now().as_second(), &secret("HEADER"))
    }

    fn press_at(&self, pressing: &Pressing, seconds: i64, signing: &str) -> Answer {
        let press = Press {
            action: pressing.action,
            value: &pressing.value,
            user: pressing.user,
            team: pressing.team,
            app: pressing.app,
            ts: &pressing.ts,
        };
        let signed = press.signed(signing, seconds);
        let request = Request::post("/api/v1/hooks/sinks/chat", signed.body)
            .with("content-type", "application/x-www-form-urlencoded")
            .with("x-slack-request-timestamp", &signed.timestamp)
            .with("x-slack-signature", &signed.signature);
        self.bench.stranger().send(&request).unwrap()
    }

    fn votes(&self, plan: &Value) -> usize {
        let path = format!("/api/v1/approvals/{}", plan["id"].as_str().unwrap());
        self.bench.get(&path).json()["approvals"]["votes"].as_array().unwrap().len()
    }
}

/// The buttons of a message, by their `action_id`.
fn buttons(message: &SlackMessage) -> Vec<(String, String)> {
    let blocks = message.body["blocks"].as_array().unwrap();
    let actions = blocks.iter().filter(|block| block["type"] == "actions");
    let elements = actions.flat_map(|block| block["elements"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    elements.map(|one| (text(&one["action_id"]), text(&one["value"]))).collect()
}

fn pressing(message: &SlackMessage, action: &'static str) -> Pressing {
    let all = buttons(message);
    let (_, value) = all.iter().find(|(id, _)| id == action).unwrap();
    let (value, ts) = (value.clone(), message.ts.clone());
    Pressing { action, value, user: "U0ANA", team: "T0EXAMPLE", app: "A0QUELL", ts }
}

#[test]
fn a_press_of_who_may_is_a_vote_and_the_message_says_who_decided() {
    let rig = Rig::new();
    let (plan, message) = rig.asked();
    let shown = message.body["blocks"].to_string();
    assert!(shown.contains(plan["hash"].as_str().unwrap()), "{shown}");
    let yes = pressing(&message, "quell.approve");
    assert!(yes.value.ends_with(plan["hash"].as_str().unwrap()), "{}", yes.value);
    let said = rig.press(&yes);
    assert_eq!(said.status, 200, "{}", said.text());
    assert_eq!(rig.votes(&plan), 1);
    let path = format!("/api/v1/approvals/{}", plan["id"].as_str().unwrap());
    assert_eq!(rig.bench.get(&path).json()["ready"], true);
    until("the message says who agreed", || {
        let now = rig.slack.messages().remove(0);
        now.body["blocks"].to_string().contains("agreed at") && buttons(&now).is_empty()
    });
    // The same again changes nothing.
    assert_eq!(rig.press(&yes).status, 422);
    assert_eq!((rig.votes(&plan), rig.slack.messages().len()), (1, 1));
    let log = rig.bench.get("/api/v1/audit?limit=500").text();
    assert!(log.contains("U0ANA") && log.contains("approval.change"), "{log}");
}

#[test]
fn a_no_decides_and_closes_the_message() {
    let rig = Rig::new();
    let (plan, message) = rig.asked();
    assert_eq!(rig.press(&pressing(&message, "quell.deny")).status, 200);
    let path = format!("/api/v1/approvals/{}", plan["id"].as_str().unwrap());
    assert_eq!(rig.bench.get(&path).json()["approvals"]["stand"], "refused");
    until("the message says so", || {
        let now = rig.slack.messages().remove(0);
        now.body["blocks"].to_string().contains("It was refused.") && buttons(&now).is_empty()
    });
}

#[test]
fn what_is_forged_stale_foreign_or_not_allowed_changes_nothing() {
    let rig = Rig::new();
    let (plan, message) = rig.asked();
    let right = pressing(&message, "quell.approve");
    let now = rig.bench.clock.now().as_second();
    assert_eq!(rig.press_at(&right, now, "another secret").status, 401);
    assert_eq!(rig.press_at(&right, now - 301, &secret("HEADER")).status, 401);
    assert_eq!(rig.press_at(&right, now + 310, &secret("HEADER")).status, 401);
    let with = |change: &dyn Fn(&mut Pressing)| {
        let mut other = right.clone();
        change(&mut other);
        rig.press(&other)
    };
    let other_hash = format!("{}.{}", right.value.split('.').next().unwrap(), "0".repeat(64));
    let key_alone = right.value.split('.').next().unwrap().to_owned();
    let mut refused: Vec<(&str, Answer)> = Vec::new();
    refused.push(("another workspace", with(&|one| one.team = "T0OTHER")));
    refused.push(("another app", with(&|one| one.app = "A0OTHER")));
    refused.push(("another message", with(&|one| one.ts = "1900000009.000009".to_owned())));
    refused.push(("another hash", with(&|one| one.value.clone_from(&other_hash))));
    refused.push(("no hash", with(&|one| one.value.clone_from(&key_alone))));
    refused.push(("no key", with(&|one| one.value = format!("x.{}", "0".repeat(64)))));
    refused.push(("another button", with(&|one| one.action = "emoji")));
    refused.push(("somebody nobody named", with(&|one| one.user = "U0EVE")));
    refused.push(("somebody who is not there", with(&|one| one.user = "U0GONE")));
    refused.push(("who has not the right", with(&|one| one.user = "U0BO")));
    refused.push(("another tenant's", with(&|one| one.user = "U0FAR")));
    for (what, answer) in refused {
        assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
        assert_eq!(rig.votes(&plan), 0, "{what}");
    }
    // Text and what people put below a message are not looked at.
    rig.slack.post_by("B0EVE", CHANNEL, json!({"text": "approved", "thread_ts": message.ts}));
    // What was changed since is another plan.
    keep_fix(&rig.bench, "-a\n+c\n");
    assert_eq!(rig.press(&right).status, 422);
    assert_eq!(rig.votes(&plan), 0);
    until("the message says that it is void", || {
        rig.slack.messages().remove(0).body["blocks"].to_string().contains("It is void.")
    });
    assert_eq!(rig.press(&right).status, 422);
}

#[test]
fn a_route_asks_for_so_many_plans_an_hour_and_for_the_rest_later() {
    let rig = Rig::with("letters_an_hour = 2");
    let (first, _) = rig.asked();
    // The same fix, asked for by others, is a plan of its own.
    let plans: Vec<Value> = (0..3)
        .map(|_| {
            let engineer = rig.bench.client(Role::Engineer, "default");
            let request = Request::post("/api/v1/approvals", json!({"fix": "f1"}).to_string());
            let request = request.with("content-type", "application/json");
            engineer.send(&request).unwrap().json()["plan"].clone()
        })
        .collect();
    until("the chat is asked once more", || rig.slack.messages().len() == 2);
    until("it is said that more wait", || logged().contains("asks for no more plans"));
    // What is asked for already is brought up to date all the same.
    let by = rig.bench.client(Role::Approver, "default");
    let path = format!("/api/v1/approvals/{}", first["id"].as_str().unwrap());
    let no = json!({"word": "refuse", "hash": first["hash"], "note": "not now"}).to_string();
    let no = Request::post(&path, no).with("content-type", "application/json");
    assert_eq!(by.send(&no).unwrap().status, 200);
    let said = || format!("{:?}", rig.slack.messages());
    until("the refusal is told", || said().contains("It was refused."));
    assert_eq!((rig.slack.messages().len(), plans.len()), (2, 3));
    rig.bench.clock.0.fetch_add(3600, std::sync::atomic::Ordering::SeqCst);
    until("the rest is asked for", || rig.slack.messages().len() == 4);
}
