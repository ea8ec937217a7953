//! The operator's reports, read the way files are.

use quell_model::{FindingClass, Record, Severity};

use crate::testing::{normalize_text, only_finding};

fn report(kind: &str, workload: &str, name: &str, body: &str) -> String {
    format!(
        r#"{{"apiVersion":"aquasecurity.github.io/v1alpha1","kind":"{kind}","metadata":{{"name":"r","namespace":"shop",
         "creationTimestamp":"2026-10-01T00:00:00Z",
         "labels":{{"trivy-operator.resource.kind":"{workload}","trivy-operator.resource.name":"{name}",
          "trivy-operator.resource.namespace":"shop","trivy-operator.container.name":"app"}},
         "ownerReferences":[{{"kind":"{workload}","name":"{name}","uid":"0d4a"}}]}},
         "report":{{"scanner":{{"name":"Trivy","vendor":"Aqua Security"}},"updateTimestamp":"2026-10-02T00:00:00Z",
          "summary":{{}},{body}}}}}"#
    )
}

const CHECKS: &str = r#""checks":[
  {"checkID":"KSV017","title":"Privileged","severity":"HIGH","success":false,"messages":["Container 'app' …"],"remediation":"do"},
  {"checkID":"KSV001","title":"Escalation","severity":"MEDIUM","success":true}]"#;

#[test]
fn a_failed_check_is_about_the_deployment_behind_the_replica_set() {
    for (kind, name, key) in [
        ("ReplicaSet", "web-965685897", "kubernetes::shop:deployment:web"),
        ("ReplicaSet", "web-standalone", "kubernetes::shop:replicaset:web-standalone"),
        ("StatefulSet", "db-6d4cf56db9", "kubernetes::shop:statefulset:db-6d4cf56db9"),
    ] {
        let read = normalize_text(&report("ConfigAuditReport", kind, name, CHECKS));
        let [Ok(records)] = read.as_slice() else { panic!("{read:?}") };
        let [Record::Finding(failed), Record::Evidence(passed)] = records.as_slice() else {
            panic!("{records:?}")
        };
        assert_eq!(failed.asset.id.key(), key);
        assert_eq!((failed.rule.id.as_str(), failed.severity), ("KSV017", Severity::High));
        assert_eq!(failed.tool.product, "trivy");
        assert!(passed.passed && passed.rule.id == "KSV001");
        assert_eq!(failed.scope, passed.scope);
    }
}

#[test]
fn a_repeated_check_that_passes_has_the_key_of_the_one_that_failed() {
    let failed = r#""checks":[{"checkID":"KSV017","title":"t","severity":"LOW","success":false}]"#;
    let finding = only_finding(&report("ConfigAuditReport", "Deployment", "web", failed));
    let passed = failed.replace("false", "true");
    let read = normalize_text(&report("ConfigAuditReport", "Deployment", "web", &passed));
    let [Ok(records)] = read.as_slice() else { panic!("{read:?}") };
    let [Record::Evidence(evidence)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(evidence.finding_key(), finding.key());
}

#[test]
fn vulnerabilities_and_secrets_name_workload_image_and_file() {
    let finding = only_finding(&report(
        "VulnerabilityReport",
        "Deployment",
        "web",
        r#""registry":{"server":"ghcr.io"},"artifact":{"repository":"acme/web","tag":"1"},
          "vulnerabilities":[{"vulnerabilityID":"CVE-2026-0001","resource":"libx","installedVersion":"1","fixedVersion":"2",
           "severity":"CRITICAL","title":"","score":9.1,"primaryLink":"https://example.com/a"}]"#,
    ));
    assert_eq!(finding.title.raw(), "CVE-2026-0001 in libx");
    assert_eq!(finding.vulnerability.as_ref().unwrap().cvss, Some(9.1));
    assert!(finding.evidence.iter().any(|(n, v)| n == "image" && v.raw() == "ghcr.io/acme/web:1"));
    let secret = only_finding(&report(
        "ExposedSecretReport",
        "Pod",
        "web",
        r#""secrets":[{"ruleID":"key","title":"Key","severity":"HIGH","target":"/etc/k","match":"hunter2"}]"#,
    ));
    assert_eq!(secret.class, FindingClass::Secret);
    assert_eq!(secret.location.as_ref().unwrap().file, "etc/k");
    assert!(!serde_json::to_string(&secret).unwrap().contains("hunter2"));
}

#[test]
fn reports_come_alone_in_lists_by_kind_and_from_the_webhook() {
    let one = report("ConfigAuditReport", "Deployment", "web", CHECKS);
    let typed = one.replace(
        r#""apiVersion":"aquasecurity.github.io/v1alpha1","kind":"ConfigAuditReport","#,
        "",
    );
    for (text, records) in [
        (one.clone(), 1),
        (format!("[{one},{one}]"), 2),
        (one.replace('\n', " ") + "\n" + &one.replace('\n', " "), 2),
        (format!(r#"{{"apiVersion":"v1","kind":"List","items":[{one}]}}"#), 1),
        (
            format!(
                r#"{{"apiVersion":"aquasecurity.github.io/v1alpha1","kind":"ConfigAuditReportList","items":[{typed}]}}"#
            ),
            1,
        ),
        (typed, 1),
        (format!(r#"{{"verb":"update","operatorObject":{one}}}"#), 1),
        (
            format!(
                r#"{{"configauditreports.aquasecurity.github.io":[{one}],"sbomreports.aquasecurity.github.io":[]}}"#
            ),
            1,
        ),
    ] {
        let read = normalize_text(&text);
        assert_eq!(read.len(), records, "{text}");
        assert!(read.iter().all(|r| r.as_ref().is_ok_and(|made| made.len() == 2)), "{read:?}");
    }
}

#[test]
fn what_is_no_report_is_a_reject_that_says_so() {
    let one = report("ConfigAuditReport", "Deployment", "web", CHECKS);
    let other = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{}}"#;
    let read = normalize_text(&format!(r#"{{"kind":"List","items":[{one},{other}]}}"#));
    assert_eq!(read[1].as_ref().unwrap_err(), "`kind` is `Deployment`, and `report` is missing");
    let deleted = normalize_text(&format!(r#"{{"verb":"delete","operatorObject":{one}}}"#));
    assert!(deleted[0].as_ref().unwrap_err().contains("`verb` is delete"));
}

#[test]
fn an_empty_report_is_evidence_and_a_bill_of_materials_an_image() {
    let read = normalize_text(&report(
        "VulnerabilityReport",
        "Deployment",
        "web",
        r#""vulnerabilities":[]"#,
    ));
    assert!(
        matches!(read[0].as_ref().unwrap().as_slice(), [Record::Evidence(e)] if e.passed && e.scope.is_some())
    );
    let null = report("ConfigAuditReport", "Deployment", "web", r#""checks":null"#);
    assert!(normalize_text(&null)[0].as_ref().unwrap_err().contains("none of"));
    let zero = null.replace(r#""summary":{}"#, r#""summary":{"highCount":0}"#);
    assert!(matches!(normalize_text(&zero)[0].as_ref().unwrap().as_slice(), [Record::Evidence(_)]));
    let read = normalize_text(&report(
        "SbomReport",
        "Deployment",
        "web",
        r#""artifact":{"repository":"acme/web","tag":"1"},"components":{"components":[{"name":"x"}]}"#,
    ));
    let [Record::Asset(asset)] = read[0].as_ref().unwrap().as_slice() else { panic!("{read:?}") };
    assert_eq!(asset.id.key(), "image:docker.io/acme/web:1");
}

#[test]
fn a_compliance_report_tells_failed_passed_and_unchecked_controls_apart() {
    let of = |status: &str| {
        let text = format!(
            r#"{{"apiVersion":"aquasecurity.github.io/v1alpha1","kind":"ClusterComplianceReport","metadata":{{"name":"cis"}},
             "spec":{{"compliance":{{"id":"cis","title":"CIS"}}}},"status":{status}}}"#
        );
        normalize_text(&text).remove(0).unwrap()
    };
    let sums = of(
        r#"{"summaryReport":{"controlCheck":[{"id":"4.2.9","name":"a b c","severity":"HIGH","totalFail":3},
          {"id":"4.2.10","totalFail":0},{"id":"4.2.11"}]}}"#,
    );
    let [Record::Finding(failed), Record::Evidence(passed), Record::Evidence(unchecked)] =
        &sums[..]
    else {
        panic!("{sums:?}")
    };
    assert_eq!((failed.rule.id.as_str(), failed.severity), ("cis-4.2.9", Severity::High));
    assert!(passed.passed && !unchecked.passed);
    let details = of(r#"{"detailReport":{"results":[{"id":"5.1.1","severity":"HIGH","checks":[
           {"checkID":"AVD-KSV-0017","title":"Privileged","severity":"","success":false,"target":"shop/replicaset-web-965685897"},
           {"checkID":"AVD-KSV-0001","success":true,"target":"shop/statefulset-db"}]},
          {"id":"1.1.1","checks":[{"checkID":"","success":true}]}]}}"#);
    let [Record::Finding(failed), Record::Evidence(passed), Record::Evidence(unchecked)] =
        &details[..]
    else {
        panic!("{details:?}")
    };
    assert_eq!(failed.asset.id.key(), "kubernetes::shop:deployment:web");
    assert_eq!(failed.severity, Severity::High);
    assert_eq!(passed.asset.id.key(), "kubernetes::shop:statefulset:db");
    assert!(passed.passed && !unchecked.passed);
}
