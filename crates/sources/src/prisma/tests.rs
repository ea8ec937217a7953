//! Every kind of record, by what it must become.

use quell_model::{Finding, FindingClass, Record, Severity, Status};
use serde_json::{Value, json};

use super::{SOURCE, shapes};
use crate::testing::{normalize_text, only_finding};
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
    let records = read(shape, text).unwrap();
    let finding = |record| match record {
        Record::Finding(finding) => Some(*finding),
        Record::Evidence(_)
        | Record::Asset(_)
        | Record::Activity(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_) => None,
    };
    records.into_iter().filter_map(finding).collect()
}

fn only(shape: &str, text: &str) -> Finding {
    let mut all = findings(shape, text);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn fact<'a>(finding: &'a Finding, name: &str) -> Option<&'a str> {
    finding.evidence.iter().find(|(key, _)| key == name).map(|(_, value)| value.raw())
}

#[test]
fn snoozed_alert_is_suppressed_and_named_by_its_policy() {
    let finding = only(shapes::ALERT, include_str!("fixtures/alert.json"));
    assert_eq!(finding.native_id, "P-4711");
    assert_eq!(finding.rule.id, "11111111-2222-3333-4444-555555555555");
    assert_eq!(finding.rule.title.raw(), "Example bucket policy");
    assert_eq!(finding.rule.aliases, ["PC-AWS-S3-1"], "a free label is no alias");
    assert_eq!((finding.class, finding.severity), (FindingClass::Misconfiguration, Severity::High));
    assert_eq!((finding.status, finding.status_native.as_str()), (Status::Suppressed, "snoozed"));
    assert_eq!(finding.asset.native_id, "acme-logs");
    assert_eq!(finding.asset.id.account, "111122223333");
    assert_eq!(finding.asset.tags["team"].raw(), "payments");
    assert_eq!(finding.asset.signals.internet_exposed, Some(true));
    assert_eq!(finding.first_seen.unwrap().to_string(), "2024-05-06T07:08:09Z");
    assert_eq!(finding.last_seen.unwrap().to_string(), "2024-05-07T07:08:09Z");
    assert!(finding.references.is_empty(), "a script is no link");
}

#[test]
fn webhook_and_api_make_the_same_finding() {
    let api = only(shapes::ALERT, include_str!("fixtures/alert.json"));
    let posted = only(shapes::POSTED, include_str!("fixtures/webhook.json"));
    assert_eq!(api.key(), posted.key());
    assert_eq!(api.asset.id, posted.asset.id);
    assert_eq!(posted.status, Status::Open);
    assert_eq!(posted.references, ["https://app.example.com/alerts/P-4711"]);
}

#[test]
fn statuses_and_policy_types_map_to_ours() {
    let alert = include_str!("fixtures/alert.json");
    for (word, status) in [
        ("open", Status::Open),
        ("dismissed", Status::Suppressed),
        ("resolved", Status::Resolved),
        ("pending_resolution", Status::InProgress),
        ("brand_new", Status::Open),
    ] {
        let text = alert.replace("\"snoozed\"", &format!("\"{word}\""));
        assert_eq!(only(shapes::ALERT, &text).status, status, "{word}");
    }
    for (word, class) in [
        ("network", FindingClass::Misconfiguration),
        ("anomaly", FindingClass::Detection),
        ("iam", FindingClass::Identity),
        ("data", FindingClass::DataRisk),
        ("attack_path", FindingClass::AttackPath),
        ("workload_vulnerability", FindingClass::Vulnerability),
        ("workload_incident", FindingClass::Detection),
    ] {
        let text = alert.replace("\"config\"", &format!("\"{word}\""));
        assert_eq!(only(shapes::ALERT, &text).class, class, "{word}");
    }
}

#[test]
fn audit_event_is_about_what_the_call_touched() {
    let finding = only(shapes::ALERT, include_str!("fixtures/audit_event.json"));
    assert_eq!(finding.class, FindingClass::Detection);
    assert_eq!(finding.severity, Severity::Unknown, "no details, no severity");
    assert_eq!(finding.asset.native_id, "subnet-0a1b2c3d");
    let detection = finding.detection.unwrap();
    assert_eq!(detection.principal.raw(), "arn:aws:sts::111122223333:assumed-role/admin/kim");
    assert_eq!(detection.remote_addresses, ["198.51.100.7"]);
    let actor = &detection.also_involved[0];
    assert_eq!(actor.native_id, "arn:aws:iam::111122223333:role/admin");
}

#[test]
fn container_audit_is_about_its_pod() {
    let text = include_str!("fixtures/runtime_container.json");
    let finding = only(shapes::AUDIT, text);
    assert_eq!(finding.native_id, "65f000000000000000000001");
    assert_eq!(finding.rule.id, "reverseShell");
    assert_eq!(finding.title.raw(), "Reverse shell");
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(finding.asset.native_kind, "Pod");
    assert_eq!(finding.asset.native_id, "prod/shop/Pod/web-5d9c");
    assert_eq!(fact(&finding, "rule_name"), Some("acme default"));
    let detection = finding.detection.unwrap();
    assert_eq!(detection.techniques, ["T1105"]);
    assert_eq!(detection.processes[0].command_line.raw(), "bash -i");
    assert_eq!(detection.remote_addresses, ["203.0.113.9"]);
    let others: Vec<&str> =
        detection.also_involved.iter().map(|asset| asset.native_id.as_str()).collect();
    assert_eq!(others, ["registry.example.com/shop/web:1.2", "i-0a1b2c3d4e5f60718"]);
}

#[test]
fn container_outside_of_a_known_pod_is_about_its_image() {
    let text = include_str!("fixtures/runtime_container.json").replace("pod.name", "other");
    let finding = only(shapes::AUDIT, &text);
    assert_eq!(finding.asset.native_id, "registry.example.com/shop/web:1.2");
}

#[test]
fn incident_has_the_worst_severity_of_its_audits() {
    let finding = only(shapes::INCIDENT, include_str!("fixtures/incident.json"));
    assert_eq!((finding.severity, finding.severity_native.as_str()), (Severity::High, "high"));
    assert_eq!(finding.status, Status::Resolved, "acknowledged");
    assert_eq!(finding.asset.id.account, "", "the account is not known");
    assert_eq!(finding.first_seen.unwrap().to_string(), "2024-05-06T07:00:00Z");
    let detection = finding.detection.unwrap();
    assert_eq!(detection.processes.len(), 1, "the same process twice is one");
    assert_eq!(detection.techniques, ["T1496"]);
}

#[test]
fn image_scan_makes_a_finding_of_each_weakness() {
    let all = findings(shapes::SCAN, include_str!("fixtures/image_scan.json"));
    assert_eq!(all.len(), 6);
    let first = all[0].vulnerability.as_deref().unwrap();
    assert_eq!((first.id.as_str(), first.package.as_str()), ("CVE-2021-44228", "log4j-core"));
    assert_eq!(first.fixed_version.as_deref(), Some("2.15.0"));
    assert_eq!(first.path.as_deref(), Some("/app/log4j.jar"));
    assert_eq!((first.exploited, first.exploit_public), (Some(true), Some(true)));
    assert_eq!(first.cvss, Some(10.0));
    assert_eq!(all[0].asset.native_id, "registry.example.com/shop/web:1.2@sha256:cc");
    let severities: Vec<Severity> = all.iter().take(4).map(|finding| finding.severity).collect();
    let expected = [Severity::Critical, Severity::Informational, Severity::High, Severity::Unknown];
    assert_eq!(severities, expected);
    assert_eq!(all[3].severity_native, "spicy");
    assert_eq!(all[4].rule.id, "compute-41");
    assert_eq!(all[4].class, FindingClass::Misconfiguration);
    assert_eq!(all[5].class, FindingClass::Secret);
}

#[test]
fn tags_of_a_huge_scan_are_not_multiplied() {
    let tags: Vec<String> =
        (0..200).map(|n| format!(r#"{{"key":"k{n}","value":"{}"}}"#, "v".repeat(1000))).collect();
    let weakness = vec![r#"{"cve":"CVE-2024-1"}"#; 200].join(",");
    let text = format!(
        r#"{{"repoTag":{{"repo":"web"}},"externalLabels":[{}],"vulnerabilities":[{weakness}]}}"#,
        tags.join(",")
    );
    let all = findings(shapes::SCAN, &text);
    assert_eq!(all.len(), 200);
    assert!(all.iter().all(|finding| finding.asset.tags.is_empty()));
}

#[test]
fn command_line_scan_names_the_same_checks() {
    let all = findings(shapes::SCAN, include_str!("fixtures/twistcli.json"));
    let found = all[0].vulnerability.as_deref().unwrap();
    assert_eq!(found.id, "CVE-2022-9");
    assert_eq!((found.exploited, found.exploit_public), (None, Some(true)));
    assert_eq!(all[0].asset.native_id, "registry.example.com/shop/api:2.0");
    assert_eq!(all[1].rule.id, "compute-41");
}

#[test]
fn clean_scan_still_says_that_the_function_is_there() {
    let records = read(shapes::SCAN, include_str!("fixtures/function_scan.json")).unwrap();
    let [Record::Asset(asset)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(asset.native_id, "arn:aws:lambda:eu-west-1:111122223333:function:pay");
    assert_eq!(asset.name.raw(), "pay");
}

#[test]
fn posted_audit_is_about_its_image() {
    let text = r#"{"type":"processes","time":"2024-05-06T07:08:09Z","rule":"acme","message":"odd",
        "host":"node-1","image":"shop/web:1.2","container":"web","aggregated":[]}"#;
    let finding = only(shapes::POSTED_AUDIT, text);
    assert_eq!(finding.asset.native_id, "shop/web:1.2");
    assert_eq!(finding.rule.id, "processes");
    assert_eq!(fact(&finding, "rule_name"), Some("acme"));
}

#[test]
fn connections_that_repeat_are_one_detection() {
    let finding = only(shapes::GROUP, include_str!("fixtures/network_group.json"));
    assert_eq!(finding.first_seen.unwrap().to_string(), "2024-05-06T07:00:00Z");
    assert_eq!(finding.last_seen.unwrap().to_string(), "2024-05-06T09:00:00Z");
    assert_eq!(finding.detection.unwrap().remote_addresses, ["203.0.113.9"]);
}

#[test]
fn cluster_audits_name_the_caller() {
    let exec = only(shapes::KUBERNETES, include_str!("fixtures/kubernetes_audit.json"));
    assert_eq!(exec.asset.native_kind, "Cluster");
    let detection = exec.detection.unwrap();
    assert_eq!(detection.principal.raw(), "kim");
    assert_eq!(detection.remote_addresses, ["198.51.100.7"]);
    assert_eq!(detection.techniques, ["T1609"]);
    let blocked = only(shapes::ADMISSION, include_str!("fixtures/admission_audit.json"));
    assert_eq!(blocked.rule.id, "no privileged pods");
    assert_eq!(blocked.asset.native_id, "prod/shop/Pod/web");
}

#[test]
fn failed_login_is_an_activity() {
    let records = read(shapes::MANAGEMENT, include_str!("fixtures/management_audit.json")).unwrap();
    let [Record::Activity(login)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((login.action.as_str(), login.succeeded), ("login", Some(false)));
    assert_eq!(login.principal.raw(), "kim");
}

#[test]
fn what_lacks_the_essentials_is_rejected_with_its_path() {
    for (shape, text, path) in [
        (shapes::ALERT, r#"{"id":"P-1","resource":{"id":"x"}}"#, "$.policy.policyId"),
        (shapes::ALERT, r#"{"id":"P-1","policy":{"policyId":"p"}}"#, "$.resource.id"),
        (shapes::POSTED, r#"{"alertId":"P-1"}"#, "$.policyId"),
        (shapes::AUDIT, r#"{"type":"cmdi","hostname":""}"#, "$.hostname"),
        (shapes::INCIDENT, r#"{"hostname":"h"}"#, "$.category"),
        (shapes::SCAN, r#"{"err":"timed out"}"#, "$.err"),
        (shapes::SCAN, "{}", "$.repoTag"),
        (shapes::GROUP, "{}", "$.audits"),
        (shapes::MANAGEMENT, "{}", "$.type"),
        (shapes::SETTINGS, "{}", "not a finding"),
    ] {
        let reason = read(shape, text).unwrap_err().0;
        assert!(reason.contains(path), "{shape}: {reason}");
    }
}

#[test]
fn odd_types_cost_a_field_and_not_the_process() {
    for reader in SOURCE.shapes {
        for text in ["[]", "0", "null", r#""x""#, r#"{"time":[],"policy":null,"audits":null}"#] {
            assert!(read(reader.name, text).is_err(), "{} {text}", reader.name);
        }
    }
    let text = r#"{"id":7,"policy":{"policyId":"p","name":["x"]},"resource":{"id":true,"data":3}}"#;
    let finding = only(shapes::ALERT, text);
    assert_eq!((finding.native_id.as_str(), finding.asset.native_id.as_str()), ("7", "true"));
}

#[test]
fn assets_with_a_policy_and_exported_rows_are_read() {
    let asset = |passed: bool| {
        json!({"id": "/subscriptions/aa8/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web",
            "name": "web", "rrn": "rrn:azure:instance:eastus:aa8:9f:x", "accountId": "aa8", "cloudType": "azure",
            "regionId": "eastus", "assetType": "Azure Virtual Machine",
            "scannedPolicy": {"id": "7f59", "name": "Machine without SSH keys", "severity": "low", "passed": passed}})
    };
    let text = format!("{}\n{}\n", asset(false), asset(true));
    let records: Vec<Record> = normalize_text(&text).into_iter().flat_map(Result::unwrap).collect();
    let [Record::Finding(finding), Record::Evidence(evidence)] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!((finding.rule.id.as_str(), evidence.passed), ("7f59", true));
    assert_eq!(finding.asset.id, evidence.asset.id);
    let row = json!({"CVE_ID": "CVE-2023-49082", "ASSET_ID": "a8b8", "ASSET_TYPE": "package", "CLOUD_ACCOUNT_ID": "N/A",
        "SEVERITY": "medium", "PACKAGE_NAME": "aiohttp", "INSTALLED_VERSIONS": "[3.5.3]", "FIX_VERSION": "[3.9.0]",
        "EPSS_SCORE": "1.7E-4", "CISA_KEV": "N", "INTERNET_EXPOSED": "Y"});
    let finding = only_finding(&row.to_string());
    let weakness = finding.vulnerability.unwrap();
    assert_eq!(
        (weakness.version.as_str(), weakness.fixed_version.as_deref()),
        ("3.5.3", Some("3.9.0"))
    );
    assert_eq!((weakness.epss, weakness.exploited), (Some(1.7e-4), Some(false)));
    assert_eq!(finding.asset.signals.internet_exposed, Some(true));
}
