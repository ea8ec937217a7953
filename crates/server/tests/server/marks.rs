//! Marking issues over the API: shown, found, taken back, and nothing closed.

use quell_testkit::server::{Answer, Request};
use serde_json::{Value, json};

use crate::bench::{Bench, lines};

fn delete(bench: &Bench, path: &str) -> Answer {
    bench.admin.send(&Request::new("DELETE", path)).unwrap()
}

/// All that is answered of issues and incidents.
fn told(bench: &Bench, issue: &str) -> Vec<String> {
    let paths = ["/api/v1/issues?facets=true", "/api/v1/incidents", "/api/v1/statistics"];
    let one = [format!("/api/v1/issues/{issue}"), format!("/api/v1/incidents/{issue}")];
    let paths = paths.into_iter().map(str::to_owned).chain(one);
    paths.map(|path| bench.get(&path).text()).collect()
}

#[test]
fn a_mark_is_shown_and_found_and_taken_back_to_the_byte() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("marked", 5)).status, 200);
    let list = |query: &str| bench.get(&format!("/api/v1/issues{query}")).json();
    let all = list("");
    let count = all["total"].as_u64().unwrap();
    let issue = all["items"][0]["id"].as_str().unwrap().to_owned();
    let before = told(&bench, &issue);
    let path = format!("/api/v1/issues/{issue}/mark");
    let body =
        json!({"as": "accepted", "reason": "behind a VPN", "until": "2999-01-01"}).to_string();
    let first = bench.post(&path, body.clone());
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(
        first.json()["mark"]["by"].as_str().map(|by| by.contains("administrator")),
        Some(true)
    );
    // Marking it the same again changes nothing, not even when and by whom.
    assert_eq!(bench.post(&path, body).text(), first.text());
    let marked = list("?mark=accepted");
    assert_eq!((&marked["total"], &marked["items"][0]["status"]), (&json!(1), &json!("open")));
    assert_eq!(marked["items"][0]["mark"], first.json()["mark"]);
    assert_eq!(list("?mark=none")["total"], json!(count - 1));
    assert_eq!(list("?mark=none,accepted")["total"], json!(count));
    assert_eq!(list("")["total"], json!(count));
    assert_eq!(bench.get("/api/v1/statistics").json()["open_issues"], json!(count));
    let story = bench.get(&format!("/api/v1/issues/{issue}")).json();
    assert_eq!(story["issue"]["mark"]["reason"], "behind a VPN");
    let report = bench.get("/api/v1/report").json();
    let exceptions = report["exceptions"].as_array().unwrap();
    let one = |e: &&Value| e["kind"] == "mark" && e["issue"].as_str() == Some(&issue);
    assert_eq!(exceptions.iter().filter(one).count(), 1, "{exceptions:?}");
    assert_eq!(delete(&bench, &path).json(), json!({"removed": 1}));
    assert_eq!(delete(&bench, &path).json(), json!({"removed": 0}));
    assert_eq!(told(&bench, &issue), before);
}

#[test]
fn an_incident_is_marked_by_its_issues_and_what_makes_no_sense_is_refused() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("marked", 5)).status, 200);
    let incident = bench.get("/api/v1/incidents").json()["items"][0].clone();
    let path = format!("/api/v1/incidents/{}/mark", incident["id"].as_str().unwrap());
    let made = bench.post(&path, r#"{"as":"in_progress","reason":"PLAT-17"}"#);
    assert_eq!(made.json(), json!({"issues": incident["issues"]}), "{}", made.text());
    let marked = bench.get("/api/v1/issues?mark=in_progress").json();
    assert_eq!(marked["total"], incident["issues"]);
    for (body, status) in [
        (r#"{"as":"accepted","reason":" "}"#, 422),
        (r#"{"as":"accepted","reason":"x","until":"2020-01-01"}"#, 422),
        (r#"{"as":"gone","reason":"x"}"#, 422),
        (r#"{"as":"accepted","reason":"x","for":"ever"}"#, 422),
        (r#"{"as":"accepted"}"#, 422),
        (r#"["accepted","x"]"#, 422),
    ] {
        let answer = bench.post(&path, body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    assert_eq!(bench.get("/api/v1/issues?mark=in_progress").json()["total"], incident["issues"]);
    assert_eq!(delete(&bench, &path).json(), json!({"removed": incident["issues"]}));
    assert_eq!(delete(&bench, "/api/v1/issues/00000000000000000000000000/mark").status, 404);
}

#[test]
fn a_mark_that_has_ended_counts_no_more_and_is_still_shown() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("ended", 3)).status, 200);
    let issue = bench.get("/api/v1/issues").json()["items"][0]["id"].as_str().unwrap().to_owned();
    let until = bench.today();
    let body = json!({"as": "accepted", "reason": "for today", "until": until}).to_string();
    assert_eq!(bench.post(&format!("/api/v1/issues/{issue}/mark"), body).status, 200);
    assert_eq!(bench.get("/api/v1/issues?mark=accepted").json()["total"], json!(1));
    bench.clock.0.fetch_add(2 * 86_400, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(bench.get("/api/v1/issues?mark=accepted").json()["total"], json!(0));
    let story = bench.get(&format!("/api/v1/issues/{issue}")).json();
    assert_eq!(story["issue"]["mark"]["ended"], json!(true));
    let notes =
        bench.get(&format!("/api/v1/incidents/{issue}")).json()["incident"]["notes"].clone();
    assert!(notes.is_null(), "{notes}");
}
