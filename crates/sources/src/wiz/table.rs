//! Rows of the console's exports, read into what the API says of the same thing, so that both
//! make one finding.

use serde_json::Value;

use super::asset::cloud_id;
use super::normalize::{configuration, issue, prose, vulnerability};
use super::wire::{Entity, Node, Rule, Text};
use crate::wire::Row;
use crate::{Output, RawRecord, Rejection};
use quell_model::Record;

/// A row of the issues report.
pub(super) const ISSUE: &str = "issues report";
/// A row of the vulnerability report.
pub(super) const VULNERABILITY: &str = "vulnerability report";
/// A row of the configuration findings report.
pub(super) const CONFIGURATION: &str = "configuration findings report";

/// Most bytes of a cell that is read as JSON.
const MOST_JSON_BYTES: usize = 4 << 20;

pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: Row<'_> = serde_json::from_str(raw.text)?;
    let record = match raw.shape.name {
        VULNERABILITY => vulnerability_row(&row)?,
        CONFIGURATION => configuration_row(&row)?,
        _ => issue_row(&row)?,
    };
    output.push(record);
    Ok(())
}

fn text<'r>(row: &'r Row<'_>, names: &[&str]) -> Text<'r> {
    Text::from(row.or_empty(names))
}

fn issue_row(row: &Row<'_>) -> Result<Record, Rejection> {
    row.needed("Issue ID")?;
    let original = json(row.or_empty(&["Resource original JSON"]));
    let mut entity = resource(row);
    // The report leaves out the cloud's own id where Wiz knows the resource by another.
    let own = ["id", "Arn", "arn", "selfLink"].iter().find_map(|key| original.get(*key)?.as_str());
    if let Some(own) = own.filter(|own| cloud_id(own).is_some()) {
        entity.provider_id = Text::owned(own.to_owned());
    }
    if names_nothing(&entity) {
        return Err(Rejection::new(
            "names no asset: columns `Resource external ID` and `Resource Name` are empty",
        ));
    }
    let node = Node {
        id: text(row, &["Issue ID"]),
        kind: text(row, &["Issue Type"]),
        status: text(row, &["Status"]),
        severity: text(row, &["Severity"]),
        description: text(row, &["Description"]),
        created_at: text(row, &["Created At"]),
        updated_at: text(row, &["Updated At", "Status Changed At", "Resolved Time"]),
        resolution_reason: text(row, &["Resolution", "Resolution Reason"]),
        url: text(row, &["Wiz URL"]),
        remediation: text(row, &["Remediation Recommendation"]),
        source_rule: Some(Rule {
            id: text(row, &["Control ID", "Rule ID"]),
            name: Text::from(row.needed("Title")?),
            ..Rule::default()
        }),
        entity_snapshot: Some(entity),
        ..Node::default()
    };
    Ok(with_facts(issue(&node)?, row))
}

/// The resource of a row that names it in columns of its own.
fn resource<'r>(row: &'r Row<'_>) -> Entity<'r> {
    Entity {
        id: text(row, &["Resource vertex ID", "Resource ID"]),
        name: text(row, &["Resource Name"]),
        native_type: text(row, &["Resource Native Type", "Resource Type"]),
        cloud_platform: text(
            row,
            &["Resource Platform", "Cloud Platform", "Resource Cloud Platform"],
        ),
        provider_unique_id: text(row, &["Provider Unique ID", "Provider ID"]),
        external_id: text(row, &["Resource external ID"]),
        region: text(row, &["Resource Region", "Region"]),
        subscription_external_id: text(
            row,
            &["Subscription external ID", "Subscription ID", "Resource Subscription ID"],
        ),
        tags: tags(row.or_empty(&["Resource Tags", "Tags"])),
        ..Entity::default()
    }
}

fn names_nothing(entity: &Entity<'_>) -> bool {
    let names = [
        &entity.id,
        &entity.name,
        &entity.external_id,
        &entity.provider_id,
        &entity.provider_unique_id,
    ];
    names.iter().all(|name| name.get().is_none())
}

fn vulnerability_row(row: &Row<'_>) -> Result<Record, Rejection> {
    let entity = Entity {
        id: text(row, &["AssetID"]),
        name: text(row, &["AssetName"]),
        kind: text(row, &["AssetType"]),
        native_type: text(row, &["AssetNativeType"]),
        cloud_platform: text(row, &["CloudPlatform"]),
        provider_unique_id: text(row, &["ProviderUniqueId"]),
        region: text(row, &["AssetRegion"]),
        subscription_external_id: text(row, &["SubscriptionExternalId"]),
        tags: tags(row.or_empty(&["Tags"])),
        ..Entity::default()
    };
    if names_nothing(&entity) {
        return Err(Rejection::new(
            "names no asset: columns `AssetID`, `AssetName` and `ProviderUniqueId` are empty",
        ));
    }
    let node = Node {
        id: text(row, &["ID"]),
        name: Text::from(row.needed("Name")?),
        status: text(row, &["FindingStatus"]),
        severity: text(row, &["Severity"]),
        vendor_severity: text(row, &["VendorSeverity"]),
        cvss_severity: text(row, &["CVSSSeverity", "NvdSeverity"]),
        cve_description: text(row, &["CVEDescription", "Description"]),
        score: text(row, &["Score", "CVSSScore"]),
        detailed_name: text(row, &["DetailedName"]),
        version: text(row, &["Version"]),
        fixed_version: text(row, &["FixedVersion"]),
        location_path: text(row, &["LocationPath"]),
        has_exploit: text(row, &["HasExploit"]),
        has_cisa_kev_exploit: text(row, &["HasCisaKevExploit"]),
        epss_probability: text(row, &["EpssProbability"]),
        first_detected_at: text(row, &["FirstDetected"]),
        last_detected_at: text(row, &["LastDetected"]),
        resolution_reason: text(row, &["ResolutionReason"]),
        remediation: text(row, &["Remediation"]),
        portal_url: text(row, &["WizURL"]),
        link: text(row, &["Link"]),
        vulnerable_asset: Some(entity),
        ..Node::default()
    };
    vulnerability(&node)
}

fn configuration_row(row: &Row<'_>) -> Result<Record, Rejection> {
    let entity = resource(row);
    if names_nothing(&entity) {
        return Err(Rejection::new(
            "names no asset: columns `Resource ID` and `Resource Name` are empty",
        ));
    }
    let node = Node {
        id: text(row, &["Finding ID", "ID"]),
        result: Text::from(row.needed("Result")?),
        status: text(row, &["Status", "Finding Status"]),
        severity: text(row, &["Severity"]),
        first_seen_at: text(row, &["First Seen", "First Seen At", "Created At"]),
        analyzed_at: text(row, &["Analyzed At", "Last Seen", "Updated At"]),
        url: text(row, &["Wiz URL"]),
        remediation: text(row, &["Remediation", "Remediation Instructions"]),
        description: text(row, &["Description", "Rule Description"]),
        rule: Some(Rule {
            id: text(row, &["Rule ID", "Cloud Configuration Rule ID"]),
            short_id: text(row, &["Rule Short ID", "Short ID"]),
            name: text(row, &["Rule Name", "Cloud Configuration Rule", "Title"]),
            ..Rule::default()
        }),
        resource: Some(entity),
        ..Node::default()
    };
    configuration(&node)
}

/// Adds what only the report says.
fn with_facts(mut record: Record, row: &Row<'_>) -> Record {
    let columns = [
        ("note", "Note"),
        ("dueAt", "Due At"),
        ("projects", "Project Names"),
        ("kubernetesCluster", "Kubernetes Cluster"),
        ("kubernetesNamespace", "Kubernetes Namespace"),
    ];
    if let Record::Finding(finding) = &mut record {
        let known = columns.iter().filter_map(|(key, name)| Some((*key, row.get(&[name])?)));
        finding.evidence.extend(known.map(|(key, cell)| (key.to_owned(), prose(cell))));
    }
    record
}

/// A cell that holds JSON; anything else says nothing.
fn json(cell: &str) -> Value {
    let whole = Some(cell).filter(|cell| cell.len() <= MOST_JSON_BYTES && cell.starts_with('{'));
    whole.and_then(|cell| serde_json::from_str(cell).ok()).unwrap_or_default()
}

/// Tags as JSON, or as `key=value` between bars.
fn tags(cell: &str) -> Value {
    if cell.starts_with('{') {
        return json(cell);
    }
    let pairs = cell.split(['|', ';']).filter_map(|pair| pair.split_once('='));
    let pairs = pairs
        .take(256)
        .map(|(key, value)| (key.trim().to_owned(), Value::String(value.trim().to_owned())));
    Value::Object(pairs.collect())
}
