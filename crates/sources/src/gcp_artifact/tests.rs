//! Facts about occurrences of Artifact Analysis.

use quell_model::{FindingClass, Record, Severity, Status};
use serde_json::{Value, json};

use crate::testing::{normalize_text, only_finding};

fn uri() -> String {
    format!("https://north-docker.pkg.dev/fleet/boats/ferry@sha256:{}", "cd".repeat(32))
}

fn occurrence() -> Value {
    json!({"name": "projects/fleet/occurrences/o1", "kind": "VULNERABILITY",
        "noteName": "projects/goog-vulnz/notes/CVE-2031-4004", "resourceUri": uri(),
        "createTime": "2026-01-02T03:04:05.678901Z", "updateTime": "2026-01-03T00:00:00Z",
        "vulnerability": {"severity": "HIGH", "effectiveSeverity": "LOW", "cvssScore": 7.1,
            "shortDescription": "CVE-2031-4004",
            "longDescription": "NIST vectors: CVSS:3.1/AV:N/AC:L",
            "relatedUrls": [{"label": "More", "url": "https://cve.example/4"}],
            "packageIssue": [
                {"affectedPackage": "libkeel", "effectiveSeverity": "MINIMAL",
                    "affectedVersion": {"epoch": 1, "name": "2.0", "revision": "3", "kind": "NORMAL"},
                    "fixedVersion": {"kind": "MAXIMUM"}, "packageType": "OS"},
                {"affectedPackage": "keel", "affectedVersion": {"fullName": "2.0.1"},
                    "fixedVersion": {"fullName": "2.0.2", "kind": "NORMAL"},
                    "fileLocation": [{"filePath": "/app/keel.jar"}]}]}})
}

#[test]
fn each_package_is_a_finding_on_the_digest() {
    let results = normalize_text(&json!([occurrence()]).to_string());
    let [Record::Finding(os), Record::Finding(app)] = &results[0].as_ref().unwrap()[..] else {
        panic!("{results:?}")
    };
    assert_eq!(os.asset.id.key(), format!("image:sha256:{}", "cd".repeat(32)));
    assert_eq!((os.severity, app.severity), (Severity::Informational, Severity::Low));
    let weakness = os.vulnerability.as_ref().unwrap();
    assert_eq!((weakness.version.as_str(), &weakness.fixed_version), ("1:2.0-3", &None));
    assert_eq!(weakness.cvss_vector.as_deref(), Some("CVSS:3.1/AV:N/AC:L"));
    let weakness = app.vulnerability.as_ref().unwrap();
    assert_eq!((weakness.id.as_str(), weakness.cvss), ("CVE-2031-4004", Some(7.1)));
    assert_eq!(weakness.fixed_version.as_deref(), Some("2.0.2"));
    assert_eq!(weakness.path.as_deref(), Some("/app/keel.jar"));
    assert_ne!(os.key(), app.key());
}

#[test]
fn a_description_holds_the_image_its_scan_and_its_weaknesses() {
    let scan = json!({"name": "projects/fleet/occurrences/d1", "kind": "DISCOVERY",
        "noteName": "projects/goog-analysis/notes/PACKAGE_VULNERABILITY", "resourceUri": uri(),
        "discovery": {"analysisStatus": "FINISHED_SUCCESS", "lastScanTime": "2026-01-03T00:00:00Z"}});
    let text = json!({"discovery_summary": {"discovery": [scan]},
        "image_summary": {"digest": "sha256:cd", "fully_qualified_digest": uri()},
        "package_vulnerability_summary": {"vulnerabilities": {
            "LOW": [occurrence()], "MINIMAL": [occurrence()]}}});
    let results = normalize_text(&text.to_string());
    let records: Vec<&Record> = results.iter().flat_map(|r| r.as_ref().unwrap()).collect();
    let of = |test: fn(&Record) -> bool| records.iter().filter(|r| test(r)).count();
    assert_eq!(of(|r| matches!(r, Record::Finding(_))), 4);
    assert_eq!(of(|r| matches!(r, Record::Asset(_))), 1);
    assert_eq!(of(|r| matches!(r, Record::Activity(a) if a.succeeded == Some(true))), 1);
}

#[test]
fn an_answer_of_the_older_interface_reads_alike() {
    let mut old = occurrence();
    old["resource"] = json!({"uri": uri()});
    old["resourceUri"] = json!(null);
    old["vulnerability"]["packageIssue"] = json!([{
        "affectedLocation": {"package": "libkeel", "version": {"name": "2.0"}},
        "fixedLocation": {"package": "libkeel", "version": {"name": "2.1"}}}]);
    let found = only_finding(&json!({"occurrences": [old]}).to_string());
    let weakness = found.vulnerability.unwrap();
    assert_eq!((weakness.package.as_str(), weakness.version.as_str()), ("libkeel", "2.0"));
    assert_eq!(weakness.fixed_version.as_deref(), Some("2.1"));
}

#[test]
fn an_assessment_that_it_is_not_affected_suppresses() {
    let mut one = occurrence();
    one["vulnerability"]["packageIssue"] = json!([]);
    one["vulnerability"]["vexAssessment"] = json!({"state": "NOT_AFFECTED"});
    let found = only_finding(&one.to_string());
    assert_eq!((found.status, found.status_native.as_str()), (Status::Suppressed, "NOT_AFFECTED"));
}

#[test]
fn other_kinds_are_taken_for_what_they_are() {
    let of_kind = |kind: &str| {
        let mut one = occurrence();
        one["kind"] = json!(kind);
        one["secret"] = json!({"kind": "SECRET_KIND_GCP_API_KEY"});
        one["compliance"] = json!({"nonComplianceReason": "No user is set."});
        normalize_text(&one.to_string()).remove(0)
    };
    let class = |kind: &str| match of_kind(kind).unwrap().remove(0) {
        Record::Finding(finding) => finding.class,
        other @ (Record::Evidence(_)
        | Record::Asset(_)
        | Record::Activity(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_)) => {
            panic!("{other:?}")
        }
    };
    assert_eq!(class("COMPLIANCE"), FindingClass::Misconfiguration);
    assert_eq!(class("SECRET"), FindingClass::Secret);
    assert!(matches!(of_kind("BUILD").unwrap()[0], Record::Activity(_)));
    for kind in ["PACKAGE", "UPGRADE", "NEW_KIND"] {
        assert!(of_kind(kind).unwrap_err().contains("$.kind"), "{kind}");
    }
}
