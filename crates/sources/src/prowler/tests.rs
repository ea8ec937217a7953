//! What Prowler's tables and JSON become, and that a scan is the same findings in each form.

use quell_model::{Evidence, Finding, Record, Severity, Status};
use serde_json::json;

use crate::testing::{normalize_text, only_finding};

const HEADER: &str = "AUTH_METHOD;TIMESTAMP;ACCOUNT_UID;FINDING_UID;PROVIDER;CHECK_ID;CHECK_TITLE;\
STATUS;STATUS_EXTENDED;MUTED;SEVERITY;RESOURCE_TYPE;RESOURCE_UID;RESOURCE_NAME;RESOURCE_TAGS;REGION;\
DESCRIPTION;RISK;RELATED_URL;REMEDIATION_RECOMMENDATION_TEXT;REMEDIATION_RECOMMENDATION_URL\n";

const BUCKET: &str = "profile: x;2026-10-01 08:00:00.5;111122223333;\
prowler-aws-s3_bucket_public_access-111122223333-eu-west-1-acme-logs;aws;s3_bucket_public_access;\
Bucket is not public;FAIL;Bucket acme-logs is public.;False;high;AwsS3Bucket;arn:aws:s3:::acme-logs;\
acme-logs;team=payments | env=prod;eu-west-1;Why it matters;Data leaks;https://example.com/a;\
Block it;https://example.com/b\n";

fn table(row: &str) -> String {
    format!("{HEADER}{row}")
}

fn only_evidence(text: &str) -> Evidence {
    let mut results = normalize_text(text);
    let records = results.remove(0).unwrap();
    match records.as_slice() {
        [Record::Evidence(evidence)] => (**evidence).clone(),
        other => panic!("{other:?}"),
    }
}

fn ocsf() -> String {
    json!([{"class_uid": 2004, "severity_id": 4, "severity": "High", "status": "New", "status_id": 1,
        "status_code": "FAIL", "status_detail": "Bucket acme-logs is public.", "time": 1_790_841_600,
        "metadata": {"event_code": "s3_bucket_public_access", "product": {"name": "Prowler"}},
        "finding_info": {"title": "Bucket is not public", "desc": "Why it matters",
            "analytic": {"name": "Bucket is not public"},
            "uid": "prowler-aws-s3_bucket_public_access-111122223333-eu-west-1-acme-logs"},
        "resources": [{"uid": "arn:aws:s3:::acme-logs", "name": "acme-logs", "type": "AwsS3Bucket",
            "region": "eu-west-1", "labels": ["team:payments", "env:prod"]}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}, "region": "eu-west-1"}}])
    .to_string()
}

fn native() -> String {
    json!([{"AssessmentStartTime": "2026-10-01T08:00:00.500000", "Provider": "aws",
        "FindingUniqueId": "prowler-aws-s3_bucket_public_access-111122223333-eu-west-1-acme-logs",
        "CheckID": "s3_bucket_public_access", "CheckTitle": "Bucket is not public",
        "Status": "FAIL", "StatusExtended": "Bucket acme-logs is public.", "Severity": "high",
        "ResourceType": "AwsS3Bucket", "Region": "eu-west-1", "AccountId": "111122223333",
        "Description": "Why it matters", "Profile": null,
        "ResourceId": "acme-logs", "ResourceArn": "arn:aws:s3:::acme-logs",
        "ResourceTags": {"team": "payments", "env": "prod"}}])
    .to_string()
}

#[test]
fn a_scan_is_the_same_finding_as_table_json_and_ocsf() {
    let forms: Vec<Finding> =
        [table(BUCKET), native(), ocsf()].iter().map(|text| only_finding(text)).collect();
    let [row, json, event] = forms.as_slice() else { panic!() };
    for other in [row, json] {
        assert_eq!(other.key(), event.key());
        assert_eq!(other.scope, event.scope);
        assert_eq!(other.asset.id, event.asset.id);
        assert_eq!(other.asset.tags, event.asset.tags);
        assert_eq!(other.rule, event.rule);
        assert_eq!(other.class, event.class);
        assert_eq!(other.description, event.description);
        assert_eq!(other.severity, Severity::High);
    }
    assert_eq!(row.references, ["https://example.com/a", "https://example.com/b"]);
    assert!(row.last_seen.is_some());
}

#[test]
fn a_pod_is_the_same_asset_as_table_and_ocsf() {
    let row = "x;2026-10-01 08:00:00;kind;u-1;kubernetes;apiserver_audit;Audit is on;FAIL;No audit;\
False;medium;Pod;api-1;api-1;;namespace: kube-system;;;;;\n";
    let event = json!([{"class_uid": 2004, "severity_id": 3, "status_code": "FAIL", "cloud": null,
        "metadata": {"event_code": "apiserver_audit", "product": {"name": "Prowler"}},
        "finding_info": {"title": "Audit is on", "uid": "u-1"},
        "resources": [{"uid": "api-1", "name": "api-1", "type": "Pod", "namespace": "kube-system"}]}]);
    let (row, event) = (only_finding(&table(row)), only_finding(&event.to_string()));
    assert_eq!(row.key(), event.key());
    assert_eq!(row.scope, event.scope);
}

#[test]
fn a_passed_or_manual_check_is_evidence_for_the_same_finding() {
    let finding = only_finding(&table(BUCKET));
    let passed = only_evidence(&table(&BUCKET.replace(";FAIL;", ";PASS;")));
    assert!(passed.passed);
    assert_eq!(passed.finding_key(), finding.key());
    assert_eq!(passed.scope, finding.scope);
    let manual = only_evidence(&table(&BUCKET.replace(";FAIL;", ";MANUAL;")));
    assert!(!manual.passed);
}

#[test]
fn a_muted_row_is_suppressed() {
    let rows = [BUCKET.replace(";False;", ";True;"), BUCKET.replace(";FAIL;", ";MUTED;")];
    for row in rows {
        assert_eq!(only_finding(&table(&row)).status, Status::Suppressed);
    }
}

#[test]
fn a_row_without_its_check_or_result_is_a_reject_that_names_the_column() {
    let no_check = normalize_text(&table(&BUCKET.replace("aws;s3_bucket_public_access;", "aws;;")));
    assert_eq!(no_check, [Err("column `CHECK_ID` is missing or empty".to_owned())]);
    let odd = normalize_text(&table(&BUCKET.replace(";FAIL;", ";=1+1;")));
    assert!(odd[0].as_ref().unwrap_err().contains("`STATUS`"), "{odd:?}");
}

#[test]
fn a_table_of_version_3_with_commas_is_the_same_finding() {
    let text = "ASSESSMENT_START_TIME,FINDING_UNIQUE_ID,PROVIDER,ACCOUNT_ID,REGION,CHECK_ID,\
CHECK_TITLE,STATUS,STATUS_EXTENDED,SEVERITY,RESOURCE_ID,RESOURCE_ARN,RESOURCE_TYPE\n\
2026-10-01T08:00:00,prowler-aws-s3_bucket_public_access-111122223333-eu-west-1-acme-logs,aws,\
111122223333,eu-west-1,s3_bucket_public_access,Bucket is not public,FAIL,\"public, really\",high,\
acme-logs,arn:aws:s3:::acme-logs,AwsS3Bucket\n";
    assert_eq!(only_finding(text).key(), only_finding(&table(BUCKET)).key());
}

#[test]
fn a_table_of_requirements_tells_of_the_same_finding() {
    let text = "PROVIDER;DESCRIPTION;ACCOUNTID;REGION;ASSESSMENTDATE;REQUIREMENTS_ID;STATUS;\
STATUSEXTENDED;RESOURCEID;RESOURCENAME;CHECKID;MUTED\n\
AWS;A framework;111122223333;eu-west-1;2026-10-01 08:00:00;2.1;FAIL;public;arn:aws:s3:::acme-logs;\
acme-logs;s3_bucket_public_access;False\n";
    let finding = only_finding(text);
    assert_eq!(finding.key(), only_finding(&table(BUCKET)).key());
    assert_eq!(finding.scope, only_finding(&table(BUCKET)).scope);
    let same_time = BUCKET.replace("08:00:00.5", "08:00:00");
    let own = only_finding(&table(&same_time));
    assert!(finding.last_seen < own.last_seen, "the scan's own table says more");
    let question = text
        .replace("s3_bucket_public_access", "manual")
        .replace(";FAIL;", ";MANUAL;")
        .replace("arn:aws:s3:::acme-logs;acme-logs", "manual_check;Manual check");
    let asked = only_evidence(&question);
    assert_eq!((asked.rule.id.as_str(), asked.passed), ("manual:2.1", false));
    assert_eq!(asked.asset.id.key(), "aws:account:111122223333");
}

const FIRST: &str = "PROFILE,ACCOUNT_NUM,REGION,TITLE_ID,CHECK_RESULT,TITLE_TEXT,\
CHECK_RESULT_EXTENDED,CHECK_SEVERITY,CHECK_ASFF_RESOURCE_TYPE\n";

#[test]
fn version_2_names_its_check_in_brackets_and_its_resource_in_the_sentence() {
    let row = "dev,111122223333,eu-west-1,7.5,FAIL,[extra75] No unused groups (Not Scored),\
eu-west-1: sg-0123456789 is not used,Low,AwsEc2SecurityGroup\n";
    let finding = only_finding(&format!("{FIRST}{row}"));
    assert_eq!(
        (finding.rule.id.as_str(), finding.rule.title.raw()),
        ("extra75", "No unused groups")
    );
    assert_eq!(finding.rule.aliases, ["7.5"]);
    assert_eq!(finding.asset.native_id, "sg-0123456789");
    assert_eq!(finding.asset.id.account, "111122223333");
    let account = "dev,111122223333,eu-west-1,1.9,FAIL,[check19] Long passwords,\
No password policy,Medium,AwsAccount\n";
    let finding = only_finding(&format!("{FIRST}{account}"));
    assert_eq!(finding.asset.id.key(), "aws:account:111122223333");
}

#[test]
fn version_2_as_json_is_the_same_finding_as_its_row() {
    let row = "dev,111122223333,eu-west-1,1.9,FAIL,[check19] Long passwords,\
No password policy,Medium,AwsAccount\n";
    let json = json!({"Profile": "dev", "Account Number": "111122223333", "Region": "eu-west-1",
        "Control": "[check19] Long passwords", "Control ID": "1.09", "Status": "FAIL",
        "Message": "No password policy", "Severity": "Medium", "Resource ID": "",
        "Timestamp": "2026-10-01T08:00:00Z"});
    let (row, json) = (only_finding(&format!("{FIRST}{row}")), only_finding(&json.to_string()));
    assert_eq!(row.key(), json.key());
}

#[test]
fn what_version_2_warns_of_is_allowed_by_the_user() {
    let row = "dev,111122223333,eu-west-1,1.9,WARNING,[check19] Long passwords,\
No password policy,Medium,AwsAccount\n";
    assert_eq!(only_finding(&format!("{FIRST}{row}")).status, Status::Suppressed);
}

#[test]
fn rows_that_end_with_a_delimiter_are_read() {
    let row = "dev,111122223333,eu-west-1,1.9,FAIL,[check19] Long passwords,\
No password policy,Medium,AwsAccount,\n";
    assert_eq!(only_finding(&format!("{FIRST}{row}")).rule.id, "check19");
}

#[test]
fn a_quote_left_open_or_a_narrow_row_costs_its_row_only() {
    let good = "dev,111122223333,eu-west-1,1.9,FAIL,[check19] Long passwords,\
No password policy,Medium,AwsAccount\n";
    let open = good.replace("dev,", "\"dev,");
    let quoted = good.replace("No password policy", "\"No, no\npolicy\"");
    for (rows, expected) in [
        (format!("{open}{good}{good}"), [false, true, true].as_slice()),
        (format!("dev,1\n{good}"), &[false, true]),
        ("dev,1\n".to_owned(), &[false]),
        (format!("{good}{open}{good}{quoted}{good}"), &[true, false, true, false, false, true]),
        (format!("{good}{quoted}{good}"), &[true, true, true]),
        (format!(",,,,,,,,\n{good}"), &[false, true]),
        (",,,,,,,,\n".to_owned(), &[false]),
    ] {
        let results = normalize_text(&format!("{FIRST}{rows}"));
        let taken: Vec<bool> = results.iter().map(Result::is_ok).collect();
        assert_eq!(taken, expected, "{rows}: {results:?}");
    }
}
