//! `quell asset show`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::{Bench, prowler};
use serde_json::{Value, json};

const MACHINE: &str = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718";

/// A machine with a finding of one tool, and what another knows of its surroundings.
fn filled() -> Bench {
    let bench = Bench::new();
    let mut record = prowler("web");
    record["resources"][0]["uid"] = json!(MACHINE);
    record["resources"][0]["type"] = json!("AwsEc2Instance");
    bench.file("scan.json", json!([record]).to_string());
    let row = json!({
        "csp": "AWS", "apiKey": "describe-instances", "resourceType": "ec2:instance",
        "cloudDetails": {"accountID": "111122223333"}, "resourceId": "i-0a1b2c3d4e5f60718",
        "urn": MACHINE, "resourceRegion": "eu-west-1", "resourceTags": {},
        "resourceConfig": {"VpcId": "vpc-0a1b2c3d4e5f60711", "ImageId": "ami-0a1b2c3d4e5f60715"},
    });
    bench.file("inventory.json", json!({"data": [row], "paging": {}}).to_string());
    let run = bench.run(&["triage", "scan.json", "inventory.json"]);
    assert!(run.status.code().is_some_and(|code| code < 2), "{run:?}");
    bench
}

#[test]
fn an_asset_is_shown_with_its_issues_and_what_is_around_it() {
    let bench = filled();
    let shown = bench.run(&["asset", "show", "aws:ec2.instance:i-0a1b2c3d4e5f60718"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "issues: 1",
        "relations: 2",
        "  is in aws:ec2.vpc:vpc-0a1b2c3d4e5f60711",
        "  uses the image aws:ec2.image:ami-0a1b2c3d4e5f60715",
        "      says lacework",
    ] {
        assert!(shown.lines().any(|have| have == line), "{line:?} in\n{shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let json = bench.run(&["asset", "show", "aws:ec2.instance:i-0a1b", "--json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["all_relations"], 2);
    assert_eq!(json["relations"][0]["kind"], "contains");
    assert_eq!(json["relations"][0]["is_first"], false);
    let none = bench.run(&["asset", "show", "aws:ec2.instance:i-0fff"]);
    assert!(!none.status.success());
}
