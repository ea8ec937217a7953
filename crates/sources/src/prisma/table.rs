//! Rows of the console's exports, read into what the API says of the same thing, so that both
//! make one finding: scan results of images and hosts, and posture alerts.

use serde_json::Value;
use serde_json::value::RawValue;

use super::compute_wire::{CloudMetadata, Scan, Tag, Weakness};
use super::wire::{Alert, Policy, Resource};
use super::{cspm, scan};
use crate::wire::Row;
use crate::{Output, RawRecord, Rejection};

/// A row of a scan: one weakness of an image, host or function, or none.
pub(super) fn scanned(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: Row<'_> = serde_json::from_str(raw.text)?;
    let mut scan = Scan {
        id: row.text(&["Id"]),
        name: row.text(&["Name", "Function", "App"]),
        runtime: row.text(&["Runtime"]),
        hostname: row.text(&["Hostname", "Host"]),
        scan_time: row.text(&["Scan Time"]),
        provider: row.text(&["Provider"]),
        region: row.text(&["Region"]),
        account_id: row.text(&["Account ID", "Cloud Account ID"]),
        repo_tag: Tag {
            registry: row.text(&["Registry"]),
            repo: row.text(&["Repository"]),
            tag: row.text(&["Tag"]),
            digest: row.text(&["Digest"]),
        },
        cloud_metadata: CloudMetadata {
            resource_id: row.text(&["Resource ID"]),
            ..CloudMetadata::default()
        },
        ..Scan::default()
    };
    let place = [&scan.repo_tag.repo, &scan.hostname, &scan.name, &scan.id];
    if place.iter().all(|name| name.get().is_none()) {
        return Err(Rejection::new(
            "names no image or host: columns `Repository`, `Hostname`, `Name` and `Id` are empty",
        ));
    }
    if row.get(&["CVE ID"]).is_some() {
        scan.vulnerabilities.push(vulnerability(&row));
    } else if row.get(&["Compliance ID"]).is_some() {
        scan.compliance_issues.push(compliance(&row));
    }
    scan::results(&scan, None, output)
}

fn vulnerability<'r>(row: &'r Row<'_>) -> Weakness<'r> {
    let factors = row.or_empty(&["Risk Factors"]).split(", ").filter(|factor| !factor.is_empty());
    let factors = factors.take(32).map(|factor| Value::String(factor.to_owned()));
    Weakness {
        cve: row.text(&["CVE ID"]),
        // The API names the source package where binaries were made of one.
        package_name: row.text(&["Source Package", "Packages"]),
        package_version: row.text(&["Package Version"]),
        package_path: row.text(&["Package Path"]),
        package_type: row.text(&["Type 2", "Type"]),
        status: row.text(&["Fix Status"]),
        cvss: row.text(&["CVSS"]),
        risk_factors: Some(Value::Array(factors.collect())),
        ..weakness(row)
    }
}

fn compliance<'r>(row: &'r Row<'_>) -> Weakness<'r> {
    Weakness {
        id: row.text(&["Compliance ID"]),
        title: row.text(&["Title", "Description"]),
        cause: row.text(&["Cause"]),
        kind: row.text(&["Type 2", "Type"]),
        ..weakness(row)
    }
}

fn weakness<'r>(row: &'r Row<'_>) -> Weakness<'r> {
    Weakness {
        description: row.text(&["Description"]),
        severity: row.text(&["Severity"]),
        link: row.text(&["Vulnerability Link"]),
        discovered: row.text(&["Discovered"]),
        ..Weakness::default()
    }
}

/// A row of the alerts export.
pub(super) fn alert(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: Row<'_> = serde_json::from_str(raw.text)?;
    row.needed("Alert ID")?;
    row.needed("Policy Name")?;
    let tags = row.get(&["Resource Tags", "Tags"]);
    let resource = Resource {
        id: row.text(&["Resource ID", "Resource External ID"]),
        rrn: row.text(&["RRN", "Unified Asset ID"]),
        name: row.text(&["Resource Name"]),
        account: row.text(&["Cloud Account Name", "Account Name", "Cloud Account"]),
        account_id: row.text(&["Cloud Account Id", "Account Id"]),
        region_id: row.text(&["Region ID", "Cloud Region", "Region", "Resource Region"]),
        resource_type: row.text(&["Resource Type", "Asset Type"]),
        cloud_type: row.text(&["Cloud Type", "Cloud"]),
        url: row.text(&["Resource URL"]),
        resource_tags: tags.and_then(|cell| serde_json::from_str::<&RawValue>(cell).ok()),
        ..Resource::default()
    };
    if resource.id.get().is_none() && resource.name.get().is_none() {
        return Err(Rejection::new(
            "names no resource: columns `Resource ID` and `Resource Name` are empty",
        ));
    }
    let labels = row.text(&["Policy Labels", "Labels"]);
    let alert = Alert {
        id: row.text(&["Alert ID"]),
        status: row.text(&["Alert Status", "Status"]),
        reason: row.text(&["Resolution Reason", "Reason"]),
        first_seen: row.text(&["First Seen", "Alert Time"]),
        last_seen: row.text(&["Last Seen"]),
        alert_time: row.text(&["Alert Time", "Resolution Time"]),
        last_updated: row.text(&["Last Updated", "Updated On"]),
        event_occurred: row.text(&["Event Occurred"]),
        dismissed_by: row.text(&["Dismissed By"]),
        dismissal_note: row.text(&["Dismissal Note", "Dismissal Reason"]),
        policy: Policy {
            policy_id: row.text(&["Policy ID"]),
            policy_type: row.text(&["Policy Type"]),
            name: row.text(&["Policy Name"]),
            description: row.text(&["Policy Description", "Description"]),
            severity: row.text(&["Policy Severity", "Severity", "Alert Severity"]),
            recommendation: row.text(&["Policy Recommendation", "Recommendation"]),
            labels: vec![labels],
            ..Policy::default()
        },
        resource,
        ..Alert::default()
    };
    cspm::of_alert(&alert, output)
}
