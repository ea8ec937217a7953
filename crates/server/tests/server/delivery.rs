//! What routes want stands at a sink once, follows what it is about, and is closed with it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use quell_model::{Clock as _, TenantId};
use quell_store::{Delivery, OutboxStore};
use quell_testkit::double::{Double, Fault, Platform};
use quell_testkit::net::{Answer, Asked};
use quell_testkit::server::{Answer as ServerAnswer, Request, delivery};
use quell_testkit::sinks::{JiraDouble, JiraIssue};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::bench::{Bench, Shifted, jira, runtime, secret, until};

/// A Jira, and a server with a route that leads there.
struct Rig {
    jira: Arc<JiraDouble>,
    double: Double,
    bench: Bench,
    _runtime: Runtime,
}

/// A tracker that takes its time with new issues: it does it, and answers later.
struct Slow {
    inner: Arc<JiraDouble>,
    wait: Mutex<Duration>,
}

impl Platform for Slow {
    fn answer(&self, asked: &Asked) -> Answer {
        let answer = self.inner.answer(asked);
        if asked.method == "POST" && asked.path.ends_with("/issue") {
            let wait = *self.wait.lock().unwrap();
            #[expect(clippy::disallowed_methods, reason = "a double takes its time")]
            std::thread::sleep(wait);
        }
        answer
    }
}

impl Rig {
    fn new(release: &str) -> Self {
        Self::with(release, &[], "").0
    }

    /// With other settings of the server, and of the route.
    fn with(release: &str, changes: &[(&str, &str)], route: &str) -> (Self, Arc<Slow>) {
        let runtime = runtime();
        let jira = jira(Arc::new(Shifted::default()));
        let slow = Arc::new(Slow { inner: Arc::clone(&jira), wait: Mutex::default() });
        let double = runtime.block_on(Double::start(Arc::clone(&slow) as _)).unwrap();
        let more = format!(
            "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[sinks.jira]\nkind = \"jira\"\n\
             url = \"{}\"\nproject = \"SEC\"\nsecret = \"env:BEARER\"\nsigned_with = \"env:HEADER\"\nlook_seconds = 30\n\n\
             [routes.all]\nsinks = [\"jira\"]\nleast_severity = \"low\"\nrelease = \"{release}\"\n{route}\n",
            double.url()
        );
        let bench = Bench::with(changes, &more);
        (Self { jira, double, bench, _runtime: runtime }, slow)
    }

    /// Delivers a finding by webhook, as it stands at a time.
    fn tell(&self, number: u64, status: u64, later: u64) {
        let mut record: Value = serde_json::from_slice(&delivery("d", number, 400)).unwrap();
        record["status_id"] = json!(status);
        record["time"] = json!(record["time"].as_u64().unwrap() + later);
        assert_eq!(self.bench.deliver(record.to_string().as_bytes()).status, 202);
    }

    /// Delivers a finding that is an incident of its own, of a severity.
    fn tell_of(&self, number: u64, severity: u64) {
        let mut record: Value = serde_json::from_slice(&delivery("d", number, 400)).unwrap();
        record["severity_id"] = json!(severity);
        record["time"] = json!(record["time"].as_u64().unwrap() + severity);
        record["metadata"]["event_code"] = json!(format!("made_up_check_{number}"));
        record["finding_info"]["title"] = json!(format!("A made-up fault {number}"));
        record["cloud"]["account"]["uid"] = json!(format!("{:012}", 222_200_000_000 + number));
        assert_eq!(self.bench.deliver(record.to_string().as_bytes()).status, 202);
    }

    fn issue(&self) -> JiraIssue {
        self.jira.issues().remove(0)
    }

    /// Lets the time pass after which sinks are looked at.
    fn pass(&self) {
        self.bench.clock.0.fetch_add(31, Ordering::SeqCst);
    }

    /// Posts what Jira says when an issue changes, signed with a secret.
    fn hook(&self, (id, sink): (&str, &str), secret: &str) -> ServerAnswer {
        let (headers, body) = self.jira.webhook(id, secret);
        let request = Request::post(&format!("/api/v1/hooks/sinks/{sink}"), body);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.with(name, value));
        self.bench.stranger().send(&request).unwrap()
    }

    /// What is kept of the only ticket.
    fn kept(&self) -> (OutboxStore, Delivery) {
        let store = OutboxStore::open_for(self.bench.data(), &TenantId::default()).unwrap();
        let kept = store.delivery_list().unwrap().remove(0);
        (store, kept)
    }

    /// Waits until the ticket is known to be over, and has that be so for a month; it was looked at
    /// once more when this returns.
    fn let_it_rest(&self) {
        until("it is over on both sides", || {
            self.pass();
            self.kept().1.over.is_some()
        });
        let (mut store, before) = self.kept();
        let now = self.bench.clock.now();
        let long = now - SignedDuration::from_hours(24 * 31);
        let after = Delivery { over: Some(long), look: Some(now), ..before.clone() };
        store.outbox_add((Some(&before), &after), &[], now).unwrap().unwrap();
        until("it was looked at", || self.kept().1.look.is_some_and(|look| look > now));
    }

    fn rows(&self, state: &str) -> Vec<Value> {
        let told = self.bench.get(&format!("/api/v1/outbox?state={state}")).json();
        told["items"].as_array().unwrap().clone()
    }

    fn until_category(&self, category: &str) {
        until(&format!("the issue is {category}"), || {
            self.pass();
            self.issue().category == category
        });
    }
}

#[test]
fn a_ticket_stands_once_and_is_closed_and_opened_with_what_it_is_about() {
    let rig = Rig::new("rule");
    rig.tell(1, 1, 0);
    until("a ticket stands", || rig.jira.issues().len() == 1);
    let issue = rig.issue();
    assert!(issue.text("summary").contains("A made-up fault"), "{}", issue.text("summary"));
    assert!(issue.labels().iter().any(|label| label.starts_with("quell-")));
    until("it is told where it stands", || {
        rig.bench.get("/api/v1/deliveries").json()["items"][0]["remote"]["name"] == *issue.key
    });
    // The same again, and a start anew, make no second one.
    rig.tell(1, 1, 0);
    rig.tell(1, 4, 100);
    rig.until_category("done");
    assert!(!rig.issue().comments.is_empty());
    rig.tell(1, 1, 200);
    rig.until_category("new");
    assert_eq!(rig.jira.issues().len(), 1);
    let told = rig.bench.get("/api/v1/audit?limit=500").text();
    assert!(told.contains("call.out"), "{told}");
}

#[test]
fn what_a_person_closed_is_shown_and_not_fought() {
    let rig = Rig::new("rule");
    rig.tell(2, 1, 0);
    until("a ticket stands", || rig.jira.issues().len() == 1);
    let id = rig.issue().id.to_string();
    until("it was read back", || {
        rig.pass();
        rig.bench.get("/api/v1/deliveries").json()["items"][0]["phase"] == "new"
    });
    rig.jira.close_by_hand(&id, "Done");
    until("it is shown", || {
        rig.pass();
        let told = rig.bench.get("/api/v1/deliveries").json();
        told["items"][0]["conflict"].as_str().is_some_and(|text| text.contains("closed it"))
    });
    assert_eq!(rig.issue().category, "done");
}

#[test]
fn an_answer_that_is_lost_makes_no_second_ticket() {
    let rig = Rig::new("rule");
    rig.jira.set(|settings| settings.lag = 1);
    rig.double.script.add("/rest/api/3/issue?", 1, Fault::Lost);
    rig.tell(3, 1, 0);
    until("nobody knows whether it arrived", || !rig.rows("doubt").is_empty());
    until("it is found", || {
        rig.bench.clock.0.fetch_add(5, Ordering::SeqCst);
        !rig.rows("sent").is_empty()
    });
    assert_eq!(rig.jira.issues().len(), 1);
}

#[test]
fn a_letter_waits_for_a_person_and_is_shown_as_it_would_be_sent() {
    let rig = Rig::new("person");
    rig.tell(4, 1, 0);
    until("a letter waits", || rig.rows("held").len() == 1);
    let row = rig.rows("held")[0]["id"].as_i64().unwrap();
    let shown = rig.bench.get(&format!("/api/v1/outbox/{row}")).json();
    assert_eq!(shown["requests"][0]["method"], "POST");
    assert!(shown["requests"][0]["body"].as_str().unwrap().contains("A made-up fault"));
    assert!(!shown.to_string().contains(&secret("BEARER")));
    assert!(rig.jira.issues().is_empty());
    assert_eq!(rig.bench.post(&format!("/api/v1/outbox/{row}/release"), "").status, 200);
    until("a ticket stands", || rig.jira.issues().len() == 1);
    assert_eq!(rig.bench.post(&format!("/api/v1/outbox/{row}/cancel"), "").status, 409);
    assert_eq!(rig.bench.post("/api/v1/outbox/999/retry", "").status, 404);
}

#[test]
fn a_start_after_a_call_was_begun_looks_before_it_sends() {
    let mut rig = Rig::new("rule");
    // The sink does it and never answers; meanwhile the server stops hard, and starts again.
    rig.double.script.add("/rest/api/3/issue?", 1, Fault::Lost);
    rig.tell(5, 1, 0);
    until("a ticket stands", || rig.jira.issues().len() == 1);
    rig.bench.stop();
    rig.bench.start().unwrap();
    until("it is found", || {
        rig.bench.clock.0.fetch_add(5, Ordering::SeqCst);
        !rig.rows("sent").is_empty()
    });
    assert_eq!(rig.jira.issues().len(), 1);
}

#[test]
fn what_was_sent_after_a_backup_is_found_once_that_is_put_back() {
    let mut rig = Rig::new("rule");
    rig.tell(7, 1, 0);
    until("a ticket stands", || rig.jira.issues().len() == 1);
    rig.bench.stop();
    let (kept, data) = (tempfile::tempdir().unwrap(), rig.bench.data().to_owned());
    let copy = kept.path().join("copy");
    quell_store::backup(&data, &copy, ("0", "2026-11-21T12:00:00Z")).unwrap();
    rig.bench.start().unwrap();
    rig.tell(8, 1, 0);
    until("another ticket stands", || rig.jira.issues().len() == 2);
    until("it is told where it stands", || rig.rows("sent").len() >= 2);
    rig.bench.stop();
    quell_store::restore(&copy, &data, quell_store::Existing::PutAside).unwrap();
    rig.bench.start().unwrap();
    let mut server = quell_store::ServerStore::open(&data).unwrap();
    let tenant = TenantId::default();
    for id in server.token_unconfirmed(&tenant).unwrap() {
        assert!(server.token_confirm(&tenant, &id).unwrap());
    }
    // The log of what was received stayed, so the second finding comes again.
    until("its letter is settled", || {
        let told = rig.bench.get("/api/v1/deliveries").json();
        let items = told["items"].as_array().unwrap();
        items.len() == 2 && items.iter().all(|item| item["remote"].is_object())
    });
    assert_eq!(rig.jira.issues().len(), 2, "each stands once");
}

#[test]
fn a_webhook_of_a_sink_has_the_thing_read_at_once_and_a_forged_one_nothing() {
    let rig = Rig::new("rule");
    rig.tell(6, 1, 0);
    until("a ticket stands", || rig.jira.issues().len() == 1);
    let id = rig.issue().id.to_string();
    until("it was read back", || {
        rig.pass();
        rig.bench.get("/api/v1/deliveries").json()["items"][0]["phase"] == "new"
    });
    rig.jira.begin_by_hand(&id);
    let post = |secret: &str, sink: &str| rig.hook((&id, sink), secret);
    let (forged, nobody) = (post("another", "jira"), post(&secret("HEADER"), "nobody"));
    assert_eq!((forged.status, nobody.status), (401, 401));
    assert_eq!(forged.json()["detail"], nobody.json()["detail"]);
    assert_eq!(post(&secret("HEADER"), "jira").status, 202);
    until("it is known that somebody began", || {
        rig.bench.get("/api/v1/deliveries").json()["items"][0]["phase"] == "begun"
    });
}

#[test]
fn a_stop_waits_for_a_call_that_is_under_way() {
    let (mut rig, slow) = Rig::with("rule", &[], "");
    *slow.wait.lock().unwrap() = Duration::from_secs(2);
    rig.tell(7, 1, 0);
    until("the tracker has it", || rig.jira.issues().len() == 1);
    // It has not answered yet.
    rig.bench.stop();
    rig.bench.start().unwrap();
    assert_eq!(rig.rows("sent").len(), 1, "{:?}", rig.rows("doubt"));
    assert_eq!(rig.jira.issues().len(), 1);
}

#[test]
fn a_call_that_outlasts_a_stop_is_looked_for_after_the_next_start() {
    let (mut rig, slow) = Rig::with("rule", &[("server.drain_seconds", "1")], "");
    *slow.wait.lock().unwrap() = Duration::from_secs(5);
    rig.tell(8, 1, 0);
    until("the tracker has it", || rig.jira.issues().len() == 1);
    rig.bench.stop();
    *slow.wait.lock().unwrap() = Duration::ZERO;
    // A process would be gone; here its call still ends, and what it says is not kept.
    until("the directory is free", || rig.bench.start().is_ok());
    until("it is found", || {
        rig.bench.clock.0.fetch_add(5, Ordering::SeqCst);
        !rig.rows("sent").is_empty()
    });
    assert_eq!(rig.jira.issues().len(), 1);
}

#[test]
fn a_route_writes_so_many_letters_an_hour_and_the_rest_later() {
    let (mut rig, _slow) = Rig::with("rule", &[], "letters_an_hour = 3");
    for number in 0..5 {
        rig.tell_of(20 + number, 4);
    }
    until("three tickets stand", || rig.jira.issues().len() == 3);
    until("it is said that more wait", || {
        crate::bench::logged().contains("writes no more letters")
    });
    // What a process before this one wrote counts too.
    rig.bench.stop();
    rig.bench.start().unwrap();
    until("it was looked again", || {
        rig.pass();
        rig.bench.get("/api/v1/deliveries").json()["items"][2]["phase"] == "new"
    });
    rig.tell_of(30, 4);
    until("all are there", || rig.bench.found("default").len() == 6);
    assert_eq!(rig.jira.issues().len(), 3);
    rig.bench.clock.0.fetch_add(3600, Ordering::SeqCst);
    until("three more stand", || rig.jira.issues().len() == 6);
}

#[test]
fn what_changes_within_the_hour_is_told_after_it() {
    let rig = Rig::new("rule");
    rig.tell_of(40, 3);
    until("a ticket stands", || {
        rig.bench.get("/api/v1/deliveries").json()["items"][0]["phase"] == "new"
    });
    let edits = || rig.double.ledger.of("PUT /rest/api/3/issue/").len();
    let before = edits();
    rig.tell_of(40, 5);
    until("it is known", || {
        rig.bench.get("/api/v1/findings?severity=critical").json()["total"] == 1
    });
    let looks = || rig.double.ledger.of("GET /rest/api/3/issue/").len();
    let looked = looks();
    rig.bench.clock.0.fetch_add(1800, Ordering::SeqCst);
    until("it was looked at", || looks() > looked + 1);
    assert_eq!(edits(), before);
    rig.bench.clock.0.fetch_add(1800, Ordering::SeqCst);
    until("it is brought up to date", || edits() > before);
    assert_eq!(rig.jira.issues().len(), 1);
}

#[test]
fn letters_go_out_while_a_large_import_runs() {
    const RECORDS: u64 = 20_000;
    let (rig, _slow) = Rig::with("person", &[("server.max_import_bytes", "67108864")], "");
    for number in 0..8 {
        rig.tell_of(70 + number, 4);
    }
    until("letters wait", || rig.rows("held").len() == 8);
    let rows = rig.rows("held");
    let mut body = Vec::new();
    for number in 0..RECORDS {
        let mut record: Value = serde_json::from_slice(&delivery("import", number, 400)).unwrap();
        // None of them is told of itself.
        record["severity_id"] = json!(1);
        body.extend_from_slice(record.to_string().as_bytes());
        body.push(b'\n');
    }
    let job = rig.bench.post("/api/v1/imports", body).json();
    let id = job["id"].as_str().unwrap().to_owned();
    let state = || rig.bench.job(&id)["state"].clone();
    let mut during = 0;
    for (number, row) in rows.iter().enumerate() {
        let row = row["id"].as_i64().unwrap();
        let before = state();
        assert_eq!(rig.bench.post(&format!("/api/v1/outbox/{row}/release"), "").status, 200);
        until("a ticket stands", || rig.jira.issues().len() == number + 1);
        during += usize::from(before == "running" && state() == "running");
    }
    rig.bench.until_job(&id, "done");
    assert!(during > 0, "no letter went out while the import ran");
    until("all is kept", || rig.rows("sent").len() == 8);
    assert_eq!(rig.jira.issues().len(), 8);
    until("all records are listed", || {
        rig.bench.get("/api/v1/findings").json()["total"] == RECORDS + 8
    });
}

#[test]
fn a_letter_goes_out_while_findings_are_written() {
    let rig = Rig::new("person");
    rig.tell(50, 1, 0);
    until("a letter waits", || rig.rows("held").len() == 1);
    let row = rig.rows("held")[0]["id"].as_i64().unwrap();
    // As long as an import is written nobody else may.
    let held = rusqlite::Connection::open(rig.bench.data().join("quell.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(rig.bench.post(&format!("/api/v1/outbox/{row}/release"), "").status, 200);
    until("a ticket stands", || rig.jira.issues().len() == 1);
    until("that is kept", || rig.rows("sent").len() == 1);
    rig.jira.begin_by_hand(&rig.issue().id.to_string());
    until("what stands there is kept", || {
        rig.pass();
        rig.bench.get("/api/v1/deliveries").json()["items"][0]["phase"] == "begun"
    });
    held.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn a_digest_stands_until_all_that_it_tells_of_is_gone() {
    let (rig, _slow) = Rig::with("rule", &[], "digest_at = \"00:00\"");
    let subjects = || {
        let told = rig.bench.get("/api/v1/deliveries").json();
        let all = told["items"].as_array().unwrap().clone();
        all.iter().map(|one| one["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    until("today's hour was looked at", || subjects() == ["digest:all"]);
    rig.tell(60, 1, 0);
    rig.tell(61, 1, 0);
    until("both are there", || rig.bench.found("default").len() == 2);
    assert!(rig.jira.issues().is_empty());
    rig.bench.clock.0.fetch_add(24 * 3600, Ordering::SeqCst);
    until("a digest stands", || rig.jira.issues().len() == 1);
    let summary = rig.issue().text("summary").to_owned();
    assert!(summary.contains("new since yesterday"), "{summary}");
    // It is looked at, and stays while one is open.
    let open = || rig.bench.get("/api/v1/issues?status=open").json()["total"].clone();
    rig.tell(60, 4, 100);
    until("one is gone", || open() == 1);
    let looks = || rig.double.ledger.of("GET /rest/api/3/issue/").len();
    let looked = looks();
    until("it was looked at since", || {
        rig.pass();
        looks() > looked + 2
    });
    assert_eq!(rig.issue().category, "new");
    rig.tell(61, 4, 100);
    rig.until_category("done");
    let said = format!("{:?}", rig.issue().comments);
    assert!(said.contains("All 2 issues are gone"), "{said}");
    // The next day's is another, and what comes back opens the one that told of it.
    rig.tell(62, 1, 0);
    until("a third is there", || open() == 1);
    rig.bench.clock.0.fetch_add(24 * 3600, Ordering::SeqCst);
    until("another digest stands", || rig.jira.issues().len() == 2);
    rig.tell(60, 1, 200);
    until("it came back", || open() == 2);
    rig.bench.clock.0.fetch_add(24 * 3600, Ordering::SeqCst);
    rig.until_category("new");
    assert_eq!(rig.jira.issues().len(), 2);
    let digests = subjects().into_iter().filter(|one| one.starts_with("digest:all:"));
    assert_eq!(digests.count(), 2);
}

#[test]
fn what_is_over_on_both_sides_is_asked_for_no_more_until_something_changes() {
    let rig = Rig::new("rule");
    let looks = || rig.double.ledger.of("GET /rest/api/3/issue/").len();
    rig.tell(9, 1, 0);
    until("a ticket stands", || rig.jira.issues().len() == 1);
    rig.tell(9, 4, 100);
    rig.until_category("done");
    rig.let_it_rest();
    // Each day only what is known here is looked at.
    let before = looks();
    for _ in 0..3 {
        rig.bench.clock.0.fetch_add(86_401, Ordering::SeqCst);
        let now = rig.bench.clock.now();
        until("it was looked at", || rig.kept().1.look.is_some_and(|look| look > now));
    }
    assert_eq!(looks(), before);
    // The fault is back: within a day the ticket is open again.
    rig.tell(9, 1, 200);
    until("it is known", || rig.bench.get("/api/v1/issues?status=open").json()["total"] == 1);
    rig.bench.clock.0.fetch_add(86_401, Ordering::SeqCst);
    rig.until_category("new");
    assert!(looks() > before && rig.kept().1.over.is_none());
    // Somebody opens it again at the sink, which says so.
    rig.tell(9, 4, 300);
    rig.until_category("done");
    rig.let_it_rest();
    let (before, id) = (looks(), rig.issue().id.to_string());
    let long = rig.kept().1.over;
    rig.jira.begin_by_hand(&id);
    assert_eq!(rig.hook((&id, "jira"), &secret("HEADER")).status, 202);
    until("it is asked for again", || looks() > before);
    until("its month begins anew", || rig.kept().1.over != long);
}

#[test]
fn a_clock_that_jumps_delays_no_letter_and_makes_none_twice() {
    const YEAR: i64 = 365 * 86_400;
    let (rig, _slow) = Rig::with("rule", &[("server.clock_settle_minutes", "60")], "");
    let tickets = || rig.jira.issues().len();
    let done = || rig.jira.issues().iter().filter(|issue| issue.category == "done").count();
    let mut wanted = 0;
    for shift in [0, YEAR, -YEAR, 2 * YEAR, -3600, 0] {
        let number = 50 + wanted;
        // Before the jump a ticket is asked for, and after it, and closed.
        rig.tell_of(number, 4);
        rig.bench.clock.0.store(shift, Ordering::SeqCst);
        rig.tell_of(number + 1, 4);
        wanted += 2;
        until("both stand", || u64::try_from(tickets()).unwrap() == wanted);
    }
    // What was gone before the clock went back is closed behind it.
    rig.bench.clock.0.store(YEAR, Ordering::SeqCst);
    until("they are looked at a year ahead", || {
        rig.pass();
        let told = rig.bench.get("/api/v1/deliveries?limit=50").json();
        let all = told["items"].as_array().unwrap().clone();
        all.iter().all(|one| one["phase"] == "new")
    });
    rig.bench.clock.0.store(0, Ordering::SeqCst);
    let mut record: Value = serde_json::from_slice(&delivery("d", 50, 400)).unwrap();
    record["status_id"] = json!(4);
    record["time"] = json!(record["time"].as_u64().unwrap() + 1000);
    record["severity_id"] = json!(4);
    record["metadata"]["event_code"] = json!("made_up_check_50");
    record["finding_info"]["title"] = json!("A made-up fault 50");
    record["cloud"]["account"]["uid"] = json!(format!("{:012}", 222_200_000_050_u64));
    assert_eq!(rig.bench.deliver(record.to_string().as_bytes()).status, 202);
    until("the ticket of what is gone is closed", || done() == 1);
    assert_eq!(u64::try_from(tickets()).unwrap(), wanted, "none stands twice");
}
