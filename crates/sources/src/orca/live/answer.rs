//! Answers of both APIs: records as they stand, each with its id and when it changed.

use std::collections::{BTreeMap, BTreeSet};

use quell_http::Response;
use quell_model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::wire::{Field, Text};
use super::{Kind, Orca};
use crate::live::{Item, LiveError, Page};

/// An answer, read so far that its records are apart.
pub(super) struct Answer {
    pub(super) items: Vec<Item>,
    pub(super) owner: Option<String>,
    pub(super) total: Option<u64>,
    pub(super) next: Option<String>,
    vendor_time: Option<Timestamp>,
}

impl Answer {
    /// Reads an answer with a list below `data`.
    pub(super) fn read(kind: Kind, answer: &Response) -> Result<Self, LiveError> {
        let body: BTreeMap<String, &RawValue> =
            serde_json::from_slice(answer.body()).map_err(|error| {
                LiveError::shape("$", format!("no object of JSON; is `url` right? {error}"))
            })?;
        let data = body.get("data").ok_or_else(|| LiveError::shape("$.data", "is missing"))?;
        let data: Vec<&RawValue> = serde_json::from_str(data.get())
            .map_err(|_| LiveError::shape("$.data", "is no list"))?;
        let mut owners = BTreeSet::new();
        let mut items = Vec::with_capacity(data.len());
        for record in data {
            let read = Read::of(kind, record.get());
            owners.extend(read.owner);
            let id = read.id.unwrap_or_else(|| Orca::hash(record.get()));
            items.push(Item { id, changed: read.changed, json: record.to_owned() });
        }
        let number = |name: &str| body.get(name).and_then(|value| value.get().parse().ok());
        let text = |name: &str| {
            let value = body.get(name)?;
            serde_json::from_str::<Option<String>>(value.get()).ok().flatten()
        };
        let next = text("next_page_token").filter(|token| !token.is_empty());
        let vendor_time = date(answer);
        // A page of two owners is told as neither's.
        let owners: Vec<String> = owners.into_iter().collect();
        let owner = (!owners.is_empty()).then(|| owners.join(" and "));
        Ok(Self { items, owner, total: number("total_items"), next, vendor_time })
    }

    /// A page of its records.
    pub(super) fn page(self) -> Page {
        Page {
            items: self.items,
            owner: self.owner,
            vendor_time: self.vendor_time,
            total: self.total,
            ..Page::default()
        }
    }
}

/// The vendor's clock.
pub(super) fn date(answer: &Response) -> Option<Timestamp> {
    let date = answer.header("date")?.replace("GMT", "+0000");
    jiff::fmt::rfc2822::parse(&date).ok().map(|zoned| zoned.timestamp())
}

/// The id of the alert in a webhook's body.
pub(super) fn alert_id(body: &str) -> Option<String> {
    Read::of(Kind::Alerts, body).id
}

/// What a connector looks at in a record.
#[derive(Debug, Default)]
struct Read {
    id: Option<String>,
    changed: Option<Timestamp>,
    owner: Option<String>,
}

impl Read {
    fn of(kind: Kind, text: &str) -> Self {
        let read = match kind {
            Kind::Alerts => serde_json::from_str::<Alert<'_>>(text).ok().map(|r| r.read()),
            Kind::Vulnerabilities => serde_json::from_str::<Weak<'_>>(text).ok().map(|r| r.read()),
            Kind::Assets => serde_json::from_str::<Thing<'_>>(text).ok().map(|r| r.read()),
        };
        read.unwrap_or_default()
    }
}

fn owned(text: &Text<'_>) -> Option<String> {
    text.get().map(str::to_owned)
}

/// An alert of either API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Alert<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    data: Field<AlertFields<'a>>,
    #[serde(borrow)]
    state: Field<State<'a>>,
    #[serde(borrow)]
    organization_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AlertFields<'a> {
    #[serde(borrow, rename = "AlertId")]
    alert_id: Field<Text<'a>>,
    #[serde(borrow)]
    last_sync: Field<Text<'a>>,
    #[serde(borrow, rename = "LastUpdated")]
    last_updated: Field<Text<'a>>,
    #[serde(borrow, rename = "AssetData")]
    asset_data: Field<Organization<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Organization<'a> {
    #[serde(borrow)]
    organization_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State<'a> {
    #[serde(borrow)]
    alert_id: Text<'a>,
    #[serde(borrow)]
    last_updated: Text<'a>,
}

impl Alert<'_> {
    fn read(&self) -> Read {
        let fields = &self.data.0;
        let own = super::super::normalize::alert_id(&fields.alert_id.0, &self.name);
        let changed = [&fields.last_sync.0, &fields.last_updated.0, &self.state.0.last_updated];
        Read {
            id: own.or_else(|| owned(&self.state.0.alert_id)),
            changed: changed.into_iter().find_map(Text::time),
            owner: owned(&fields.asset_data.0.organization_id)
                .or_else(|| owned(&self.organization_id)),
        }
    }
}

/// A weakness of either API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Weak<'a> {
    #[serde(borrow, rename = "CveId")]
    served_cve: Text<'a>,
    #[serde(borrow, rename = "InstalledPackage")]
    package: Field<Package<'a>>,
    #[serde(borrow, rename = "Inventory")]
    inventory: Field<Inventory<'a>>,
    #[serde(borrow)]
    cve_id: Text<'a>,
    #[serde(borrow)]
    asset_unique_id: Text<'a>,
    packages: Field<Vec<FlatPackage>>,
    #[serde(borrow)]
    organization_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Package<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Inventory<'a> {
    #[serde(borrow)]
    asset_unique_id: Field<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FlatPackage {
    package_name: String,
    installed_version: String,
}

impl Weak<'_> {
    fn read(&self) -> Read {
        let flat = self.packages.0.first();
        let package = self.package.0.name.get().or(flat.map(|p| p.package_name.as_str()));
        let version = self.package.0.version.get().or(flat.map(|p| p.installed_version.as_str()));
        let cve = self.served_cve.get().or_else(|| self.cve_id.get());
        let inventory = &self.inventory.0.asset_unique_id.0;
        let asset = inventory.get().or_else(|| self.asset_unique_id.get());
        let id = cve.zip(asset).map(|(cve, asset)| {
            let (package, version) = (package.unwrap_or_default(), version.unwrap_or_default());
            format!("{cve}|{package}|{version}|{asset}")
        });
        Read { id, changed: None, owner: owned(&self.organization_id) }
    }
}

/// An asset of either API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Thing<'a> {
    #[serde(borrow)]
    asset_unique_id: Text<'a>,
    #[serde(borrow)]
    last_seen: Text<'a>,
    #[serde(borrow)]
    organization_id: Text<'a>,
}

impl Thing<'_> {
    fn read(&self) -> Read {
        Read {
            id: owned(&self.asset_unique_id),
            changed: self.last_seen.time(),
            owner: owned(&self.organization_id),
        }
    }
}
