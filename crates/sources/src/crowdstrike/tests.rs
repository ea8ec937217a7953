//! Alerts, by what they must become.

use quell_model::{AssetId, Hints, Provider, Severity, Status};

use crate::testing::{normalize_text, only_finding};

const ALERT: &str = include_str!("fixtures/alert.json");

#[test]
fn an_alert_names_the_machine_the_process_and_its_parents() {
    let finding = only_finding(ALERT);
    assert_eq!(finding.native_id, "d0c1:ind:4f2b:4711-10197-1");
    assert_eq!((finding.rule.id.as_str(), finding.severity), ("10197", Severity::High));
    assert_eq!(finding.status, Status::InProgress);
    let detection = finding.detection.as_ref().unwrap();
    assert_eq!(detection.techniques, ["T1059.004"], "CST0007 is no ATT&CK");
    assert_eq!(detection.tactics, ["Execution", "Machine Learning"]);
    assert_eq!(detection.remote_addresses, ["203.0.113.9"]);
    let names: Vec<&str> = detection.processes.iter().map(|p| p.name.raw()).collect();
    assert_eq!(names, ["/tmp/x", "/bin/bash", "sshd"]);
    assert_eq!(detection.processes[0].pid, Some(77));
    assert_eq!(finding.references, ["https://falcon.crowdstrike.com/x"]);
    let expected = AssetId::parse(
        "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718",
        &Hints { provider: Some(Provider::Aws), ..Hints::default() },
    );
    assert_eq!(finding.asset.id.key(), expected.key(), "the same machine as everywhere else");
}

#[test]
fn alerts_are_read_in_answers_lists_and_alone() {
    let key = only_finding(ALERT).key();
    let text = ALERT.trim();
    for whole in [format!("{{\"meta\":{{}},\"resources\":[{text}]}}"), format!("[{text},{text}]")] {
        let all = normalize_text(&whole);
        assert!(!all.is_empty() && all.iter().all(Result::is_ok), "{all:?}");
    }
    assert_eq!(only_finding(&format!("{{\"resources\":[{text}]}}")).key(), key);
}

#[test]
fn states_and_severities_keep_the_vendors_words() {
    for (word, resolution, status) in [
        ("new", "", Status::Open),
        ("reopened", "", Status::Open),
        ("closed", "", Status::Resolved),
        ("closed", "false_positive", Status::Suppressed),
        ("odd", "", Status::Open),
    ] {
        let text = ALERT.replace("\"in_progress\"", &format!("\"{word}\""));
        let text =
            text.replace("\"resolution\": \"\"", &format!("\"resolution\":\"{resolution}\""));
        assert_eq!(only_finding(&text).status, status, "{word} {resolution}");
    }
    for (number, severity) in [
        ("95", Severity::Critical),
        ("70", Severity::High),
        ("50", Severity::Medium),
        ("30", Severity::Low),
        ("10", Severity::Informational),
        ("null", Severity::Unknown),
        ("\"x\"", Severity::Unknown),
    ] {
        let text = ALERT.replace("\"severity_name\": \"High\"", "\"severity_name\": null");
        let text = text.replace("\"severity\": 70", &format!("\"severity\": {number}"));
        assert_eq!(only_finding(&text).severity, severity, "{number}");
    }
}

#[test]
fn a_host_outside_a_cloud_is_known_by_its_name_and_a_pod_by_its_own() {
    let text = ALERT.replace("AWS_EC2_V2", "");
    let finding = only_finding(&text);
    assert_eq!(
        (finding.asset.id.provider, finding.asset.native_id.as_str()),
        (Provider::Host, "node-1")
    );
    let text = ALERT.replace(
        "\"hostname\"",
        "\"pod_name\": \"web-1\", \"pod_namespace\": \"shop\", \"hostname\"",
    );
    assert_eq!(only_finding(&text).asset.native_id, "shop/web-1");
}

#[test]
fn a_machine_in_google_is_known_by_its_name_as_everywhere_else() {
    let device = |host: &str, project: &str, zone: &str| {
        let mut alert: serde_json::Value = serde_json::from_str(ALERT).unwrap();
        alert["device"] = serde_json::json!({
            "service_provider": "GCP", "instance_id": "4000000000000000001", "hostname": host,
            "service_provider_account_id": project, "zone_group": zone,
        });
        only_finding(&alert.to_string()).asset.id.key().to_owned()
    };
    let own = "//compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/web";
    let own = AssetId::parse(own, &Hints::default());
    for (host, project, zone) in [
        ("web", "shop", "europe-west1-b"),
        ("web", "shop", "projects/4711/zones/europe-west1-b"),
        ("web.c.shop.internal", "4711", "europe-west1-b"),
        ("web.europe-west1-b.c.shop.internal", "4711", ""),
    ] {
        assert_eq!(device(host, project, zone), own.key(), "{host} {project} {zone}");
    }
    for (host, project, zone) in [("web", "4711", "europe-west1-b"), ("web", "shop", "")] {
        assert!(device(host, project, zone).contains("4000000000000000001"), "{host} {project}");
    }
}

#[test]
fn what_lacks_the_essentials_is_a_reject_with_its_path() {
    for (from, to, path) in [
        (
            "\"composite_id\": \"d0c1:ind:4f2b:4711-10197-1\"",
            "\"composite_id\": null",
            "$.composite_id",
        ),
        ("\"device\"", "\"agent_id\": null, \"devices\"", "$.device"),
    ] {
        let text = ALERT.replace("\"agent_id\": \"4f2b\",", "").replace(from, to);
        let reason = normalize_text(&text).remove(0).unwrap_err();
        assert!(reason.contains(path), "{reason}");
    }
}
