//! That the double is as strict as the vendor.

use std::sync::Arc;

use quell_model::{FixedClock, Timestamp};
use serde_json::{Value, json};

use super::{CONSOLE, KEY_ID, KEY_SECRET, PrismaDouble, PrismaRight, Seat};
use crate::net::{Answer, Asked};
use crate::platforms::{Platform as _, Seer, World};

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A tenant of a world, with tokens of both sides.
struct Tenant {
    world: World,
    double: PrismaDouble,
    token: String,
    console: String,
}

fn tenant(flaws: usize) -> Tenant {
    let world = World::new(3, flaws, now());
    let double = PrismaDouble::new(world.clone(), Arc::new(FixedClock(now())));
    let login = json!({"username": KEY_ID, "password": KEY_SECRET});
    let token = |path: &str| {
        let answer = double.answer(&asked("POST", path, Some(&login)));
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["token"].as_str().unwrap().to_owned()
    };
    let (token, console) = (token("/login"), token(&format!("{CONSOLE}/api/v34.04/authenticate")));
    Tenant { world, double, token, console }
}

fn asked(method: &str, target: &str, body: Option<&Value>) -> Asked {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default(),
    }
}

impl Tenant {
    fn ask(&self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let mut asked = asked(method, target, body);
        let header = if target.starts_with(CONSOLE) {
            ("authorization", format!("Bearer {}", self.console))
        } else {
            ("x-redlock-auth", self.token.clone())
        };
        asked.headers.push((header.0.to_owned(), header.1));
        self.double.answer(&asked)
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.ask("POST", path, Some(body));
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.ask("GET", &format!("{CONSOLE}/api/v34.04/{path}"), None);
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }
}

fn whole() -> Value {
    json!({
        "timeRange": {"type": "absolute", "value": {"startTime": 0, "endTime": now().as_millisecond()}},
        "filters": [], "limit": 7,
    })
}

#[test]
fn pages_of_alerts_tell_every_alert_once() {
    let tenant = tenant(120);
    let mut question = whole();
    let mut ids = Vec::new();
    loop {
        let (status, page) = tenant.post("/v2/alert", &question);
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        ids.extend(items.iter().map(|alert| alert["id"].as_str().unwrap().to_owned()));
        assert!(items.iter().all(|alert| alert["policy"]["name"].is_null()), "no details asked");
        let Some(token) = page["nextPageToken"].as_str() else { break };
        question["pageToken"] = token.into();
    }
    let inner = tenant.world.read();
    let seen =
        inner.seen_by(Seer::Prisma).filter(|(flaw, thing)| Seat::of(flaw, thing) == Seat::Alert);
    let mut truth: Vec<String> =
        seen.map(|(flaw, thing)| PrismaDouble::id_of(flaw, thing)).collect();
    truth.sort();
    ids.sort();
    assert_eq!(ids, truth);
    assert!(truth.len() > 20);
}

#[test]
fn what_the_vendor_does_not_know_is_refused() {
    let tenant = tenant(40);
    for (path, value) in [
        ("limit", json!(10_001)),
        ("limit", json!(0)),
        ("unknown", json!(1)),
        ("sortBy", json!(["color:asc"])),
        ("filters", json!([{"name": "alert.color", "operator": "=", "value": "red"}])),
        ("filters", json!([{"name": "alert.status", "operator": "like", "value": "open"}])),
        ("timeRange", json!({"type": "absolute", "value": {"startTime": 5, "endTime": 1}})),
        ("timeRange", json!({"type": "always"})),
        ("pageToken", json!("ffff.0")),
    ] {
        let mut question = whole();
        question[path] = value.clone();
        let (status, body) = tenant.post("/v2/alert", &question);
        assert_eq!(status, 400, "{path} {value}: {body}");
    }
    for path in
        ["hosts?limit=51", "hosts?color=red", "audits/incidents?from=yesterday", "images?limit=0"]
    {
        assert_eq!(tenant.get(path).0, 400, "{path}");
    }
    assert_eq!(tenant.get("audits/runtime/moon").0, 404);
    assert_eq!(tenant.post("/search/api/v2/config", &json!({"query": "select 1"})).0, 400);
    tenant.double.end_tokens();
    assert_eq!(tenant.post("/v2/alert", &whole()).0, 401);
    assert_eq!(tenant.get("hosts").0, 401);
}

#[test]
fn alerts_are_dismissed_snoozed_and_reopened_from_the_right_state_only() {
    let tenant = tenant(60);
    let (number, id) = {
        let inner = tenant.world.read();
        let (flaw, thing) = inner
            .seen_by(Seer::Prisma)
            .find(|(flaw, thing)| Seat::of(flaw, thing) == Seat::Alert)
            .unwrap();
        (flaw.number, PrismaDouble::id_of(flaw, thing))
    };
    let change = |more: Value| {
        let mut body = json!({"alerts": [id], "filter": whole()});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let soon = json!({"type": "absolute", "value": {"endTime": now().as_millisecond() + 1000}});
    let later = json!({"type": "relative", "value": {"amount": 3, "unit": "day"}});
    assert_eq!(tenant.post("/alert/dismiss", &change(json!({}))).0, 400, "a note is needed");
    let short = change(json!({"dismissalNote": "x", "dismissalTimeRange": soon}));
    assert_eq!(tenant.post("/alert/dismiss", &short).0, 400);
    assert_eq!(tenant.post("/alert/reopen", &change(json!({}))).0, 404, "it is open");
    let snooze = change(json!({"dismissalNote": "later", "dismissalTimeRange": later}));
    assert_eq!(tenant.post("/alert/dismiss", &snooze).0, 200);
    assert_eq!(tenant.double.alert_state(number), ("snoozed".to_owned(), "later".to_owned()));
    assert_eq!(tenant.post("/alert/dismiss", &snooze).0, 404);
    assert_eq!(tenant.post("/alert/reopen", &change(json!({}))).0, 200);
    assert_eq!(tenant.double.alert_state(number).0, "open");
    tenant.double.take(PrismaRight::DismissAlerts);
    assert_eq!(tenant.post("/alert/dismiss", &snooze).0, 403);
}

#[test]
fn the_console_pages_by_offset_and_says_null_for_nothing() {
    let tenant = tenant(400);
    let answer = tenant.ask("GET", &format!("{CONSOLE}/api/v34.04/hosts?offset=0&limit=3"), None);
    let total = answer.headers.iter().find(|(name, _)| name == "total-count").unwrap().1.clone();
    let (_, rest) = tenant.get(&format!("hosts?offset={total}"));
    assert_eq!(rest, Value::Null);
    let hosts: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(hosts.as_array().unwrap().len(), 3);
    let (_, first) = tenant.get("audits/incidents?sort=time&reverse=true&limit=1");
    let (_, last) = tenant.get("audits/incidents?sort=time&reverse=false&limit=1");
    assert!(first[0]["time"].as_str().unwrap() > last[0]["time"].as_str().unwrap());
    let id = first[0]["_id"].as_str().unwrap();
    let path = format!("{CONSOLE}/api/v34.04/audits/incidents/acknowledge/{id}");
    let body = json!({"acknowledged": true});
    assert_eq!(tenant.ask("PATCH", &path, Some(&body)).status, 200);
    let (_, found) = tenant.get(&format!("audits/incidents?id={id}"));
    assert_eq!(found[0]["acknowledged"], json!(true));
}
