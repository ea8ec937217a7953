//! What Wiz records become.

use quell_model::{FindingClass, Record, Severity, Status, Timestamp};
use serde_json::Value;

use super::SOURCE;
use crate::{Envelope, Output, RawRecord, Rejection};

fn read(text: &str) -> Result<Vec<Record>, Rejection> {
    // One that says nothing of the kind of record, so that its own keys tell.
    let shape = SOURCE.shapes.iter().find(|shape| shape.name == "cloud resource").unwrap();
    let envelope = Envelope {
        document: &Value::Null,
        imported_at: Timestamp::UNIX_EPOCH,
        file_name: "wiz.json",
        shape,
        index: &std::sync::OnceLock::new(),
    };
    let mut output = Output::default();
    (SOURCE.normalize)(
        &RawRecord { text, shape, pattern: 0, indices: &[], envelope },
        &mut output,
    )?;
    Ok(output.records)
}

fn finding(text: &str) -> quell_model::Finding {
    let first = read(text).unwrap().remove(0);
    let Record::Finding(finding) = first else { panic!("{first:?}") };
    *finding
}

#[test]
fn an_issue_names_the_clouds_asset_and_account() {
    let found = finding(include_str!("fixtures/issue.json"));
    assert_eq!(found.class, FindingClass::AttackPath);
    assert_eq!(found.asset.native_id, "arn:aws:s3:::acme-logs");
    assert_eq!(found.rule.id, "wc-id-1");
    assert_eq!((found.severity, found.status), (Severity::High, Status::Suppressed));
}

#[test]
fn a_passed_check_is_evidence() {
    let text = include_str!("fixtures/configuration.json");
    let records = read(&text.replace("\"FAIL\"", "\"PASS\"")).unwrap();
    assert!(matches!(&records[..], [Record::Evidence(e)] if e.passed), "{records:?}");
    let found = finding(text);
    assert_eq!(found.rule.id, "S3-001");
    assert_eq!(found.rule.aliases, ["rule-1"]);
    assert_eq!(found.asset.native_id, "arn:aws:s3:::acme-logs");
}

#[test]
fn the_checks_that_a_rule_is_the_same_as_are_kept() {
    let text = include_str!("fixtures/configuration.json");
    let with = |references: &str| {
        let named = r#""externalReferences": REFERENCES, "shortId""#;
        let text = text.replacen("\"shortId\"", &named.replace("REFERENCES", references), 1);
        finding(&text).rule.aliases
    };
    let references = r#"[{"id": "CKV_AWS_20", "name": "acl"}, {"id": 7}, "CKV_AWS_21"]"#;
    assert_eq!(with(references), ["rule-1", "CKV_AWS_20"]);
    assert_eq!(with("null"), ["rule-1"]);
    assert_eq!(with(r#""CKV_AWS_20""#), ["rule-1"]);
}

#[test]
fn numbers_may_stand_for_account_ids() {
    let found = finding(
        r#"{"id":"d","tdrId":"cer-1","severity":"odd","primaryResource":
        {"externalId":"i-1","cloudAccount":{"externalId":111122223333,"cloudPlatform":"AWS"}}}"#,
    );
    assert_eq!(found.asset.id.account, "111122223333");
    assert_eq!(found.severity, Severity::Unknown);
}

#[test]
fn reference_data_is_no_finding() {
    assert!(read(r#"{"id":"p","name":"acme","isFolder":true}"#).is_err());
}
