//! Results as several analysers write them.

use quell_model::{Finding, FindingClass, Record, Severity, Status};
use serde_json::{Value, json};

use crate::testing::{normalize_text, only_finding};

fn log(tool: &str, rules: &Value, results: &Value) -> String {
    json!({"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{"results": results, "tool": {"driver": {"name": tool, "rules": rules}}}]})
    .to_string()
}

fn at(file: &str, line: u32) -> Value {
    json!([{"physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}}}])
}

fn only(tool: &str, rule: Value, result: Value) -> Finding {
    only_finding(&log(tool, &Value::from(vec![rule]), &Value::from(vec![result])))
}

#[test]
fn a_result_is_read_with_its_rule() {
    let rule = json!({"id": "js/xss", "shortDescription": {"text": "Cross-site scripting"},
        "helpUri": "https://example.com/xss", "deprecatedIds": ["xss-old"],
        "properties": {"security-severity": "7.8", "tags": ["security", "external/cwe/cwe-079"]}});
    let finding = only(
        "CodeQL",
        rule,
        json!({"ruleId": "js/xss", "ruleIndex": 0,
        "message": {"text": "Untrusted text reaches the page."}, "locations": at("src/a%20b.js", 7)}),
    );
    assert_eq!(finding.tool.product, "codeql");
    assert_eq!((finding.title.raw(), finding.severity), ("Cross-site scripting", Severity::High));
    assert_eq!(finding.class, FindingClass::CodeWeakness);
    let location = finding.location.unwrap();
    assert_eq!((location.file.as_str(), location.start_line), ("src/a b.js", Some(7)));
    assert_eq!(finding.evidence[0].1.raw(), "CWE-79");
    assert_eq!(finding.rule.aliases, ["xss-old"]);
    assert_eq!(finding.references, ["https://example.com/xss"]);
}

#[test]
fn a_message_by_id_is_filled_with_its_arguments() {
    let rule = json!({"id": "C1", "messageStrings": {"default": {"text": "\"{0}\" in {{{1}}} is not set."}}});
    let finding = only(
        "scan",
        rule,
        json!({"ruleId": "C1", "message": {"id": "default", "arguments": ["ptr", "f"]}}),
    );
    assert_eq!(finding.title.raw(), "\"ptr\" in {f} is not set.");
}

#[test]
fn the_level_is_the_results_the_rules_or_warning() {
    let rule = json!({"id": "A", "defaultConfiguration": {"level": "note"}});
    let result =
        |level: Value| json!({"ruleId": "A", "level": level, "message": {"text": "x y z"}});
    assert_eq!(only("t", rule.clone(), result(json!("error"))).severity, Severity::High);
    assert_eq!(only("t", rule, result(Value::Null)).severity, Severity::Low);
    assert_eq!(only("t", json!({"id": "A"}), result(Value::Null)).severity, Severity::Medium);
}

#[test]
fn suppressions_and_baselines_are_kept_as_status() {
    let result = |extra: Value| {
        let mut result = json!({"ruleId": "A", "message": {"text": "x"}});
        result.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        only("t", json!({"id": "A"}), result).status
    };
    assert_eq!(result(json!({"suppressions": [{"kind": "external"}]})), Status::Suppressed);
    assert_eq!(
        result(json!({"suppressions": [{"kind": "inSource", "status": "accepted"}]})),
        Status::Suppressed
    );
    assert_eq!(
        result(json!({"suppressions": [{"kind": "external", "status": "rejected"}]})),
        Status::Open
    );
    assert_eq!(result(json!({"suppressions": []})), Status::Open);
    assert_eq!(result(json!({"baselineState": "absent"})), Status::Resolved);
}

#[test]
fn a_pass_is_evidence() {
    let text = log(
        "t",
        &json!([{"id": "A"}]),
        &json!([{"ruleId": "A", "kind": "pass", "message": {"text": "x"}}]),
    );
    let records = normalize_text(&text).remove(0).unwrap();
    assert!(matches!(&records[..], [Record::Evidence(evidence)] if evidence.passed));
}

#[test]
fn weaknesses_in_packages_are_vulnerabilities() {
    let message = "Package: curl\nInstalled Version: 8.1\nVulnerability CVE-2024-12345\nSeverity: HIGH\nFixed Version: 8.2";
    let trivy = only(
        "Trivy",
        json!({"id": "CVE-2024-12345"}),
        json!({"ruleId": "CVE-2024-12345", "message": {"text": message}}),
    );
    let vulnerability = trivy.vulnerability.unwrap();
    assert_eq!((vulnerability.package.as_str(), vulnerability.version.as_str()), ("curl", "8.1"));
    assert_eq!(vulnerability.fixed_version.as_deref(), Some("8.2"));
    let message = "The path lib/a.jar reports a-spec at version 1.0.1  which would result in a vulnerable (java-archive) package installed";
    let grype = only(
        "Grype",
        json!({"id": "CVE-2008-0732-a-spec", "properties": {"security-severity": "2.1"}}),
        json!({"ruleId": "CVE-2008-0732-a-spec", "message": {"text": message}, "locations": at("lib/a.jar", 1)}),
    );
    let vulnerability = grype.vulnerability.unwrap();
    assert_eq!(
        (vulnerability.id.as_str(), vulnerability.package.as_str()),
        ("CVE-2008-0732", "a-spec")
    );
    assert_eq!((vulnerability.cvss, grype.severity), (Some(2.1), Severity::Low));
    let other = only(
        "BD",
        json!({"id": "BDSA-1 (GHSA-abcd-1234-wxyz)"}),
        json!({"ruleId": "BDSA-1 (GHSA-abcd-1234-wxyz)", "message": {"text": "m"}, "properties": {"component": "lib", "componentVersion": "2"}}),
    );
    assert_eq!(other.vulnerability.unwrap().id, "GHSA-abcd-1234-wxyz");
}

#[test]
fn ids_hold_when_lines_move_and_differ_when_places_do() {
    let result = |file: &str, line: u32, prints: Value| {
        only(
            "t",
            json!({"id": "A"}),
            json!({"ruleId": "A", "message": {"text": "m"}, "locations": at(file, line), "fingerprints": prints}),
        )
    };
    let print = json!({"hash/v1": "abc"});
    assert_eq!(result("a", 1, print.clone()).native_id, result("a", 9, print.clone()).native_id);
    assert_ne!(result("a", 1, print.clone()).native_id, result("b", 1, print).native_id);
    let login = json!({"matchBasedId/v1": "requires login"});
    assert_ne!(result("a", 1, login.clone()).native_id, result("a", 2, login).native_id);
}

#[test]
fn rules_of_extensions_and_results_without_rules_are_read() {
    let text = json!({"version": "2.1.0", "runs": [
        {"tool": {"driver": {"name": "Gitleaks"}}, "results": [{"message": {"text": "AWS key detected"}, "locations": at("a.py", 3)}]},
        {"tool": {"driver": {"name": "x"}, "extensions": [{"name": "pack", "rules": [{"id": "E1", "shortDescription": {"text": "From the pack"}}]}]},
         "results": [{"ruleId": "E1", "rule": {"id": "E1", "index": 0, "toolComponent": {"index": 0}}, "message": {"text": "m"}}]}]});
    let records: Vec<Record> =
        normalize_text(&text.to_string()).into_iter().flat_map(Result::unwrap).collect();
    let [Record::Finding(secret), Record::Finding(pack)] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!((secret.class, secret.title.raw()), (FindingClass::Secret, "AWS key detected"));
    assert_eq!(pack.title.raw(), "From the pack");
}

#[test]
fn only_a_run_that_names_what_it_scanned_covers_anything() {
    let result = json!({"ruleId": "A", "message": {"text": "m"}});
    assert_eq!(only("t", json!({"id": "A"}), result.clone()).scope, None);
    let mut text: Value =
        serde_json::from_str(&log("t", &json!([{"id": "A"}]), &json!([result]))).unwrap();
    text["runs"][0]["versionControlProvenance"] =
        json!([{"repositoryUri": "https://example.com/shop", "branch": "main"}]);
    let scope = only_finding(&text.to_string()).scope.unwrap();
    assert_eq!(scope.target, "sarif:t:https://example.com/shop|main||");
    text["runs"][0]["invocations"] = json!([{"executionSuccessful": false}]);
    assert_eq!(only_finding(&text.to_string()).scope, None);
}

#[test]
fn a_log_without_runs_holds_nothing() {
    let text =
        json!({"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json"});
    assert!(normalize_text(&text.to_string()).is_empty());
}
