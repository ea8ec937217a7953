//! What merges and what must not, and that no order changes it.

use std::sync::LazyLock;

use proptest::prelude::*;
use quell_catalog::Catalog;
use quell_model::{
    Asset, AssetId, Finding, FindingClass, Hints, IssueKey, Location, Provider, Rule, Severity,
    Status, Tool, Untrusted, Vulnerability,
};

use crate::{Member, assemble, identify, merged_because};

fn bucket(name: &str) -> Asset {
    let native = format!("arn:aws:s3:::{name}");
    let hints = Hints { provider: Some(Provider::Aws), ..Hints::default() };
    Asset {
        id: AssetId::parse(&native, &hints),
        native_id: native,
        name: Untrusted::from(name),
        ..Asset::default()
    }
}

fn finding(tool: &str, rule: &str, title: &str, asset: Asset) -> Finding {
    let tool_of = Tool { product: tool.to_owned(), format: tool.to_owned() };
    let rule_of = Rule { id: rule.to_owned(), ..Rule::default() };
    Finding {
        native_id: format!("{tool}-{rule}"),
        title: Untrusted::from(title),
        severity: Severity::High,
        ..Finding::new(tool_of, FindingClass::Misconfiguration, rule_of, asset)
    }
}

fn weak(id: &str, package: &str, asset: Asset) -> Finding {
    Finding {
        class: FindingClass::Vulnerability,
        vulnerability: Some(Box::new(Vulnerability {
            id: id.to_owned(),
            package: package.to_owned(),
            ..Vulnerability::default()
        })),
        ..finding("trivy", id, id, asset)
    }
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

fn key(finding: &Finding) -> IssueKey {
    let rule = std::iter::once(finding.rule.id.as_str());
    let (product, title) = (&finding.tool.product, finding.title.raw());
    let control = CATALOG.control_for(product, rule, title, &finding.asset.id);
    identify(finding, control.map(|(control, _)| control), CATALOG.words()).key
}

#[test]
fn one_fault_on_one_asset_is_one_issue_whoever_says_so() {
    let prowler = finding("prowler", "s3_bucket_object_versioning", "Versioning", bucket("a"));
    let hub = finding("security_hub", "S3.14", "Buckets should have versioning", bucket("a"));
    let checkov = finding("checkov", "CKV_AWS_21", "Ensure versioning", bucket("a"));
    assert_eq!(key(&prowler), key(&hub));
    assert_eq!(key(&prowler), key(&checkov));
}

#[test]
fn near_misses_stay_apart() {
    let base = finding("prowler", "s3_bucket_object_versioning", "Versioning", bucket("a"));
    for other in [
        finding("prowler", "s3_bucket_object_versioning", "Versioning", bucket("a-dev")),
        finding("prowler", "s3_bucket_server_access_logging_enabled", "Logging", bucket("a")),
        finding("checkov", "s3_bucket_object_versioning", "Versioning", bucket("a")),
    ] {
        assert_ne!(key(&base), key(&other), "{other:?}");
    }
    let title = |tool, title| key(&finding(tool, "x", title, bucket("a")));
    assert_eq!(title("wiz", "Bucket is open to all"), title("orca", "The bucket IS open, to all"));
    assert_ne!(
        title("wiz", "Public bucket"),
        title("orca", "Public bucket"),
        "two words say little"
    );
}

#[test]
fn titles_of_rules_that_nobody_knows_meet_by_what_they_say() {
    let title = |tool, title| key(&finding(tool, title, title, bucket("a")));
    let ours = title("wiz", "Bucket should have object lock enabled");
    assert_eq!(ours, title("orca", "S3 object lock is disabled"));
    assert_ne!(ours, title("orca", "S3 bucket has no lifecycle rule"));
    let account = Asset { id: AssetId::parse("111122223333", &Hints::default()), ..bucket("a") };
    let of_account = |tool, title| key(&finding(tool, title, title, account.clone()));
    assert_ne!(
        of_account("wiz", "Object lock is disabled everywhere"),
        of_account("orca", "Accounts should have object lock"),
        "an account carries too many faults for words"
    );
}

#[test]
fn an_advisory_meets_its_cve_and_packages_stay_apart() {
    let mut advisory = weak("GHSA-1", "org.apache:log4j-core", bucket("a"));
    if let Some(vulnerability) = &mut advisory.vulnerability {
        vulnerability.aliases = vec!["cve-2021-44228".to_owned()];
    }
    assert_eq!(key(&advisory), key(&weak("CVE-2021-44228", "log4j-core", bucket("a"))));
    assert_ne!(key(&advisory), key(&weak("CVE-2021-44228", "log4j-api", bucket("a"))));
}

#[test]
fn findings_that_name_no_asset_have_nothing_in_common() {
    let unnamed = |rule| finding("t", rule, "Some title of many words", Asset::default());
    assert_ne!(key(&unnamed("a")), key(&unnamed("b")));
}

#[test]
fn secrets_of_one_file_are_told_apart_by_their_lines() {
    let at = |line| {
        let location =
            Location { file: "a.py".to_owned(), start_line: Some(line), ..Location::default() };
        Finding {
            class: FindingClass::Secret,
            location: Some(Box::new(location)),
            ..finding("gitleaks", "aws-key", "An AWS key in the code", bucket("a"))
        }
    };
    assert_ne!(key(&at(1)), key(&at(2)));
    assert_eq!(key(&at(1)), key(&at(1)));
}

#[test]
fn an_issue_says_the_worst_and_why_it_is_one() {
    let low = Finding {
        severity: Severity::Low,
        status: Status::Suppressed,
        ..finding("prowler", "s3_bucket_object_versioning", "Versioning", bucket("a"))
    };
    let hub = finding("security_hub", "S3.14", "x", bucket("a"));
    let member = |f: Finding| Member { key: f.key(), status: f.status, finding: f };
    let mut members = [member(low), member(hub)];
    members.sort_by_key(|m| m.key);
    let control = CATALOG.control("aws.s3.bucket_versioning");
    let issue_key = key(&members[0].finding);
    let issue = assemble(issue_key, &members, (control, CATALOG.words()), None).unwrap();
    assert_eq!((issue.severity, issue.status), (Severity::High, Status::Open));
    assert_eq!(issue.control.as_deref(), Some("aws.s3.bucket_versioning"));
    let because = merged_because(&issue.basis, &members).join(" ");
    assert!(because.contains("S3.14") && because.contains("aws.s3.bucket_versioning"), "{because}");
    assert!(assemble(issue_key, &[], (control, CATALOG.words()), None).is_none());
}

proptest! {
    #[test]
    fn a_finding_alone_decides_its_issue(title in "\\PC{0,40}", rule in "[a-z.]{0,8}", name in "[a-z-]{1,12}") {
        let made = || finding("tool", &rule, &title, bucket(&name));
        prop_assert_eq!(key(&made()), key(&made()));
        let longer = finding("tool", &rule, &title, bucket(&format!("{name}x")));
        prop_assert_ne!(key(&made()), key(&longer));
    }
}
