//! `[inventory.NAME]`: an export of a CMDB.

use std::path::PathBuf;

use quell_model::TenantId;
use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table};

/// An export of a CMDB.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Whether it is read.
    pub enabled: bool,
    /// The file.
    pub file: PathBuf,
    /// Whose assets it names.
    pub tenant: TenantId,
    /// The column that identifies the asset.
    pub id: Option<String>,
    /// The column with its name.
    pub name: Option<String>,
    /// The column with its owner.
    pub owner: Option<String>,
    /// The column that says what it is for.
    pub environment: Option<String>,
    /// The column that says how much depends on it.
    pub criticality: Option<String>,
}

pub(super) const TABLE: Table = Table {
    name: "inventory",
    named: Some("cmdb-prod"),
    doc: "An export of a CMDB as CSV or JSON, read again when it changes; docs/owners.md. Columns \
          that are not named are told by their usual names.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether it is read.").or("true"),
        Key::new("file", Kind::Path, "The file.").required("/var/lib/quell/cmdb.csv"),
        Key::new("tenant", Kind::Tenant, "Whose assets it names.").or("default"),
        Key::new("id", Kind::Text, "The column that identifies the asset.").sample("arn"),
        Key::new("name", Kind::Text, "The column with its name.").sample("hostname"),
        Key::new("owner", Kind::Text, "The column with its owner.").sample("support_group"),
        Key::new("environment", Kind::Text, "The column that says what it is for.")
            .sample("environment"),
        Key::new("criticality", Kind::Text, "The column that says how much depends on it.")
            .sample("business_criticality"),
    ],
    rule: no_rule,
};
