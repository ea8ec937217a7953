//! What Prowler's, Security Lake's and others' OCSF becomes.

use quell_model::{FindingClass, Record, Severity, Status};
use serde_json::{Value, json};

use super::*;
use crate::Envelope;

fn normalized(record: &Value) -> Result<Vec<Record>, Rejection> {
    let text = record.to_string();
    let envelope = Envelope {
        document: &Value::Null,
        imported_at: "2026-11-01T00:00:00Z".parse().unwrap(),
        file_name: "x",
        shape: &SHAPES[0],
        index: &std::sync::OnceLock::new(),
    };
    let raw = RawRecord { text: &text, shape: &SHAPES[0], pattern: 0, indices: &[], envelope };
    let mut output = Output::default();
    normalize(&raw, &mut output).map(|()| output.records)
}

fn prowler(status_code: &str) -> Value {
    json!({"class_uid": 2004, "severity_id": 4, "severity": "High", "status": "New", "status_id": 1,
        "status_code": status_code, "time": 1_750_000_000,
        "metadata": {"event_code": "s3_bucket_public_access", "product": {"name": "Prowler"}},
        "finding_info": {"uid": "prowler-aws-s3-1", "title": "Bucket is public", "desc": "d"},
        "resources": [{"uid": "arn:aws:s3:::acme-logs", "type": "AwsS3Bucket", "region": "eu-west-1",
            "labels": ["team:payments"]}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}})
}

#[test]
fn a_failing_check_is_a_misconfiguration_and_a_passing_one_its_evidence() {
    let failing = normalized(&prowler("FAIL")).unwrap();
    let [Record::Finding(finding)] = failing.as_slice() else { panic!("{failing:?}") };
    assert_eq!(finding.class, FindingClass::Misconfiguration);
    assert_eq!((finding.tool.product.as_str(), finding.severity), ("prowler", Severity::High));
    assert_eq!(finding.asset.id.key(), "aws:s3.bucket:acme-logs");
    assert_eq!(finding.asset.tags["team"].raw(), "payments");
    assert_eq!(finding.scope.as_ref().unwrap().target, "prowler:aws:111122223333");
    let passing = normalized(&prowler("PASS")).unwrap();
    let [Record::Evidence(evidence)] = passing.as_slice() else { panic!("{passing:?}") };
    assert!(evidence.passed);
    assert_eq!(evidence.finding_key(), finding.key());
    assert!(evidence.observed.is_some());
}

#[test]
fn a_muted_finding_is_suppressed_not_dropped() {
    let mut muted = prowler("FAIL");
    muted["status"] = json!("Suppressed");
    let records = normalized(&muted).unwrap();
    let [Record::Finding(finding)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(finding.status, Status::Suppressed);
}

#[test]
fn each_vulnerability_of_an_event_is_a_finding() {
    let event = json!({"class_uid": 2002, "severity_id": 5, "metadata": {"product": {"name": "Inspector"}},
        "finding_info": {"uid": "f", "title": "t"},
        "resources": [{"uid": "i-0123456789abcdef0", "type": "AWS::EC2::Instance"}],
        "cloud": {"provider": "AWS", "account": {"uid": "111122223333"}, "region": "eu-west-1"},
        "vulnerabilities": [
            {"cve": {"uid": "CVE-2021-44228", "cvss": [{"base_score": 10.0}], "epss": {"score": "0.97"}},
             "affected_packages": [{"name": "log4j-core", "version": "2.14.1", "fixed_in_version": "2.15.0"}]},
            {"cve": {"uid": "CVE-2021-45046"}}]});
    let records = normalized(&event).unwrap();
    assert_eq!(records.len(), 2);
    let Record::Finding(first) = &records[0] else { panic!() };
    let vulnerability = first.vulnerability.as_ref().unwrap();
    assert_eq!(vulnerability.fixed_version.as_deref(), Some("2.15.0"));
    assert_eq!((vulnerability.cvss, vulnerability.epss), (Some(10.0), Some(0.97)));
    assert_ne!(
        first.key(),
        match &records[1] {
            Record::Finding(f) => f.key(),
            Record::Evidence(_)
            | Record::Asset(_)
            | Record::Activity(_)
            | Record::Statement(_)
            | Record::Relation(_)
            | Record::Exploited(_) => panic!(),
        }
    );
}

#[test]
fn an_api_call_is_an_activity_and_nothing_at_all_is_rejected() {
    let call = json!({"class_uid": 6003, "metadata": {"product": {"name": "CloudTrail"}}, "api": {"operation": "PutBucketPolicy"}});
    assert!(
        matches!(normalized(&call).unwrap().as_slice(), [Record::Activity(a)] if a.action == "PutBucketPolicy")
    );
    let empty = json!({"class_uid": 2004, "metadata": {}});
    assert!(normalized(&empty).unwrap_err().0.contains("finding_info.title"));
    assert!(normalized(&json!({"class_uid": "x", "metadata": {}})).is_err());
}

#[test]
fn an_activity_without_names_is_known_by_its_class() {
    let text = r#"{"class_uid": 4001, "category_uid": 4, "severity_id": 1, "time": 1729052821,
        "metadata": {"version": "1.4.0", "uid": "C1", "product": {"name": "Acme", "vendor_name": "Acme"}},
        "src_endpoint": {"ip": "10.4.30.5"}, "dst_endpoint": {"ip": "10.4.30.6"}}"#;
    let records = crate::testing::normalize_text(text).remove(0).unwrap();
    let [Record::Activity(activity)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(activity.action, "OCSF class 4001");
}

/// A detection with one analysis of anomalies.
fn anomaly(baselines: &Value, anomalies: &Value) -> Vec<(String, String)> {
    let event = json!({"class_uid": 2004, "severity_id": 3,
        "metadata": {"product": {"name": "Watcher"}},
        "finding_info": {"uid": "f", "title": "Traffic of a host is unusual"},
        "resources": [{"uid": "i-0123456789abcdef0", "type": "AWS::EC2::Instance"}],
        "cloud": {"provider": "AWS", "account": {"uid": "111122223333"}, "region": "eu-west-1"},
        "anomaly_analyses": [{"analysis_targets": [{"name": "ida", "type": "User Account"}],
            "baselines": baselines, "anomalies": anomalies}]});
    let records = normalized(&event).unwrap();
    let [Record::Finding(finding)] = records.as_slice() else { panic!("{records:?}") };
    let facts = finding.evidence.iter().map(|(name, value)| (name.clone(), value.raw().to_owned()));
    facts.collect()
}

#[test]
fn what_is_usual_and_what_was_not_are_facts() {
    let told = anomaly(
        &json!([{"observation_parameter": "API calls", "observed_pattern": "FREQUENT",
            "observations": [{"value": "GetObject", "count": 120}, {"value": "ListBuckets"}]}]),
        &json!([{"observation_parameter": "API calls", "observed_pattern": "UNSEEN",
            "observations": [{"value": "DeleteBucket", "count": 1}]},
            {"observation_parameter": "nothing", "observations": []}]),
    );
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        told,
        [
            own("usual", "API calls (frequent): GetObject (120 times), ListBuckets"),
            own("unusual", "API calls (unseen): DeleteBucket (once)"),
        ]
    );
    let of = |value: Value, hours: u32| {
        json!([{"observation_parameter": "bytes out",
            "observations": [{"value": value, "timespan": {"duration_hours": hours}}]}])
    };
    let told = anomaly(&of(json!(1200), 24), &of(json!("4800"), 24));
    assert!(
        told.contains(&own("usual_rate", "1200 as the value of bytes out in 24 hours")),
        "{told:?}"
    );
    assert!(
        told.contains(&own("seen_rate", "4800 as the value of bytes out in 24 hours")),
        "{told:?}"
    );
    // Numbers of other times cannot be compared.
    let told = anomaly(&of(json!(1200), 24), &of(json!(4800), 1));
    assert!(told.iter().all(|(name, _)| !name.ends_with("_rate")), "{told:?}");
    for odd in [json!(null), json!("x"), json!([1, {"observations": "x"}])] {
        assert_eq!(anomaly(&odd, &odd), [], "{odd}");
    }
}
