//! The clock jumps while the server runs: what would end or be removed for good waits, and what is
//! only told by the clock is told again once it is set right.

use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use quell_model::{Clock, TenantId};
use quell_server::{PersonPlan, Role, Scope, add_person};
use quell_testkit::server::{Client, Request};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::bench::{Bench, lines, until};

const YEAR: i64 = 365 * 86_400;
const FORM: &str = "application/x-www-form-urlencoded";

fn bench() -> Bench {
    let more = "\n[sign_in]\nplain_loopback = true\n";
    Bench::with(&[("server.clock_settle_minutes", "60")], more)
}

fn post(client: &Client, path: &str, body: &Value) -> Value {
    let request = Request::post(path, body.to_string()).with("content-type", "application/json");
    let answer = client.send(&request).unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

/// How much of what the clock says the server does not believe, in seconds.
fn ahead(bench: &Bench) -> i64 {
    let told = bench.get("/metrics").text();
    let mut lines = told.lines();
    let line = lines.find_map(|line| line.strip_prefix("quell_clock_ahead_seconds "));
    let value: f64 = line.unwrap_or_else(|| panic!("{told}")).parse().unwrap();
    format!("{value:.0}").parse().unwrap()
}

/// Moves the clock, and waits until the server has noticed.
fn jump(bench: &Bench, to: i64) {
    bench.clock.0.store(to, Ordering::SeqCst);
    until("the server has noticed", || (ahead(bench) - to.max(0)).abs() < 10);
}

/// An exception that somebody else agreed to, for so long.
fn exception(bench: &Bench, lasts: SignedDuration) -> String {
    let end = bench.clock.now() + lasts;
    let asked = json!({"scope": "account = 111122223333", "reason": "closed network",
        "owner": "shop", "until": end.to_string()});
    let client = |role| bench.client(role, "default");
    let asked = post(&client(Role::Engineer), "/api/v1/exceptions", &asked);
    let id = asked["exception"]["id"].as_str().unwrap().to_owned();
    let yes = json!({"ids": [id], "wish": "approve"});
    post(&client(Role::Approver), "/api/v1/exceptions/decide", &yes);
    id
}

fn state(bench: &Bench, id: &str) -> Value {
    bench.get(&format!("/api/v1/exceptions/{id}")).json()["state"].clone()
}

/// Waits until the server has looked at what time does: two minutes pass, and with them this ends.
fn until_looked(bench: &Bench, two_minutes: &str) {
    bench.clock.0.fetch_add(150, Ordering::SeqCst);
    until("what is over for certain is written down", || state(bench, two_minutes) == "ended");
}

#[test]
fn a_jump_ends_no_exception_for_good_and_hides_nothing_behind_its_end() {
    let mut bench = bench();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("jump", 2)).status, 200);
    let id = exception(&bench, SignedDuration::from_hours(48));
    let short = exception(&bench, SignedDuration::from_secs(120));
    let open = |bench: &Bench| bench.get("/api/v1/issues?status=open").json()["total"].clone();
    assert_eq!(open(&bench), 0);
    // A year on nothing is hidden any more, and the end is not written down.
    jump(&bench, YEAR);
    assert_eq!((open(&bench), state(&bench, &id)), (json!(2), json!("granted")));
    until_looked(&bench, &short);
    assert_eq!(state(&bench, &id), "granted");
    // Set right, it hides what it hid; set back, nothing before it was granted.
    jump(&bench, 0);
    assert_eq!((open(&bench), state(&bench, &id)), (json!(0), json!("granted")));
    bench.clock.0.store(-YEAR, Ordering::SeqCst);
    assert_eq!((open(&bench), state(&bench, &id)), (json!(2), json!("granted")));
    bench.clock.0.store(0, Ordering::SeqCst);
    assert_eq!(open(&bench), 0);
    // Over a stop nobody counts: a start behind a jump believes it no sooner.
    let short = exception(&bench, SignedDuration::from_secs(120));
    bench.stop();
    bench.clock.0.store(YEAR, Ordering::SeqCst);
    bench.start().unwrap();
    assert_eq!((open(&bench), state(&bench, &id)), (json!(2), json!("granted")));
    until_looked(&bench, &short);
    assert_eq!(state(&bench, &id), "granted");
    bench.stop();
    bench.start().unwrap();
    assert_eq!(state(&bench, &id), "granted");
    // Set right meanwhile, it hides what it hid.
    bench.stop();
    bench.clock.0.store(300, Ordering::SeqCst);
    bench.start().unwrap();
    assert_eq!((open(&bench), state(&bench, &id)), (json!(0), json!("granted")));
}

#[test]
fn a_jump_ends_sessions_and_tokens_while_it_lasts_and_extends_none() {
    let bench = bench();
    let plan = PersonPlan {
        tenant: TenantId::default(),
        name: "ana".to_owned(),
        roles: [Role::Analyst].into(),
        groups: Default::default(),
        scope: Scope::default(),
    };
    let password = SecretString::from("correct horse battery".to_owned());
    add_person(bench.data(), &plan, &password, &*bench.clock).unwrap();
    let form = Request::post("/sign-in", "name=ana&password=correct+horse+battery");
    let answer = bench.stranger().send(&form.with("content-type", FORM)).unwrap();
    let set = answer.headers.iter().find(|(_, value)| value.starts_with("quell-session="));
    let cookie = set.unwrap().1.split(';').next().unwrap().to_owned();
    let me = || {
        let request = Request::get("/api/v1/me").with("cookie", &cookie);
        bench.stranger().send(&request).unwrap().status
    };
    let limited = bench.client(Role::Viewer, "default");
    let lists = || limited.send(&Request::get("/api/v1/issues")).unwrap().status;
    for (shift, session) in [(0, 200), (YEAR, 401), (0, 200), (-YEAR, 401), (600, 200)] {
        bench.clock.0.store(shift, Ordering::SeqCst);
        assert_eq!(me(), session, "{shift}");
        assert_eq!(lists(), 200, "{shift}: a token without an end goes on");
    }
    // What was used behind now is used no longer for it.
    bench.clock.0.store(12 * 3600, Ordering::SeqCst);
    assert_eq!(me(), 401);
}

#[test]
fn a_jump_removes_nothing_that_is_kept_for_some_time() {
    let bench = bench();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("kept", 2)).status, 200);
    let short = exception(&bench, SignedDuration::from_secs(120));
    // What is kept is looked through each hour by the clock, so at once.
    jump(&bench, YEAR);
    until_looked(&bench, &short);
    jump(&bench, 0);
    let jobs = bench.get("/api/v1/jobs?limit=50").json();
    assert_eq!(jobs["items"].as_array().unwrap().len(), 1, "{jobs}");
    let replay = bench.post("/api/v1/replays", "{}");
    let id = replay.json()["id"].as_str().unwrap().to_owned();
    let done = bench.until_job(&id, "done");
    assert_eq!(done["result"]["accounting"]["records"], 2, "{done}");
}
