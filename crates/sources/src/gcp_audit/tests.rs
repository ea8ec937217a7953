//! Facts about entries of Cloud Logging.

use quell_model::{Activity, FindingClass, Record};
use serde_json::{Value, json};

use crate::testing::{normalize_text, only_finding};

fn entry() -> Value {
    json!({"insertId": "i1", "logName": "projects/fleet/logs/cloudaudit.googleapis.com%2Factivity",
        "timestamp": "2026-01-02T03:04:05.123456789Z",
        "resource": {"type": "gce_instance", "labels": {"project_id": "fleet", "zone": "north1-a"}},
        "protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "compute.googleapis.com", "methodName": "v1.compute.instances.stop",
            "resourceName": "projects/fleet/zones/north1-a/instances/tug",
            "authenticationInfo": {"principalEmail": "eve@dock.example"},
            "authorizationInfo": [{"permission": "compute.instances.stop", "granted": true}],
            "requestMetadata": {"callerIp": "203.0.113.5"}, "status": {}}})
}

fn only_activity(text: &str) -> Activity {
    let mut results = normalize_text(text);
    assert_eq!(results.len(), 1, "{results:?}");
    match results.remove(0).unwrap().remove(0) {
        Record::Activity(activity) => *activity,
        other @ (Record::Finding(_)
        | Record::Evidence(_)
        | Record::Asset(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_)) => {
            panic!("{other:?}")
        }
    }
}

/// The test's own Base64, so that reading is not tested against itself.
fn base64(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let all = chunk.iter().fold(0_usize, |all, byte| all << 8 | usize::from(*byte));
        let all = all << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(char::from(LETTERS[all >> (18 - 6 * place) & 63]));
        }
        out.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
    out
}

#[test]
fn an_entry_says_who_called_what_on_which_resource() {
    let wrapped = json!({"message": {"data": base64(&entry().to_string()), "messageId": "7"},
        "subscription": "projects/fleet/subscriptions/s"});
    for text in [
        entry().to_string(),
        json!([entry()]).to_string(),
        json!({"entries": [entry()]}).to_string(),
        wrapped.to_string(),
        json!([{"ackId": "a", "message": wrapped["message"]}]).to_string(),
        json!({"receivedMessages": [{"ackId": "a", "message": wrapped["message"]}]}).to_string(),
    ] {
        let found = only_activity(&text);
        assert_eq!(found.action, "v1.compute.instances.stop");
        assert_eq!(found.principal.raw(), "eve@dock.example");
        assert_eq!(found.asset.id.key(), "gcp:compute/projects/fleet/zones/north1-a/instances/tug");
        assert_eq!(found.succeeded, Some(true));
        assert!(found.native_id.starts_with("i1|"));
    }
}

#[test]
fn what_was_refused_did_not_succeed() {
    let (mut status, mut grant) = (entry(), entry());
    status["protoPayload"]["status"] = json!({"code": 7, "message": "PERMISSION_DENIED"});
    grant["protoPayload"]["authorizationInfo"][0]["granted"] = json!(false);
    for one in [status, grant] {
        assert_eq!(only_activity(&one.to_string()).succeeded, Some(false));
    }
}

#[test]
fn resources_are_named_as_other_tools_name_them() {
    for (service, path, key) in [
        ("storage.googleapis.com", "projects/_/buckets/charts", "gcp:storage/buckets/charts"),
        (
            "cloudbilling.googleapis.com",
            "projects/fleet",
            "gcp:cloudresourcemanager/projects/fleet",
        ),
        (
            "iam.googleapis.com",
            "projects/-/serviceAccounts/a@fleet.iam.gserviceaccount.com",
            "gcp:iam/serviceAccounts/a@fleet.iam.gserviceaccount.com",
        ),
        ("", "", "gcp:cloudresourcemanager/projects/fleet"),
    ] {
        let mut one = entry();
        one["protoPayload"]["serviceName"] = json!(service);
        one["protoPayload"]["resourceName"] = json!(path);
        assert_eq!(only_activity(&one.to_string()).asset.id.key(), key, "{path}");
    }
}

#[test]
fn an_object_of_a_cluster_is_a_kubernetes_object() {
    let mut one = entry();
    one["resource"] =
        json!({"type": "k8s_cluster", "labels": {"cluster_name": "c1", "project_id": "fleet"}});
    one["protoPayload"]["serviceName"] = json!("k8s.io");
    one["protoPayload"]["resourceName"] = json!("core/v1/namespaces/shop/pods/web");
    let found = only_activity(&one.to_string());
    assert_eq!(found.asset.id.key(), "kubernetes:c1:shop:pod:web");
}

fn network(log: &str, payload: &Value) -> Value {
    json!({"insertId": "n1", "timestamp": "2026-01-02T03:04:05Z",
        "logName": format!("projects/fleet/logs/{log}"), "jsonPayload": payload,
        "resource": {"type": "gce_subnetwork", "labels": {"project_id": "fleet",
            "location": "north1-a", "subnetwork_name": "pier"}}})
}

#[test]
fn a_flow_is_about_the_machine_that_reported_it() {
    let payload = json!({"connection": {"src_ip": "10.0.0.4", "src_port": 5001,
            "dest_ip": "2001:db8::9", "dest_port": 443, "protocol": 6},
        "bytes_sent": "77", "packets_sent": "3", "reporter": "SRC",
        "start_time": "2026-01-02T03:04:01Z",
        "src_instance": {"project_id": "fleet", "zone": "north1-a", "vm_name": "tug"}});
    let found = only_activity(&network("compute.googleapis.com%2Fvpc_flows", &payload).to_string());
    assert_eq!(found.asset.id.key(), "gcp:compute/projects/fleet/zones/north1-a/instances/tug");
    assert!(found.evidence.iter().any(|(_, fact)| fact.raw() == "[2001:db8::9]:443"));
    let denied = json!({"connection": {"src_ip": "203.0.113.1", "dest_ip": "10.0.0.4"},
        "disposition": "DENIED"});
    let found = only_activity(&network("compute.googleapis.com%2Ffirewall", &denied).to_string());
    assert_eq!((found.action.as_str(), found.succeeded), ("network.flow.denied", Some(false)));
    assert_eq!(found.asset.id.key(), "gcp:compute/projects/fleet/regions/north1/subnetworks/pier");
}

#[test]
fn a_name_lookup_is_activity() {
    let payload =
        json!({"queryName": "odd.example.", "queryType": "A", "responseCode": "NXDOMAIN"});
    let found = only_activity(&network("dns.googleapis.com%2Fdns_queries", &payload).to_string());
    assert_eq!((found.action.as_str(), found.succeeded), ("dns.query", Some(false)));
}

#[test]
fn a_request_is_activity_of_its_load_balancer() {
    let mut one = network(
        "requests",
        &json!({"enforcedSecurityPolicy": {"name": "wall",
        "outcome": "DENY", "preconfiguredExprIds": ["rule-1"]}}),
    );
    one["resource"]["labels"]["forwarding_rule_name"] = json!("web");
    one["httpRequest"] = json!({"requestMethod": "POST", "requestUrl": "https://quay.example/x",
        "status": 403, "remoteIp": "203.0.113.7"});
    let found = only_activity(&one.to_string());
    assert_eq!((found.action.as_str(), found.succeeded), ("http.post", Some(false)));
    assert_eq!(found.asset.id.key(), "gcp:compute/projects/fleet/global/forwardingRules/web");
    assert!(found.evidence.iter().any(|(_, fact)| fact.raw() == "DENY"));
}

#[test]
fn a_table_that_knows_no_capitals_reads_alike() {
    let lower = json!({"insertid": "i1", "logname": "projects/fleet/logs/a",
        "timestamp": "2026-01-02 03:04:05", "resource": {"type": "project"},
        "protopayload": {"methodName": "SetIamPolicy", "resourceName": "projects/fleet"}});
    assert_eq!(only_activity(&lower.to_string()).action, "SetIamPolicy");
}

#[test]
fn findings_in_logs_and_messages_are_findings() {
    let threat = json!({"detectionCategory": {"ruleName": "bad_ip"}, "detectionPriority": "HIGH",
        "properties": {"ip": ["203.0.113.6"]},
        "affectedResources": [{"gcpResourceName": "//cloudresourcemanager.googleapis.com/projects/7"}]});
    let log = "threatdetection.googleapis.com%2Fdetection";
    let found = only_finding(&network(log, &threat).to_string());
    assert_eq!((found.class, found.rule.id.as_str()), (FindingClass::Detection, "bad_ip"));
    assert_eq!(found.detection.unwrap().remote_addresses, ["203.0.113.6"]);
    let finding = json!({"finding": {"name": "organizations/1/sources/2/findings/3",
        "category": "OPEN_SSH_PORT", "state": "ACTIVE", "findingClass": "MISCONFIGURATION",
        "resourceName": "//compute.googleapis.com/projects/p/global/firewalls/9"}});
    let message = json!({"message": {"data": base64(&finding.to_string())}, "ackId": "a"});
    let found = only_finding(&message.to_string());
    assert_eq!((found.tool.product.as_str(), found.rule.id.as_str()), ("scc", "OPEN_SSH_PORT"));
}

#[test]
fn what_cannot_be_taken_says_where() {
    let broken = json!({"message": {"data": "{}"}, "ackId": "a"});
    let reason = normalize_text(&broken.to_string()).remove(0).unwrap_err();
    assert!(reason.contains("$.message.data"), "{reason}");
    let other = network("stdout", &json!({"message": "hello"}));
    let mut nameless = entry();
    nameless["protoPayload"] = json!({"status": {"code": 1}});
    let results = normalize_text(&json!([entry(), other, nameless]).to_string());
    assert!(results[0].is_ok());
    assert!(results[1].as_ref().unwrap_err().contains("`stdout`"));
    assert!(results[2].as_ref().unwrap_err().contains("$.protoPayload.methodName"));
}
