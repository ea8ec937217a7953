//! A server that asks all four platforms over one world.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quell_config::{Config, FileText, Sources};
use quell_model::{Clock, Timestamp};
use quell_pipeline::Setup;
use quell_server::{Plan, Server};
use quell_testkit::platforms::{Four, World};
use quell_testkit::server::{Client, Request};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Its limits are so low that a second whole reading takes an hour.
const SPARED: &str = "lacework";

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

struct Bench {
    runtime: Runtime,
    four: Four,
    server: Option<Server>,
    client: Client,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(flaws: usize) -> Self {
        Self::with(flaws, "")
    }

    /// With more in the configuration.
    fn with(flaws: usize, more: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let world = World::new(7, flaws, Timestamp::now());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let four = runtime.block_on(Four::start(world, Arc::clone(&clock))).unwrap();
        let text = format!("[server]\nlisten = \"127.0.0.1:0\"\n\n{}{more}", four.config());
        let file = Some(FileText { path: "quell.toml", text: &text });
        let loaded = Config::load(&Sources { file, ..Sources::default() });
        let config = loaded.unwrap_or_else(|faults| panic!("{faults}")).config;
        let folder = tempfile::tempdir().unwrap();
        let values = four.environment();
        let plan = Plan {
            config,
            data: folder.path().to_owned(),
            setup: Setup::embedded(None).unwrap(),
            environment: Arc::new(move |name: &str| values.get(name).cloned()),
        };
        let mut server = runtime.block_on(quell_server::start(plan, clock)).unwrap();
        let client = Client::new(server.address()).with_token(&server.take_first_token().unwrap());
        Self { runtime, four, server: Some(server), client, folder }
    }

    fn get(&self, path: &str) -> Value {
        self.client.send(&Request::get(path)).unwrap().json()
    }

    fn post(&self, path: &str) -> Value {
        self.client.send(&Request::post(path, "")).unwrap().json()
    }

    fn tell(&self, finding: &str, body: &str) -> quell_testkit::server::Answer {
        let request = Request::post(&format!("/api/v1/findings/{finding}/tell"), body);
        self.client.send(&request.with("content-type", "application/json")).unwrap()
    }

    /// Waits until every stream of every platform was read to its end after a time.
    fn until_good(&self, since: Timestamp, whole: bool) {
        let whole_since = whole.then_some(since);
        for (name, _) in self.four.all() {
            let mut platform = Value::Null;
            until(&format!("{name} is read"), || {
                platform = self.get(&format!("/api/v1/sources/{name}"));
                let at = |value: &Value| Some(value.as_str()?.parse::<Timestamp>().unwrap());
                assert!(platform["now"]["well"] != false, "{name}: {platform:#}");
                let wanted = whole_since.filter(|_| name != SPARED);
                let whole =
                    |stream: &Value| stream["state"] == "good" && at(&stream["whole_at"]) >= wanted;
                at(&platform["now"]["good_at"]) >= Some(since)
                    && platform["streams"].as_array().unwrap().iter().all(whole)
            });
            assert_eq!(platform["quarantine"], Value::Array(Vec::new()), "{name}");
        }
        until("all is taken in", || {
            self.get("/api/v1/status")["intake"]["waiting_since"].is_null()
        });
    }

    fn sync(&self, whole: bool) {
        let since = Timestamp::now();
        for (name, _) in self.four.all() {
            let what = if whole && name != SPARED { "whole" } else { "due" };
            self.post(&format!("/api/v1/sources/{name}/sync?{what}=true"));
        }
        self.until_good(since, whole);
    }

    fn open_findings(&self) -> u64 {
        self.total("/api/v1/findings?status=open&limit=1")
    }

    /// The ids of all open findings, each with what it is about.
    fn keys(&self) -> BTreeMap<String, String> {
        let all = self.get("/api/v1/findings?status=open&limit=500");
        let items = all["items"].as_array().unwrap_or_else(|| panic!("{all:#}"));
        let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let told = |item: &Value| {
            format!(
                "{} {} on {}",
                text(item, "source"),
                text(item, "native_id"),
                text(item, "asset")
            )
        };
        items.iter().map(|item| (text(item, "id"), told(item))).collect()
    }

    fn total(&self, path: &str) -> u64 {
        let answer = self.get(path);
        answer["total"].as_u64().unwrap_or_else(|| panic!("{answer:#}"))
    }

    /// What the findings' database and its log take, and when they were last written.
    fn written(&self) -> [(u64, std::time::SystemTime); 2] {
        ["quell.db", "quell.db-wal"].map(|name| {
            let meta = std::fs::metadata(self.folder.path().join(name)).unwrap();
            (meta.len(), meta.modified().unwrap())
        })
    }

    fn deliver(&self, flaw: usize) {
        for (name, headers, body) in self.four.webhooks(flaw) {
            let request = Request::post(&format!("/api/v1/hooks/{name}"), body);
            let request = headers.iter().fold(request, |all, (name, value)| all.with(name, value));
            let answer = Client::new(self.client.address).send(&request).unwrap();
            assert_eq!(answer.status, 202, "{name}");
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test looks again until another thread is done")]
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("in two minutes it did not come that {what}");
}

#[test]
fn four_platforms_are_read_and_meet_in_one_world() {
    let begun = Timestamp::now();
    let bench = Bench::new(120);
    bench.until_good(begun, true);
    let findings = bench.open_findings();
    let first = bench.keys();
    let issues = bench.total("/api/v1/issues?status=open&limit=1");
    assert!(findings > 150, "{findings}");
    assert!(issues < findings, "{issues} issues of {findings} findings");

    // Nothing new: few requests, and nothing is written.
    bench.sync(false);
    bench.four.all().iter().for_each(|(_, double)| double.ledger.clear());
    let before = bench.written();
    bench.sync(false);
    let asked: BTreeMap<&str, usize> =
        bench.four.all().into_iter().map(|(name, double)| (name, double.ledger.count())).collect();
    assert!(asked.values().sum::<usize>() < 20, "{asked:?}");
    assert_eq!(bench.written(), before, "nothing new is written nowhere");
    assert_eq!(bench.open_findings(), findings);

    // What a webhook tells and what is read after it are the same findings.
    let flaw = bench.four.world.write().open(Timestamp::now());
    bench.deliver(flaw);
    bench.sync(true);
    let more = bench.open_findings();
    let seers = bench.four.world.read().flaws[flaw].seers.len();
    assert!(more > findings && more <= findings + 2 * seers as u64, "{findings} and {more}");
    let known = bench.keys();
    bench.deliver(flaw);
    bench.sync(false);
    assert_eq!(bench.keys(), known, "a webhook doubles nothing");

    // What is over closes.
    bench.four.world.write().end(flaw, Timestamp::now(), false);
    bench.sync(true);
    let mut left = bench.keys();
    left.retain(|id, what| !first.contains_key(id) && !what.starts_with(SPARED));
    assert!(left.is_empty(), "{left:#?}");
    for (name, double) in bench.four.all() {
        assert_eq!(double.ledger.over_limit(), 0, "{name} was asked too often");
    }
}

#[test]
fn every_stream_of_a_platform_is_read_now_when_somebody_asks() {
    let begun = Timestamp::now();
    let bench = Bench::new(40);
    bench.until_good(begun, true);
    let streams = |platform: &Value| platform["streams"].as_array().unwrap().clone();
    let at = |value: &Value| value.as_str().map(|text| text.parse::<Timestamp>().unwrap());
    for (name, _) in bench.four.all().into_iter().filter(|(name, _)| *name != SPARED) {
        let since = Timestamp::now();
        let path = format!("/api/v1/sources/{name}");
        let told = bench.post(&format!("{path}/sync"));
        assert!(streams(&told).iter().all(|stream| stream["asked"] == true), "{name}: {told:#}");
        let mut now = Value::Null;
        until(&format!("every stream of {name} is read again"), || {
            now = bench.get(&path);
            let read = |stream: &Value| at(&stream["good_at"]) >= Some(since);
            streams(&now).iter().all(|stream| read(stream) && stream["asked"] == false)
        });
        for stream in streams(&now) {
            let nightly = stream["pace"] == "nightly";
            assert_eq!(at(&stream["whole_at"]) >= Some(since), nightly, "{name}: {stream:#}");
        }
        // One alone.
        let (since, one) = (Timestamp::now(), &streams(&now)[0]["name"]);
        let one = one.as_str().unwrap();
        bench.post(&format!("{path}/sync?stream={one}"));
        until(&format!("{one} of {name} is read again"), || {
            now = bench.get(&path);
            let read =
                streams(&now).into_iter().filter(|stream| at(&stream["good_at"]) >= Some(since));
            read.map(|stream| stream["name"].clone()).collect::<Vec<_>>() == [one]
        });
    }
    for wrong in ["due=true&whole=true", "due=true&stream=alerts", "stream=nothing"] {
        let request = Request::post(&format!("/api/v1/sources/orca/sync?{wrong}"), "");
        assert_eq!(bench.client.send(&request).unwrap().status, 400, "{wrong}");
    }
    for (name, double) in bench.four.all() {
        assert_eq!(double.ledger.over_limit(), 0, "{name} was asked too often");
    }
}

#[test]
fn each_platform_is_told_of_its_finding_and_believes_it() {
    let begun = Timestamp::now();
    let bench = Bench::new(40);
    bench.until_good(begun, true);
    let dismiss = r#"{"change": "dismiss", "why": "false_positive", "note": "looked into"}"#;
    let mut told = BTreeMap::new();
    for id in bench.keys().into_keys() {
        let finding = bench.get(&format!("/api/v1/findings/{id}"));
        let source = finding["listed"][0]["source"].as_str().unwrap().to_owned();
        if told.contains_key(&source) {
            continue;
        }
        let answer = bench.tell(&id, dismiss);
        // Some streams of a platform take no status.
        if answer.status == 200 {
            assert_eq!(answer.json()["told"], "done", "{source}");
            assert_eq!(bench.tell(&id, dismiss).status, 200, "{source}: once more does no harm");
            told.insert(source, id);
        } else {
            assert_eq!(answer.status, 422, "{source}: {}", answer.text());
        }
    }
    assert_eq!(told.len(), 4, "{told:?}");
    bench.sync(false);
    for (source, id) in &told {
        let finding = bench.get(&format!("/api/v1/findings/{id}"));
        assert_ne!(finding["status"], "open", "{source}: {finding:#}");
    }

    let any = told.into_values().next().unwrap();
    for wrong in [
        r#"{"change": "comment", "note": " "}"#,
        r#"{"change": "snooze", "until": "2020-01-01T00:00:00Z", "note": "later"}"#,
        r#"{"change": "link", "name": "OPS-1", "url": "javascript:alert(1)"}"#,
        r#"{"change": "comment", "note": "x", "why": "accepted"}"#,
    ] {
        assert!(matches!(bench.tell(&any, wrong).status, 400 | 422), "{wrong}");
    }
    assert_eq!(bench.tell("ffffffffffff", dismiss).status, 404);
}

/// Routes to notes of three sources.
const NOTES: &str = r#"
[sinks.wiz-notes]
kind = "source"
project = "wiz"

[sinks.orca-notes]
kind = "source"
project = "orca"

[sinks.lacework-notes]
kind = "source"
project = "lacework"

[routes.conclusions]
sinks = ["wiz-notes", "orca-notes", "lacework-notes"]
what = "incidents"
least_severity = "informational"
release = "rule"
letters_an_hour = 10000
"#;

/// The notes that a double took: the request, and what it said.
fn notes(double: &quell_testkit::double::Double) -> Vec<(String, String)> {
    let all = double.ledger.of("").into_iter();
    let said = all.map(|seen| (seen.what, String::from_utf8(seen.body).unwrap()));
    said.filter(|(_, body)| body.contains("Quell concluded: ")).collect()
}

#[test]
fn what_is_concluded_stands_once_beside_each_record_whatever_is_lost() {
    let begun = Timestamp::now();
    let bench = Bench::with(25, NOTES);
    let doubles = [&bench.four.wiz, &bench.four.orca, &bench.four.lacework];
    // The first notes are taken, and nobody is told.
    for double in [&bench.four.orca, &bench.four.lacework] {
        double.script.add("/comment", 2, quell_testkit::double::Fault::Lost);
    }
    bench.until_good(begun, true);
    let states = |state: &str| {
        let told = bench.get(&format!("/api/v1/outbox?state={state}&limit=500"));
        told["items"].as_array().unwrap().len()
    };
    until("all is said", || {
        states("sent") > 0 && ["waiting", "sending", "doubt"].iter().all(|one| states(one) == 0)
    });
    assert_eq!(states("parked"), 0, "{:#}", bench.get("/api/v1/outbox?state=parked"));
    let all = || doubles.map(notes);
    let before = all();
    for said in &before {
        assert!(!said.is_empty());
        let mut once = said.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), said.len(), "a note is said twice");
        assert!(said.iter().all(|(_, body)| body.contains("quell-")), "{said:#?}");
    }
    // A note changes its record at the source, which comes back: that is our own echo.
    bench.sync(false);
    until("all that came back is looked at", || {
        ["waiting", "sending", "doubt"].iter().all(|one| states(one) == 0)
    });
    assert_eq!(all(), before);
    let shown = bench.get("/api/v1/outbox?limit=1")["items"][0]["id"].to_string();
    let letter = bench.get(&format!("/api/v1/outbox/{shown}"));
    assert_eq!(letter["requests"][0]["method"], "NOTE", "{letter:#}");
    for (name, double) in bench.four.all() {
        assert_eq!(double.ledger.over_limit(), 0, "{name} was asked too often");
    }
}
