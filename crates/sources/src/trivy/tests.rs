//! Trivy's reports, read the way files are.

use quell_model::{FindingClass, Record, Status};

use crate::testing::{normalize_text, only_finding};

#[test]
fn a_vulnerability_of_an_image_names_image_package_and_score() {
    let text = r#"{"SchemaVersion":2,"CreatedAt":"2026-10-01T00:00:00Z","ArtifactName":"shop/web:1","ArtifactType":"container_image",
      "Metadata":{"RepoDigests":["shop/web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]},
      "Results":[{"Target":"empty","Class":"os-pkgs"},{"Target":"app.jar","Class":"lang-pkgs","Vulnerabilities":[
       {"VulnerabilityID":"CVE-2021-44228","PkgName":"org.apache.logging.log4j:log4j-core","InstalledVersion":"2.14.1",
        "FixedVersion":"2.15.0","Severity":"CRITICAL","Title":"t","CVSS":{"nvd":{"V3Score":10.0},"ghsa":{"V3Score":9.0}}}]}]}"#;
    let finding = only_finding(text);
    assert_eq!(finding.asset.id.key(), format!("image:sha256:{}", "a".repeat(64)));
    let weakness = finding.vulnerability.unwrap();
    assert_eq!((weakness.cvss, weakness.fixed_version.as_deref()), (Some(10.0), Some("2.15.0")));
    assert_eq!(finding.scope.unwrap().check, "lang-pkgs");
    assert!(finding.last_seen.is_some());
}

#[test]
fn a_misconfiguration_is_about_its_block_and_a_pass_is_evidence() {
    let text = r#"{"SchemaVersion":2,"ArtifactName":".","ArtifactType":"filesystem","Results":[{"Target":"main.tf","Class":"config",
      "Misconfigurations":[
       {"ID":"AWS-0086","AVDID":"AVD-AWS-0086","Title":"t","Severity":"HIGH","Status":"FAIL",
        "CauseMetadata":{"Resource":"aws_s3_bucket.logs","StartLine":3,"EndLine":9}},
       {"ID":"AWS-0086","Title":"t","Severity":"HIGH","Status":"PASS","CauseMetadata":{"Resource":"aws_s3_bucket.other"}}]}]}"#;
    let records = normalize_text(text);
    let [Ok(first), Ok(second)] = records.as_slice() else { panic!("{records:?}") };
    let [Record::Finding(finding)] = first.as_slice() else { panic!() };
    assert_eq!(finding.asset.id.key(), "iac::main.tf:aws_s3_bucket.logs");
    assert_eq!(finding.rule.aliases, ["AVD-AWS-0086"]);
    assert!(matches!(second.as_slice(), [Record::Evidence(e)] if e.passed));
}

#[test]
fn what_a_statement_took_out_is_suppressed_and_a_secret_is_not_repeated() {
    let text = r#"{"SchemaVersion":2,"ArtifactName":".","ArtifactType":"repository","Results":[{"Target":"a","Class":"lang-pkgs",
      "ExperimentalModifiedFindings":[{"Status":"not_affected","Statement":"s","Finding":{"VulnerabilityID":"CVE-1","PkgName":"p"}}]},
      {"Target":"b","Class":"secret","Secrets":[{"RuleID":"r","Title":"Key","Severity":"HIGH","StartLine":2,"Match":"hunter2"}]}]}"#;
    let records = normalize_text(text);
    let [Ok(first), Ok(second)] = records.as_slice() else { panic!("{records:?}") };
    let [Record::Finding(taken_out)] = first.as_slice() else { panic!() };
    assert_eq!(taken_out.status, Status::Suppressed);
    let [Record::Finding(secret)] = second.as_slice() else { panic!() };
    assert_eq!(secret.class, FindingClass::Secret);
    assert!(!serde_json::to_string(secret).unwrap().contains("hunter2"));
}

#[test]
fn a_resource_that_could_not_be_scanned_is_a_reject() {
    let results = normalize_text(
        r#"{"ClusterName":"prod","Resources":[
          {"Namespace":"shop","Kind":"Pod","Name":"a","Error":"image not found"},
          {"Namespace":"shop","Kind":"Pod","Name":"clean"},
          {"Namespace":"shop","Kind":"Deployment","Name":"web","Results":[
            {"Target":"Deployment/web","Class":"config","MisconfSummary":{"Successes":9}},
            {"Target":"Deployment/web","Class":"config","Misconfigurations":[
              {"ID":"KSV017","Title":"t","Severity":"HIGH","Status":"FAIL"}]}]}]}"#,
    );
    let [Err(reason), Ok(_)] = results.as_slice() else { panic!("{results:?}") };
    assert_eq!(reason, "`shop/Pod/a` could not be scanned: image not found");
}

#[test]
fn a_fault_of_an_object_in_a_cluster_has_no_line_and_a_consolidated_report_is_read() {
    for list in ["Resources", "Findings", "Misconfigurations"] {
        let text = format!(
            r#"{{"ClusterName":"prod","{list}":[{{"Namespace":"shop","Kind":"Deployment","Name":"web","Results":[
              {{"Target":"Deployment/web","Class":"config","Misconfigurations":[
                {{"ID":"KSV017","Title":"t","Severity":"HIGH","Status":"FAIL","CauseMetadata":{{"StartLine":9}}}}]}}]}}]}}"#
        );
        let finding = only_finding(&text);
        assert_eq!(finding.asset.id.key(), "kubernetes:prod:shop:deployment:web");
        assert_eq!(finding.location, None);
    }
}
