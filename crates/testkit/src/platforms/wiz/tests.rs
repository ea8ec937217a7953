//! Whether the double is as strict as Wiz.

use std::collections::BTreeSet;
use std::sync::Arc;

use quell_model::{FixedClock, Timestamp};
use serde_json::{Value, json};

use super::{KEY, Kind, WizDouble};
use crate::net::Asked;
use crate::platforms::{Platform as _, Seer, World};

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn double(flaws: usize) -> (World, WizDouble) {
    let world = World::new(11, flaws, now());
    let double = WizDouble::new(world.clone(), Arc::new(FixedClock(now()))).unwrap();
    (world, double)
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn login(double: &WizDouble, secret: &str, audience: &str) -> Result<String, u16> {
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={secret}&audience={audience}",
        KEY.0
    );
    let asked = Asked {
        method: "POST".to_owned(),
        path: "/oauth/token".to_owned(),
        headers: vec![header("content-type", "application/x-www-form-urlencoded")],
        body: body.into_bytes(),
        ..Asked::default()
    };
    let answer = double.answer(&asked);
    if answer.status != 200 {
        return Err(answer.status);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    Ok(body["access_token"].as_str().unwrap().to_owned())
}

fn ask(double: &WizDouble, token: &str, query: &str, variables: &Value) -> (u16, Value) {
    let asked = Asked {
        method: "POST".to_owned(),
        path: "/graphql".to_owned(),
        headers: vec![
            header("content-type", "application/json"),
            header("authorization", &format!("Bearer {token}")),
        ],
        body: json!({"query": query, "variables": variables}).to_string().into_bytes(),
        ..Asked::default()
    };
    let answer = double.answer(&asked);
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[test]
fn a_login_needs_the_secret_and_the_realms_audience() {
    let (_, double) = double(10);
    assert!(login(&double, KEY.1, "wiz-api").is_ok());
    assert_eq!(login(&double, "wrong", "wiz-api"), Err(401));
    assert_eq!(login(&double, KEY.1, "beyond-api"), Err(403));
    double.behave(|manner| manner.legacy = true);
    assert!(login(&double, KEY.1, "beyond-api").is_ok());
}

#[test]
fn a_token_ends_by_time_and_by_requests() {
    let (_, double) = double(10);
    double.behave(|manner| manner.token_requests = Some(1));
    let token = login(&double, KEY.1, "wiz-api").unwrap();
    let query = "query { projects(first: 1) { totalCount } }";
    assert_eq!(ask(&double, &token, query, &json!({})).0, 200);
    assert_eq!(ask(&double, &token, query, &json!({})).0, 401);
    double.behave(|manner| manner.token_seconds = 0);
    let token = login(&double, KEY.1, "wiz-api").unwrap();
    assert_eq!(ask(&double, &token, query, &json!({})).0, 401);
    assert_eq!(ask(&double, "made-up", query, &json!({})).0, 401);
}

#[test]
fn what_the_schema_has_not_is_refused() {
    let (_, double) = double(10);
    let token = login(&double, KEY.1, "wiz-api").unwrap();
    let refused = |query: &str, variables: Value| {
        let (status, answer) = ask(&double, &token, query, &variables);
        assert_eq!((status, &answer["data"]), (200, &Value::Null), "{answer}");
        code(&answer).to_owned()
    };
    let field = "query { issuesV2(first: 1) { nodes { id colour } } }";
    assert_eq!(refused(field, json!({})), "GRAPHQL_VALIDATION_FAILED");
    let argument = "query { issuesV2(first: 1, colour: 2) { nodes { id } } }";
    assert_eq!(refused(argument, json!({})), "GRAPHQL_VALIDATION_FAILED");
    let filtered = "query($f: IssueFilters) { issuesV2(first: 1, filterBy: $f) { nodes { id } } }";
    let filter = json!({"f": {"updatedAt": {"after": "2026-01-01T00:00:00Z"}}});
    assert_eq!(refused(filtered, filter), "BAD_USER_INPUT");
    assert_eq!(refused(filtered, json!({"f": {"status": ["GONE"]}})), "BAD_USER_INPUT");
    let most = "query($n: Int) { issuesV2(first: $n) { nodes { id } } }";
    for size in [json!(501), json!(0), Value::Null] {
        assert_eq!(refused(most, json!({"n": size})), "BAD_USER_INPUT");
    }
    let cursor = "query { issuesV2(first: 1, after: \"zz\") { nodes { id } } }";
    assert_eq!(refused(cursor, json!({})), "BAD_USER_INPUT");
}

#[test]
fn all_pages_together_are_what_the_world_has() {
    let (world, double) = double(800);
    let token = login(&double, KEY.1, "wiz-api").unwrap();
    let query = "query($after: String) { vulnerabilityFindings(first: 40, after: $after) {
        totalCount nodes { id status } pageInfo { hasNextPage endCursor } } }";
    let (mut after, mut ids) = (Value::Null, BTreeSet::new());
    loop {
        let (_, answer) = ask(&double, &token, query, &json!({"after": after}));
        let page = &answer["data"]["vulnerabilityFindings"];
        for node in page["nodes"].as_array().unwrap() {
            assert!(ids.insert(node["id"].as_str().unwrap().to_owned()), "{node} comes twice");
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], ids.len());
            break;
        }
    }
    let state = world.read();
    let kind = Kind::Vulnerability;
    let weak = state
        .seen_by(Seer::Wiz)
        .filter(|(flaw, thing)| super::records::kinds_of(flaw, thing).contains(&kind));
    let truth: BTreeSet<String> = weak.map(|(flaw, _)| kind.id(flaw.number)).collect();
    assert!(truth.len() > 40, "{}", truth.len());
    assert_eq!(ids, truth);
}

#[test]
fn a_missing_right_is_told_in_the_vendors_words() {
    let (_, double) = double(20);
    double.take("read:detections");
    let token = login(&double, KEY.1, "wiz-api").unwrap();
    let query = "query { detections(first: 1) { nodes { id } } }";
    let (status, answer) = ask(&double, &token, query, &json!({}));
    let said = answer["errors"][0]["message"].as_str().unwrap();
    assert_eq!((status, code(&answer)), (200, "FORBIDDEN"));
    assert!(said.contains("[read:all read:detections]"), "{said}");
}

#[test]
fn an_ordinary_issue_is_not_resolved_by_people() {
    let (world, double) = double(300);
    let token = login(&double, KEY.1, "wiz-api").unwrap();
    let flaws = world.read().flaws.len();
    let issue = (0..flaws).find_map(|n| {
        let issue = double.one(Kind::Issue, &Kind::Issue.id(n))?;
        (issue["type"] == "CLOUD_CONFIGURATION" && issue["status"] == "OPEN").then_some(n)
    });
    let number = issue.unwrap();
    let query = "mutation($id: ID!, $p: UpdateIssuePatch!) {
        updateIssue(input: {id: $id, patch: $p}) { issue { id status } } }";
    let change = |patch: Value| {
        ask(&double, &token, query, &json!({"id": Kind::Issue.id(number), "p": patch})).1
    };
    assert_eq!(
        code(&change(json!({"status": "RESOLVED", "resolutionReason": "WONT_FIX"}))),
        "BAD_USER_INPUT"
    );
    assert_eq!(code(&change(json!({"status": "REJECTED"}))), "BAD_USER_INPUT");
    let done = change(json!({"status": "REJECTED", "resolutionReason": "EXCEPTION"}));
    assert_eq!(done["data"]["updateIssue"]["issue"]["status"], "REJECTED", "{done}");
    assert_eq!(double.touched(Kind::Issue, number).reason.as_deref(), Some("EXCEPTION"));
}
