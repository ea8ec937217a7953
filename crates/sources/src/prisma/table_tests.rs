//! What rows of the console's exports become, and that they are the same findings as the API's.

use quell_model::{FindingClass, Record, Severity};
use serde_json::json;

use crate::testing::{normalize_text, only_finding};

const IMAGES: &str = "Registry,Repository,Tag,Id,Distro,Hosts,Layer,CVE ID,Compliance ID,Type,\
Severity,Packages,Source Package,Package Version,Package License,CVSS,Fix Status,Risk Factors,\
Description,Cause,Published,Discovered\n";

#[test]
fn a_row_of_an_image_scan_is_the_finding_of_the_api() {
    let row = "registry.example.com,shop/web,1.4,sha256:ab,alpine-3.20,3,,CVE-2026-0003,46,OS,\
high,\"libssl3,libcrypto3\",openssl,3.0.1-r0,OpenSSL,7.50,fixed in 3.0.2-r0,\
\"Has fix, Exploit exists - POC\",Buffer overflow,,2026-01-01 00:00:00.000,2026-02-01 00:00:00.000\n";
    let api = json!([{"_id": "x", "type": "image", "scanTime": "2026-10-01T08:00:00Z",
        "repoTag": {"registry": "registry.example.com", "repo": "shop/web", "tag": "1.4"},
        "hostname": "", "repoDigests": [], "vulnerabilityDistribution": {"high": 1},
        "complianceIssues": null, "vulnerabilities": [{"cve": "CVE-2026-0003", "id": 46,
            "packageName": "openssl", "packageVersion": "3.0.1-r0", "severity": "high",
            "status": "fixed in 3.0.2-r0", "cvss": 7.5,
            "riskFactors": {"Has fix": {}, "Exploit exists - POC": {}}}]}]);
    let (row, api) = (only_finding(&format!("{IMAGES}{row}")), only_finding(&api.to_string()));
    assert_eq!(row.key(), api.key());
    assert_eq!(row.title, api.title);
    assert_eq!(row.vulnerability, api.vulnerability);
    assert_eq!(row.vulnerability.as_ref().unwrap().fixed_version.as_deref(), Some("3.0.2-r0"));
}

#[test]
fn a_row_with_two_types_is_read_by_both_names() {
    let text = "Registry,Repository,Tag,Id,Scan Time,Pass,Type,Distro,Hostname,CVE ID,\
Compliance ID,Type,Severity,Packages,Package Version,CVSS,Fix Status,Description\n\
registry.example.com,shop/web,1.4,sha256:ab,14:24.3,TRUE,ciImage,Alpine,build-1,CVE-2026-0004,47,\
java,critical,io.example_web,1.1,9.8,fixed in 1.2,Odd\n";
    let finding = only_finding(text);
    assert_eq!(finding.asset.id.key(), "image:registry.example.com/shop/web:1.4");
    assert!(finding.evidence.iter().any(|(k, v)| k == "package_type" && v.raw() == "java"));
}

const HOSTS: &str = "Hostname,Distro,CVE ID,Compliance ID,Type,Severity,Packages,Source Package,\
Package Version,CVSS,Fix Status,Description,Cause,Vulnerability Link\n";

#[test]
fn a_host_fails_a_check_or_has_a_weakness_or_neither() {
    let check = "web-1.example.com,rhel9,,6412,linux,high,,,,0.00,,auditd is on,not on,\n";
    let finding = only_finding(&format!("{HOSTS}{check}"));
    assert_eq!(finding.class, FindingClass::Misconfiguration);
    assert_eq!(finding.rule.id, "compute-6412");
    assert_eq!((finding.title.raw(), finding.severity), ("auditd is on", Severity::High));
    assert_eq!(finding.asset.id.key(), "host::::host:web-1.example.com");
    let weak =
        "web-1.example.com,rhel9,CVE-2026-0005,46,image,low,gcc,,11.4,3.30,will not fix,d,,\n";
    assert_eq!(only_finding(&format!("{HOSTS}{weak}")).class, FindingClass::Vulnerability);
    let none = "web-1.example.com,rhel9,,,,,,,,,,,,\n";
    let records = normalize_text(&format!("{HOSTS}{none}")).remove(0).unwrap();
    assert!(matches!(records.as_slice(), [Record::Asset(_)]), "{records:?}");
    let nameless = ",rhel9,,6412,linux,high,,,,,,d,,\n";
    let reason = normalize_text(&format!("{HOSTS}{nameless}")).remove(0).unwrap_err();
    assert!(reason.contains("`Hostname`"), "{reason}");
}

const ALERTS: &str = "Alert ID,Status,Policy Name,Policy ID,Policy Type,Severity,Cloud Type,\
Account Name,Account ID,Region,Resource Name,Resource ID,Resource Type,Alert Time\n";

#[test]
fn a_row_of_the_alerts_export_is_the_finding_of_the_api() {
    let row = "P-7,dismissed,Bucket is public,pol-1,config,high,aws,prod,111122223333,AWS Ireland,\
acme-logs,arn:aws:s3:::acme-logs,STORAGE_BUCKET,2026-10-01T08:00:00Z\n";
    let api = json!([{"id": "P-7", "status": "dismissed",
        "policy": {"policyId": "pol-1", "policyType": "config", "name": "Bucket is public",
            "severity": "high"},
        "resource": {"id": "arn:aws:s3:::acme-logs", "name": "acme-logs", "cloudType": "aws",
            "accountId": "111122223333", "resourceType": "STORAGE_BUCKET"}}]);
    let (row, api) = (only_finding(&format!("{ALERTS}{row}")), only_finding(&api.to_string()));
    assert_eq!(row.key(), api.key());
    assert_eq!((row.status, row.severity, row.class), (api.status, api.severity, api.class));
    let nameless = "P-7,open,,pol-1,config,high,aws,p,1,r,n,i,T,\n";
    let reason = normalize_text(&format!("{ALERTS}{nameless}")).remove(0).unwrap_err();
    assert!(reason.contains("`Policy Name`"), "{reason}");
}

#[test]
fn rows_of_one_alert_for_several_requirements_are_one_finding() {
    let header = ALERTS.replace("Alert Time", "Alert Time,Compliance Requirement");
    let row = |requirement: &str| {
        format!(
            "P-7,open,Bucket is public,,config,high,aws,p,111122223333,r,n,n,T,,{requirement}\n"
        )
    };
    let text = format!("{header}{}{}", row("SC-28"), row("SC-12"));
    let keys: Vec<_> = normalize_text(&text)
        .into_iter()
        .flat_map(Result::unwrap)
        .map(|record| match record {
            Record::Finding(finding) => finding.key(),
            other @ (Record::Evidence(_)
            | Record::Asset(_)
            | Record::Activity(_)
            | Record::Statement(_)
            | Record::Relation(_)
            | Record::Exploited(_)) => {
                panic!("{other:?}")
            }
        })
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}
