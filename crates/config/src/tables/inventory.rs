//! `[inventory.NAME]`: an export of a CMDB.

use std::path::PathBuf;

use quell_model::TenantId;
use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// An export of a CMDB.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Whether it is read.
    pub enabled: bool,
    /// The file.
    pub file: PathBuf,
    /// The table of ServiceNow that the file is had from.
    pub servicenow: Option<String>,
    /// Who asks there.
    pub user: Option<SecretRef>,
    /// The password, or without a user a key.
    pub password: Option<SecretRef>,
    /// Which rows of the table.
    pub query: String,
    /// How often it is asked.
    pub every_seconds: u64,
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
    /// The column with the class of its data.
    pub data_class: Option<String>,
    /// The column that says whether the internet reaches it.
    pub public: Option<String>,
}

pub(super) const TABLE: Table = Table {
    name: "inventory",
    named: Some("cmdb-prod"),
    doc: "An export of a CMDB as CSV or JSON, read again when it changes; docs/owners.md. Columns \
          that are not named are told by their usual names.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether it is read.").or("true"),
        Key::new("file", Kind::Path, "The file.").required("/var/lib/quell/cmdb.csv"),
        Key::new(
            "servicenow",
            Kind::Url,
            "A table of ServiceNow that a server has the file from, and writes it anew.",
        )
        .sample("https://acme.service-now.com/api/now/table/cmdb_ci"),
        Key::new("user", Kind::Secret, "Who asks there; none where `password` is a key for APIs.")
            .sample("env:SERVICENOW_USER"),
        Key::new("password", Kind::Secret, "The password, or the key.")
            .sample("env:SERVICENOW_PASSWORD"),
        Key::new("query", Kind::Text, "Which rows, as ServiceNow encodes a query.")
            .or("install_status!=7"),
        Key::new("every_seconds", Kind::seconds(60, 604_800), "How often it is asked.").or("3600"),
        Key::new("tenant", Kind::Tenant, "Whose assets it names.").or("default"),
        Key::new("id", Kind::Text, "The column that identifies the asset.").sample("arn"),
        Key::new("name", Kind::Text, "The column with its name.").sample("hostname"),
        Key::new("owner", Kind::Text, "The column with its owner.").sample("support_group"),
        Key::new("environment", Kind::Text, "The column that says what it is for.")
            .sample("environment"),
        Key::new("criticality", Kind::Text, "The column that says how much depends on it.")
            .sample("business_criticality"),
        Key::new("data_class", Kind::Text, "The column with the class of its data.")
            .sample("data_classification"),
        Key::new(
            "public",
            Kind::Text,
            "The column that says whether the internet reaches it: yes, no, public, private and \
             the like.",
        )
        .sample("internet_facing"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    let (url, password) = (table.text("servicenow"), table.text("password"));
    if !url.is_empty() && password.is_empty() {
        let next = "name where the password is kept, as in `env:SERVICENOW_PASSWORD`";
        broken.push(Broken::error("password", "is missing beside `servicenow`", next));
    }
    if url.starts_with("http://") {
        broken.push(Broken::warning("servicenow", "is plain HTTP", "use `https://`"));
    }
    broken
}
