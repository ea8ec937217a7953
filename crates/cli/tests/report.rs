//! The report in every format, held to its contract.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Bench, demo};
use serde_json::Value;

fn printed(format: &str) -> String {
    let bench = Bench::new();
    let (findings, infrastructure) = (demo().join("findings"), demo().join("infrastructure"));
    let output = bench.run(&[
        "triage",
        findings.to_str().unwrap(),
        "--repo",
        infrastructure.to_str().unwrap(),
        "--format",
        format,
    ]);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn json_is_as_its_schema_says() {
    let schema = demo().join("../../docs/report.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let report: Value = serde_json::from_str(&printed("json")).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let funnel = |name: &str| report["funnel"][name].as_i64().unwrap();
    let out =
        ["rejected", "evidence", "assets", "activities", "statements", "intelligence", "repeated"];
    let left = funnel("records") - out.iter().map(|n| funnel(n)).sum::<i64>() + funnel("expanded");
    assert_eq!(funnel("findings"), left);
    for issue in report["issues"].as_array().unwrap() {
        let parts = issue["risk"]["parts"].as_array().unwrap();
        let points: i64 = parts.iter().map(|p| p["points"].as_i64().unwrap()).sum();
        assert_eq!(points, issue["risk"]["score"].as_i64().unwrap(), "{issue}");
    }
    for incident in report["incidents"].as_array().unwrap() {
        let what = &incident["explanation"]["what"]["evidence"];
        assert!(!what.as_array().unwrap().is_empty(), "{incident}");
    }
}

#[test]
fn what_quell_writes_quell_reads() {
    let issues = serde_json::from_str::<Value>(&printed("json")).unwrap()["issues"]
        .as_array()
        .unwrap()
        .len();
    for (format, name) in [("sarif", "report.sarif"), ("ocsf", "report.ocsf.json")] {
        let bench = Bench::new();
        let path = bench.file(name, printed(format));
        let (code, report) = bench.triage(&path);
        let total = &report["accounting"]["total"];
        assert_eq!((code, total["rejected"].as_u64()), (0, Some(0)), "{format}: {total}");
        assert!(total["records"].as_u64().unwrap() >= issues as u64, "{format}: {total}");
    }
}

#[test]
fn the_terminal_stays_within_80_columns() {
    let text = printed("terminal");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(text.contains('→') && !text.contains('\u{1b}'));
}

#[test]
fn html_needs_nothing_from_elsewhere() {
    let html = printed("html");
    assert!(html.starts_with("<!doctype html>") || html.starts_with("<!DOCTYPE html>"));
    assert!(html.contains("<svg") && !html.contains("<script"));
    for attribute in ["src=\"http", "href=\"//", "@import", "url(http"] {
        assert!(!html.contains(attribute), "{attribute}");
    }
}

#[test]
fn csv_has_a_row_for_each_issue_and_no_formula() {
    let bench = Bench::new();
    let mut record = common::prowler("shop");
    record["metadata"]["event_code"] = "unknown_check".into();
    record["finding_info"]["title"] = "=HYPERLINK(\"http://x\")\n<script>|a|".into();
    let path = bench.file("a.json", Value::from(vec![record]).to_string());
    let path = path.to_str().unwrap();
    let csv = String::from_utf8(bench.run(&["triage", path, "-f", "csv"]).stdout).unwrap();
    assert!(!csv.contains("\n=") && !csv.contains(",=") && !csv.contains("\"="), "{csv}");
    let html = String::from_utf8(bench.run(&["triage", path, "-f", "html"]).stdout).unwrap();
    assert!(!html.contains("<script>"), "markup from a finding must be escaped");
    let text = String::from_utf8(bench.run(&["triage", path, "-f", "markdown"]).stdout).unwrap();
    assert!(!text.contains("<script>"), "{text}");
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = std::fs::read_to_string(demo().join("../../README.md")).unwrap();
    let (_, shown) = readme.split_once("-- demo\n").unwrap();
    let (shown, _) = shown.split_once("…\n```").unwrap();
    let bench = Bench::new();
    let printed = String::from_utf8(bench.run(&["demo"]).stdout).unwrap();
    assert!(printed.starts_with(shown), "README:\n{shown}\ndemo:\n{printed}");
    assert!(bench.folder.path().join("quell-report.html").is_file());
}

#[test]
fn marks_are_in_the_contract_and_in_every_format() {
    let bench = Bench::new();
    let path = bench.file("findings.json", Value::from(vec![common::prowler("logs")]).to_string());
    let (_, report) = bench.triage(&path);
    let id = report["issues"][0]["id"].as_str().unwrap();
    let mark = ["issue", "mark", id, "--as", "accepted", "--reason", "<b>known</b>"];
    let marked = bench.run(&[&mark[..], &["--until", "2999-12-31"]].concat());
    assert_eq!(marked.status.code(), Some(0));
    let late = bench.run(&[&mark[..], &["--until", "2020-01-01"]].concat());
    assert_eq!(late.status.code(), Some(2), "{}", String::from_utf8_lossy(&late.stderr));
    let printed = |format: &str| {
        let output = bench.run(&["triage", "--format", format]);
        String::from_utf8(output.stdout).unwrap()
    };
    let schema = demo().join("../../docs/report.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let report: Value = serde_json::from_str(&printed("json")).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert_eq!(report["issues"][0]["mark"]["as"], "accepted");
    assert_eq!(report["issues"][0]["status"], "open");
    for format in ["html", "markdown"] {
        let text = printed(format);
        assert!(text.contains("accepted") && !text.contains("<b>known"), "{format}");
    }
    let list = |mark: &str| bench.run(&["issue", "list", "--mark", mark]).stdout;
    assert!(String::from_utf8_lossy(&list("accepted")).contains("accepted until 2999-12-31"));
    assert!(String::from_utf8_lossy(&list("none")).starts_with("0 issues"));
    let unmarked = bench.run(&["issue", "unmark", id]);
    assert!(String::from_utf8_lossy(&unmarked.stderr).contains("taken back"));
    assert!(!String::from_utf8_lossy(&list("none")).starts_with("0 issues"));
}
