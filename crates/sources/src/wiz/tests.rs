//! What Wiz records become.

use quell_model::{FindingClass, Record, Severity, Status, Timestamp};
use serde_json::{Value, json};

use super::SOURCE;
use crate::testing::normalize_text;
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

/// The relations of the only record of an answer, as `first kind second`.
fn relations(root: &str, node: &Value) -> Vec<String> {
    let pages = json!({"hasNextPage": false, "endCursor": null});
    let mut around = serde_json::Map::new();
    around.insert(root.to_owned(), json!({"nodes": [node], "pageInfo": pages}));
    let made = normalize_text(&json!({"data": around}).to_string());
    let shown = |record: Record| match record {
        Record::Relation(r) => Some(format!("{} {} {}", r.from.key(), r.kind.as_str(), r.to.key())),
        Record::Finding(_)
        | Record::Evidence(_)
        | Record::Asset(_)
        | Record::Activity(_)
        | Record::Statement(_)
        | Record::Exploited(_) => None,
    };
    made.into_iter().flat_map(Result::unwrap).filter_map(shown).collect()
}

#[test]
fn a_container_runs_on_its_machine_from_its_image() {
    let container = json!({
        "id": "c-1", "name": "pay", "type": "CONTAINER", "cloudPlatform": "Kubernetes",
        "providerUniqueId": "k8s/pod/shop/payments/pay", "projects": null,
        "typeFields": {
            "__typename": "CloudResourceV2Container",
            "containerImage": {"id": "i", "name": "pay", "providerUniqueId": "registry.example.com/pay@sha256:6d9d3e7c4a3f0d1b2c5e8f7a6b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c"},
            "virtualMachine": {"id": "v", "name": "node",
                "providerUniqueId": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"},
        },
    });
    let found = relations("cloudResourcesV2", &container);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains(" uses_image ") && found[0].contains("6d9d3e7c"), "{found:?}");
    assert!(found[1].ends_with(" runs_on aws:ec2.instance:i-0a1b2c3d4e5f60718"), "{found:?}");
}

#[test]
fn what_an_inventory_says_of_its_own_asset_is_a_relation_too() {
    let bucket = |sensitive: Value, exposed: Value| {
        relations(
            "cloudResourcesV2",
            &json!({"id": "b-1", "name": "logs", "type": "BUCKET", "cloudPlatform": "AWS",
                "providerUniqueId": "arn:aws:s3:::logs", "projects": null, "typeFields": null,
                "hasSensitiveData": sensitive, "isAccessibleFromInternet": exposed}),
        )
    };
    let bare = bucket(json!(false), json!(null));
    assert!(bare.is_empty(), "{bare:?}");
    let own = "aws:s3.bucket:logs";
    assert_eq!(
        bucket(json!(true), json!(true)),
        [format!("internet exposes {own}"), format!("{own} holds sensitive data")]
    );
}

#[test]
fn an_entitlement_says_who_has_permission_on_what_while_it_is_open() {
    let role = "arn:aws:iam::111122223333:role/app";
    let entitlement = |status: &str, scope: &str| {
        json!({
            "id": "e-1", "name": "unused", "severity": "HIGH", "status": status,
            "cloudPlatform": "AWS", "remediationType": "REMOVE", "excessiveServices": ["s3"],
            "principal": {"graphEntity": {"id": "p", "name": "app", "type": "ACCESS_ROLE", "providerUniqueId": role}},
            "scope": {"graphEntity": {"id": "s", "name": "logs", "type": "BUCKET", "providerUniqueId": scope}},
        })
    };
    assert_eq!(
        relations("excessiveAccessFindings", &entitlement("OPEN", "arn:aws:s3:::logs")),
        ["aws:iam.role:111122223333::app has_permission aws:s3.bucket:logs"]
    );
    assert!(
        relations("excessiveAccessFindings", &entitlement("RESOLVED", "arn:aws:s3:::logs"))
            .is_empty()
    );
    assert!(relations("excessiveAccessFindings", &entitlement("OPEN", "")).is_empty());
}

#[test]
fn an_exposure_says_what_reaches_what_by_which_ports() {
    let end = |id: &str, name: &str| json!({"id": name, "name": name, "type": "VIRTUAL_MACHINE", "providerUniqueId": id});
    let machine = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718";
    let other = machine.replace("18", "19");
    let exposure = json!({
        "id": "x-1", "type": "CROSS_SUBSCRIPTION", "portRange": "443", "sourceIpRange": "10.0.0.0/8",
        "exposedEntity": end(machine, "web"), "accessibleFrom": end(&other, "app"), "path": [],
    });
    assert_eq!(
        relations("networkExposures", &exposure),
        ["aws:ec2.instance:i-0a1b2c3d4e5f60719 reaches aws:ec2.instance:i-0a1b2c3d4e5f60718"]
    );
    let mut odd = exposure;
    odd["accessibleFrom"] = json!([7]);
    assert!(relations("networkExposures", &odd).is_empty(), "the asset is kept");
}
