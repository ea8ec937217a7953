//! Exceptions over the API: asked for, reviewed by another, hiding everywhere, and taken back.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use quell_model::{Clock, TenantId, Timestamp};
use quell_server::{PersonChange, PersonPlan, Role, Scope, add_person, change_person};
use quell_testkit::server::{Answer, Client, Request};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::bench::{Bench, lines, until};

fn post(client: &Client, path: &str, body: &Value) -> Answer {
    let request = Request::post(path, body.to_string()).with("content-type", "application/json");
    client.send(&request).unwrap()
}

fn plan(scope: &str, until: &str) -> Value {
    json!({"scope": scope, "reason": "closed network", "owner": "shop", "until": until,
        "compensating_controls": ["VPN only"]})
}

/// All that is told of what is open. That the clock of an issue stood for a moment stays.
fn told(bench: &Bench) -> Vec<Value> {
    let tell = |path: &&str| {
        let mut told = bench.get(&format!("/api/v1/{path}")).json();
        for item in told["items"].as_array_mut().into_iter().flatten() {
            item.as_object_mut().unwrap().remove("level");
        }
        told
    };
    ["issues?facets=true", "incidents", "statistics", "assets"].iter().map(tell).collect()
}

/// Until when all issues may be hidden.
fn latest(bench: &Bench, scope: &str) -> String {
    let scope = scope.replace(' ', "%20");
    let preview = bench.get(&format!("/api/v1/exception-preview?scope={scope}"));
    preview.json()["latest_end"].as_str().unwrap().to_owned()
}

#[test]
fn a_person_and_their_token_are_one_who_asks_and_does_not_agree() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("hidden", 5)).status, 200);
    let tenant = TenantId::default();
    let ana = PersonPlan {
        tenant: tenant.clone(),
        name: "ana".to_owned(),
        roles: [Role::Admin].into(),
        groups: BTreeSet::new(),
        scope: Scope::default(),
    };
    let password = SecretString::from("correct horse battery".to_owned());
    add_person(bench.data(), &ana, &password, &*bench.clock).unwrap();
    let [first, second] = [Role::Admin, Role::Approver].map(|role| bench.client_of("ana", role));
    let scope = "control = *";
    let body = plan(scope, &latest(&bench, scope));
    let asked = post(&first, "/api/v1/exceptions", &body);
    assert_eq!(asked.status, 200, "{}", asked.text());
    let asked = asked.json()["exception"].clone();
    assert_eq!(asked["events"][0]["by"]["name"], "ana", "{asked}");
    let decide = |client: &Client| {
        let body = json!({"ids": [asked["id"]], "wish": "approve", "note": "seen"});
        post(client, "/api/v1/exceptions/decide", &body)
    };
    for own in [&first, &second] {
        let refused = decide(own).json();
        assert!(refused["items"][0]["refused"].is_string(), "{refused}");
    }
    let by_another = decide(&bench.client(Role::Approver, "default")).json();
    assert!(by_another["items"][0]["refused"].is_null(), "{by_another}");
    // A token gives nobody a right that they have not themselves.
    let ben = PersonPlan { name: "ben".to_owned(), roles: [Role::Engineer].into(), ..ana };
    add_person(bench.data(), &ben, &password, &*bench.clock).unwrap();
    let bens = bench.client_of("ben", Role::Approver);
    assert_eq!(decide(&bens).status, 403);
    // Who may not come in any more has no token either.
    let change = PersonChange { enabled: Some(false), ..PersonChange::default() };
    change_person(bench.data(), (&tenant, "ana"), &change, &*bench.clock).unwrap();
    assert_eq!(decide(&first).status, 401);
}

#[test]
fn what_is_hidden_is_in_no_list_says_by_what_and_comes_back() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("hidden", 5)).status, 200);
    let (engineer, approver) =
        (bench.client(Role::Engineer, "default"), bench.client(Role::Approver, "default"));
    let open = |path: &str| bench.get(&format!("/api/v1/{path}")).json();
    let all = open("issues?status=open")["total"].as_u64().unwrap();
    let issue = open("issues?status=open")["items"][0].clone();
    let id = issue["id"].as_str().unwrap();
    let before = told(&bench);
    let scope = format!("issue = {id}");
    let body = plan(&scope, "2999-01-01");
    assert_eq!(post(&engineer, "/api/v1/exceptions", &body).status, 422);
    let body = plan(&scope, &latest(&bench, &scope));
    let asked = post(&engineer, "/api/v1/exceptions", &body);
    assert_eq!(asked.status, 200, "{}", asked.text());
    assert_eq!(asked.json()["preview"]["issues"], 1);
    let exception = asked.json()["exception"]["id"].as_str().unwrap().to_owned();
    assert_eq!(open("issues?status=open")["total"], all);
    let decide = |client: &Client, wish: &str| {
        let body = json!({"ids": [exception, "nosuch"], "wish": wish, "note": "seen"});
        post(client, "/api/v1/exceptions/decide", &body)
    };
    assert_eq!(decide(&engineer, "approve").status, 403);
    let answers = decide(&approver, "approve").json();
    let mut reviewed = answers["items"][0]["state"].as_str().unwrap().to_owned();
    assert!(answers["items"][1]["refused"].is_string(), "{answers}");
    if reviewed == "reviewed" {
        let again = decide(&approver, "approve").json();
        assert!(again["items"][0]["refused"].is_string(), "{again}");
        let second = decide(&bench.client(Role::Admin, "default"), "approve").json();
        reviewed = second["items"][0]["state"].as_str().unwrap().to_owned();
    }
    assert_eq!(reviewed, "granted");

    assert_eq!(open("issues?status=open")["total"], all - 1);
    assert_eq!(open("statistics")["open_issues"], all - 1);
    assert_eq!(open("report")["funnel"]["issues"], all - 1);
    assert_eq!(open("report")["hidden"][0]["ids"], json!([id]));
    let hidden = open("issues?status=suppressed")["items"][0].clone();
    assert_eq!((&hidden["id"], &hidden["hidden_by"]["exception"]), (&json!(id), &json!(exception)));
    let shown = open(&format!("issues/{id}"));
    assert_eq!(shown["issue"]["hidden_by"]["reason"], "closed network");
    let incidents = open("incidents")["items"].to_string();
    assert!(!incidents.contains(id), "{incidents}");
    assert_eq!(open(&format!("exceptions/{exception}"))["hides"], 1);
    assert_eq!(open("exceptions?state=granted")["total"], 1);

    let taken_back = decide(&engineer, "withdraw").json();
    assert_eq!(taken_back["items"][0]["state"], "withdrawn", "{taken_back}");
    assert_eq!(told(&bench), before);
}

#[test]
fn lists_of_tools_wait_for_a_reviewer_and_others_cannot_be_taken_back() {
    let bench = Bench::new();
    let (analyst, engineer) =
        (bench.client(Role::Analyst, "default"), bench.client(Role::Engineer, "default"));
    let list = json!({"name": ".trivyignore", "text": "CVE-2024-1\nCVE-2 x\n", "owner": "shop"});
    let taken = post(&analyst, "/api/v1/exceptions/import", &list).json();
    assert_eq!((&taken["kind"], &taken["skipped"][0]["line"]), (&json!("trivy"), &json!(2)));
    let id = taken["requested"][0].clone();
    // Each is answered for itself: what others asked for stays, one's own is taken back.
    let until = latest(&bench, "account = 1");
    let own = post(&engineer, "/api/v1/exceptions", &plan("account = 1", &until)).json();
    let ids = json!([id, own["exception"]["id"], "nosuch", id]);
    let body = json!({"ids": ids, "wish": "withdraw"});
    let answers = post(&engineer, "/api/v1/exceptions/decide", &body).json();
    let items = answers["items"].as_array().unwrap();
    assert_eq!(
        items.iter().map(|one| &one["id"]).collect::<Vec<_>>(),
        ids.as_array().unwrap().iter().collect::<Vec<_>>()
    );
    let said = "only an approver takes back what others asked for";
    assert_eq!((&items[0]["refused"], &items[3]["refused"]), (&json!(said), &json!(said)));
    assert_eq!((&items[1]["state"], items[2]["refused"].is_string()), (&json!("withdrawn"), true));
    let body = json!({"ids": [id], "wish": "withdraw"});
    let done = post(&analyst, "/api/v1/exceptions/decide", &body).json();
    assert_eq!(done["items"][0]["state"], "withdrawn");
    let wrong = json!({"name": "x.yaml", "text": "a: 1", "owner": "shop"});
    assert_eq!(post(&analyst, "/api/v1/exceptions/import", &wrong).status, 422);
}

#[test]
fn an_exception_ends_within_a_minute_and_what_it_hid_is_back_at_once() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("ends", 2)).status, 200);
    let open = |path: &str| bench.get(&format!("/api/v1/{path}")).json();
    let (engineer, approver) =
        (bench.client(Role::Engineer, "default"), bench.client(Role::Approver, "default"));
    let scope = "account = 111122223333";
    let end = bench.clock.now() + SignedDuration::from_hours(48);
    let asked = post(&engineer, "/api/v1/exceptions", &plan(scope, &end.to_string())).json();
    let id = asked["exception"]["id"].as_str().unwrap_or_else(|| panic!("{asked}"));
    let body = json!({"ids": [id], "wish": "approve", "note": "seen"});
    let decided = post(&approver, "/api/v1/exceptions/decide", &body).json();
    assert_eq!(decided["items"][0]["state"], "granted", "{decided}");
    assert_eq!(open("issues?status=open")["total"], 0);
    assert_eq!(open("incidents")["total"], 0);
    let shift = |to: Timestamp| {
        let seconds = to.duration_since(bench.clock.now()).as_secs();
        bench.clock.0.fetch_add(seconds, Ordering::SeqCst);
    };
    // Two minutes before, it still holds.
    shift(end - SignedDuration::from_mins(2));
    assert_eq!(open("issues?status=open")["total"], 0);
    assert_eq!(open(&format!("exceptions/{id}"))["state"], "granted");
    shift(end + SignedDuration::from_secs(1));
    // Lists do not wait for its end to be written down.
    assert_eq!(open("issues?status=open")["total"], 2);
    assert_ne!(open("incidents")["total"], 0);
    assert_eq!(open("statistics")["open_issues"], 2);
    until("its end is written down", || open(&format!("exceptions/{id}"))["state"] == "ended");
    let told = open(&format!("exceptions/{id}"));
    let at = told["events"].as_array().unwrap().last().unwrap()["at"].as_str().unwrap().to_owned();
    let late = at.parse::<Timestamp>().unwrap().duration_since(end);
    assert!(late.as_secs() <= 60, "{told}");
    let records = open("audit?action=exception.change&limit=10");
    let own = |record: &Value| record["actor"]["kind"] == "server";
    assert!(records["items"].as_array().unwrap().iter().any(own), "{records}");
}

#[test]
fn the_clock_of_an_issue_stands_under_an_exception_and_goes_on_with_the_time_that_was_left() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("clock", 1)).status, 200);
    let open = |path: &str| bench.get(&format!("/api/v1/{path}")).json();
    let id = open("issues")["items"][0]["id"].as_str().unwrap().to_owned();
    let level = || open(&format!("issues/{id}"))["issue"]["level"].clone();
    let due = || level()["due"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let shift = |hours: i64| {
        bench.clock.0.fetch_add(hours * 3600, Ordering::SeqCst);
    };
    let counts = || {
        let all = open("service-levels");
        ["paused", "restarted"].map(|state| all[state].as_u64().unwrap())
    };
    let running = due();
    assert_eq!((level()["state"].clone(), counts()), (json!("running"), [0, 0]), "{}", level());
    shift(5);
    let until = (bench.clock.now() + SignedDuration::from_mins(48 * 60 + 30)).to_string();
    let client = |role| bench.client(role, "default");
    let scope = format!("issue = {id}");
    let asked = post(&client(Role::Engineer), "/api/v1/exceptions", &plan(&scope, &until)).json();
    shift(1);
    assert_eq!((due(), level()["state"].clone()), (running, json!("running")), "nobody agreed");
    let body = json!({"ids": [asked["exception"]["id"]], "wish": "approve", "note": "seen"});
    for role in [Role::Approver, Role::Admin] {
        post(&client(role), "/api/v1/exceptions/decide", &body);
    }
    shift(20);
    // It stands: what was left is left.
    let told = level();
    assert_eq!((&told["state"], &told["paused_hours"]), (&json!("paused"), &json!(20)), "{told}");
    assert_eq!(counts(), [1, 0]);
    let stood = |minutes: i64| {
        let more = due().duration_since(running) - SignedDuration::from_mins(minutes);
        more.abs() < SignedDuration::from_mins(2)
    };
    assert!(stood(20 * 60), "{} {running}", due());
    // Behind its end, 47 hours and a half after it was agreed to, it goes on.
    shift(30);
    let told = level();
    assert_eq!(
        (&told["state"], &told["paused_hours"]),
        (&json!("restarted"), &json!(47)),
        "{told}"
    );
    let whole = 47 * 60 + 30;
    assert!(stood(whole) && counts() == [0, 1], "{} {running}", due());
    shift(24 * 400);
    assert!(stood(whole), "{running} {}", due());
}
