//! What ASFF of Security Hub, Prowler, Inspector and others becomes.

use std::io::Write;
use std::ops::ControlFlow;

use quell_model::{Evidence, Finding, FindingClass, Record, Severity, Status};
use serde_json::{Value, json};

use crate::intake::{Detected, Format, Formats, Item, Limits, detect, normalize_batch, read, walk};

const SECURITY_HUB: &str = include_str!("fixtures/security_hub.json");
const PROWLER: &str = include_str!("fixtures/prowler.json");
const INSPECTOR: &str = include_str!("fixtures/inspector.json");
const GUARDDUTY: &str = include_str!("fixtures/guardduty.json");

/// What became of each record.
type Results = Vec<Result<Vec<Record>, String>>;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Detects, splits and normalizes a text as a file of it is: its format, and what became of each
/// record.
fn run(text: &str) -> Option<(&'static str, Results)> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let mut input = walk(&[file.path().to_owned()]).remove(0).unwrap();
    let limits = Limits::default();
    let Detected::Fits(fit) = detect(&mut input, Formats::BUILT_IN, &limits).unwrap() else {
        return None;
    };
    let detection = fit.at("2026-11-01T00:00:00Z".parse().unwrap());
    let mut results = Vec::new();
    read(&mut input, &detection, &limits, &mut |item| {
        match item {
            Item::Batch(batch) => {
                results.extend(normalize_batch(&batch, &detection).map(|n| n.result));
            }
            Item::Reject { reason, .. } => results.push(Err(reason)),
        }
        ControlFlow::Continue(())
    });
    let Format::BuiltIn(_, shape) = &detection.format else { return None };
    Some((shape.name, results))
}

fn records(value: &Value) -> Vec<Record> {
    run(&value.to_string()).unwrap().1.remove(0).unwrap()
}

fn findings(value: &Value) -> Vec<Finding> {
    let finding = |record| match record {
        Record::Finding(finding) => *finding,
        Record::Evidence(_)
        | Record::Asset(_)
        | Record::Activity(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_) => panic!("{record:?}"),
    };
    records(value).into_iter().map(finding).collect()
}

fn evidence(value: &Value) -> Evidence {
    let first = records(value).remove(0);
    let Record::Evidence(evidence) = first else { panic!("{first:?}") };
    *evidence
}

fn with(text: &str, path: &str, value: Value) -> Value {
    let mut finding = json(text);
    match path.rsplit_once('/') {
        Some((parent, field)) if !parent.is_empty() => {
            finding.pointer_mut(parent).unwrap()[field] = value;
        }
        _ => finding[path.trim_start_matches('/')] = value,
    }
    finding
}

#[test]
fn every_envelope_yields_its_findings() {
    let one = json(PROWLER);
    let event = json!({"source": "aws.securityhub", "detail-type": "Security Hub Findings - Imported",
        "detail": {"findings": [one]}});
    let lines = format!("{one}\n{one}\n");
    for (text, shape, count) in [
        (json!({"Findings": [one, one]}).to_string(), "findings below `Findings`", 2),
        (json!({"findings": [one]}).to_string(), "findings below `findings`", 1),
        (json!([one, one]).to_string(), "list of findings", 2),
        (one.to_string(), "finding", 1),
        (lines, "finding", 2),
        (event.to_string(), "EventBridge event", 1),
        (json!([event, event]).to_string(), "list of EventBridge events", 2),
    ] {
        let (fitted, results) = run(&text).unwrap();
        assert_eq!((fitted, results.len()), (shape, count));
        for result in results {
            assert_eq!(result.unwrap().len(), 1, "{shape}");
        }
    }
}

#[test]
fn what_the_services_write_themselves_is_not_asff() {
    let guardduty = json!({"Findings": [{"AccountId": "111122223333", "Arn": "arn:aws:guardduty:x",
        "Resource": {}, "Service": {}, "Type": "Recon:EC2/PortProbe"}]});
    let inspector = json!({"findings": [{"findingArn": "arn:aws:inspector2:x", "type": "PACKAGE_VULNERABILITY",
        "resources": []}]});
    for text in [guardduty, inspector] {
        assert!(
            run(&text.to_string()).is_none_or(|(shape, _)| !shape.starts_with("findings below"))
        );
    }
}

#[test]
fn a_control_of_security_hub_keeps_its_short_id_and_yields_one_finding_for_each_resource() {
    let found = findings(&json(SECURITY_HUB));
    assert_eq!(found.len(), 2);
    let first = &found[0];
    assert_eq!((first.tool.product.as_str(), first.rule.id.as_str()), ("security_hub", "S3.8"));
    assert_eq!(first.rule.aliases, ["aws-foundational-security-best-practices/v/1.0.0/S3.8"]);
    assert_eq!(first.asset.id.key(), "aws:s3.bucket:acme-logs");
    assert_eq!(found[1].asset.id.key(), "aws:s3.bucket:acme-site");
    assert_eq!(first.asset.tags["team"].raw(), "payments");
    assert_eq!((first.severity, first.severity_native.as_str()), (Severity::High, "HIGH"));
    assert_eq!(first.last_seen, "2026-03-04T05:06:07Z".parse().ok());
    assert_eq!(first.class, FindingClass::Misconfiguration);
    assert_eq!(first.scope, None);
    assert_ne!(first.key(), found[1].key());
}

#[test]
fn numbers_of_the_cis_benchmark_are_aliases_unless_a_control_id_stands_beside_them() {
    let mut cis = json(SECURITY_HUB);
    cis["ProductFields"] = Value::Null;
    cis["GeneratorId"] = json!("cis-aws-foundations-benchmark/v/1.2.0/1.14");
    let rule = findings(&cis).remove(0).rule;
    assert_eq!(rule.id, "cis-aws-foundations-benchmark/v/1.2.0/1.14");
    cis["GeneratorId"] =
        json!("arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/1.14");
    let rule = findings(&cis).remove(0).rule;
    assert_eq!(rule.aliases, ["cis-aws-foundations-benchmark/v/1.2.0/1.14"]);
    assert_eq!(rule.id, cis["GeneratorId"]);
    cis["Compliance"]["SecurityControlId"] = json!("IAM.6");
    assert_eq!(findings(&cis).remove(0).rule.id, "IAM.6");
    cis["Compliance"]["SecurityControlId"] = Value::Null;
    cis["GeneratorId"] = json!("security-control/S3.1");
    assert_eq!(findings(&cis).remove(0).rule.id, "S3.1");
}

#[test]
fn a_passed_check_is_evidence_of_the_finding_it_would_have_raised() {
    let failing = findings(&json(PROWLER)).remove(0);
    let passed = evidence(&with(PROWLER, "/Compliance/Status", json!("PASSED")));
    assert!(passed.passed);
    assert_eq!(passed.finding_key(), failing.key());
    assert!(!evidence(&with(PROWLER, "/Compliance/Status", json!("NOT_AVAILABLE"))).passed);
    let warned = findings(&with(SECURITY_HUB, "/Compliance/Status", json!("WARNING")));
    assert_eq!(warned[0].status, Status::Open);
    let muted = findings(&with(PROWLER, "/Compliance/Status", json!("WARNING")));
    assert_eq!(muted[0].status, Status::Suppressed);
}

#[test]
fn a_prowler_finding_has_its_check_as_rule_and_the_scan_as_scope() {
    let found = findings(&json(PROWLER)).remove(0);
    assert_eq!(found.rule.id, "s3_bucket_public_access");
    assert_eq!(found.class, FindingClass::Misconfiguration);
    let scope = found.scope.unwrap();
    assert_eq!(
        (scope.target.as_str(), scope.place.as_str()),
        ("prowler:aws:111122223333", "eu-west-1")
    );
    assert_eq!(scope.check, "s3_bucket_public_access");
    assert!(found.references.is_empty(), "only http and https are links");
}

#[test]
fn each_vulnerability_is_a_finding_with_the_newest_score() {
    let found = findings(&json(INSPECTOR));
    assert_eq!(found.len(), 2);
    let first = found[0].vulnerability.as_ref().unwrap();
    assert_eq!((first.id.as_str(), first.package.as_str()), ("CVE-2021-44228", "log4j-core"));
    assert_eq!(
        (first.version.as_str(), first.fixed_version.as_deref()),
        ("2.14.1", Some("2.15.0"))
    );
    assert_eq!((first.cvss, first.epss), (Some(10.0), Some(0.97)));
    assert_eq!(first.exploit_public, Some(true));
    assert_eq!(
        (found[0].severity, found[0].asset.id.account.as_str()),
        (Severity::Critical, "111122223333")
    );
    assert_eq!(found[0].rule.id, "CVE-2021-44228");
    let second = found[1].vulnerability.as_ref().unwrap();
    assert_eq!(second.id, "CVE-2021-45046", "a single related CVE names an advisory");
    assert_eq!(second.aliases, ["GHSA-aaaa-bbbb-cccc"]);
    assert_ne!(found[0].key(), found[1].key());
}

#[test]
fn a_detection_is_about_its_first_resource_and_names_the_others() {
    let found = findings(&json(GUARDDUTY));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].class, FindingClass::Detection);
    assert_eq!(found[0].rule.id, "Persistence:IAMUser/NetworkPermissions");
    assert_eq!(found[0].status, Status::InProgress);
    assert_eq!(found[0].asset.id.name, "i-0123456789abcdef0");
    let detection = found[0].detection.as_ref().unwrap();
    assert_eq!(detection.also_involved.len(), 1);
    assert_eq!(detection.tactics, ["Persistence"]);
    assert_eq!(detection.remote_addresses, ["198.51.100.7"]);
    assert_eq!(detection.principal.raw(), "alice");
    assert_eq!(detection.processes[0].pid, Some(42));
}

#[test]
fn secrets_that_trivy_finds_in_one_file_stay_apart() {
    let secret = |title: &str| {
        json!({"SchemaVersion": "2018-10-08", "Id": "deploy.sh", "GeneratorId": "Trivy",
            "ProductArn": "arn:aws:securityhub:eu-west-1::product/aquasecurity/aquasecurity",
            "Types": ["Sensitive Data Identifications"], "Title": title, "Severity": {"Label": "HIGH"},
            "Resources": [{"Type": "Other", "Id": "deploy.sh", "Details": {"Other": {"Filename": "deploy.sh"}}}]})
    };
    let one = findings(&secret("Trivy found a secret in deploy.sh: Example key")).remove(0);
    let other = findings(&secret("Trivy found a secret in deploy.sh: Example token")).remove(0);
    assert_eq!((one.tool.product.as_str(), one.class), ("trivy", FindingClass::Secret));
    assert_eq!(one.location.as_ref().unwrap().file, "deploy.sh");
    assert_ne!(one.key(), other.key());
}

#[test]
fn archived_and_resolved_are_resolved_and_suppressed_is_suppressed() {
    for (path, word, status) in [
        ("/RecordState", "ARCHIVED", Status::Resolved),
        ("/Workflow/Status", "RESOLVED", Status::Resolved),
        ("/Workflow/Status", "SUPPRESSED", Status::Suppressed),
        ("/Workflow/Status", "NOTIFIED", Status::InProgress),
        ("/Workflow/Status", "NEW", Status::Open),
    ] {
        let found = findings(&with(SECURITY_HUB, path, json!(word))).remove(0);
        assert_eq!(found.status, status, "{word}");
    }
}

#[test]
fn a_record_without_essentials_says_which() {
    let lacking = json!([json(PROWLER), {"SchemaVersion": "2018-10-08", "Id": "x"},
        {"Title": "t", "Resources": []}, {"Title": "t", "AwsAccountId": 111_122_223_333_u64}]);
    let (_, mut results) = run(&lacking.to_string()).unwrap();
    let account = results.pop().unwrap().unwrap();
    assert!(
        matches!(&account[..], [Record::Finding(f)] if f.asset.id.key() == "aws:account:111122223333"
        && f.native_id == "t|aws:account:111122223333"),
        "{account:?}"
    );
    assert!(results.pop().unwrap().unwrap_err().contains("`Resources[].Id`"));
    assert!(results.pop().unwrap().unwrap_err().contains("`Title`"));
}

#[test]
fn a_check_stays_a_misconfiguration_whatever_its_types_say() {
    for (types, product, class) in [
        (
            "Sensitive Data Identifications/Security",
            "prowler/prowler",
            FindingClass::Misconfiguration,
        ),
        ("Effects/Data Exposure", "aws/access-analyzer", FindingClass::Misconfiguration),
        (
            "Sensitive Data Identifications/PII/SensitiveData:S3Object-Personal",
            "aws/macie",
            FindingClass::DataRisk,
        ),
        ("TTPs/Discovery", "acme/watcher", FindingClass::Detection),
        (
            "Software and Configuration Checks/Patch Management",
            "aws/config",
            FindingClass::Misconfiguration,
        ),
    ] {
        let mut finding = with(PROWLER, "/Types", json!([types]));
        finding["ProductArn"] = json!(format!("arn:aws:securityhub:eu-west-1::product/{product}"));
        finding["Compliance"] = Value::Null;
        if product != "prowler/prowler" {
            finding["GeneratorId"] = json!("acme-generator");
        }
        let found = findings(&finding).remove(0);
        assert_eq!(found.class, class, "{product}");
        assert_eq!(found.scope.is_some(), product == "prowler/prowler");
    }
}

#[test]
fn a_field_of_an_odd_type_is_taken_or_rejected_and_never_breaks() {
    for fixture in [SECURITY_HUB, PROWLER, INSPECTOR, GUARDDUTY] {
        let whole = json(fixture);
        for field in whole.as_object().unwrap().keys() {
            for odd in [Value::Null, json!([]), json!({}), json!(7), json!("x"), json!([null])] {
                let mut finding = whole.clone();
                finding[field] = odd;
                let (_, results) = run(&json!([whole, finding]).to_string()).unwrap();
                assert_eq!(results.len(), 2, "{field}");
                assert!(!finding[field].is_null() || results[1].is_ok(), "{field}: {results:?}");
            }
        }
    }
}
