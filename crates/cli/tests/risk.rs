//! `quell risk explain`, and the decisions of a report.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Bench, demo, prowler};
use serde_json::{Value, json};

fn explained(bench: &Bench, id: &str) -> Value {
    let output = bench.run(&["risk", "explain", id, "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_part_of_a_risk_has_its_record_and_an_incident_is_explained_by_its_riskiest_issue() {
    let bench = Bench::new();
    let (_, report) = bench.triage(&demo().join("findings"));
    for incident in report["incidents"].as_array().unwrap().iter().take(12) {
        let id: String = incident["id"].as_str().unwrap().chars().take(10).collect();
        let story = explained(&bench, &id);
        assert_eq!(story["issue"], incident["issues"][0], "{story}");
        assert_eq!(story["incident_score"], incident["score"]);
        let parts = story["parts"].as_array().unwrap();
        let sum: i64 = parts.iter().map(|p| p["points"].as_i64().unwrap()).sum();
        assert_eq!(sum, story["score"].as_i64().unwrap());
        for part in parts.iter().filter(|p| p["name"] != "limit") {
            assert!(!part["evidence"].as_array().unwrap().is_empty(), "{part}");
        }
        for other in story["what_if"].as_array().unwrap() {
            let after = other["score_after"].as_i64().unwrap();
            assert_eq!(after - sum, other["difference"].as_i64().unwrap(), "{other}");
        }
        assert!(story["cheapest"].as_array().unwrap().len() <= 2);
        let text = bench.run(&["risk", "explain", &id]).stdout;
        for line in String::from_utf8(text).unwrap().lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn an_id_of_nothing_is_a_usage_error() {
    let bench = Bench::new();
    bench.triage(&demo().join("findings"));
    for id in ["zzzzzzzzzz", "", "<script>"] {
        assert_eq!(bench.run(&["risk", "explain", id]).status.code(), Some(2), "{id}");
    }
}

#[test]
fn decisions_add_up_whatever_is_shown() {
    let bench = Bench::new();
    let (_, report) = bench.triage(&demo().join("findings"));
    let incidents = report["incidents"].as_array().unwrap();
    for word in ["act", "plan", "watch", "noise"] {
        let count = incidents.iter().filter(|i| i["decision"] == word).count();
        assert_eq!(report["decisions"][word], json!(count), "{word}");
    }
    for incident in incidents {
        let (word, ticket) = (incident["decision"].as_str().unwrap(), &incident["ticket"]);
        assert_eq!(matches!(word, "act" | "plan"), incident["due"].is_string(), "{incident}");
        assert_eq!(matches!(word, "watch" | "noise"), ticket == "none", "{incident}");
    }
    let some = bench.run(&["triage", "--limit", "1", "--json"]);
    let some: Value = serde_json::from_slice(&some.stdout).unwrap();
    assert_eq!(some["decisions"], report["decisions"]);
}

/// One tool sees the weakness of a machine, another that the internet reaches it.
#[test]
fn what_one_tool_knows_of_an_asset_counts_for_the_findings_of_another() {
    let bench = Bench::new();
    let bucket = "arn:aws:s3:::ledger";
    let mut public = prowler("ledger");
    public["metadata"]["event_code"] = "s3_bucket_public_access".into();
    let alone = bench.file("a/public.json", json!([public]).to_string());
    let (_, report) = bench.triage(&alone);
    let before = report["incidents"][0].clone();
    assert_eq!(before["decision"], "plan", "{before}");
    let entity = json!({"id": "e", "type": "BUCKET", "nativeType": "bucket", "name": "ledger",
        "cloudPlatform": "AWS", "providerId": bucket, "subscriptionExternalId": "111122223333",
        "hasSensitiveData": true});
    let data = json!({"id": "w1", "type": "TOXIC_COMBINATION", "severity": "LOW", "status": "OPEN",
        "createdAt": "2026-01-01T00:00:00Z", "sourceRule": {"id": "wc-1", "name": "Holds names"},
        "entitySnapshot": entity});
    bench.file("a/wiz.json", json!([data]).to_string());
    let (_, report) = bench.triage(alone.parent().unwrap());
    let after = report["incidents"][0].clone();
    assert_eq!((&after["id"], after["decision"].as_str()), (&before["id"], Some("act")));
    assert!(after["score"].as_u64() > before["score"].as_u64());
    let story = explained(&bench, after["issues"][0].as_str().unwrap());
    let data = story["parts"].as_array().unwrap().iter().find(|p| p["name"] == "data").unwrap();
    assert!(data["evidence"][0].as_str().unwrap().starts_with("issue:"), "{data}");
}
