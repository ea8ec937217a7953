//! The double answers as Orca does, and refuses what Orca refuses.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use quell_model::{Clock, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::platforms::{Cause, Seer};

#[derive(Debug, Clone)]
struct Hands(Arc<Mutex<Timestamp>>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Hands {
    fn at_start() -> Self {
        Self(Arc::new(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())))
    }

    fn pass(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }
}

fn double(flaws: usize) -> (OrcaDouble, World, Hands) {
    let hands = Hands::at_start();
    let world = World::new(11, flaws, hands.now());
    (OrcaDouble::new(world.clone(), Arc::new(hands.clone())), world, hands)
}

fn asked(method: &str, path: &str, body: &Value) -> Asked {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let headers = [
        ("authorization", "Token orca-api-token-of-the-double"),
        ("content-type", "application/json"),
    ];
    Asked {
        method: method.to_owned(),
        path: format!("/api/{path}"),
        query: query.to_owned(),
        headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
    }
}

fn ask(double: &OrcaDouble, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = double.answer(&asked(method, path, body));
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

fn query(double: &OrcaDouble, model: &str, values: &Value, more: &Value) -> (u16, Value) {
    let mut body = json!({"query": {"models": [model], "type": "object_set",
        "with": {"operator": "and", "type": "operation", "values": values}}, "limit": 100, "start_at_index": 0});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    ask(double, "POST", "serving-layer/query", &body)
}

fn ids(answer: &Value) -> Vec<String> {
    let data = answer["data"].as_array().unwrap().iter();
    data.map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn all_pages_of_alerts_are_the_truth() {
    let (double, _, _) = double(900);
    let mut read = BTreeSet::new();
    for start in (0..2000).step_by(100) {
        let more = json!({"start_at_index": start, "order_by[]": ["last_sync"], "get_results_and_count": true});
        let (status, page) = query(&double, "Alert", &json!([]), &more);
        assert_eq!(status, 200, "{page}");
        assert_eq!(page["total_items"], json!(double.truth("alerts").len()));
        read.extend(ids(&page));
    }
    assert_eq!(read, double.truth("alerts"));
    assert!(read.len() > 300);
}

#[test]
fn what_orca_would_refuse_is_refused() {
    let (double, _, _) = double(50);
    let test = |key: &str, kind: &str, operator: &str, values: Value| json!([{"key": key, "type": kind, "operator": operator, "values": values}]);
    for (model, values, more) in [
        ("Alert", test("Colour", "str", "in", json!(["red"])), json!({})),
        ("Alert", test("Status", "float", "in", json!(["open"])), json!({})),
        ("Alert", test("Status", "str", "like", json!(["open"])), json!({})),
        ("Alert", test("Severity", "str", "in", json!(["hazardous"])), json!({})),
        ("Alert", test("last_sync", "datetime", "range", json!(["yesterday", "today"])), json!({})),
        ("Alerts", json!([]), json!({})),
        ("Alert", json!([]), json!({"limit": 10_001})),
        ("Alert", json!([]), json!({"order_by[]": ["Colour"]})),
        ("Alert", json!([]), json!({"page": 2})),
    ] {
        let (status, answer) = query(&double, model, &values, &more);
        assert_eq!(status, 400, "{values} {more}");
        assert!(!answer["error"].as_str().unwrap().is_empty());
    }
    let mut bare = asked("POST", "serving-layer/query", &json!({}));
    bare.headers.clear();
    assert_eq!(double.answer(&bare).status, 401);
    bare.headers.push(("authorization".to_owned(), "Token wrong".to_owned()));
    assert_eq!(double.answer(&bare).status, 403);
    assert_eq!(ask(&double, "GET", "nothing", &Value::Null).0, 404);
}

#[test]
fn a_range_of_days_begins_at_the_next_day_and_a_range_at_its_time() {
    let (double, world, _) = double(400);
    let noon: Timestamp = "2026-11-01T12:00:00Z".parse().unwrap();
    let count = |operator: &str, from: Timestamp| {
        let values = json!([{"key": "CreatedAt", "type": "datetime", "operator": operator,
            "values": [from.to_string(), "2026-12-01T00:00:00Z"]}]);
        let (_, page) = query(&double, "Alert", &values, &json!({"get_results_and_count": true}));
        page["total_items"].as_u64().unwrap()
    };
    let midnight = "2026-11-02T00:00:00Z".parse().unwrap();
    assert_eq!(count("date_range", noon), count("range", midnight));
    let after = world
        .read()
        .seen_by(Seer::Orca)
        .filter(|(f, _)| view::is_alert(f) && f.opened >= noon)
        .count();
    assert_eq!(count("range", noon), after as u64);
}

#[test]
fn sessions_end_by_time_and_by_requests() {
    let (double, _, hands) = double(20);
    let key = json!({"security_token": "orca-api-key-of-the-double"});
    let mut login = asked("POST", "user/session", &key);
    login.headers.clear();
    let session = || {
        let answer: Value = serde_json::from_slice(&double.answer(&login).body).unwrap();
        answer["jwt"]["access"].as_str().unwrap().to_owned()
    };
    let status = |token: &str| {
        let mut one = asked("GET", "query/assets", &Value::Null);
        one.headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
        double.answer(&one).status
    };
    let token = session();
    assert_eq!(status(&token), 200);
    hands.pass(901);
    assert_eq!(status(&token), 401);
    double.set(|settings| settings.session_requests = Some(2));
    let token = session();
    assert_eq!([status(&token), status(&token), status(&token)], [200, 200, 401]);
    assert_eq!(double.logins(), 2);
}

#[test]
fn rights_are_taken_one_by_one() {
    let (double, _, _) = double(20);
    double.set(|settings| {
        settings.rights.remove(READ_ASSETS);
    });
    assert_eq!(query(&double, "Alert", &json!([]), &json!({})).0, 200);
    assert_eq!(query(&double, "Inventory", &json!([]), &json!({})).0, 403);
    assert_eq!(
        query(&double, "Alert", &json!([]), &json!({"additional_models[]": ["Inventory"]})).0,
        403
    );
    double.set(|settings| {
        settings.rights.remove(WRITE_ALERTS);
    });
    let id = double.truth("alerts").pop_first().unwrap();
    assert_eq!(ask(&double, "PUT", &format!("alerts/{id}/status/close"), &Value::Null).0, 403);
}

#[test]
fn a_status_is_set_once_and_a_comment_stays() {
    let (double, world, hands) = double(60);
    let flaw = world.read().seen_by(Seer::Orca).find(|(f, _)| view::is_alert(f)).unwrap().0.number;
    let id = OrcaDouble::alert_id(flaw);
    let put = |rest: &str, body: &Value| ask(&double, "PUT", &format!("alerts/{id}/{rest}"), body);
    hands.pass(60);
    let (status, answer) = put("status/dismiss", &json!({"reason": "false_positive"}));
    assert_eq!((status, &answer["data"]["details"]["to"]), (200, &json!("dismissed")));
    let (status, answer) = put("status/dismiss", &Value::Null);
    assert_eq!((status, &answer["error"]), (400, &json!("requested to set same configuration")));
    assert_eq!(put("status/closed", &Value::Null).0, 400);
    assert_eq!(put("comment", &json!({"comment": "seen"})).0, 200);
    assert_eq!(put("snooze", &json!({"days": 3})).0, 200);
    let alert = double.alert(flaw);
    assert_eq!((alert.status.as_deref(), alert.comments.len()), (Some("snoozed"), 1));
    let (_, log) = ask(&double, "GET", &format!("alerts/{id}/event_log?limit=5"), &Value::Null);
    assert_eq!(log["event_log"][0]["details"]["comment"], json!("seen"));
    let missing = ask(&double, "PUT", "alerts/orca-1/status/close", &Value::Null);
    assert_eq!(missing.0, 500);
    assert!(missing.1["error"].as_str().unwrap().ends_with("does not exist"));
    let values = json!([{"key": "last_sync", "type": "datetime", "operator": "range",
        "values": ["2026-11-21T12:00:30Z", "2026-11-22T00:00:00Z"]}]);
    assert_eq!(ids(&query(&double, "Alert", &values, &json!({})).1), [id]);
}

#[test]
fn the_older_api_pages_by_a_token_that_ends() {
    let (double, _, hands) = double(400);
    let form = |token: &str| {
        let filter =
            "%5B%7B%22field%22%3A%22state.score%22%2C%22includes%22%3A%5B1%2C2%2C3%2C4%5D%7D%5D";
        let mut one = asked("POST", "rules/query/alerts", &Value::Null);
        one.headers[1].1 = "application/x-www-form-urlencoded".to_owned();
        one.body = format!("limit=50&dsl_filter={filter}&next_page_token={token}").into_bytes();
        let answer = double.answer(&one);
        (answer.status, serde_json::from_slice::<Value>(&answer.body).unwrap())
    };
    let mut read = BTreeSet::new();
    let mut token = String::new();
    loop {
        let (status, page) = form(&token);
        assert_eq!(status, 200, "{page}");
        let rows = page["data"].as_array().unwrap().iter();
        read.extend(rows.map(|row| row["state"]["alert_id"].as_str().unwrap().to_owned()));
        match page["next_page_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(read, double.truth("alerts"));
    hands.pass(400);
    let (status, answer) = form(&token);
    assert_eq!((status, &answer["error"]), (400, &json!("next_page_token is not valid")));
    double.set(|settings| settings.older_gone = true);
    assert_eq!(form("").0, 410);
}

#[test]
fn each_side_of_the_changes_knows_its_own() {
    let (double, _, _) = double(60);
    let vulnerabilities =
        |double: &OrcaDouble| query(double, "VulnerabilityV2", &json!([]), &json!({})).0;
    let severity = |double: &OrcaDouble, word: &str| {
        let values =
            json!([{"key": "Severity", "type": "str", "operator": "in", "values": [word]}]);
        query(double, "Alert", &values, &json!({})).0
    };
    assert_eq!((vulnerabilities(&double), severity(&double, "high")), (200, 200));
    double.set(|settings| settings.version = OrcaVersion::Between);
    assert_eq!((vulnerabilities(&double), severity(&double, "high")), (400, 400));
    assert_eq!(severity(&double, "hazardous"), 200);
    double.set(|settings| settings.version = OrcaVersion::Older);
    assert_eq!((vulnerabilities(&double), severity(&double, "high")), (404, 404));
    assert_eq!(ask(&double, "GET", "query/cves?limit=10", &Value::Null).0, 200);
}

#[test]
fn the_webhook_is_the_flat_alert_of_what_has_one() {
    let (double, world, _) = double(300);
    let state = world.read();
    for (flaw, _) in state.seen_by(Seer::Orca) {
        let hook = double.webhook(flaw.number);
        let quiet = matches!(&flaw.cause, Cause::Vulnerability(weak) if !weak.exploited);
        assert_eq!(hook.is_none(), quiet);
        let Some((_, body)) = hook else { continue };
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["state"]["alert_id"], json!(OrcaDouble::alert_id(flaw.number)));
    }
}
