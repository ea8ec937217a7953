//! `quell trace` as a user runs it.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;
mod served;

use common::{Bench, prowler};
use serde_json::{Value, json};

const BUCKET: &str = "resource \"aws_s3_bucket\" \"logs\" {\n  bucket = var.name\n}\n";

fn state() -> String {
    let provider = "provider[\"registry.terraform.io/hashicorp/aws\"]";
    let attributes =
        json!({"id": "acme-logs", "arn": "arn:aws:s3:::acme-logs", "bucket": "acme-logs"});
    json!({
        "version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "a", "outputs": {},
        "resources": [{
            "mode": "managed", "type": "aws_s3_bucket", "name": "logs", "provider": provider,
            "instances": [{"schema_version": 0, "attributes": attributes}],
        }],
    })
    .to_string()
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.file("infra/prod/main.tf", BUCKET);
    bench.file("prod.tfstate", state());
    bench
}

#[test]
fn what_a_server_knows_is_traced_in_the_code_that_is_here() {
    let served = served::Served::start();
    served.bench.file("infra/prod/main.tf", BUCKET);
    served.bench.file("prod.tfstate", state());
    let mut record = prowler("bucket");
    record["resources"][0]["uid"] = json!("arn:aws:s3:::acme-logs");
    record["resources"][0]["type"] = json!("AwsS3Bucket");
    served.import("scan.json", &json!([record]).to_string());
    let issues = served.json(&["issue", "list", "--json"]);
    let issue = issues["issues"][0]["id"].as_str().unwrap().to_owned();
    let short: String = issue.chars().take(10).collect();
    for name in [short.as_str(), "arn:aws:s3:::acme-logs", "arn:aws:s3:::not-known"] {
        let arguments =
            ["trace", name, "--repo", "infra", "--state", "prod=prod.tfstate", "--json"];
        let report = served.json(&arguments);
        let verdict = if name.contains("not") { "nothing" } else { "found" };
        assert_eq!(report["verdict"], verdict, "{name}: {report}");
    }
    let none = served.run(&["trace", "0000000000", "--repo", "infra"]);
    assert!(!none.status.success(), "{none:?}");
}

#[test]
fn a_state_file_leads_to_the_block() {
    let bench = bench();
    let arguments =
        ["trace", "arn:aws:s3:::acme-logs", "--repo", "infra", "--state", "prod=prod.tfstate"];
    let output = bench.run(&arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("prod/main.tf:1 aws_s3_bucket.logs"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let output = bench.run(&[&arguments[..], &["--json"]].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["verdict"], &report["confidence"]), (&json!("found"), &json!("exact")));
}

#[test]
fn what_is_not_found_is_said_and_is_no_error() {
    let bench = bench();
    let output = bench.run(&["trace", "arn:aws:s3:::other", "--repo", "infra", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["verdict"]), (Some(0), &json!("nothing")));
}

#[test]
fn a_state_file_that_cannot_be_read_is_refused_with_its_name() {
    let bench = bench();
    bench.file("broken.tfstate", "{");
    for file in ["none.tfstate", "broken.tfstate"] {
        let output =
            bench.run(&["trace", "arn:aws:s3:::acme-logs", "--repo", "infra", "--state", file]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() != Some(0) && said.contains(file), "{said}");
    }
    let loose = bench.run(&["triage", "--state", "prod.tfstate"]);
    assert_eq!(loose.status.code(), Some(2));
}
