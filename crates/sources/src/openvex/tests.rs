//! OpenVEX documents, read the way files are.

use quell_model::{Position, Record};

use crate::testing::{normalize_text, only_statements};

#[test]
fn each_pair_of_product_and_part_is_a_statement() {
    let digest = "cd".repeat(32);
    let text = format!(
        r#"{{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://vex.example/1","author":"Example Shop",
        "timestamp":"2026-02-03T04:05:06Z","version":2,"statements":[
        {{"@id":"s1","vulnerability":{{"@id":"https://nvd.example/CVE-2031-1001","name":"GHSA-aaaa-bbbb-cccc","aliases":["CVE-2031-1001"]}},
         "timestamp":"2026-02-04T04:05:06Z","status":"not_affected","justification":"vulnerable_code_not_present",
         "impact_statement":"the class is cut out","products":[
          {{"@id":"pkg:oci/web@sha256%3A{digest}?repository_url=reg.example%2Fshop%2Fweb",
            "subcomponents":[{{"@id":"pkg:npm/left@1.0.0"}},{{"@id":"pkg:npm/right@2.0.0"}}]}},
          {{"@id":"shop-api","identifiers":{{"purl":"pkg:golang/shop.example/api@v3.1.0"}}}}]}}]}}"#
    );
    let made = only_statements(&text);
    assert_eq!(made.len(), 3);
    let first = &made[0];
    assert_eq!(
        (first.vulnerability.as_str(), first.verdict),
        ("CVE-2031-1001", Position::NotAffected)
    );
    assert_eq!(first.aliases, ["GHSA-aaaa-bbbb-cccc"]);
    assert_eq!(first.product.sha256.as_deref(), Some(digest.as_str()));
    assert_eq!(first.component.as_ref().unwrap().version, "1.0.0");
    assert_eq!(first.text.raw(), "the class is cut out");
    assert_eq!(first.time, "2026-02-04T04:05:06Z".parse().ok());
    assert_eq!(
        (made[2].product.name.as_str(), made[2].product.version.as_str()),
        ("shop-api", "v3.1.0")
    );
    assert!(made[2].component.is_none());
}

#[test]
fn old_documents_name_products_and_weaknesses_by_text() {
    let text = r#"{"@context":"https://openvex.dev/ns","@id":"d","author":"Example Shop","timestamp":"2026-01-01T00:00:00Z",
      "statements":[{"vulnerability":"CVE-2031-1002","products":["pkg:apk/wolfi/git@2.39.0-r1?arch=armv7"],
        "subcomponents":["pkg:apk/wolfi/curl@8"],"status":"fixed"}]}"#;
    let made = only_statements(text);
    assert_eq!(made[0].product.purl.as_deref(), Some("pkg:apk/wolfi/git@2.39.0-r1?arch=armv7"));
    assert_eq!(made[0].component.as_ref().unwrap().name, "curl");
    assert_eq!(made[0].verdict, Position::Fixed);
    let without = text.replace(r#""@context":"https://openvex.dev/ns","#, "");
    assert_eq!(only_statements(&without)[0].vulnerability, "CVE-2031-1002");
}

#[test]
fn an_attestation_speaks_of_its_subject() {
    let text = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://openvex.dev/ns/v0.2.0",
        "subject":[{{"name":"reg.example/shop/web","digest":{{"sha256":"{}"}}}}],
        "predicate":{{"author":"a","statements":[{{"vulnerability":{{"name":"CVE-2031-3"}},"status":"under_investigation"}}]}}}}"#,
        "ef".repeat(32)
    );
    let made = only_statements(&text);
    assert_eq!(made[0].product.name, "reg.example/shop/web");
    assert_eq!(made[0].product.sha256, Some("ef".repeat(32)));
}

#[test]
fn what_says_nothing_is_rejected_with_its_path() {
    let text = r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[
      {"vulnerability":{"name":"CVE-2031-4"},"products":["p"],"status":"safe"},
      {"vulnerability":{},"products":["p"],"status":"fixed"},{"vulnerability":"CVE-2031-4"},
      {"vulnerability":"CVE-2031-4","status":"fixed"}, 7]}"#;
    let made = normalize_text(text);
    let reason = |at: usize| made[at].clone().unwrap_err();
    assert!(reason(0).contains("`status` is `safe`"), "{}", reason(0));
    assert!(reason(1).contains("`vulnerability`"));
    assert!(reason(2).contains("`status` is missing"));
    assert!(matches!(made[3].as_deref(), Ok([Record::Statement(s)]) if s.product.is_empty()));
    assert!(made[4].is_err());
}
