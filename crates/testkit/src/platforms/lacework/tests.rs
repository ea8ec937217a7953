//! The double keeps the vendor's rules.

use super::*;
use crate::platforms::lacework::alerts::is_alert;
use crate::platforms::{Double, Seer};
use quell_model::FixedClock;

const NOW: &str = "2026-11-20T12:00:00Z";

fn double(flaws: usize) -> (Arc<LaceworkDouble>, World) {
    let now = NOW.parse().unwrap();
    let world = World::new(3, flaws, now);
    (Arc::new(LaceworkDouble::new(world.clone(), Arc::new(FixedClock(now)))), world)
}

fn asked(method: &str, path: &str, token: Option<&str>, body: &Value) -> Asked {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("host".to_owned(), "acme.example".to_owned()),
    ];
    match token {
        Some(token) => headers.push(("authorization".to_owned(), format!("Bearer {token}"))),
        None => headers.push(("x-lw-uaks".to_owned(), LaceworkSettings::default().secret)),
    }
    Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
    }
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn login(double: &LaceworkDouble) -> String {
    let body = json!({ "keyId": LaceworkSettings::default().key_id, "expiryTime": 3600 });
    let answer = double.answer(&asked("POST", "/api/v2/access/tokens", None, &body));
    assert_eq!(answer.status, 201);
    json_of(&answer)["token"].as_str().unwrap().to_owned()
}

fn window(days: i64) -> Value {
    let end: Timestamp = NOW.parse().unwrap();
    let start = end - jiff::SignedDuration::from_hours(24 * days);
    json!({ "startTime": moment(start), "endTime": moment(end) })
}

#[tokio::test]
async fn a_body_that_the_vendor_refuses_is_refused() {
    let (double, _) = double(50);
    let token = login(&double);
    let path = "/api/v2/Vulnerabilities/Hosts/search";
    for (body, status) in [
        (json!({ "timeFilter": window(7) }), 200),
        (json!({ "timeFilter": window(8) }), 400),
        (json!({ "timefilter": window(1) }), 400),
        (json!({ "timeFilter": { "start": "x" } }), 400),
        (json!({ "filters": [{ "field": "mid", "expression": "is", "value": "1" }] }), 400),
        (json!({ "filters": [{ "field": "mid", "expression": "in", "value": "1" }] }), 400),
        (json!({ "filters": [{ "field": "mid", "expression": "eq", "value": "no" }] }), 204),
    ] {
        assert_eq!(
            double.answer(&asked("POST", path, Some(&token), &body)).status,
            status,
            "{body}"
        );
    }
    let inventory = json!({ "timeFilter": window(1) });
    let answer =
        double.answer(&asked("POST", "/api/v2/Inventory/search", Some(&token), &inventory));
    assert_eq!(answer.status, 400, "a cloud has to be named");
    assert_eq!(double.answer(&asked("POST", path, Some("_no"), &json!({}))).status, 401);
    let wrong = json!({ "keyId": "x", "expiryTime": 90_000 });
    assert_eq!(double.answer(&asked("POST", "/api/v2/access/tokens", None, &wrong)).status, 400);
}

#[tokio::test]
async fn pages_by_url_bring_every_row_once() {
    let (double, world) = double(2_000);
    double.set(|settings| settings.page_rows = 37);
    let token = login(&double);
    let body = json!({ "timeFilter": window(1) });
    let path = "/api/v2/Vulnerabilities/Hosts/search";
    let mut answer = json_of(&double.answer(&asked("POST", path, Some(&token), &body)));
    let (mut rows, mut pages) = (Vec::new(), 1);
    while let Some(next) = answer["paging"]["urls"]["nextPage"].as_str().map(str::to_owned) {
        rows.extend(answer["data"].as_array().cloned().unwrap());
        let path = next.strip_prefix("http://acme.example").unwrap();
        answer = json_of(&double.answer(&asked("GET", path, Some(&token), &Value::Null)));
        pages += 1;
    }
    rows.extend(answer["data"].as_array().cloned().unwrap());
    let inner = world.read();
    let expected = inner.seen_by(Seer::Lacework).filter(|(flaw, thing)| {
        matches!(flaw.cause, crate::platforms::Cause::Vulnerability(_))
            && thing.kind == crate::platforms::Kind::Machine
    });
    assert_eq!(rows.len(), expected.count());
    assert!(pages > 3, "{pages}");
}

#[tokio::test(start_paused = true)]
async fn more_calls_of_one_kind_than_an_hour_allows_are_refused() {
    let (double, world) = double(200);
    let token = login(&double);
    let alert = world.read().seen_by(Seer::Lacework).find(|(f, _)| is_alert(f)).unwrap().0.number;
    let path = format!("/api/v2/Alerts/{}?scope=Details", 100_000 + alert);
    for _ in 0..480 {
        assert_eq!(double.answer(&asked("GET", &path, Some(&token), &Value::Null)).status, 200);
    }
    let refused = double.answer(&asked("GET", &path, Some(&token), &Value::Null));
    assert_eq!(refused.status, 429);
    assert!(refused.headers.iter().any(|(name, _)| name == "RateLimit-Reset"));
    let other = json!({ "timeFilter": window(1) });
    let other = asked("POST", "/api/v2/Alerts/search", Some(&token), &other);
    assert_ne!(double.answer(&other).status, 429, "another call has its own count");
    tokio::time::advance(Duration::from_secs(3_601)).await;
    assert_eq!(double.answer(&asked("GET", &path, Some(&token), &Value::Null)).status, 200);
}

#[tokio::test]
async fn comments_and_closing_change_the_alert() {
    let (double, world) = double(200);
    let server = Double::start(Arc::clone(&double) as Arc<dyn Platform>).await.unwrap();
    assert!(server.url().starts_with("http://127.0.0.1:"));
    let token = login(&double);
    let number = world.read().seen_by(Seer::Lacework).find(|(f, _)| is_alert(f)).unwrap().0.number;
    let path = format!("/api/v2/Alerts/{}", 100_000 + number);
    let post = |end: &str, body: &Value| {
        double.answer(&asked("POST", &format!("{path}/{end}"), Some(&token), body)).status
    };
    assert_eq!(post("comment", &json!({ "comment": "seen" })), 201);
    assert_eq!(post("close", &json!({ "reason": 0 })), 400, "other needs a comment");
    assert_eq!(post("close", &json!({ "reason": 1 })), 200);
    assert_eq!(post("close", &json!({ "reason": 1 })), 409);
    let details = asked("GET", &format!("{path}?scope=Details"), Some(&token), &Value::Null);
    assert_eq!(json_of(&double.answer(&details))["data"]["status"], "Closed");
    assert_eq!(double.comments(100_000 + number), ["seen"]);
    let (_, body) = double.webhook(number).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["event_id"], (100_000 + number).to_string());
}
