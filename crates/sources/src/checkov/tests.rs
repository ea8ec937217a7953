//! Checkov's reports, read the way files are.

use quell_model::{Record, Severity, Status};

use crate::testing::{normalize_text, only_finding};

const CHECK: &str = r#"{"check_id":"CKV_AWS_18","check_name":"Logging","check_result":{"result":"X"},"file_path":"/infra/main.tf",
  "file_abs_path":"/src/shop/infra/main.tf","file_line_range":[3,9],"resource":"aws_s3_bucket.logs","severity":null}"#;

fn report(list: &str) -> String {
    format!(r#"{{"check_type":"terraform","results":{{"{list}":[{CHECK}]}},"summary":{{}}}}"#)
}

#[test]
fn a_failed_check_is_about_its_block_and_has_no_severity_of_its_own() {
    let finding = only_finding(&report("failed_checks"));
    assert_eq!(finding.asset.id.key(), "iac::infra/main.tf:aws_s3_bucket.logs");
    assert_eq!(finding.severity, Severity::Unknown);
    assert_eq!(finding.location.unwrap().start_line, Some(3));
    assert_eq!(finding.scope.unwrap().target, "checkov:terraform:/src/shop");
}

#[test]
fn a_pass_closes_what_the_same_check_raised_and_a_skip_is_kept() {
    let passed = normalize_text(&report("passed_checks"));
    let [Ok(records)] = passed.as_slice() else { panic!("{passed:?}") };
    let [Record::Evidence(evidence)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(evidence.finding_key(), only_finding(&report("failed_checks")).key());
    assert_eq!(only_finding(&report("skipped_checks")).status, Status::Suppressed);
}

#[test]
fn a_list_of_reports_and_a_scan_without_result_are_read() {
    let list = format!("[{},{}]", report("failed_checks"), report("passed_checks"));
    assert_eq!(normalize_text(&list).len(), 2);
    let sums = r#"{"passed":0,"failed":0,"skipped":0,"parsing_errors":0,"resource_count":0,"checkov_version":"3.0.0"}"#;
    assert!(normalize_text(sums).is_empty());
}
