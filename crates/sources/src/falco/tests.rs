//! Facts about Falco alerts.

use quell_model::{Record, Severity};
use serde_json::Value;

use super::SOURCE;
use crate::{Envelope, Output, RawRecord, Rejection};

fn read(text: &str) -> Result<Vec<Record>, Rejection> {
    let shape = &SOURCE.shapes[0];
    let document = Value::Null;
    let imported_at = "2024-05-06T07:08:09Z".parse().unwrap();
    let envelope = Envelope { document: &document, imported_at, file_name: "", shape };
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
