//! What the console's reports and the command line tool's results become, and that a report's row
//! is the same finding as the API's record.

use quell_model::{FindingClass, Provider, Severity, Status};
use serde_json::json;

use crate::testing::{normalize_text, only_finding};

const ISSUES: &str = "Created At,Title,Severity,Status,Description,Resource Type,\
Resource external ID,Subscription ID,Project Names,Resolved Time,Resolution,Control ID,\
Resource Name,Resource Region,Resource Platform,Resource original JSON,Issue ID,Note,\
Remediation Recommendation,Wiz URL,Resource Tags\n";

#[test]
fn a_row_of_the_issues_report_is_the_finding_of_the_api() {
    let row = "2026-10-01T08:00:00Z,Public bucket,HIGH,OPEN,Anyone can read,bucket,acme-logs,\
111122223333,Payments,,,wc-id-7,acme-logs,eu-west-1,AWS,\"{\"\"Arn\"\":\"\"arn:aws:s3:::acme-logs\"\"}\",\
issue-1,ask Kim,Block it,https://app.example.com/i/1,\"{\"\"team\"\":\"\"payments\"\"}\"\n";
    let api = json!([{"id": "issue-1", "severity": "HIGH", "status": "OPEN",
        "createdAt": "2026-10-01T08:00:00Z", "sourceRule": {"id": "wc-id-7", "name": "Public bucket"},
        "entitySnapshot": {"name": "acme-logs", "providerId": "arn:aws:s3:::acme-logs",
            "nativeType": "bucket", "cloudPlatform": "AWS", "region": "eu-west-1",
            "subscriptionExternalId": "111122223333"}}]);
    let (row, api) = (only_finding(&format!("{ISSUES}{row}")), only_finding(&api.to_string()));
    assert_eq!(row.key(), api.key());
    assert_eq!(row.asset.id, api.asset.id);
    assert_eq!(row.title, api.title);
    assert_eq!((row.severity, row.status, row.class), (api.severity, api.status, api.class));
    assert_eq!(row.asset.tags["team"].raw(), "payments");
    assert_eq!(row.remediation.raw(), "Block it");
    assert!(row.evidence.iter().any(|(name, text)| name == "note" && text.raw() == "ask Kim"));
}

#[test]
fn an_issue_without_id_or_asset_is_a_reject_that_names_the_column() {
    let row = |id: &str, name: &str| {
        format!("{ISSUES},t,LOW,OPEN,,bucket,,,,,,c-1,{name},,AWS,,{id},,,,\n")
    };
    let reason = |text: String| normalize_text(&text).remove(0).unwrap_err();
    assert!(reason(row("", "acme")).contains("`Issue ID`"));
    assert!(reason(row("i-1", "")).contains("`Resource Name`"));
}

#[test]
fn a_row_of_the_vulnerability_report_is_the_finding_of_the_api() {
    let row = "ID,Name,CVSSSeverity,HasExploit,HasCisaKevExploit,FindingStatus,VendorSeverity,\
FirstDetected,LastDetected,DetailedName,Version,FixedVersion,AssetID,AssetName,AssetRegion,\
ProviderUniqueId,CloudPlatform,SubscriptionExternalId,Tags\n\
v-1,CVE-2026-0001,Medium,false,true,Resolved,High,2026-09-01T00:00:00Z,2026-10-01T00:00:00Z,\
openssl,3.0.1,3.0.2,a-1,web,eu-west-1,\
arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0,AWS,111122223333,{}\n";
    let api = json!([{"id": "v-1", "name": "CVE-2026-0001", "vendorSeverity": "High",
        "status": "RESOLVED", "firstDetectedAt": "2026-09-01T00:00:00Z",
        "lastDetectedAt": "2026-10-01T00:00:00Z", "detailedName": "openssl", "version": "3.0.1",
        "fixedVersion": "3.0.2", "hasExploit": false, "hasCisaKevExploit": true,
        "vulnerableAsset": {"id": "a-1", "name": "web", "region": "eu-west-1",
            "cloudPlatform": "AWS", "subscriptionExternalId": "111122223333",
            "providerUniqueId": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0"}}]);
    let (row, api) = (only_finding(row), only_finding(&api.to_string()));
    assert_eq!(row.key(), api.key());
    assert_eq!(row.vulnerability, api.vulnerability);
    assert_eq!(row.vulnerability.as_ref().unwrap().exploited, Some(true));
    assert_eq!((row.status, row.severity), (Status::Resolved, Severity::High));
}

#[test]
fn a_passed_row_of_the_configuration_report_is_evidence() {
    let text = "Finding ID,Rule ID,Rule Name,Result,Severity,Resource Name,Resource ID,\
Resource Platform,Subscription ID\n\
f-1,rule-1,Bucket is private,Pass,HIGH,acme-logs,arn:aws:s3:::acme-logs,AWS,111122223333\n";
    let records = normalize_text(text).remove(0).unwrap();
    assert!(
        matches!(records.as_slice(), [quell_model::Record::Evidence(e)] if e.passed),
        "{records:?}"
    );
    let failed = only_finding(&text.replace("Pass", "Fail"));
    assert_eq!(failed.rule.id, "rule-1");
}

fn scan(kind: &str, name: &str, result: &serde_json::Value) -> String {
    let mut result = result.clone();
    result["__typename"] = json!("CICDScanResult");
    json!({"id": "s-1", "createdAt": "2026-10-01T08:00:00Z", "policies": [],
        "scanOriginResource": {"__typename": format!("CICDScanOrigin{kind}"), "name": name},
        "result": result, "reportUrl": "https://app.example.com/s"})
    .to_string()
}

fn library() -> serde_json::Value {
    json!({"libraries": [
        {"name": "other", "version": "1", "path": "/go.mod", "vulnerabilities": []},
        {"name": "example.com/net", "version": "0.1.0", "path": "/go.mod", "vulnerabilities": [
            {"name": "CVE-2026-0002", "severity": "HIGH", "fixedVersion": "0.2.0", "score": 7.5,
             "hasExploit": true, "hasCisaKevExploit": false}]}], "secrets": null})
}

#[test]
fn a_scanned_package_is_named_by_the_document_around_its_weakness() {
    let found = only_finding(&scan("Directory", "/src/shop", &library()));
    let weakness = found.vulnerability.as_ref().unwrap();
    assert_eq!(
        (weakness.package.as_str(), weakness.version.as_str()),
        ("example.com/net", "0.1.0")
    );
    assert_eq!(weakness.exploit_public, Some(true));
    assert_eq!((found.asset.id.provider, found.severity), (Provider::Code, Severity::High));
    assert_eq!(found.location.as_ref().unwrap().file, "go.mod");
    assert!(found.last_seen.is_some());
    let image = only_finding(&scan("ContainerImage", "registry.example.com/shop:1", &library()));
    assert_eq!(image.asset.id.key(), "image:registry.example.com/shop:1");
    assert_ne!(image.key(), found.key());
}

#[test]
fn infrastructure_code_is_the_same_finding_in_the_next_scan() {
    let result = json!({"ruleMatches": [{"rule": {"id": "r-1", "name": "Bucket is public"},
        "severity": "HIGH", "matches": [{"resourceName": "aws_s3_bucket[logs].acl",
            "fileName": "main.tf", "lineNumber": 3, "found": "public", "expected": "private",
            "fileType": "TERRAFORM"}]}], "secrets": []});
    let first = only_finding(&scan("IAC", "IAC scan 2026-10-01T08:00:00Z", &result));
    let second = only_finding(&scan("IAC", "IAC scan 2026-10-02T08:00:00Z", &result));
    assert_eq!(first.key(), second.key());
    assert_eq!(first.asset.id.key(), "iac::main.tf:aws_s3_bucket.logs");
    assert_eq!(first.location.as_ref().unwrap().start_line, Some(3));
    assert_eq!(first.severity, Severity::High);
}

#[test]
fn what_a_secret_is_stays_out() {
    let result = json!({"secrets": [{"type": "PASSWORD", "path": "/app/db.go", "lineNumber": 9,
        "description": "Password in URL (db://u:hunter2@h)"}], "libraries": null});
    let found = only_finding(&scan("Directory", "/src/shop", &result));
    assert_eq!(found.class, FindingClass::Secret);
    let shown = [found.title.raw(), found.description.raw(), found.native_id.as_str()].concat();
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn objects_of_one_name_in_two_clusters_or_namespaces_are_apart() {
    let key = |id: &str| {
        let row =
            format!(",t,LOW,OPEN,,Deployment,{id},111122223333,,,,c-1,web,,Kubernetes,,i-1,,,,\n");
        only_finding(&format!("{ISSUES}{row}")).asset.id.key().to_owned()
    };
    let first = key("k8s/deployment/aa11/shop/web");
    assert_eq!(first, "kubernetes:111122223333/aa11:shop:deployment:web");
    assert_ne!(first, key("k8s/deployment/bb22/shop/web"));
    assert_ne!(first, key("k8s/deployment/aa11/test/web"));
}
