//! Facts about Inspector findings.

use quell_model::{Finding, FindingClass, Record, Severity, Status};
use serde_json::{Value, json};

use crate::testing::{normalize_text, only_finding};

fn findings(text: &str) -> Vec<Finding> {
    let results = normalize_text(text).into_iter().flat_map(|r| r.unwrap());
    results
        .map(|record| match record {
            Record::Finding(finding) => *finding,
            other @ (Record::Evidence(_)
            | Record::Asset(_)
            | Record::Activity(_)
            | Record::Statement(_)
            | Record::Relation(_)
            | Record::Exploited(_)) => {
                panic!("{other:?}")
            }
        })
        .collect()
}

fn package(name: &str, version: &str) -> Value {
    json!({"name": name, "version": version, "epoch": 0, "release": "4.el9", "arch": "X86_64",
        "fixedInVersion": "0:2.0-5.el9", "packageManager": "OS", "remediation": "dnf update it"})
}

fn vulnerability(packages: &[Value]) -> Value {
    json!({
        "findingArn": "arn:aws:inspector2:us-east-2:120120120120:finding/feed01",
        "awsAccountId": "120120120120", "type": "PACKAGE_VULNERABILITY", "severity": "HIGH",
        "status": "ACTIVE", "title": "CVE-2031-0042 - libodd", "description": "Odd.",
        "firstObservedAt": 1_748_629_505.5, "lastObservedAt": "2026-02-01 10:00:00.5+01:00",
        "updatedAt": "Feb 2, 2026, 3:04:05 AM",
        "exploitAvailable": "YES", "exploitabilityDetails": {"lastKnownExploitAt": 1_748_909_367},
        "epss": {"score": 0.25}, "inspectorScore": 8.1,
        "inspectorScoreDetails": {"adjustedCvss": {"score": 8.1, "scoringVector": "CVSS:3.1/AV:N"}},
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [{"id": "i-0dddddddddddddddd", "type": "AWS_EC2_INSTANCE", "region": "us-east-2",
            "tags": {"Name": "mill"}, "details": {"awsEc2Instance": {"platform": "LINUX"}}}],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2031-0042", "source": "NVD",
            "sourceUrl": "https://nvd.example/CVE-2031-0042",
            "referenceUrls": ["https://nvd.example/CVE-2031-0042", "https://odd.example/a"],
            "relatedVulnerabilities": ["GHSA-aaaa-bbbb-cccc"],
            "cvss": [{"baseScore": 9.8, "version": "3.1", "source": "NVD"}],
            "vulnerablePackages": packages},
    })
}

#[test]
fn each_package_is_a_finding_of_its_own() {
    let value = vulnerability(&[package("libodd", "1.9"), package("libodd-devel", "1.9")]);
    let found = findings(&json!({"findings": [value]}).to_string());
    let [first, second] = found.as_slice() else { panic!("{found:?}") };
    assert_ne!(first.native_id, second.native_id);
    let weakness = first.vulnerability.as_deref().unwrap();
    assert_eq!(weakness.id, "CVE-2031-0042");
    assert_eq!(weakness.aliases, ["GHSA-aaaa-bbbb-cccc"]);
    assert_eq!((weakness.package.as_str(), weakness.version.as_str()), ("libodd", "1.9-4.el9"));
    assert_eq!(weakness.fixed_version.as_deref(), Some("0:2.0-5.el9"));
    assert_eq!((weakness.cvss, weakness.epss), (Some(8.1), Some(0.25)));
    assert_eq!((weakness.exploited, weakness.exploit_public), (Some(true), Some(true)));
    assert_eq!(first.asset.id.key(), "aws:ec2.instance:i-0dddddddddddddddd");
    assert_eq!(first.asset.name.raw(), "mill");
    assert_eq!(first.remediation.raw(), "dnf update it");
    assert_eq!(first.references.len(), 2);
    assert_eq!((first.severity, first.status), (Severity::High, Status::Open));
    assert_eq!(first.first_seen, Some("2025-05-30T18:25:05.5Z".parse().unwrap()));
    assert_eq!(first.last_seen, Some("2026-02-02T03:04:05Z".parse().unwrap()));
    assert_eq!(first.tool.product, "inspector");
}

#[test]
fn one_package_at_two_versions_in_one_place_stays_two() {
    let packages = [package("libodd", "1.8"), package("libodd", "1.9"), package("libodd", "1.9")];
    let found = findings(&vulnerability(&packages).to_string());
    assert_eq!(found.len(), 2);
    assert_ne!(found[0].key(), found[1].key());
}

#[test]
fn a_finding_without_packages_is_still_one() {
    let found = only_finding(&vulnerability(&[]).to_string());
    assert_eq!(found.vulnerability.unwrap().package, "");
}

#[test]
fn every_wrapping_reads_alike() {
    let bare = vulnerability(&[package("libodd", "1.9")]);
    let event = json!({"detail-type": "Inspector2 Finding", "source": "aws.inspector2",
        "account": "120120120120", "resources": ["i-0dddddddddddddddd"], "detail": bare});
    let expected = only_finding(&bare.to_string());
    for text in [
        json!([bare]).to_string(),
        json!({"findings": [bare]}).to_string(),
        json!({"Findings": [bare]}).to_string(),
        event.to_string(),
        json!([event]).to_string(),
    ] {
        assert_eq!(only_finding(&text), expected, "{text}");
    }
    assert_eq!(findings(&format!("{bare}\n{event}\n")).len(), 2);
}

#[test]
fn images_functions_and_repositories_are_told_apart() {
    let hex = "5e".repeat(32);
    for (kind, id, details, key, name) in [
        (
            "AWS_ECR_CONTAINER_IMAGE",
            format!("arn:aws:ecr:us-east-2:120120120120:repository/shop/web/sha256:{hex}"),
            json!({"awsEcrContainerImage": {"repositoryName": "shop/web", "imageTags": ["7", "latest"]}}),
            format!("image:sha256:{hex}"),
            "shop/web:7",
        ),
        (
            "AWS_LAMBDA_FUNCTION",
            "arn:aws:lambda:us-east-2:120120120120:function:pay:$LATEST".to_owned(),
            json!({"awsLambdaFunction": {"functionName": "pay"}}),
            "aws:lambda.function:120120120120:us-east-2:pay".to_owned(),
            "pay",
        ),
        (
            "CODE_REPOSITORY",
            "arn:aws:inspector2:us-east-2:120120120120:codesecurity-integration/i1/project-9"
                .to_owned(),
            json!({"codeRepository": {"projectName": "org/mill", "providerType": "GITHUB"}}),
            "code:org/mill:".to_owned(),
            "org/mill",
        ),
    ] {
        let mut value = vulnerability(&[package("libodd", "1.9")]);
        value["resources"] = json!([{"type": kind, "id": id, "details": details}]);
        let found = only_finding(&value.to_string());
        assert_eq!(found.asset.id.key(), key);
        assert_eq!(found.asset.name.raw(), name);
    }
}

#[test]
fn ports_open_to_the_internet_are_a_signal_and_others_are_not() {
    let reach = |gateway: &str| {
        json!({"findingArn": "arn:aws:inspector2:us-east-2:120120120120:finding/feed02",
            "awsAccountId": "120120120120", "type": "NETWORK_REACHABILITY", "severity": "MEDIUM",
            "status": "SUPPRESSED", "title": "Port 3389 can be reached",
            "networkReachabilityDetails": {"protocol": "TCP",
                "openPortRange": {"begin": 3389, "end": 3389},
                "networkPath": {"steps": [
                    {"componentId": gateway, "componentType": "AWS::EC2::Gateway"},
                    {"componentId": "i-0dddddddddddddddd", "componentType": "AWS::EC2::Instance"}]}},
            "resources": [{"id": "i-0dddddddddddddddd", "type": "AWS_EC2_INSTANCE"}]})
    };
    let found = only_finding(&reach("igw-0123456789abcdef0").to_string());
    assert_eq!(found.class, FindingClass::Misconfiguration);
    assert_eq!(found.rule.id, "NETWORK_REACHABILITY");
    assert_eq!(found.asset.signals.internet_exposed, Some(true));
    assert_eq!((found.status, found.status_native.as_str()), (Status::Suppressed, "SUPPRESSED"));
    assert!(found.evidence.iter().any(|(name, value)| name == "ports" && value.raw() == "3389"));
    let peer = only_finding(&reach("pcx-0123456789abcdef0").to_string());
    assert_eq!(peer.asset.signals.internet_exposed, None);
}

#[test]
fn weak_code_names_its_place() {
    let value = json!({"findingArn": "arn:aws:inspector2:us-east-2:120120120120:finding/feed03",
        "awsAccountId": "120120120120", "type": "CODE_VULNERABILITY", "severity": "UNTRIAGED",
        "status": "CLOSED", "title": "CWE-78 - OS command injection",
        "codeVulnerabilityDetails": {"detectorId": "python/os-command@v1.0",
            "detectorName": "OS command injection", "ruleId": "python-detect-os", "cwes": ["CWE-78"],
            "filePath": {"fileName": "run.py", "filePath": "app/run.py", "startLine": 4, "endLine": 9},
            "referenceUrls": ["https://docs.example/cwe"]},
        "resources": [{"id": "arn:aws:lambda:us-east-2:120120120120:function:pay",
            "type": "AWS_LAMBDA_FUNCTION"}]});
    let found = only_finding(&value.to_string());
    assert_eq!(found.class, FindingClass::CodeWeakness);
    assert_eq!(found.rule.id, "python-detect-os");
    let location = found.location.unwrap();
    assert_eq!(
        (location.file.as_str(), location.start_line, location.end_line),
        ("app/run.py", Some(4), Some(9))
    );
    assert_eq!((found.severity, found.status), (Severity::Unknown, Status::Resolved));
    assert_eq!(found.references, ["https://docs.example/cwe"]);
}

#[test]
fn an_advisory_with_one_cve_goes_by_the_cve() {
    let mut value = vulnerability(&[package("libodd", "1.9")]);
    value["packageVulnerabilityDetails"]["vulnerabilityId"] = json!("ALAS-2031-7");
    value["packageVulnerabilityDetails"]["relatedVulnerabilities"] = json!(["CVE-2031-9"]);
    let weakness = only_finding(&value.to_string()).vulnerability.unwrap();
    assert_eq!(
        (weakness.id.as_str(), weakness.aliases),
        ("CVE-2031-9", vec!["ALAS-2031-7".to_owned()])
    );
}

#[test]
fn what_is_no_finding_is_a_reject_that_says_why() {
    let good = vulnerability(&[package("libodd", "1.9")]);
    let scan =
        json!({"detail-type": "Inspector2 Scan", "detail": {"status": "INITIAL_SCAN_COMPLETE"}});
    let mut unnamed = good.clone();
    unnamed["packageVulnerabilityDetails"] = json!(null);
    let mut other = good.clone();
    other["type"] = json!("SOMETHING_ELSE");
    let results = normalize_text(&format!("{good}\n{scan}\n{unnamed}\n{other}\n[]\n"));
    let reasons: Vec<_> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    assert_eq!(results.len(), 5);
    assert!(reasons[0].contains("`$.detail.type` is missing"), "{reasons:?}");
    assert!(reasons[1].contains("packageVulnerabilityDetails.vulnerabilityId"));
    assert!(reasons[2].contains("no type of an Inspector finding"));
    assert_eq!(reasons.len(), 4);
}
