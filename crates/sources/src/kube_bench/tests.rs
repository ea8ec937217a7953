//! kube-bench's reports, read the way files are.

use quell_model::{Record, Severity};

use crate::testing::normalize_text;

fn section(node_type: &str, checks: &str) -> String {
    format!(
        r#"{{"id":"1","version":"1.6","detected_version":"1.19","text":"Section","node_type":"{node_type}","tests":[
          {{"section":"1.1","pass":1,"fail":1,"warn":1,"info":0,"desc":"Files","results":[{checks}]}}],
          "total_pass":1,"total_fail":1,"total_warn":1,"total_info":0}}"#
    )
}

fn check(status: &str, more: &str) -> String {
    format!(
        r#"{{"test_number":"1.1.7","test_desc":"Ensure that a file is owned by root (Automated)","status":"{status}",
         "remediation":"chown","actual_value":"","expected_result":"","scored":true,"type":""{more}}}"#
    )
}

fn made(text: &str) -> Vec<Record> {
    let read = normalize_text(text);
    read.into_iter().flat_map(Result::unwrap).collect()
}

#[test]
fn a_failed_check_is_a_finding_about_the_nodes_of_its_role() {
    let records = made(&section("master", &check("FAIL", "")));
    let [Record::Finding(finding)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((finding.rule.id.as_str(), finding.severity), ("1.1.7", Severity::Unknown));
    assert_eq!(finding.rule.aliases, ["cis-1.6-1.1.7"]);
    assert_eq!(finding.asset.name.raw(), "master nodes");
    assert_eq!(finding.title.raw(), "Files: Ensure that a file is owned by root (Automated)");
    let of_workers = made(&section("node", &check("FAIL", "")));
    let [Record::Finding(other)] = of_workers.as_slice() else { panic!("{of_workers:?}") };
    assert_ne!(other.asset.id.key(), finding.asset.id.key());
    assert_ne!(other.key(), finding.key());
}

#[test]
fn passes_and_what_needs_a_person_are_evidence() {
    for (status, more, passed, said) in [
        ("PASS", "", true, "PASS"),
        ("INFO", r#","reason":"Test marked as skip""#, false, "INFO: Test marked as skip"),
        (
            "WARN",
            r#","reason":"Test marked as a manual test""#,
            false,
            "WARN: Test marked as a manual test",
        ),
        ("", "", false, "no status"),
    ] {
        let records = made(&section("policies", &check(status, more)));
        let [Record::Evidence(evidence)] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((evidence.passed, evidence.result_native.as_str()), (passed, said));
        assert_eq!(evidence.asset.name.raw(), "cluster");
    }
}

#[test]
fn a_check_that_is_not_scored_and_was_run_is_a_low_finding_when_it_warns() {
    let text = check("WARN", "")
        .replace(r#""scored":true"#, r#""scored":false"#)
        .replace(r#""expected_result":"""#, r#""expected_result":"'--x' is present""#);
    let records = made(&section("node", &text));
    let [Record::Finding(finding)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((finding.severity, finding.status_native.as_str()), (Severity::Low, "WARN"));
}

#[test]
fn a_pass_closes_the_finding_that_the_same_check_raised() {
    let failed = made(&section("etcd", &check("FAIL", "")));
    let [Record::Finding(finding)] = failed.as_slice() else { panic!("{failed:?}") };
    let passed = made(&section("etcd", &check("PASS", "")));
    let [Record::Evidence(evidence)] = passed.as_slice() else { panic!("{passed:?}") };
    assert_eq!(evidence.finding_key(), finding.key());
}

#[test]
fn reports_lists_single_sections_and_lines_are_read() {
    let one = section("node", &check("FAIL", "")).replace('\n', " ");
    let report =
        format!(r#"{{"Controls":[{one},{one}],"Totals":{{"total_pass":1,"total_fail":1}}}}"#);
    for (text, findings) in [
        (report.clone(), 2),
        (format!("{report}\n{report}\n"), 4),
        (format!("[{one}]"), 1),
        (format!("[{report}]"), 2),
        (one.clone(), 1),
        (format!("{one}\n{one}\n"), 2),
        (r#"{"Controls":[],"Totals":{"total_pass":0,"total_fail":0}}"#.to_owned(), 0),
    ] {
        assert_eq!(made(&text).len(), findings, "{text}");
    }
}

#[test]
fn a_section_of_which_nothing_ran_is_known_by_its_nodes() {
    let text = r#"[{"version":"1.6","node_type":"etcd","tests":null,"total_fail":0}]"#;
    assert!(matches!(made(text).as_slice(), [Record::Asset(_)]));
    let other = normalize_text(&format!(
        r#"{{"Controls":[{},{{"id":"x"}}],"Totals":{{}}}}"#,
        section("node", &check("FAIL", ""))
    ));
    assert_eq!(other[1].as_ref().unwrap_err(), "`node_type` and `tests` are missing");
}
