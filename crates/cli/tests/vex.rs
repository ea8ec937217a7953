//! Statements of suppliers: shown with issues, listed for review, closing nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::Write;

use common::{Bench, demo};
use serde_json::{Value, json};

fn digest() -> String {
    "ab".repeat(32)
}

/// A scan of one image: two weaknesses in two packages, one of them hidden by the tool.
fn scan() -> Value {
    let weakness = |id: &str, package: &str| {
        json!({"VulnerabilityID": id, "PkgName": package, "InstalledVersion": "1.0.0",
            "Severity": "HIGH", "Title": format!("{package} breaks"),
            "PkgIdentifier": {"PURL": format!("pkg:npm/{package}@1.0.0")}})
    };
    json!({"SchemaVersion": 2, "CreatedAt": "2031-01-01T00:00:00Z", "ArtifactName": "shop/web:1",
        "ArtifactType": "container_image",
        "Metadata": {"RepoDigests": [format!("shop/web@sha256:{}", digest())]},
        "Results": [{"Target": "app", "Class": "lang-pkgs",
            "Vulnerabilities": [weakness("CVE-2031-9001", "left"), weakness("CVE-2031-9002", "right")],
            "ExperimentalModifiedFindings": [{"Status": "not_affected", "Statement": "never called",
                "Source": "ours.vex.json", "Finding": weakness("CVE-2031-9003", "middle")}]}]})
}

fn vex(time: &str, status: &str) -> Value {
    json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://vex.example/1",
        "author": "Example <b>Shop</b>", "timestamp": time, "version": 1, "statements": [
        {"vulnerability": {"name": "GHSA-xxxx-yyyy-zzzz", "aliases": ["CVE-2031-9001"]}, "status": status,
         "justification": "vulnerable_code_not_present", "impact_statement": "it is cut out",
         "products": [{"@id": format!("pkg:oci/web@sha256%3A{}", digest()),
            "subcomponents": [{"@id": "pkg:npm/left@1.0.0"}]}]},
        {"vulnerability": {"name": "CVE-2031-9002"}, "status": "not_affected",
         "products": [{"@id": format!("pkg:oci/web@sha256%3A{}", "cd".repeat(32))}]}]})
}

fn of_kind<'r>(report: &'r Value, kind: &str) -> Vec<&'r Value> {
    let exceptions = report["exceptions"].as_array().unwrap();
    exceptions.iter().filter(|exception| exception["kind"] == kind).collect()
}

#[test]
fn a_statement_is_shown_and_listed_and_closes_nothing() {
    let bench = Bench::new();
    let scan = bench.file("scan.json", scan().to_string());
    let before = bench.triage(&scan).1;
    let said = bench.file("a.vex.json", vex("2031-02-01T00:00:00Z", "not_affected").to_string());
    let (code, report) = bench.triage(&said);
    assert_eq!((code, report["funnel"]["statements"].as_u64()), (0, Some(2)));
    assert_eq!(report["accounting"]["total"]["created"], 2);
    let again = bench.triage(&said).1;
    assert_eq!(again["accounting"]["total"]["unchanged"], 2, "{again}");
    let report = bench.triage(&scan).1;
    assert_eq!(report["funnel"]["issues"], before["funnel"]["issues"]);
    assert_eq!(report["statements"], json!({"known": 2, "matched": 1, "unmatched": 1}));
    let [exception] = of_kind(&report, "statement")[..] else { panic!("{report}") };
    assert_eq!(exception["verdict"], "not_affected");
    assert_eq!(exception["justification"], "vulnerable_code_not_present: it is cut out");
    let [hidden] = of_kind(&report, "suppression")[..] else { panic!("{report}") };
    assert_eq!(
        (&hidden["source"], &hidden["justification"]),
        (&json!("trivy"), &json!("never called"))
    );
    let issue = report["issues"].as_array().unwrap();
    let issue = issue.iter().find(|i| i["id"] == exception["issue"]).unwrap();
    assert_eq!(
        (&issue["status"], &issue["vulnerability"]),
        (&json!("open"), &json!("CVE-2031-9001"))
    );
    assert_eq!(issue["statements"][0]["id"], exception["id"]);
    let incident = &report["incidents"][0];
    assert!(incident["notes"][0].as_str().unwrap().contains("not affected or fixed"), "{incident}");
    let claims = incident["explanation"]["why"].to_string();
    assert!(claims.contains(exception["id"].as_str().unwrap()), "{claims}");
    let schema = demo().join("../../docs/report.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&report));
}

#[test]
fn every_writer_names_the_exceptions() {
    let bench = Bench::new();
    bench.file("in/scan.json", scan().to_string());
    bench.file("in/said.json", vex("2031-02-01T00:00:00Z", "fixed").to_string());
    let printed = |format: &str| {
        let output = bench.run(&["triage", "in", "--format", format]);
        String::from_utf8(output.stdout).unwrap()
    };
    let terminal = printed("terminal");
    assert!(
        terminal.contains("2 exceptions to review: 1 statement, 1 finding hidden by a tool"),
        "{terminal}"
    );
    assert!(terminal.contains("note  a statement says"), "{terminal}");
    assert!(terminal.lines().all(|line| line.chars().count() <= 80), "{terminal}");
    let html = printed("html");
    assert!(html.contains("Exceptions to review") && html.contains("never called"));
    assert!(!html.contains("<b>Shop</b>"), "markup of an author must be escaped");
    let markdown = printed("markdown");
    assert!(
        markdown.contains("## Exceptions to review") && markdown.contains("| statement openvex |")
    );
    let report: Value = serde_json::from_str(&printed("json")).unwrap();
    let issue = of_kind(&report, "statement")[0]["issue"].as_str().unwrap().to_owned();
    let shown = bench.run(&["issue", "show", &issue]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("says of CVE-2031-9001"), "{shown}");
}

#[test]
fn of_two_documents_the_newer_counts_in_any_order() {
    let older = vex("2031-02-01T00:00:00Z", "not_affected").to_string();
    let newer = vex("2031-03-01T00:00:00Z", "affected").to_string();
    for order in [[&older, &newer], [&newer, &older]] {
        let bench = Bench::new();
        for text in order {
            let path = bench.file("said.json", text);
            assert_eq!(bench.triage(&path).0, 0);
        }
        let path = bench.file("scan.json", scan().to_string());
        let report = bench.triage(&path).1;
        assert!(of_kind(&report, "statement").is_empty(), "{report}");
        let said: Vec<&Value> = report["issues"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|issue| issue["statements"][0].get("verdict"))
            .collect();
        assert_eq!(said, [&json!("affected")]);
    }
}

fn kev(date: &str, ids: &[&str]) -> String {
    let entries: Vec<Value> =
        ids.iter().map(|id| json!({"cveID": id, "dateAdded": "2031-01-01"})).collect();
    json!({"title": "t", "catalogVersion": "2031.01.01", "dateReleased": date, "count": 7,
        "vulnerabilities": entries})
    .to_string()
}

fn parts(report: &Value, cve: &str) -> Vec<String> {
    let issues = report["issues"].as_array().unwrap();
    let issue = issues.iter().find(|issue| issue["vulnerability"] == cve).unwrap();
    let parts = issue.pointer("/risk/parts").and_then(Value::as_array).unwrap();
    parts.iter().map(|part| part["name"].as_str().unwrap().to_owned()).collect()
}

fn list<'r>(report: &'r Value, name: &str) -> &'r Value {
    let lists = report["intelligence"].as_array().unwrap();
    lists.iter().find(|list| list["name"] == name).unwrap()
}

#[test]
fn a_catalogue_among_the_findings_judges_known_issues_again() {
    let bench = Bench::new();
    let scan = bench.file("scan.json", scan().to_string());
    let report = bench.triage(&scan).1;
    assert_eq!(list(&report, "kev")["source"], "bundled");
    assert!(!parts(&report, "CVE-2031-9001").contains(&"kev".to_owned()));
    let listed = bench.file("kev.json", kev("2031-05-01T00:00:00Z", &["CVE-2031-9001"]));
    let report = bench.triage(&listed).1;
    assert_eq!(
        (&report["funnel"]["intelligence"], &report["accounting"]["total"]["created"]),
        (&json!(1), &json!(1))
    );
    let message = report["accounting"]["files"][0]["message"].as_str().unwrap();
    assert!(message.contains("`count` says 7, the list holds 1"), "{message}");
    assert_eq!(bench.triage(&listed).1["accounting"]["total"]["unchanged"], 1);
    let older = bench.file("old.json", kev("2031-04-01T00:00:00Z", &["CVE-2031-9002"]));
    assert_eq!(bench.triage(&older).1["accounting"]["total"]["unchanged"], 1);
    let stored = bench.run(&["triage", "--json"]);
    let report: Value = serde_json::from_slice(&stored.stdout).unwrap();
    assert!(parts(&report, "CVE-2031-9001").contains(&"kev".to_owned()), "{report}");
    assert!(!parts(&report, "CVE-2031-9002").contains(&"kev".to_owned()));
    let kev = list(&report, "kev");
    assert_eq!(
        (&kev["source"], &kev["date"], &kev["rows"]),
        (&json!("file"), &json!("2031-05-01"), &json!(1))
    );
}

#[test]
fn scores_are_kept_for_later_runs_and_a_bad_row_replaces_nothing() {
    let bench = Bench::new();
    let scan = bench.file("scan.json", scan().to_string());
    bench.triage(&scan);
    let text = "#model_version:v1,score_date:2031-06-01T00:00:00+0000\ncve,epss,percentile\nCVE-2031-9001,0.5,0.9\n";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let scores = bench.file("epss.csv.gz", packed.finish().unwrap());
    let first = bench.run(&["triage", "--intel", scores.to_str().unwrap(), "--json"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let report = bench.triage(&scan).1;
    assert!(parts(&report, "CVE-2031-9001").contains(&"epss".to_owned()), "{report}");
    assert_eq!(
        (&list(&report, "epss")["date"], &list(&report, "epss")["rows"]),
        (&json!("2031-06-01"), &json!(1))
    );
    let bad = bench.file("bad.csv", format!("{text}CVE-2031-9002,2,0.9\n"));
    let refused = bench.run(&["triage", "--intel", bad.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3));
    assert!(said.contains("bad.csv") && said.contains("line 4: `2`"), "{said}");
    let bad = bench.file("bad.json", kev("2031-05-01", &["CVE-2031-9001", "nonsense"]));
    let refused = bench.run(&["triage", "--intel", bad.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("line 1") && said.contains("no CVE id"), "{said}");
    let report = bench.triage(&scan).1;
    assert_eq!(list(&report, "epss")["rows"], 1);
    assert_eq!(list(&report, "kev")["source"], "bundled");
}
