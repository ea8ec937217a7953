//! Every kind of record, by what it must become.

use quell_model::{
    Evidence, Finding, FindingClass, Provider, Record, RelationKind, Severity, Status,
};
use serde_json::Value;

use super::{SOURCE, shapes};
use crate::{Envelope, Output, RawRecord, Rejection};

fn read(shape: &str, text: &str) -> Result<Vec<Record>, Rejection> {
    let shape = SOURCE.shapes.iter().find(|known| known.name == shape).unwrap();
    let imported_at = "2026-01-01T00:00:00Z".parse().unwrap();
    let envelope = Envelope {
        document: &Value::Null,
        imported_at,
        file_name: "",
        shape,
        index: &std::sync::OnceLock::new(),
    };
    let mut output = Output::default();
    let raw = RawRecord { text, shape, pattern: 0, indices: &[], envelope };
    (SOURCE.normalize)(&raw, &mut output)?;
    Ok(output.records)
}

fn findings(shape: &str, text: &str) -> Vec<Finding> {
    let finding = |record| match record {
        Record::Finding(finding) => Some(*finding),
        Record::Evidence(_)
        | Record::Asset(_)
        | Record::Activity(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_) => None,
    };
    read(shape, text).unwrap().into_iter().filter_map(finding).collect()
}

fn only(shape: &str, text: &str) -> Finding {
    let mut all = findings(shape, text);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn evidence(shape: &str, text: &str) -> Evidence {
    match read(shape, text).unwrap().as_slice() {
        [Record::Evidence(evidence)] => (**evidence).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn details_name_the_machine_and_who_did_it() {
    let finding = only(shapes::DETAILS, include_str!("fixtures/alert_details.json"));
    assert_eq!((finding.native_id.as_str(), finding.class), ("4711", FindingClass::Detection));
    assert_eq!(finding.rule.id, "NewExternalServerIp", "without a policy the type is the rule");
    assert_eq!(finding.severity, Severity::Critical);
    let asset = &finding.asset;
    assert_eq!(asset.native_id, "i-0a1b2c3d4e5f60718");
    assert_eq!((asset.id.provider, asset.id.account.as_str()), (Provider::Aws, "111122223333"));
    assert_eq!(asset.id.region, "eu-west-1", "not the zone");
    assert_eq!(asset.tags.keys().collect::<Vec<_>>(), ["team"], "the agent's own keys are no tags");
    assert_eq!(asset.signals.internet_exposed, Some(true));
    let detection = finding.detection.unwrap();
    assert_eq!(detection.principal.raw(), "kim");
    assert_eq!(detection.remote_addresses, ["203.0.113.9"]);
    assert_eq!(detection.processes[0].name.raw(), "/tmp/x");
    assert_eq!(detection.processes[0].pid, Some(77));
    assert_eq!(finding.last_seen.unwrap().to_string(), "2024-05-06T08:00:00Z");
}

#[test]
fn alert_without_entities_takes_the_resource_that_its_text_names() {
    let finding = only(shapes::ALERT, include_str!("fixtures/alert.json"));
    assert_eq!(finding.class, FindingClass::Misconfiguration);
    assert_eq!(finding.rule.id, "lacework-global-34");
    assert_eq!(
        (finding.status, finding.status_native.as_str()),
        (Status::InProgress, "In progress")
    );
    assert_eq!(finding.asset.native_id, "arn:aws:s3:::acme-logs");
    let text = include_str!("fixtures/alert.json").replace("arn:aws:s3:::acme-logs", "one");
    assert_eq!(only(shapes::ALERT, &text).asset.id.account, "111122223333");
    let text = text.replace("111122223333", "acme");
    assert_eq!(only(shapes::ALERT, &text).asset.native_id, "lacework-alert:4712");
}

#[test]
fn webhook_severities_are_numbers_from_the_worst() {
    let text = include_str!("fixtures/webhook.json");
    let finding = only(shapes::POSTED, text);
    assert_eq!((finding.native_id.as_str(), finding.rule.id.as_str()), ("4713", "LW_S3_1"));
    assert_eq!((finding.severity, finding.severity_native.as_str()), (Severity::Critical, "1"));
    assert_eq!(finding.asset.id.account, "111122223333");
    assert_eq!(finding.references, ["https://acme.example.net/ui/Event/4713"]);
    assert_eq!(finding.last_seen.unwrap().to_string(), "2021-05-27T17:00:00Z");
    let test = text.replace("\"4713\"", "\"0\"");
    assert!(read(shapes::POSTED, &test).unwrap_err().0.contains("test"));
}

#[test]
fn event_bus_and_webhook_make_the_same_finding() {
    let text = r#"{"source":"lacework","detail-type":"Compliance","detail":{"EVENT_ID":"4713",
        "EVENT_NAME":"Compliance changed","EVENT_TYPE":"Compliance","EVENT_CATEGORY":"Aws",
        "SUMMARY":"In account 111122223333.","SEVERITY":1,"REC_ID":"LW_S3_1"}}"#;
    let posted = only(shapes::POSTED, include_str!("fixtures/webhook.json"));
    assert_eq!(only(shapes::BUS, text).key(), posted.key());
}

#[test]
fn google_host_has_its_full_name() {
    let finding = only(shapes::VULNERABILITY, include_str!("fixtures/host_vulnerability.json"));
    let expected =
        "//compute.googleapis.com/projects/acme-prod/zones/us-central1-a/instances/node-2";
    assert_eq!(finding.asset.native_id, expected);
    assert_eq!(finding.asset.signals.internet_exposed, None, "the vendor does not know");
    assert_eq!(finding.native_id, "ALAS-2024-1|curl|0:7.61");
    assert_eq!(finding.status, Status::Open);
    let found = finding.vulnerability.unwrap();
    assert_eq!(found.aliases, ["CVE-2024-1111"]);
    assert_eq!(found.fixed_version.as_deref(), Some("0:7.62"));
    assert_eq!((found.cvss, found.cvss_vector.as_deref()), (Some(7.5), Some("CVSS:3.1/AV:N")));
}

#[test]
fn advisory_of_several_weaknesses_has_no_alias() {
    let text = include_str!("fixtures/host_vulnerability.json");
    let text = text.replace("again CVE-2024-1111", "CVE-2024-3333");
    let found = only(shapes::VULNERABILITY, &text).vulnerability.unwrap();
    assert!(found.aliases.is_empty());
}

#[test]
fn excepted_vulnerability_is_suppressed_and_a_good_package_is_evidence() {
    let text = include_str!("fixtures/image_vulnerability.json");
    let finding = only(shapes::VULNERABILITY, text);
    assert_eq!((finding.status, finding.status_native.as_str()), (Status::Suppressed, "EXCEPTION"));
    assert_eq!(finding.asset.native_id, "registry.example.com/shop/web:1.2@sha256:bb");
    for (word, status) in
        [("VULNERABLE", Status::Open), ("Reopened", Status::Open), ("Fixed", Status::Resolved)]
    {
        let text = text.replace("\"EXCEPTION\"", &format!("\"{word}\""));
        assert_eq!(only(shapes::VULNERABILITY, &text).status, status, "{word}");
    }
    let good = evidence(shapes::VULNERABILITY, &text.replace("\"EXCEPTION\"", "\"GOOD\""));
    assert_eq!((good.passed, good.finding_key()), (true, finding.key()));
}

#[test]
fn recommendation_makes_a_finding_of_each_resource() {
    let text = include_str!("fixtures/recommendation.json");
    let all = findings(shapes::RECOMMENDATION, text);
    let natives: Vec<&str> = all.iter().map(|f| f.asset.native_id.as_str()).collect();
    let expected = ["arn:aws:s3:::acme-logs", "111122223333", "arn:aws:s3:::acme-site"];
    assert_eq!(natives, expected, "a violation without a resource is the account's");
    assert_eq!(all[0].severity, Severity::Critical);
    assert_eq!(all[0].description.raw(), "PublicRead, PublicWrite");
    assert_eq!(all[0].rule.id, "LW_S3_1");
    assert_eq!(all[2].status, Status::Suppressed);
}

#[test]
fn recommendation_without_violations_is_evidence_about_the_account() {
    for (status, passed) in
        [("Compliant", true), ("CouldNotAssess", false), ("RequiresManualAssessment", false)]
    {
        let text = format!(
            r#"{{"REC_ID":"AWS_CIS_1_1","STATUS":"{status}","ACCOUNT_ID":"111122223333","VIOLATIONS":null}}"#
        );
        let evidence = evidence(shapes::RECOMMENDATION, &text);
        assert_eq!((evidence.passed, evidence.result_native.as_str()), (passed, status));
        assert_eq!(evidence.asset.native_id, "111122223333");
    }
}

#[test]
fn evaluation_that_passes_proves_the_finding_that_failed() {
    let text = include_str!("fixtures/evaluation.json");
    let failed = only(shapes::EVALUATION, text);
    assert_eq!((failed.rule.id.as_str(), failed.severity), ("lacework-global-34", Severity::High));
    let passed = evidence(shapes::EVALUATION, &text.replace("NonCompliant", "Compliant"));
    assert!(passed.passed);
    assert_eq!(passed.finding_key(), failed.key());
    let aside = only(shapes::EVALUATION, &text.replace("NonCompliant", "Suppressed"));
    assert_eq!(aside.status, Status::Suppressed);
}

#[test]
fn inventory_is_assets() {
    let records = read(shapes::INVENTORY, include_str!("fixtures/inventory.json")).unwrap();
    let [Record::Asset(asset), Record::Relation(network), Record::Relation(image)] =
        records.as_slice()
    else {
        panic!("{records:?}")
    };
    assert_eq!(network.from.key(), "aws:ec2.vpc:vpc-0a1b2c3d4e5f60711");
    assert_eq!((network.kind, &network.to), (RelationKind::Contains, &asset.id));
    assert_eq!(image.to.key(), "aws:ec2.image:ami-0a1b2c3d4e5f60715");
    assert!(asset.native_id.ends_with("instance/i-0a1b2c3d4e5f60718"));
    assert_eq!(asset.tags["team"].raw(), "payments");
    let image =
        r#"{"mid":1,"repo":"registry.example.com/web","tag":"sha256:aa","imageId":"sha256:bb"}"#;
    let records = read(shapes::ENTITY, image).unwrap();
    let [Record::Asset(asset)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(asset.native_id, "registry.example.com/web@sha256:aa");
}

#[test]
fn refused_call_is_an_activity() {
    let records = read(shapes::CALL, include_str!("fixtures/call.json")).unwrap();
    let [Record::Activity(call)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((call.action.as_str(), call.succeeded), ("DescribeInstances", Some(false)));
    assert_eq!(call.asset.native_id, "arn:aws:iam::111122223333:user/kim");
}

#[test]
fn what_lacks_the_essentials_is_rejected_with_its_path() {
    for (shape, text, path) in [
        (shapes::ALERT, r#"{"alertType":"x"}"#, "$.alertId"),
        (shapes::ALERT, r#"{"alertId":1}"#, "$.policyId"),
        (shapes::VULNERABILITY, "{}", "$.vulnId"),
        (shapes::VULNERABILITY, r#"{"vulnId":"CVE-2024-1"}"#, "$.evalCtx"),
        (shapes::RECOMMENDATION, r#"{"REC_ID":"x"}"#, "$.ACCOUNT_ID"),
        (shapes::EVALUATION, r#"{"id":"x","account":[]}"#, "$.resource"),
        (shapes::POLICY, "{}", "a policy, not a finding"),
        (shapes::EXCEPTION, "{}", "an exception, not a finding"),
        (shapes::COMMENT, "{}", "a comment"),
    ] {
        let reason = read(shape, text).unwrap_err().0;
        assert!(reason.contains(path), "{shape}: {reason}");
    }
}

#[test]
fn odd_types_never_panic() {
    for reader in SOURCE.shapes {
        for text in ["[]", "0", "null", r#""x""#, r#"{"data":0,"entityMap":[1],"machineTags":"x"}"#]
        {
            assert!(read(reader.name, text).is_err(), "{} {text}", reader.name);
        }
    }
    let text = r#"{"alertId":1,"alertType":"x","entityMap":{"Machine":[0,{"KEY":0}],"User":[[]]}}"#;
    assert_eq!(only(shapes::ALERT, text).asset.native_id, "lacework-alert:1");
}
