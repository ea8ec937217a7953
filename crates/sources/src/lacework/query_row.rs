//! A row that an operator's own query brought: a finding about whatever it names.

use quell_model::{Asset, Finding, FindingClass, Hints, Provider, Record, Rule, Status, Untrusted};
use serde_json::Value;

use super::place::{account, machine, provider_of_id, resource};
use super::wire::QueryRow;
use super::{NAME_BYTES, severity, tool};
use crate::wire::{Facts, sorted, text_of};
use crate::{Output, RawRecord, Rejection};

/// Columns that name a resource, best first.
const NAMES: &[&str] =
    &["ARN", "RESOURCE_ARN", "URN", "RESOURCE_KEY", "RESOURCE_ID", "PRINCIPAL_ID", "PRINCIPAL_KEY"];
/// Columns that name the account.
const ACCOUNTS: &[&str] = &["ACCOUNT_ID", "SUBSCRIPTION_ID", "PROJECT_ID", "DOMAIN_ID"];

pub(super) fn query_row(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let record: QueryRow<'_> = serde_json::from_str(raw.text)?;
    let name = record
        .lql_query
        .get()
        .ok_or_else(|| Rejection::new("a row without its query at $.lqlQuery"))?;
    let row = &record.row;
    let asset = asset(row).ok_or_else(|| {
        Rejection::new(
            "a row without ARN, RESOURCE_ID, PRINCIPAL_ID, HOSTNAME or ACCOUNT_ID in $.row",
        )
    })?;
    let identity = column(row, &["PRINCIPAL_ID", "PRINCIPAL_KEY"]).is_some();
    let class = if identity { FindingClass::Identity } else { FindingClass::Misconfiguration };
    let stated = record.severity.or_empty();
    let id = format!("lql:{name}");
    // Columns come in any order, and a row is the same row.
    let columns = sorted(row);
    let text = serde_json::to_string(&columns)?;
    let mut facts = Facts::default();
    for (key, value) in columns {
        facts.add(key, &text_of(value).unwrap_or_default());
    }
    output.push(Record::Finding(Box::new(Finding {
        tool: tool(),
        native_id: format!("{id}|{}", blake3::hash(text.as_bytes()).to_hex()),
        class,
        rule: Rule { id, title: Untrusted::from(name).capped(NAME_BYTES), aliases: Vec::new() },
        title: Untrusted::from(name).capped(NAME_BYTES),
        description: Untrusted::default(),
        severity: severity(stated),
        severity_native: stated.to_owned(),
        status: Status::Open,
        status_native: String::new(),
        asset,
        first_seen: None,
        last_seen: None,
        vulnerability: None,
        location: None,
        detection: None,
        remediation: Untrusted::default(),
        references: Vec::new(),
        evidence: facts.into_vec(),
        scope: None,
    })));
    Ok(())
}

fn asset(row: &Value) -> Option<Asset> {
    let holder = column(row, ACCOUNTS);
    if let Some(native) = column(row, NAMES) {
        let provider = provider_of_id(&native).or_else(|| cloud(row));
        let region = column(row, &["RESOURCE_REGION", "REGION"]);
        let hints = Hints {
            provider,
            account: holder.as_deref(),
            region: region.as_deref(),
            ..Hints::default()
        };
        return Some(resource(&native, "", &hints));
    }
    let (host, mid) = (column(row, &["HOSTNAME"]), column(row, &["MID"]));
    let tags = row.get("TAGS").or_else(|| row.get("MACHINE_TAGS")).unwrap_or(&Value::Null);
    machine(tags, host.as_deref(), mid.as_deref())
        .or_else(|| holder.map(|id| account(cloud(row), &id)))
}

fn cloud(row: &Value) -> Option<Provider> {
    let word = column(row, &["PROVIDER_TYPE", "CSP", "CLOUD_PROVIDER"])?;
    super::place::provider(&word)
}

/// The first of these columns that says something, in any case.
fn column(row: &Value, names: &[&str]) -> Option<String> {
    let map = row.as_object()?;
    names.iter().find_map(|name| {
        let (_, value) = map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        let text = text_of(value)?;
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    })
}
