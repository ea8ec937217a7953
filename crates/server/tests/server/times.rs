//! When incidents came, were opened by a person, and were gone.

use std::sync::atomic::Ordering;

use quell_server::Role;
use quell_testkit::server::{Client, Request};
use serde_json::Value;

use crate::bench::{Bench, lines, until};

fn story(client: &Client, id: &str) -> Value {
    client.send(&Request::get(&format!("/api/v1/incidents/{id}"))).unwrap().json()
}

/// Lets some minutes go by.
fn pass(bench: &Bench, minutes: i64) {
    bench.clock.0.fetch_add(minutes * 60, Ordering::SeqCst);
}

#[test]
fn an_incident_is_understood_when_a_person_opens_it_and_not_when_a_service_reads_it() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("times", 3)).status, 200);
    let id = bench.get("/api/v1/incidents").json()["items"][0]["id"].clone();
    let id = id.as_str().unwrap();
    let (viewer, analyst) =
        (bench.client(Role::Viewer, "default"), bench.client(Role::Analyst, "default"));
    until("the times of the incident are kept", || story(&viewer, id)["times"].is_object());
    // Had a viewer's look counted, it would have been understood before these minutes.
    pass(&bench, 30);
    story(&analyst, id);
    pass(&bench, 1);
    until("it is understood", || !story(&viewer, id)["times"]["understood"].is_null());
    let levels = bench.get("/api/v1/service-levels").json();
    let understand = &levels["incidents"]["understand"];
    assert_eq!((&understand["incidents"], &understand["slowest"]), (&1.into(), &id.into()));
    assert!(understand["median_minutes"].as_i64().unwrap() >= 30, "{levels}");
    assert_eq!(levels["incidents"]["approve"]["incidents"], 0);
}

#[test]
fn an_incident_is_remediated_when_its_last_issue_is_closed() {
    let bench = Bench::new();
    let text = String::from_utf8(lines("gone", 2)).unwrap();
    assert_eq!(bench.post("/api/v1/imports?wait=true", text.clone()).status, 200);
    let id = bench.get("/api/v1/incidents").json()["items"][0]["id"].clone();
    let id = id.as_str().unwrap();
    until("its times are kept", || story(&bench.admin, id)["times"].is_object());
    pass(&bench, 90);
    let closed = text.replace("\"status_id\":1", "\"status_id\":4");
    let closed = closed.replace("\"time\":1790", "\"time\":1791");
    assert_ne!(closed, text);
    assert_eq!(bench.post("/api/v1/imports?wait=true", closed).status, 200);
    assert_eq!(bench.get("/api/v1/incidents").json()["total"], 0);
    let remediate = || bench.get("/api/v1/service-levels").json()["incidents"]["remediate"].clone();
    until("it is gone", || remediate()["incidents"].as_u64() > Some(0));
    assert!(remediate()["median_minutes"].as_i64().unwrap() >= 90, "{}", remediate());
    // What comes again begins anew.
    let again = text.replace("\"time\":1790", "\"time\":1792");
    assert_eq!(bench.post("/api/v1/imports?wait=true", again).status, 200);
    pass(&bench, 1);
    until("it stands anew", || story(&bench.admin, id)["times"].is_object());
    assert_eq!(remediate()["incidents"], 0, "{}", remediate());
}
