//! Facts about Falco alerts.

use quell_model::{Record, Severity};
use serde_json::Value;

use super::SOURCE;
use crate::testing::only_finding;
use crate::{Envelope, Output, RawRecord, Rejection};

fn read(text: &str) -> Result<Vec<Record>, Rejection> {
    let shape = &SOURCE.shapes[0];
    let document = Value::Null;
    let imported_at = "2024-05-06T07:08:09Z".parse().unwrap();
    let envelope = Envelope {
        document: &document,
        imported_at,
        file_name: "",
        shape,
        index: &std::sync::OnceLock::new(),
    };
    let mut output = Output::default();
    let raw = RawRecord { text, shape, pattern: 0, indices: &[], envelope };
    (SOURCE.normalize)(&raw, &mut output).map(|()| output.records)
}

#[test]
fn a_pod_alert_names_the_pod_and_its_process_chain() {
    let records = read(include_str!("fixtures/pod.json")).unwrap();
    let [Record::Finding(finding)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(finding.asset.native_id, "shop/web-1");
    assert_eq!(finding.severity, Severity::Low);
    let detection = finding.detection.as_ref().unwrap();
    let names: Vec<_> = detection.processes.iter().map(|p| p.name.raw()).collect();
    assert_eq!(names, ["sh", "nginx", "runc"]);
    assert_eq!(detection.techniques, ["T1059"]);
}

#[test]
fn an_alert_without_a_rule_is_refused() {
    assert!(read(r#"{"rule":null,"output_fields":{}}"#).is_err());
}

#[test]
fn audit_events_are_about_what_they_touch() {
    let audit = serde_json::json!({"rule": "Attach to pod", "priority": "Notice", "source": "k8s_audit",
        "output": "x", "time": "2026-01-01T00:00:00.000000000Z", "output_fields": {
            "ka.target.name": "web", "ka.target.namespace": "shop", "ka.target.resource": "pods", "ka.user.name": "eve"}});
    let finding = only_finding(&audit.to_string());
    assert_eq!(finding.asset.id.key(), "kubernetes::shop:pod:web");
    assert_eq!(finding.detection.unwrap().principal.raw(), "eve");
}

#[test]
fn an_alert_without_fields_is_still_one() {
    let alert = serde_json::json!({"rule": "r", "priority": "Error", "output": "o", "time": "2026-01-01T00:00:00Z", "hostname": "node-1"});
    let finding = only_finding(&alert.to_string());
    assert_eq!(finding.asset.name.raw(), "node-1");
}
