//! Kubescape's reports, read the way files are.

use quell_model::{Evidence, Finding, Record, Severity, Status};

use crate::testing::normalize_text;

/// A report of a cluster, or, with a file, of a manifest.
fn report(controls: &str, file: Option<&str>) -> String {
    let (start, source) = match file {
        Some(file) => (
            "path=77/api=apps/v1",
            format!(
                r#","source":{{"path":"/src/shop","relativePath":"{file}","fileType":"YAML"}}"#
            ),
        ),
        None => ("apps/v1", String::new()),
    };
    let id = format!("{start}/shop/Deployment/web");
    format!(
        r#"{{"generationTime":"2026-10-01T00:00:00Z","clusterAPIServerInfo":null,"customerGUID":"","clusterName":"kind-prod",
         "metadata":{{"targetMetadata":{{}},"clusterMetadata":{{"contextName":"kind/prod"}}}},
         "summaryDetails":{{"controls":{{
           "C-0057":{{"controlID":"C-0057","scoreFactor":8,"ResourceCounters":{{"failedResources":1}}}},
           "C-0066":{{"controlID":"C-0066","name":"Encryption","statusInfo":{{"status":"skipped","subStatus":"integration","info":"no cloud"}},
             "ResourceCounters":{{"passedResources":0,"failedResources":0,"skippedResources":0}}}}}},
          "ResourceCounters":{{"failedResources":1}}}},
         "resources":[{{"resourceID":"/v1//Namespace/other","object":{{}}}},
          {{"resourceID":"{id}","object":{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web","namespace":"shop"}}}}{source}}}],
         "results":[{{"resourceID":"{id}","controls":[{controls}]}}]}}"#
    )
}

fn control(status: &str, rule: &str) -> String {
    format!(
        r#"{{"controlID":"C-0057","name":"Privileged container"{status},"rules":[{{"name":"privileged",{rule},
          "paths":[{{"failedPath":"spec.a","fixPath":{{"path":"spec.b","value":"false"}}}}]}}]}}"#
    )
}

fn all(text: &str) -> (Vec<Finding>, Vec<Evidence>, usize) {
    let (mut findings, mut evidence, mut assets) = (Vec::new(), Vec::new(), 0);
    for record in normalize_text(text).into_iter().flat_map(Result::unwrap) {
        match record {
            Record::Finding(finding) => findings.push(*finding),
            Record::Evidence(made) => evidence.push(*made),
            Record::Asset(_) => assets += 1,
            other @ (Record::Activity(_)
            | Record::Statement(_)
            | Record::Relation(_)
            | Record::Exploited(_)) => {
                panic!("{other:?}")
            }
        }
    }
    (findings, evidence, assets)
}

const FAILED: &str = r#","status":{"status":"failed"}"#;

#[test]
fn a_failed_control_of_a_cluster_is_about_the_object_and_as_severe_as_the_summary_says() {
    let text = report(&control(FAILED, r#""status":"failed""#), None);
    let (findings, evidence, assets) = all(&text);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.asset.id.key(), "kubernetes:kind/prod:shop:deployment:web");
    assert_eq!((finding.severity, finding.severity_native.as_str()), (Severity::High, "8"));
    assert_eq!((finding.rule.id.as_str(), finding.status), ("C-0057", Status::Open));
    assert_eq!(finding.remediation.raw(), "set spec.b to false");
    assert_eq!(finding.location, None);
    let [skipped] = evidence.as_slice() else { panic!("{evidence:?}") };
    assert_eq!(skipped.result_native, "skipped: integration: no cloud");
    assert!(!skipped.passed && skipped.rule.id == "C-0066" && assets == 1);
}

#[test]
fn a_failed_control_of_a_manifest_is_about_its_block() {
    let text = report(&control(FAILED, r#""status":"failed""#), Some("deploy/web.yaml"));
    let (findings, _, _) = all(&text);
    assert_eq!(findings[0].asset.id.key(), "iac::deploy/web.yaml:Deployment.shop.web");
    assert_eq!(findings[0].location.as_ref().unwrap().file, "deploy/web.yaml");
}

#[test]
fn what_a_control_says_decides_and_else_what_its_rules_say() {
    let passed = r#","status":{"status":"passed"}"#;
    let excepted = r#","status":{"status":"passed","subStatus":"w/exceptions"}"#;
    let exception = r#""status":"failed","exception":[{"name":"accepted"}]"#;
    for (status, rule, expected) in [
        (FAILED, r#""status":"failed""#, "open"),
        ("", r#""status":"failed""#, "open"),
        (excepted, exception, "suppressed"),
        (passed, exception, "suppressed"),
        ("", exception, "suppressed"),
        (r#","status":"excluded""#, r#""status":"x""#, "suppressed"),
        (passed, r#""status":"passed""#, "passed"),
        ("", r#""status":"passed""#, "passed"),
        (r#","status":{"status":"passed","subStatus":"irrelevant"}"#, r#""status":"passed""#, "no"),
        (r#","status":{"status":"skipped"}"#, r#""status":"skipped""#, "no"),
        ("", r#""status":"skipped""#, "no"),
        (r#","status":{"status":"new word"}"#, r#""status":"passed""#, "no"),
    ] {
        let (findings, evidence, _) = all(&report(&control(status, rule), None));
        let said = match (findings.as_slice(), evidence.iter().find(|e| e.rule.id == "C-0057")) {
            ([finding], None) => finding.status.as_str(),
            ([], Some(evidence)) => match evidence.passed {
                true => "passed",
                false => "no",
            },
            other => panic!("{other:?}"),
        };
        assert_eq!(said, expected, "{status} {rule}");
    }
}

#[test]
fn a_pass_has_the_key_of_the_finding_that_it_closes() {
    let (findings, _, _) = all(&report(&control(FAILED, r#""status":"failed""#), None));
    let passed = control(r#","status":{"status":"passed"}"#, r#""status":"passed""#);
    let (_, evidence, _) = all(&report(&passed, None));
    assert!(evidence.iter().any(|e| e.finding_key() == findings[0].key()));
}

#[test]
fn without_its_resources_a_report_is_read_by_the_ids_alone() {
    for (id, key) in [
        ("apps/v1/shop/Deployment/web", "kubernetes::shop:deployment:web"),
        ("/v1//Namespace/shop", "kubernetes:::namespace:shop"),
        ("hostdata.kubescape.cloud/v1beta0//KubeletInfo/node-1", "kubernetes:::node:node-1"),
        (
            "/shop/ServiceAccount/app/rbac.authorization.k8s.io/v1//ClusterRole/r",
            "kubernetes::shop:serviceaccount:app",
        ),
        ("path=12/api=/v1//Service/web", "iac::path=12:Service.default.web"),
    ] {
        let text = format!(
            r#"{{"results":[{{"resourceID":"{id}","controls":[{}]}},{{"resourceID":"x"}},{{"controls":[]}}]}}"#,
            control(FAILED, r#""status":"failed""#)
        );
        let read = normalize_text(&text);
        let [Ok(first), Ok(second), Err(third)] = read.as_slice() else { panic!("{read:?}") };
        let [Record::Finding(finding)] = first.as_slice() else { panic!("{first:?}") };
        assert_eq!(finding.asset.id.key(), key);
        assert!(matches!(second.as_slice(), [Record::Asset(_)]));
        assert_eq!(third, "`resourceID` is missing");
    }
}

#[test]
fn weaknesses_of_the_images_are_vulnerabilities() {
    let text = r#"{"generationTime":"0001-01-01T00:00:00Z","clusterAPIServerInfo":null,"customerGUID":"","results":[],
      "summaryDetails":{"vulnerabilities":{"images":["acme/web:1"],"CVEs":[
       {"severity":"High","id":"CVE-2026-0001","package":"libx","version":"1","fixVersions":["2"],"fixedState":"fixed"},{"id":""}]}}}"#;
    let read = normalize_text(text);
    let [Ok(first), Err(second)] = read.as_slice() else { panic!("{read:?}") };
    let [Record::Finding(finding)] = first.as_slice() else { panic!("{first:?}") };
    assert_eq!(finding.asset.id.key(), "image:docker.io/acme/web:1");
    assert_eq!(finding.vulnerability.as_ref().unwrap().fixed_version.as_deref(), Some("2"));
    assert_eq!((finding.severity, finding.last_seen), (Severity::High, None));
    assert_eq!(second, "`id` is missing");
}

#[test]
fn version_one_is_a_finding_for_each_object_and_a_pass_where_there_is_none() {
    let response = |kind: &str, more: &str| {
        format!(
            r#"{{"alertMessage":"m","ruleStatus":"","alertScore":7,{more}"alertObject":{{"k8sApiObjects":[
              {{"apiVersion":"apps/v1","kind":"{kind}","metadata":{{"name":"web","namespace":"shop"}}}}]}}}}"#
        )
    };
    let excepted = response("DaemonSet", r#""exception":{"name":"accepted"},"#);
    let framework = format!(
        r#"{{"name":"NSA","controlReports":[
          {{"controlID":"C-0057","name":"Privileged","ruleReports":[{{"name":"r","ruleStatus":{{"status":"success"}},
            "ruleResponses":[{},{},{excepted}]}}]}},
          {{"controlID":"C-0016","name":"Escalation","baseScore":6,"ruleReports":[{{"ruleStatus":{{"status":"success"}},"ruleResponses":null}}]}},
          {{"controlID":"C-0001","ruleReports":[{{"ruleStatus":{{"status":"failed","message":"broken"}}}}]}}]}}"#,
        response("Deployment", ""),
        response("Deployment", ""),
    );
    for text in [
        framework.clone(),
        format!("[{framework}]"),
        format!(r#"{{"clusterName":"","frameworks":[{framework}]}}"#),
    ] {
        let (findings, evidence, _) = all(&text);
        let [daemon, deployment] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!((daemon.status, deployment.status), (Status::Suppressed, Status::Open));
        assert_eq!(deployment.asset.id.key(), "kubernetes::shop:deployment:web");
        assert_eq!(deployment.severity, Severity::High);
        let [passed, broken] = evidence.as_slice() else { panic!("{evidence:?}") };
        assert!(passed.passed && !broken.passed);
        assert_eq!(broken.result_native, "failed: broken");
    }
}

fn custom(kind: &str, spec: &str) -> String {
    format!(
        r#"{{"apiVersion":"spdx.softwarecomposition.kubescape.io/v1beta1","kind":"{kind}","metadata":{{"name":"m","namespace":"kubescape",
         "creationTimestamp":"2026-10-01T00:00:00Z",
         "labels":{{"kubescape.io/workload-kind":"Deployment","kubescape.io/workload-name":"web","kubescape.io/workload-namespace":"shop"}},
         "annotations":{{"kubescape.io/wlid":"wlid://cluster-prod/namespace-shop/deployment-web","kubescape.io/image-tag":"acme/web:1"}}}},
         "spec":{spec}}}"#
    )
}

#[test]
fn custom_resources_of_the_operator_are_read_alone_and_in_lists() {
    let controls = r#"{"controls":{
      "C-0057":{"controlID":"C-0057","name":"Privileged container","severity":{"severity":"High","scoreFactor":8},"status":{"status":"failed"},
        "rules":[{"name":"r","status":{"status":"failed"},"paths":[{"failedPath":"a","fixPath":"spec.b","fixPathValue":"false"}]}]},
      "C-0016":{"severity":{"severity":"Medium"},"status":{"status":"passed","subStatus":""}}}}"#;
    let one = custom("WorkloadConfigurationScan", controls);
    for text in [
        one.clone(),
        format!("[{one}]"),
        format!(r#"{{"apiVersion":"v1","kind":"List","items":[{one}]}}"#),
        format!(
            r#"{{"apiVersion":"spdx.softwarecomposition.kubescape.io/v1beta1","kind":"X","items":[{one}]}}"#
        ),
    ] {
        let (findings, evidence, _) = all(&text);
        let ([finding], [passed]) = (findings.as_slice(), evidence.as_slice()) else {
            panic!("{findings:?} {evidence:?}")
        };
        assert_eq!(finding.asset.id.key(), "kubernetes:prod:shop:deployment:web");
        assert_eq!((finding.severity, finding.severity_native.as_str()), (Severity::High, "High"));
        assert_eq!(finding.remediation.raw(), "set spec.b to false");
        assert!(passed.passed && passed.rule.id == "C-0016");
    }
}

#[test]
fn a_manifest_of_weaknesses_is_about_its_image_and_a_summary_is_a_reject() {
    let matches = r#"{"payload":{"matches":[{"vulnerability":{"id":"CVE-2026-0001","severity":"High","fix":{"versions":["2"],"state":"fixed"},
      "cvss":[{"vector":"CVSS:3.1/AV:N","metrics":{"baseScore":7.5}}]},"artifact":{"name":"libx","version":"1","purl":"pkg:deb/libx@1"}}]}}"#;
    let (findings, _, _) = all(&custom("VulnerabilityManifest", matches));
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.asset.id.key(), "image:docker.io/acme/web:1");
    let weakness = finding.vulnerability.as_ref().unwrap();
    assert_eq!((weakness.cvss, weakness.fixed_version.as_deref()), (Some(7.5), Some("2")));
    let empty = all(&custom("VulnerabilityManifest", r#"{"payload":{"matches":[]}}"#));
    assert_eq!(empty.2, 1);
    let sums = custom("WorkloadConfigurationScan", r#"{"severities":{}}"#);
    let read = normalize_text(&sums);
    assert!(read[0].as_ref().unwrap_err().contains("neither `controls` nor `payload`"));
}

#[test]
#[should_panic(expected = "no format fits")]
fn the_inputs_of_controls_are_no_findings() {
    normalize_text(r#"{"publicRegistries":[],"insecureCapabilities":["X"]}"#);
}

#[test]
#[should_panic(expected = "no format fits")]
fn a_list_of_exceptions_is_no_findings() {
    normalize_text(
        r#"[{"name":"accepted","policyType":"postureExceptionPolicy","actions":["alertOnly"],"resources":[],"posturePolicies":[]}]"#,
    );
}
