//! Rows of what is wrong: vulnerabilities of hosts and images, compliance, and what was done.

use quell_model::{Severity, Timestamp};
use serde_json::{Value, json};

use super::moment;
use super::search::Kind;
use crate::platforms::{Cause, Flaw, Thing, Vulnerability};

pub(super) fn row(kind: Kind, (flaw, thing): (&Flaw, &Thing), at: Timestamp) -> Option<Value> {
    match (&flaw.cause, kind) {
        (Cause::Vulnerability(weakness), Kind::Hosts) => Some(host(flaw, thing, (weakness, at))),
        (Cause::Vulnerability(weakness), Kind::Containers) => {
            Some(container(flaw, thing, (weakness, at)))
        }
        (Cause::Misconfiguration(setting), Kind::Compliance) => Some(json!({
            "account": { "AccountId": thing.account.id, "Account_Alias": thing.account.name },
            "evalType": "LW_SA", "id": setting.rules.get(1),
            "reason": format!("{}_{}", setting.control, flaw.number),
            "recommendation": setting.titles.get(3), "region": thing.region,
            "reportTime": moment(at), "resource": thing.native, "section": "",
            "severity": severity(flaw.severity),
            "status": if flaw.is_open() { "NonCompliant" } else { "Compliant" },
        })),
        (Cause::Detection(seen), Kind::CloudActivities) => Some(json!({
            "eventId": 900_000 + flaw.number, "eventType": "ServiceAccessDenied",
            "eventModel": "AwsApiTracker", "eventActor": "Aws",
            "startTime": moment(at), "endTime": moment(at),
            "entityMap": {
                "CT_User": [{ "username": seen.actor, "accountId": thing.account.id, "mfa": 0 }],
                "SourceIpAddress": [{ "ipAddress": seen.address, "country": "Nowhere" }],
                "API": [{ "service": "sts.amazonaws.com", "api": "GetCallerIdentity" }],
                "Region": [{ "region": thing.region, "accountList": [thing.account.id] }],
            },
        })),
        (Cause::Detection(seen), Kind::Connections) => Some(json!({
            "startTime": moment(at), "endTime": moment(at),
            "srcEntityType": "Process", "srcEntityId": {
                "mid": thing.number + 1, "pid_hash": flaw.number, "hostname": thing.host,
            },
            "dstEntityType": "IpAddress",
            "dstEntityId": { "ip_addr": seen.address, "port": 443, "protocol": "TCP" },
            "srcOutBytes": 4_711, "dstInBytes": 4_711,
        })),
        _ => None,
    }
}

fn host(flaw: &Flaw, thing: &Thing, (weakness, at): (&Vulnerability, Timestamp)) -> Value {
    // The vendor writes this number as text for half of the rows.
    let fixable = u8::from(!weakness.fixed.is_empty());
    let available =
        if flaw.number.is_multiple_of(2) { json!(fixable) } else { json!(fixable.to_string()) };
    json!({
        "cveProps": {
            "cve_batch_id": "12345678", "description": format!("{} in {}", weakness.cve, weakness.package),
            "link": format!("https://nvd.example/vuln/detail/{}", weakness.cve),
            "metadata": format!("{{\"NVD\":{{\"CVSSv3\":{{\"Score\":{}}}}}}}", weakness.cvss),
        },
        "startTime": moment(at), "endTime": moment(at),
        "evalCtx": {
            "exception_props": [], "hostname": thing.host, "collector_type": "Agent",
            "mc_eval_guid": format!("{:032x}", at.as_second()),
        },
        "featureKey": {
            "name": weakness.package, "namespace": "ubuntu:20.04", "package_active": 1,
            "version_installed": weakness.installed,
        },
        "fixInfo": {
            "compare_result": "-1", "eval_status": "VULNERABLE", "fix_available": available,
            "fixed_version": weakness.fixed,
        },
        "machineTags": super::entities::machine_tags(thing), "mid": thing.number + 1,
        "severity": severity(flaw.severity),
        "status": if flaw.is_open() { "Active" } else { "Fixed" },
        "vulnId": weakness.cve,
    })
}

fn container(flaw: &Flaw, thing: &Thing, (weakness, at): (&Vulnerability, Timestamp)) -> Value {
    let repository = thing.native.split('@').next().unwrap_or_default();
    let (registry, name) = repository.split_once('/').unwrap_or(("", repository));
    json!({
        "evalCtx": {
            "exception_props": [], "is_reeval": false, "request_source": "PLATFORM_SCANNER",
            "image_info": {
                "created_time": 1_605_140_985_874_i64, "digest": thing.id, "registry": registry,
                "repo": name, "size": 360_608_563, "status": "Success", "tags": [], "type": "Docker",
            },
        },
        "evalGuid": format!("{:032x}", at.as_second()),
        "featureKey": {
            "name": weakness.package, "namespace": "debian:11", "version": weakness.installed,
        },
        "fixInfo": {
            "compare_result": 1, "fix_available": i32::from(!weakness.fixed.is_empty()),
            "fixed_version": weakness.fixed,
        },
        "imageId": format!("sha256:{:064x}", thing.number), "severity": severity(flaw.severity),
        "startTime": moment(at),
        "status": if flaw.is_open() { "VULNERABLE" } else { "GOOD" }, "vulnId": weakness.cve,
    })
}

/// How bad, in the vendor's words.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Informational | Severity::Unknown => "Info",
    }
}
