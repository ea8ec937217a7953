//! CycloneDX documents, read the way files are.

use quell_model::{Finding, Position, Record, Severity, Statement};

use crate::testing::normalize_text;

#[derive(Default)]
struct Made {
    findings: Vec<Finding>,
    statements: Vec<Statement>,
    assets: Vec<String>,
}

fn made(text: &str) -> Made {
    let mut made = Made::default();
    for record in normalize_text(text).into_iter().flat_map(|r| r.unwrap()) {
        match record {
            Record::Finding(finding) => made.findings.push(*finding),
            Record::Statement(statement) => made.statements.push(*statement),
            Record::Asset(asset) => made.assets.push(asset.id.key().to_owned()),
            Record::Evidence(_)
            | Record::Activity(_)
            | Record::Relation(_)
            | Record::Exploited(_) => {
                panic!("{record:?}")
            }
        }
    }
    made
}

fn image(vulnerabilities: &str) -> String {
    let digest = "ab".repeat(32);
    format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:11111111-2222-4333-8444-555555555555","version":1,
        "metadata":{{"timestamp":"2031-02-03T00:00:00Z","tools":{{"components":[{{"type":"application","name":"trivy"}}]}},
         "component":{{"bom-ref":"root","type":"container","name":"shop/web:1",
          "properties":[{{"name":"aquasecurity:trivy:RepoDigest","value":"shop/web@sha256:{digest}"}}]}}}},
        "components":[{{"bom-ref":"c1","type":"library","group":"org.shop","name":"core","version":"2.0",
          "purl":"pkg:maven/org.shop/core@2.0","components":[{{"bom-ref":"c2","type":"library","name":"inner","version":"1"}}]}}],
        "vulnerabilities":[{vulnerabilities}]}}"#
    )
}

#[test]
fn a_vulnerability_without_analysis_is_a_finding_of_the_image() {
    let text = image(
        r#"{"id":"EX-1","references":[{"id":"CVE-2031-6001","source":{"name":"NVD"}}],"source":{"name":"shopdb","url":"https://db.example/EX-1"},
         "ratings":[{"source":{"name":"nvd"},"score":9.8,"severity":"critical","method":"CVSSv31","vector":"CVSS:3.1/AV:N"},
                    {"source":{"name":"shopdb"},"severity":"medium"}],
         "recommendation":"Upgrade core to version 2.1","affects":[{"ref":"c1","versions":[{"version":"2.0","status":"affected"}]}]}"#,
    );
    let made = made(&text);
    let finding = &made.findings[0];
    assert_eq!(finding.asset.id.key(), format!("image:sha256:{}", "ab".repeat(32)));
    assert_eq!((finding.severity, finding.severity_native.as_str()), (Severity::Medium, "medium"));
    let weakness = finding.vulnerability.as_deref().unwrap();
    assert_eq!(
        (weakness.id.as_str(), weakness.package.as_str()),
        ("CVE-2031-6001", "org.shop:core")
    );
    assert_eq!(weakness.aliases, ["EX-1"]);
    assert_eq!((weakness.cvss, weakness.fixed_version.as_deref()), (Some(9.8), Some("2.1")));
    assert_eq!(finding.tool.product, "trivy");
    assert_eq!(made.assets.len(), 2, "a component and what it holds: {:?}", made.assets);
}

#[test]
fn an_analysis_is_a_statement_and_only_exploitable_is_a_finding_too() {
    for (state, verdict, findings) in [
        ("not_affected", Position::NotAffected, 0),
        ("false_positive", Position::NotAffected, 0),
        ("resolved", Position::Fixed, 0),
        ("exploitable", Position::Affected, 1),
        // The document lists the component, so a scanner found it there.
        ("in_triage", Position::UnderInvestigation, 1),
    ] {
        let text = image(&format!(
            r#"{{"id":"CVE-2031-6002","analysis":{{"state":"{state}","justification":"code_not_reachable","response":["update"],"detail":"d"}},"affects":[{{"ref":"c1"}}]}}"#
        ));
        let made = made(&text);
        assert_eq!(
            (made.statements[0].verdict, made.findings.len()),
            (verdict, findings),
            "{state}"
        );
        let said = &made.statements[0];
        assert_eq!(said.product.sha256, Some("ab".repeat(32)));
        assert_eq!(
            said.component.as_ref().unwrap().purl.as_deref(),
            Some("pkg:maven/org.shop/core@2.0")
        );
        assert_eq!(said.text.raw(), "d\nresponse: update");
    }
}

#[test]
fn links_to_other_documents_and_ranges_are_kept() {
    let text = r#"{"bomFormat":"CycloneDX","specVersion":"1.4","version":1,"vulnerabilities":[
      {"id":"CVE-2031-6003","analysis":{"state":"not_affected"},"affects":[
        {"ref":"urn:cdx:11111111-2222-4333-8444-555555555555/1#pkg:npm/left@1.0.0"},
        {"ref":"urn:cdx:11111111-2222-4333-8444-555555555555/1#mill","versions":[
          {"version":"2.4","status":"unaffected"},{"range":"vers:generic/>=2.9|<=4.1","status":"unaffected"}]}]}]}"#;
    let made = made(text);
    let versions: Vec<_> = made
        .statements
        .iter()
        .map(|s| (s.product.name.as_str(), s.product.version.as_str(), s.product.range.as_deref()))
        .collect();
    assert_eq!(
        versions,
        [
            ("left", "1.0.0", None),
            ("mill", "2.4", None),
            ("mill", "", Some("vers:generic/>=2.9|<=4.1"))
        ]
    );
}

#[test]
fn components_alone_are_assets_and_what_names_nothing_is_rejected() {
    let text = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[
      {"type":"library","name":"a","version":"1","purl":"pkg:npm/a@1"},{"type":"library"}],
      "services":[{"name":"billing"}],
      "vulnerabilities":[{"id":"CVE-2031-6004"},{"description":"x","affects":[{"ref":"?"}]},
       {"id":"CVE-2031-6004","analysis":{"state":"perhaps"},"affects":[{"ref":"?"}]}]}"#;
    let results = normalize_text(text);
    let (good, bad): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (2, 4), "{bad:?}");
    let reasons = format!("{bad:?}");
    for part in [
        "`name` is missing",
        "`affects` is missing",
        "`id` is missing",
        "`analysis.state` is `perhaps`",
    ] {
        assert!(reasons.contains(part), "{part}: {reasons}");
    }
}

#[test]
fn a_vulnerability_behind_many_components_is_still_seen() {
    let components: Vec<String> = (0..20_000)
        .map(|n| format!(r#"{{"bom-ref":"r{n}","type":"library","name":"p{n}","version":"1"}}"#))
        .collect();
    let text = format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{}],"vulnerabilities":[{{"id":"CVE-2031-6005","affects":[{{"ref":"r19999"}}]}}]}}"#,
        components.join(",")
    );
    let made = made(&text);
    assert_eq!((made.findings.len(), made.assets.len()), (1, 20_000));
    assert_eq!(made.findings[0].vulnerability.as_ref().unwrap().package, "p19999");
}

#[test]
fn an_image_within_the_bom_holds_its_packages_and_is_one_with_its_statement() {
    let text = r#"{"bomFormat":"CycloneDX","specVersion":"1.4","version":1,"components":[
      {"type":"container","bom-ref":"i","name":"web:7","purl":"pkg:oci/web?repository_url=reg.example","components":[
       {"type":"library","bom-ref":"p","name":"left","version":"1","purl":"pkg:npm/left@1"}]}],
      "vulnerabilities":[{"id":"CVE-2031-6006","analysis":{"state":"in_triage"},"affects":[{"ref":"p"}]}]}"#;
    let made = made(text);
    let asset = &made.findings[0].asset;
    assert_eq!(asset.id.key(), "image:reg.example/web:7");
    assert_eq!(
        made.statements[0].product.purl.as_deref(),
        Some("pkg:oci/web?repository_url=reg.example")
    );
    assert!(made.assets.contains(&"image:reg.example/web:7".to_owned()), "{:?}", made.assets);
}

#[test]
fn one_record_cannot_become_more_than_memory_holds() {
    let many = r#"{"ref":"c1"},"#.repeat(10_001);
    let text = image(&format!(
        r#"{{"id":"CVE-2031-6007","affects":[{}{{"ref":"c1"}}]}},{{"id":"CVE-2031-6008","affects":[{{"ref":"{}"}}]}}"#,
        many,
        "x".repeat(100_000)
    ));
    let results = normalize_text(&text);
    let refused = results.iter().find_map(|r| r.as_ref().err()).unwrap();
    assert!(refused.contains("`affects` names more than"), "{refused}");
    let long: Vec<_> = results.iter().flatten().flatten().collect();
    assert!(long.iter().all(|r| serde_json::to_string(r).unwrap().len() < 20_000));
}
