//! Facts about findings of Security Command Center.

use quell_model::{FindingClass, Record, Severity, Status};
use serde_json::{Value, json};

use crate::testing::{normalize_text, only_finding};

fn finding() -> Value {
    json!({
        "name": "organizations/77/sources/5/locations/global/findings/ab12",
        "parent": "organizations/77/sources/5/locations/global",
        "resourceName": "//storage.googleapis.com/harbour-plans",
        "state": "ACTIVE", "category": "PUBLIC_BUCKET_ACL", "severity": "HIGH",
        "findingClass": "MISCONFIGURATION", "mute": "UNDEFINED",
        "description": "Everybody can list it.", "nextSteps": "Take the grant away.",
        "compliances": [{"standard": "CIS", "version": "1.3", "ids": ["5.1"]}],
        "createTime": "2026-02-03T04:05:06.789Z", "eventTime": "2026-03-03T00:00:00Z",
        "externalUri": "https://console.example/bucket",
    })
}

fn result(finding: &Value) -> Value {
    json!({"finding": finding, "resource": {
        "name": "//storage.googleapis.com/harbour-plans", "type": "google.cloud.storage.Bucket",
        "displayName": "harbour-plans", "cloudProvider": "GOOGLE_CLOUD_PLATFORM",
        "gcpMetadata": {"project": "//cloudresourcemanager.googleapis.com/projects/42",
            "projectDisplayName": "harbour"}}})
}

#[test]
fn every_door_yields_the_same_finding() {
    let both = result(&finding());
    let mut notification = both.clone();
    notification["notificationConfigName"] = json!("organizations/77/notificationConfigs/n");
    let snake = json!({"finding": {
        "name": "organizations/77/sources/5/findings/ab12", "state": "ACTIVE",
        "resource_name": "//storage.googleapis.com/harbour-plans", "severity": "HIGH",
        "category": "PUBLIC_BUCKET_ACL", "finding_class": "MISCONFIGURATION",
        "event_time": "2026-03-03 00:00:00 UTC"},
        "resource": {"project_display_name": "harbour", "type": "google.cloud.storage.Bucket"}});
    let inside = finding();
    let expected = only_finding(&both.to_string());
    assert_eq!(expected.severity, Severity::High);
    assert_eq!(expected.asset.id.account, "harbour");
    assert_eq!(expected.asset.signals.internet_exposed, Some(true));
    for text in [
        notification.to_string(),
        json!([both]).to_string(),
        json!({"listFindingsResults": [both], "totalSize": 1}).to_string(),
        snake.to_string(),
        inside.to_string(),
        json!([inside]).to_string(),
        json!({"findings": [inside]}).to_string(),
    ] {
        let found = only_finding(&text);
        assert_eq!(found.key(), expected.key(), "{text}");
        assert_eq!(found.last_seen, expected.last_seen, "{text}");
    }
}

#[test]
fn state_and_mute_become_the_status() {
    for (state, mute, status, word) in [
        ("ACTIVE", "UNMUTED", Status::Open, "ACTIVE"),
        ("ACTIVE", "MUTED", Status::Suppressed, "MUTED"),
        ("INACTIVE", "MUTED", Status::Resolved, "INACTIVE"),
    ] {
        let mut one = finding();
        (one["state"], one["mute"]) = (json!(state), json!(mute));
        let found = only_finding(&result(&one).to_string());
        assert_eq!((found.status, found.status_native.as_str()), (status, word));
    }
}

#[test]
fn a_weak_package_is_a_vulnerability() {
    let mut one = finding();
    one["findingClass"] = json!("VULNERABILITY");
    one["category"] = json!("OS_VULNERABILITY");
    one["vulnerability"] = json!({
        "cve": {"id": "CVE-2031-1001", "cvssv3": {"baseScore": 8.1}, "observedInTheWild": true,
            "exploitationActivity": "CONFIRMED", "references": [{"uri": "https://cve.example/1"}]},
        "offendingPackage": {"packageName": "libtide", "packageVersion": "1.2-3"},
        "fixedPackage": {"packageName": "libtide", "packageVersion": "1.2-4"}});
    let found = only_finding(&result(&one).to_string());
    assert_eq!(found.class, FindingClass::Vulnerability);
    assert_eq!(found.references, ["https://console.example/bucket", "https://cve.example/1"]);
    let weakness = found.vulnerability.unwrap();
    assert_eq!((weakness.id.as_str(), weakness.package.as_str()), ("CVE-2031-1001", "libtide"));
    assert_eq!(weakness.fixed_version.as_deref(), Some("1.2-4"));
    assert_eq!((weakness.cvss, weakness.exploited), (Some(8.1), Some(true)));
    assert_eq!(weakness.exploit_public, Some(true));
}

#[test]
fn a_threat_names_technique_principal_process_and_address() {
    let mut one = finding();
    one["findingClass"] = json!("THREAT");
    one["category"] = json!("Persistence: IAM Anomalous Grant");
    one["mitreAttack"] = json!({"primaryTactic": "PERSISTENCE",
        "primaryTechniques": ["ACCOUNT_MANIPULATION", "NOT_YET_NAMED"]});
    one["access"] = json!({"principalEmail": "mallory@dock.example", "callerIp": "203.0.113.9"});
    one["processes"] = json!([{"binary": {"path": "/bin/nc"}, "args": ["nc", "-l"], "pid": "41"}]);
    one["connections"] = json!([{"sourceIp": "203.0.113.9"}, {"destinationIp": "198.51.100.2"}]);
    let found = only_finding(&result(&one).to_string());
    assert_eq!(found.class, FindingClass::Detection);
    let told = found.detection.unwrap();
    assert_eq!(told.techniques, ["T1098", "NOT_YET_NAMED"]);
    assert_eq!(told.tactics, ["PERSISTENCE"]);
    assert_eq!(told.principal.raw(), "mallory@dock.example");
    assert_eq!(told.remote_addresses, ["203.0.113.9", "198.51.100.2"]);
    assert_eq!((told.processes[0].command_line.raw(), told.processes[0].pid), ("nc -l", Some(41)));
}

#[test]
fn the_old_style_keeps_everything_in_source_properties() {
    let old = json!({"finding": {
        "name": "organizations/7/sources/8/findings/9", "state": "ACTIVE",
        "resourceName": "//cloudresourcemanager.googleapis.com/projects/55",
        "category": "Brute Force: SSH", "eventTime": "2026-01-01T00:00:00Z",
        "sourceProperties": {"detectionPriority": "LOW", "detectionCategory": {"ruleName": "ssh"},
            "contextUris": {"mitreUri": {"url": "https://attack.mitre.org/techniques/T1110/001/"}},
            "properties": {"attempts": [{"sourceIp": "192.0.2.7"}, {"sourceIp": "192.0.2.7"}]}}}});
    let found = only_finding(&old.to_string());
    assert_eq!((found.class, found.severity), (FindingClass::Detection, Severity::Low));
    let told = found.detection.unwrap();
    assert_eq!(told.techniques, ["T1110.001"]);
    assert_eq!(told.remote_addresses, ["192.0.2.7"]);
}

#[test]
fn other_classes_keep_their_kind() {
    for (word, class) in [
        ("TOXIC_COMBINATION", FindingClass::AttackPath),
        ("POSTURE_VIOLATION", FindingClass::Misconfiguration),
        ("OBSERVATION", FindingClass::Misconfiguration),
        ("SCC_ERROR", FindingClass::Misconfiguration),
        ("SENSITIVE_DATA_RISK", FindingClass::DataRisk),
    ] {
        let mut one = finding();
        one["findingClass"] = json!(word);
        let found = only_finding(&result(&one).to_string());
        assert_eq!(found.class, class, "{word}");
        assert!(found.evidence.iter().any(|(_, told)| told.raw() == word), "{word}");
    }
}

#[test]
fn what_cannot_be_taken_says_where() {
    let good = result(&finding());
    let (mut nameless, mut placeless) = (good.clone(), good.clone());
    nameless["finding"]["category"] = json!(null);
    placeless["finding"]["resourceName"] = json!([]);
    placeless["resource"] = json!({});
    let text = json!([good, nameless, placeless, 7]).to_string();
    let results = normalize_text(&text);
    assert_eq!(results.len(), 4);
    assert!(matches!(results[0].as_deref(), Ok([Record::Finding(_)])));
    assert!(results[1].as_ref().unwrap_err().contains("$.finding.category"));
    assert!(results[2].as_ref().unwrap_err().contains("$.resource.name"));
    assert!(results[3].is_err());
}

/// A push as it is read where the format is said to be this one.
fn pushed(inner: &str) -> Result<Vec<Record>, String> {
    let text = json!({"message": {"data": encoded(inner.as_bytes()), "messageId": "136969346945"},
        "subscription": "projects/harbour/subscriptions/quell"})
    .to_string();
    let shape = super::SOURCE.shapes.iter().find(|shape| shape.name == super::PUSHED).unwrap();
    let envelope = crate::Envelope {
        document: &Value::Null,
        imported_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        file_name: "",
        shape,
        index: &std::sync::OnceLock::new(),
    };
    let raw = crate::RawRecord { text: &text, shape, pattern: 0, indices: &[], envelope };
    let mut output = crate::Output::default();
    (super::SOURCE.normalize)(&raw, &mut output).map_err(|rejection| rejection.0)?;
    // Where no format is said, what opens log entries opens it too, to the same.
    let other = normalize_text(&text).remove(0).unwrap();
    assert_eq!(other, output.records);
    Ok(output.records)
}

#[test]
fn a_push_of_pub_sub_is_the_finding_that_it_carries() {
    let plain = result(&finding()).to_string();
    let records = pushed(&plain).unwrap();
    assert_eq!(records, normalize_text(&plain).remove(0).unwrap());
    for (inner, said) in [
        ("{}", "$.message.data.category"),
        ("[7]", "$.message.data.category"),
        (r#"{"finding": {"category": 7, "name": "#, "`$.message.data.finding.name`"),
        ("no json", "`$.message.data`"),
    ] {
        let reason = pushed(inner).unwrap_err();
        assert!(reason.contains(said), "{reason}");
    }
}

/// Base64 as Pub/Sub writes it.
fn encoded(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let held = chunk.iter().fold(0_u32, |held, byte| held << 8 | u32::from(*byte));
        let held = held << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(LETTERS[(held >> (18 - 6 * place) & 63) as usize]));
        }
        text.push_str(&"=".repeat(3 - chunk.len()));
    }
    text
}
