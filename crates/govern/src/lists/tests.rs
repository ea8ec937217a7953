//! Lists as tools document them.

use super::*;

fn scopes(name: &str, text: &str) -> Vec<String> {
    let list = read_list(name, text).unwrap();
    list.entries.iter().map(|entry| entry.scope.to_string()).collect()
}

#[test]
fn a_plain_trivyignore_is_read_with_its_reasons_and_days() {
    let text = "# Accept the risk\nCVE-2018-14618\n\nCVE-2019-14697 exp:2027-01-31\n\
                AVD-DS-0002 # root is meant\nCVE-1 exp:soon\nCVE-2 and more\n";
    let list = read_list("dir/.trivyignore", text).unwrap();
    let entry = |at: usize| &list.entries[at];
    assert_eq!(entry(0).scope.to_string(), "cve = \"CVE-2018-14618\" and tool = \"trivy\"");
    assert_eq!((entry(0).reason.as_str(), entry(0).line), ("Accept the risk", 2));
    assert_eq!((entry(1).reason.as_str(), entry(1).until), ("", "2027-01-31".parse().ok()));
    assert_eq!(entry(2).scope.to_string(), "rule = \"AVD-DS-0002\" and tool = \"trivy\"");
    assert_eq!(entry(2).reason, "root is meant");
    let lines: Vec<usize> = list.rejects.iter().map(|reject| reject.line).collect();
    assert_eq!((list.entries.len(), lines), (3, vec![6, 7]));
}

#[test]
fn a_trivyignore_in_yaml_is_read() {
    let text = "vulnerabilities:\n  - id: CVE-2022-40897\n    paths:\n      - \"usr/**/METADATA\"\n    \
                statement: Accept the risk\n    expired_at: 2027-06-30\n  \
                - id: CVE-2\n    purls: [\"pkg:pypi/setuptools\"]\n  \
                - id: CVE-3\n    purls: [\"pkg:pypi/setuptools@1\"]\nsecrets:\n  - id: aws-key\n  - paths: [a]\n";
    let list = read_list(".trivyignore.yaml", text).unwrap();
    let found: Vec<String> = list.entries.iter().map(|entry| entry.scope.to_string()).collect();
    assert_eq!(
        found,
        [
            "(cve = \"CVE-2022-40897\" and tool = \"trivy\") and path = \"usr/*/METADATA\"",
            "(cve = \"CVE-2\" and tool = \"trivy\") and package = \"*setuptools\"",
            "rule = \"aws-key\" and tool = \"trivy\"",
        ]
    );
    assert_eq!(list.entries[0].until, "2027-06-30".parse().ok());
    assert_eq!(list.rejects.len(), 2);
}

#[test]
fn a_prowler_mutelist_is_read_and_what_cannot_be_said_is_told() {
    let text = "Mutelist:\n  Accounts:\n    \"123456789012\":\n      Checks:\n        \
        iam_user_hardware_mfa_enabled:\n          Regions: [\"us-east-1\"]\n          \
        Resources: [\"user-1\", \"^test-.*\"]\n          Description: Findings of robots\n        \
        ec2_*:\n          Regions: [\"*\"]\n          Resources: [\"*\"]\n          \
        Tags: [\"test=test\", \"project=a|project=b\"]\n          \
        Exceptions: {Accounts: [\"1\"], Regions: [\"eu-west-1\"]}\n        \
        s3_x:\n          Resources: [\"(a|b)+\"]\n    \"*\":\n      Checks:\n        \"*\":\n          \
        Regions: [\"*\"]\n          Resources: [\"*\"]\n";
    let list = read_list("mutelist.yaml", text).unwrap();
    let found: Vec<String> = list.entries.iter().map(|entry| entry.scope.to_string()).collect();
    assert_eq!(
        found,
        [
            "tool = \"prowler\" and account = \"123456789012\" and \
             rule = \"iam_user_hardware_mfa_enabled\" and region = \"us-east-1\" and \
             asset in (\"*user-1*\", \"*:test-**\", \"*/test-**\")",
            "tool = \"prowler\" and account = \"123456789012\" and rule = \"ec2_*\" and \
             tag.test = \"test\" and (tag.project = \"a\" or tag.project = \"b\") and \
             not (account = \"1\" and region = \"eu-west-1\")",
        ]
    );
    assert_eq!(list.entries[0].reason, "Findings of robots");
    let why: Vec<&str> = list.rejects.iter().map(|reject| reject.why.as_str()).collect();
    assert_eq!(why.len(), 2);
    assert!(why[0].contains("(a|b)+") && why[1].contains("everything"), "{why:?}");
}

#[test]
fn checkov_skips_are_read() {
    let text = "framework: [terraform]\nskip-check:\n  - CKV_AWS_20\n  - CKV_K8S_*\n  - LOW\n  - CKV_1:x\n";
    let one = |id: &str| format!("rule = \"{id}\" and tool = \"checkov\"");
    assert_eq!(scopes(".checkov.yaml", text), [one("CKV_AWS_20"), one("CKV_K8S_*")]);
    assert_eq!(read_list(".checkov.yaml", text).unwrap().rejects.len(), 2);
    assert_eq!(
        scopes("c.yml", "skip-check: CKV_AWS_1, CKV_AWS_2"),
        [one("CKV_AWS_1"), one("CKV_AWS_2")]
    );
}

#[test]
fn what_is_no_list_is_refused() {
    assert_eq!(read_list("a.yaml", "a: 1"), Err(NoList::Unknown));
    assert!(matches!(read_list("a.yaml", "a: [1"), Err(NoList::Damaged(_))));
    assert!(matches!(read_list("a.yaml", &"[".repeat(9000)), Err(NoList::Damaged(_))));
    assert!(matches!(read_list("a.yaml", "a: &x 1\nb: *x"), Err(NoList::Damaged(_))));
    assert_eq!(read_list("a.yaml", &"#".repeat(MOST_BYTES + 1)), Err(NoList::Long));
}

#[test]
fn what_is_written_is_read_again() {
    let text = "CVE-1\nweird\"id\\\n";
    for scope in scopes(".trivyignore", text) {
        let again: Expression = scope.parse().unwrap();
        assert_eq!(again.to_string(), scope);
    }
}
