//! Facts about Azure's Activity log and its flow logs.

use quell_model::{Activity, Record};
use serde_json::{Value, json};

use crate::testing::normalize_text;

const VAULT: &str = "/subscriptions/0f0f/resourceGroups/quay/providers/Microsoft.KeyVault/vaults/k";

fn event() -> Value {
    json!({"eventDataId": "e-1", "caller": "eve@dock.example", "correlationId": "c-1",
        "operationName": {"value": "Microsoft.KeyVault/vaults/delete", "localizedValue": "Delete"},
        "status": {"value": "Succeeded"}, "category": {"value": "Administrative"},
        "eventTimestamp": "2026-01-02T03:04:05.1234567Z", "resourceId": VAULT,
        "httpRequest": {"clientIpAddress": "203.0.113.8"}, "level": "Informational",
        "subscriptionId": "0f0f", "properties": {"statusMessage": "gone"}})
}

fn record() -> Value {
    json!({"time": "2026-01-02T03:04:05.1234567Z", "resourceId": VAULT.to_uppercase(),
        "operationName": "MICROSOFT.KEYVAULT/VAULTS/DELETE", "category": "Administrative",
        "resultType": "Failure", "correlationId": "c-1", "callerIpAddress": "203.0.113.8",
        "identity": {"claims": {
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "eve@dock.example"}}})
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

#[test]
fn an_event_says_who_did_what_to_which_resource() {
    for text in [
        json!({"value": [event()], "nextLink": "x"}).to_string(),
        json!([event()]).to_string(),
        event().to_string(),
    ] {
        let found = only_activity(&text);
        assert_eq!(found.native_id, "e-1");
        assert_eq!(found.action, "Microsoft.KeyVault/vaults/delete");
        assert_eq!(found.principal.raw(), "eve@dock.example");
        assert_eq!(found.asset.id.key(), format!("azure:{}", VAULT.to_lowercase()));
        assert_eq!(found.succeeded, Some(true));
        assert_eq!(found.time, Some("2026-01-02T03:04:05.1234567Z".parse().unwrap()));
        assert!(found.evidence.iter().any(|(_, fact)| fact.raw() == "203.0.113.8"));
    }
}

#[test]
fn a_diagnostic_record_names_its_principal_in_the_claims() {
    for text in [
        json!({"records": [record()]}).to_string(),
        json!([record()]).to_string(),
        record().to_string(),
    ] {
        let found = only_activity(&text);
        assert_eq!(found.principal.raw(), "eve@dock.example");
        assert_eq!(found.asset.id.key(), format!("azure:{}", VAULT.to_lowercase()));
        assert_eq!(found.succeeded, Some(false));
    }
}

#[test]
fn the_start_and_the_end_of_an_operation_are_two_activities() {
    let mut start = record();
    start["resultType"] = json!("Start");
    let end = only_activity(&record().to_string());
    let start = only_activity(&start.to_string());
    assert_eq!(start.succeeded, None);
    assert_ne!(start.native_id, end.native_id);
}

fn group_flows(tuples: &[&str]) -> Value {
    json!({"time": "2026-01-02T03:04:05.1234567Z", "systemId": "s", "macAddress": "00AA",
        "category": "NetworkSecurityGroupFlowEvent",
        "operationName": "NetworkSecurityGroupFlowEvents",
        "resourceId": "/SUBSCRIPTIONS/0F0F/RESOURCEGROUPS/Q/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/N",
        "properties": {"Version": 2, "flows": [
            {"rule": "UserRule_ssh", "flows": [{"mac": "00AA", "flowTuples": tuples}]}]}})
}

#[test]
fn flows_are_added_up_by_rule_direction_and_decision() {
    let record = group_flows(&[
        "1767323045,203.0.113.1,10.0.0.4,5001,22,T,I,A,B,,,,",
        "1767323050,203.0.113.2,10.0.0.4,5002,22,T,I,A,E,3,300,2,200",
        "1767323051,203.0.113.3,10.0.0.4,5003,3389,T,I,D,B,,,,",
        "broken",
    ]);
    let results = normalize_text(&json!({"records": [record]}).to_string());
    let [Record::Activity(allowed), Record::Activity(denied)] = &results[0].as_ref().unwrap()[..]
    else {
        panic!("{results:?}")
    };
    assert_eq!(allowed.action, "network.flow.allowed.inbound");
    assert_eq!((allowed.succeeded, denied.succeeded), (Some(true), Some(false)));
    let fact = |name: &str| {
        let found = allowed.evidence.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.raw().to_owned())
    };
    assert_eq!(fact("flows").as_deref(), Some("2"));
    assert_eq!(fact("bytes").as_deref(), Some("500 in 5 packets"));
    assert_eq!(fact("destinationPorts").as_deref(), Some("22 (tcp)"));
    assert_eq!(fact("remoteAddresses").as_deref(), Some("203.0.113.1, 203.0.113.2"));
    assert_eq!(fact("unreadableTuples").as_deref(), Some("1"));
    assert_eq!(allowed.asset.id.kind, "network.networksecuritygroups");
}

#[test]
fn flows_of_a_virtual_network_read_alike() {
    let record = json!({"time": "2026-01-02T03:04:05.1234567Z", "flowLogVersion": 4,
        "flowLogGUID": "g", "macAddress": "00AA", "category": "FlowLogFlowEvent",
        "targetResourceID": "/subscriptions/0f0f/resourceGroups/q/providers/Microsoft.Network/virtualNetworks/v",
        "flowRecords": {"flows": [{"aclID": "a", "flowGroups": [{"rule": "out", "flowTuples": [
            "1767323045123,10.0.0.4,198.51.100.9,5001,443,6,O,E,NX,7,1158,12,8142"]}]}]}});
    for text in [record.to_string(), json!({"records": [record]}).to_string()] {
        let found = only_activity(&text);
        assert_eq!(found.action, "network.flow.allowed.outbound");
        assert!(found.evidence.iter().any(|(_, fact)| fact.raw() == "9300 in 19 packets"));
        assert!(found.evidence.iter().any(|(_, fact)| fact.raw() == "198.51.100.9"));
    }
}

#[test]
fn a_flow_that_a_forwarder_took_apart_reads_alike() {
    let record = json!({"time": "2026-01-02T03:04:05Z", "macAddress": "00AA", "rule": "out",
        "flowLogVersion": 4, "operationName": "FlowLogFlowEvent",
        "flow.0": "1767323045123,10.0.0.4,198.51.100.9,5001,443,6,O,D,NX,0,0,0,0"});
    let found = only_activity(&record.to_string());
    assert_eq!(found.action, "network.flow.denied.outbound");
    assert_eq!(found.asset.native_id, "00AA");
}

#[test]
fn one_record_never_becomes_more_than_a_thousand_sums() {
    let mut record = group_flows(&[]);
    let line = "1767323045,203.0.113.1,10.0.0.4,5001,22,T,I,A,B,,,,";
    let rules: Vec<Value> = (0..3000)
        .map(|n| json!({"rule": format!("r{n}"), "flows": [{"flowTuples": [line]}]}))
        .collect();
    record["properties"]["flows"] = json!(rules);
    let results = normalize_text(&json!({"records": [record]}).to_string());
    let records = results[0].as_ref().unwrap();
    assert_eq!(records.len(), 1001);
    let further = records.iter().find_map(|record| match record {
        Record::Activity(activity) if activity.evidence[0].1.raw() == "(further rules)" => {
            Some(activity.evidence[1].1.raw())
        }
        Record::Activity(_)
        | Record::Finding(_)
        | Record::Evidence(_)
        | Record::Asset(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_) => None,
    });
    assert_eq!(further, Some("2000"));
}

#[test]
fn what_cannot_be_taken_says_where() {
    let mut nowhere = record();
    nowhere["resourceId"] = json!(null);
    let text = json!({"records": [record(), nowhere, group_flows(&[]), group_flows(&["x"])]});
    let results = normalize_text(&text.to_string());
    assert!(results[0].is_ok());
    assert!(results[1].as_ref().unwrap_err().contains("$.resourceId"));
    assert!(results[2].as_ref().unwrap_err().contains("$.properties.flows"));
    assert!(results[3].as_ref().unwrap_err().contains("$..flowTuples[]"));
}
