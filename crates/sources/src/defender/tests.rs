//! Facts about records of Defender for Cloud.

use quell_model::{FindingClass, Record, Severity, Status};
use serde_json::{Value, json};

use crate::testing::{normalize_text, only_finding};

const VM: &str =
    "/subscriptions/0f0f/resourceGroups/quay/providers/Microsoft.Compute/virtualMachines/crane";
const KEY: &str = "aaaa1111-2222-4333-8444-bbbb5555cccc";

fn alert() -> Value {
    json!({"name": "25_alert", "type": "Microsoft.Security/Locations/alerts",
        "id": "/subscriptions/0f0f/providers/Microsoft.Security/locations/north/alerts/25_alert",
        "properties": {
            "alertType": "VM_OddTool", "alertDisplayName": "Odd tool started",
            "systemAlertId": "25_alert", "severity": "Medium", "status": "Active",
            "intent": "Execution, Persistence", "techniques": ["T1059"],
            "subTechniques": ["T1059.004"],
            "startTimeUtc": "2026-02-01T10:11:12.1234567Z",
            "processingEndTimeUtc": "2026-02-01T10:12:00.7654321Z",
            "remediationSteps": ["Look at it.", "Stop it."], "alertUri": "https://portal.example/a",
            "resourceIdentifiers": [{"type": "AzureResource", "azureResourceId": VM}],
            "entities": [
                {"$id": "1", "type": "ip", "address": "203.0.113.4"},
                {"$id": "2", "type": "account", "name": "docker", "ntDomain": "crane"},
                {"$id": "3", "type": "file", "name": "odd", "directory": "/tmp"},
                {"$id": "4", "type": "process", "processId": "0x10", "commandLine": "sh -c odd"},
                {"$id": "5", "type": "process", "processId": "0x11", "commandLine": "/tmp/odd -q",
                    "imageFile": {"$ref": "3"}, "parentProcess": {"$ref": "4"}},
                {"$ref": "1"}]}})
}

fn assessment(code: &str) -> Value {
    json!({"type": "Microsoft.Security/assessments", "name": KEY,
        "id": format!("{VM}/providers/Microsoft.Security/assessments/{KEY}"),
        "properties": {"displayName": "Ports should be closed",
            "status": {"code": code, "cause": "PortsOpen",
                "statusChangeDate": "2026-02-02T00:00:00.1234567Z",
                "firstEvaluationDate": "2026-01-02T00:00:00Z"},
            "resourceDetails": {"Source": "Azure", "Id": VM}, "additionalData": {"ports": "22"},
            "metadata": {"severity": "High", "description": "Anybody may knock.",
                "remediationDescription": "Close them.", "categories": ["Networking"]},
            "links": {"azurePortal": "portal.azure.com/#blade/x"}}})
}

#[test]
fn an_alert_names_who_what_and_where() {
    for text in [
        alert().to_string(),
        json!({"value": [alert()]}).to_string(),
        json!([alert()]).to_string(),
        json!({"records": [alert()["properties"]]}).to_string(),
    ] {
        let found = only_finding(&text);
        assert_eq!(found.native_id, "25_alert");
        assert_eq!((found.class, found.severity), (FindingClass::Detection, Severity::Medium));
        assert_eq!(found.asset.id.key(), format!("azure:{}", VM.to_lowercase()));
        assert_eq!(found.first_seen, Some("2026-02-01T10:11:12.1234567Z".parse().unwrap()));
        assert_eq!(found.remediation.raw(), "Look at it.\nStop it.");
        let told = found.detection.unwrap();
        assert_eq!(told.techniques, ["T1059", "T1059.004"]);
        assert_eq!(told.tactics, ["Execution", "Persistence"]);
        assert_eq!(told.principal.raw(), "crane\\docker");
        assert_eq!(told.remote_addresses, ["203.0.113.4"]);
        let names: Vec<_> = told.processes.iter().map(|p| (p.name.raw(), p.pid)).collect();
        assert_eq!(names, [("odd", Some(17)), ("sh", Some(16))]);
    }
}

#[test]
fn a_row_of_log_analytics_is_the_same_alert() {
    let row = json!([{"TenantId": "t", "Type": "SecurityAlert", "SystemAlertId": "25_alert",
        "AlertType": "VM_OddTool", "DisplayName": "Odd tool started", "AlertSeverity": "Medium",
        "Status": "Resolved", "ResourceId": VM, "StartTime": "2026-02-01T10:11:12.1234567Z",
        "ProviderName": "Azure Security Center", "Tactics": "Execution",
        "Techniques": "[\"T1059\"]", "RemediationSteps": "[\"Look at it.\"]",
        "Entities": "[{\"$id\":\"1\",\"Address\":\"203.0.113.4\",\"Type\":\"ip\"}]",
        "ExtendedProperties": "{\"user name\":\"crane\\\\docker\"}"}]);
    let found = only_finding(&row.to_string());
    assert_eq!(found.key(), only_finding(&alert().to_string()).key());
    assert_eq!(found.status, Status::Resolved);
    let told = found.detection.unwrap();
    assert_eq!(told.techniques, ["T1059"]);
    assert_eq!(told.principal.raw(), "crane\\docker");
    assert_eq!(told.remote_addresses, ["203.0.113.4"]);
}

#[test]
fn words_of_an_alert_become_the_status() {
    for (word, status) in [
        ("New", Status::Open),
        ("InProgress", Status::InProgress),
        ("Dismissed", Status::Suppressed),
    ] {
        let mut one = alert();
        one["properties"]["status"] = json!(word);
        let found = only_finding(&one.to_string());
        assert_eq!((found.status, found.status_native.as_str()), (status, word));
    }
}

#[test]
fn an_unhealthy_assessment_is_a_finding_and_any_other_is_evidence() {
    let text = json!({"value": [
        assessment("Unhealthy"), assessment("Healthy"), assessment("NotApplicable")]});
    let results = normalize_text(&text.to_string());
    let records: Vec<&Record> = results.iter().flat_map(|r| r.as_ref().unwrap()).collect();
    let [Record::Finding(open), Record::Evidence(passed), Record::Evidence(other)] = &records[..]
    else {
        panic!("{records:?}")
    };
    assert_eq!((open.rule.id.as_str(), open.severity), (KEY, Severity::High));
    assert_eq!(open.references, ["https://portal.azure.com/#blade/x"]);
    assert!(passed.passed && !other.passed);
    assert_eq!(other.result_native, "NotApplicable");
    assert_eq!(passed.finding_key(), open.key());
}

#[test]
fn resource_graph_and_the_command_line_name_the_same_finding() {
    let expected = only_finding(&assessment("Unhealthy").to_string());
    let mut lower = assessment("Unhealthy");
    lower["type"] = json!("microsoft.security/assessments");
    lower["id"] = json!(lower["id"].as_str().unwrap().to_lowercase());
    let graph = json!({"count": 1, "totalRecords": 1, "data": [lower]});
    assert_eq!(only_finding(&graph.to_string()).key(), expected.key());
    let mut flat = assessment("Unhealthy");
    let properties = flat["properties"].take();
    for (name, value) in properties.as_object().unwrap() {
        flat[name] = value.clone();
    }
    flat.as_object_mut().unwrap().remove("properties");
    assert_eq!(only_finding(&json!([flat]).to_string()).key(), expected.key());
}

fn below(data: &Value) -> Value {
    json!({"type": "Microsoft.Security/assessments/subAssessments", "name": "row-1",
        "id": format!("{VM}/providers/Microsoft.Security/assessments/{KEY}/subAssessments/row-1"),
        "properties": {"id": "VA77", "displayName": "A weak spot",
            "status": {"code": "Unhealthy", "severity": "Low"}, "remediation": "Update it.",
            "timeGenerated": "2026-02-03T04:05:06.7654321Z",
            "resourceDetails": {"source": "Azure", "id": VM}, "additionalData": data}})
}

#[test]
fn a_row_of_an_image_is_a_vulnerability_of_that_image() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let data = json!({"assessedResourceType": "AzureContainerRegistryVulnerability",
        "vulnerabilityDetails": {"cveId": "CVE-2031-2002", "severity": "High",
            "cvss": {"2.0": null, "3.0": {"base": 7.7, "cvssVectorString": "CVSS:3.0/AV:N"}},
            "exploitabilityAssessment": {"exploitStepsPublished": true},
            "references": [{"title": "CVE-2031-2002", "link": "https://cve.example/2"}]},
        "artifactDetails": {"registryHost": "quay.azurecr.io", "repositoryName": "shop",
            "digest": digest, "tags": ["v1"]},
        "softwareDetails": {"packageName": "libsail", "version": "1.0", "fixedVersion": "1.1"}});
    let found = only_finding(&json!({"value": [below(&data)]}).to_string());
    assert_eq!(found.class, FindingClass::Vulnerability);
    assert_eq!(found.asset.id.key(), format!("image:{digest}"));
    assert_eq!(found.severity, Severity::Low);
    let weakness = found.vulnerability.unwrap();
    assert_eq!((weakness.id.as_str(), weakness.package.as_str()), ("CVE-2031-2002", "libsail"));
    assert_eq!(weakness.fixed_version.as_deref(), Some("1.1"));
    assert_eq!((weakness.cvss, weakness.exploit_public), (Some(7.7), Some(true)));
}

#[test]
fn a_row_with_several_cves_is_one_finding_each_and_one_without_is_a_misconfiguration() {
    let many = json!({"assessedResourceType": "ServerVulnerabilityAssessment", "cve": [
        {"title": "CVE-2031-3003", "link": "https://cve.example/3"},
        {"title": "CVE-2031-3004"}, {"title": "see CVE-2031-9999"}]});
    let results = normalize_text(&json!({"value": [below(&many)]}).to_string());
    let records = results[0].as_ref().unwrap();
    assert_eq!(records.len(), 2);
    let none = json!({"assessedResourceType": "SqlServerVulnerability", "query": "SELECT 1"});
    let found = only_finding(&json!({"value": [below(&none)]}).to_string());
    assert_eq!((found.class, found.rule.id.as_str()), (FindingClass::Misconfiguration, "VA77"));
}

#[test]
fn a_row_without_type_and_id_is_about_the_machine_it_names() {
    let mut row = below(&json!({"softwareName": "libsail", "softwareVersion": "1.0",
        "recommendedVersion": "1.1", "cvssV30Score": 6.5, "cve": "CVE-2031-5005"}));
    row["properties"]["resourceDetails"] = json!({"ResourceName": "crane"});
    row.as_object_mut().unwrap().remove("type");
    row["id"] = json!("row-1");
    let found = only_finding(&json!({"value": [row]}).to_string());
    assert_eq!(found.asset.name.raw(), "crane");
    let weakness = found.vulnerability.unwrap();
    assert_eq!((weakness.id.as_str(), weakness.package.as_str()), ("CVE-2031-5005", "libsail"));
    assert_eq!((weakness.fixed_version.as_deref(), weakness.cvss), (Some("1.1"), Some(6.5)));
}

#[test]
fn cves_that_a_recommendation_lists_are_findings_on_the_image() {
    let digest = format!("sha256:{}", "ef".repeat(32));
    let mut one = assessment("Unhealthy");
    one["properties"]["additionalData"] = json!({"Digest": digest, "Repo": "shop/web",
        "CVEs": "[{\"CVE\":\"CVE-2031-6006\",\"Severity\":\"Low\",\"BaseScore\":3.3},{\"CVE\":\"none\"}]"});
    let results = normalize_text(&one.to_string());
    let [Record::Finding(whole), Record::Finding(weak)] = &results[0].as_ref().unwrap()[..] else {
        panic!("{results:?}")
    };
    assert_eq!(whole.class, FindingClass::Misconfiguration);
    assert_eq!(weak.asset.id.key(), format!("image:{digest}"));
    assert_eq!(
        (weak.severity, weak.vulnerability.as_ref().unwrap().cvss),
        (Severity::Low, Some(3.3))
    );
    one["properties"]["status"]["code"] = json!("Healthy");
    assert_eq!(normalize_text(&one.to_string())[0].as_ref().unwrap().len(), 1);
}

#[test]
fn an_export_mixes_kinds_and_none_vanishes() {
    let mut gone = assessment("Unhealthy");
    gone["securityEventDataEnrichment"] = json!({"action": "Delete"});
    let mut rows = below(&json!({"assessedResourceType": "GeneralVulnerability"}));
    rows["SecurityEventDataEnrichment"] = json!({"Action": "Insert"});
    let score = json!({"type": "Microsoft.Security/secureScores/secureScoreControls", "name": "c1",
        "id": "/subscriptions/0f0f/providers/Microsoft.Security/secureScores/ascScore/secureScoreControls/c1",
        "securityEventDataEnrichment": {"action": "Insert"},
        "properties": {"displayName": "Updates", "score": {"max": 6, "current": 2}}});
    let compliance = json!({"name": "r1", "type":
        "Microsoft.Security/regulatoryComplianceStandards/regulatoryComplianceControls/regulatoryComplianceAssessments",
        "id": "/subscriptions/0f0f/providers/Microsoft.Security/regulatoryComplianceStandards/b/x/r1",
        "securityEventDataEnrichment": {"action": "Write"}, "properties": {"state": "Passed"}});
    let metadata = json!({"type": "Microsoft.Security/assessmentMetadata", "name": "m",
        "securityEventDataEnrichment": {}, "properties": {}});
    let row = alert()["properties"].clone();
    let lines: Vec<String> =
        [gone, rows, score, compliance, metadata, row].iter().map(Value::to_string).collect();
    let results = normalize_text(&lines.join("\n"));
    assert_eq!(results.len(), 6);
    let told = |at: usize| &results[at].as_ref().unwrap()[0];
    assert!(matches!(told(0), Record::Finding(f) if f.status == Status::Resolved));
    assert!(matches!(told(1), Record::Finding(f) if f.class == FindingClass::Misconfiguration));
    assert!(matches!(told(2), Record::Evidence(e) if !e.passed && e.result_native == "2 of 6"));
    assert!(matches!(told(3), Record::Evidence(e) if e.passed));
    assert!(results[4].as_ref().unwrap_err().contains("$.type"));
    assert!(matches!(told(5), Record::Finding(f) if f.class == FindingClass::Detection));
}

#[test]
fn a_score_of_the_tenant_is_evidence_for_each_control() {
    let scores = json!({"value": [{"id": "t_2026-01-01", "azureTenantId": "t0",
        "createdDateTime": "2026-01-01T00:00:00Z", "controlScores": [
            {"controlName": "mfa", "scoreInPercentage": 100.0, "implementationStatus": "done"},
            {"controlName": "legacy", "scoreInPercentage": 0}]}]});
    let results = normalize_text(&scores.to_string());
    let [Record::Evidence(mfa), Record::Evidence(legacy)] = &results[0].as_ref().unwrap()[..]
    else {
        panic!("{results:?}")
    };
    assert!(mfa.passed && !legacy.passed);
    assert_eq!(legacy.result_native, "0 %");
}

#[test]
fn what_cannot_be_taken_says_where() {
    let mut silent = assessment("Unhealthy");
    silent["properties"]["status"] = json!({});
    let mut nowhere = alert();
    nowhere["properties"]["resourceIdentifiers"] = json!(null);
    let results = normalize_text(&json!({"value": [silent, nowhere, [1]]}).to_string());
    assert!(results[0].as_ref().unwrap_err().contains("$.properties.status.code"));
    assert!(results[1].as_ref().unwrap_err().contains("$.CompromisedEntity"));
    assert!(results[2].as_ref().unwrap_err().contains("no object"));
}

#[test]
fn hostile_names_and_references_stay_bounded() {
    let long = "n".repeat(50_000);
    let mut one = alert();
    one["properties"]["extendedProperties"] = json!({ long.as_str(): "v", "B": "[[[[" });
    one["properties"]["entities"] = json!([
        {"$id": "1", "type": "process", "parentProcess": {"$ref": "1"}},
        {"$id": "1", "type": "process", "commandLine": "x", "parentProcess": {"$ref": "9"}}]);
    let found = only_finding(&one.to_string());
    assert!(found.evidence.iter().all(|(name, _)| name.len() <= 128));
    assert_eq!(found.detection.unwrap().processes.len(), 2);
}

#[test]
fn a_field_that_stands_twice_is_a_reject() {
    let text = assessment("Unhealthy").to_string().replacen(
        "\"code\":\"Unhealthy\"",
        "\"code\":\"Unhealthy\",\"code\":\"Healthy\"",
        1,
    );
    let reason = normalize_text(&text).remove(0).unwrap_err();
    assert!(reason.contains("`code` stands twice"), "{reason}");
}

#[test]
fn a_row_of_the_portal_is_what_the_api_says() {
    let resource = "/subscriptions/5f1c0000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/acmelogs";
    let id = format!(
        "{resource}/providers/Microsoft.Security/assessments/aaaa0000-0000-4000-8000-000000000001"
    );
    let table = format!(
        "\"subscriptionId\",\"resourceId\",\"recommendationId\",\"recommendationName\",\"recommendationDisplayName\",\"severity\",\"state\"\n\
         \"s\",\"{resource}\",\"{id}\",\"aaaa0000-0000-4000-8000-000000000001\",\"Made-up advice, in words\",\"High\",\"Unhealthy\"\n\
         \"s\",\"{resource}\",\"{id}\",\"aaaa0000-0000-4000-8000-000000000001\",\"Made-up advice, in words\",\"High\",\"Healthy\"\n\
         \"s\",\"\",\"{id}\",\"x\",\"y\",\"High\",\"Unhealthy\"\n"
    );
    let mut rows = normalize_text(&table);
    let api = json!({"value": [{"id": id, "name": "aaaa0000-0000-4000-8000-000000000001",
        "type": "Microsoft.Security/assessments", "properties": {"displayName": "Made-up advice, in words",
        "resourceDetails": {"source": "Azure", "id": resource}, "status": {"code": "Unhealthy"},
        "metadata": {"severity": "High"}}}]});
    let api = normalize_text(&api.to_string()).remove(0).unwrap().remove(0);
    let row = rows.remove(0).unwrap().remove(0);
    let (Record::Finding(api), Record::Finding(row)) = (api, row) else { panic!("no findings") };
    assert_eq!(api.key(), row.key());
    assert_eq!((row.severity, row.title.raw()), (Severity::High, "Made-up advice, in words"));
    assert!(matches!(rows.remove(0).unwrap().remove(0), Record::Evidence(e) if e.passed));
    assert!(rows.remove(0).unwrap_err().contains("resourceId"));
}
