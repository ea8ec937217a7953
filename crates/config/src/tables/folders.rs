//! `[folders.NAME]`: watched folders.

use std::path::PathBuf;

use quell_model::TenantId;
use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table};

/// A watched folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Whether it is looked at.
    pub enabled: bool,
    /// The folder.
    pub path: PathBuf,
    /// The format of its files, or `auto`.
    pub format: String,
    /// Whose findings they are.
    pub tenant: TenantId,
    /// How often it is looked at.
    pub every_seconds: u64,
}

pub(super) const TABLE: Table = Table {
    name: "folders",
    named: Some("drop"),
    doc: "A watched folder: files that are put there are imported.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether it is looked at.").or("true"),
        Key::new("path", Kind::Path, "The folder.").required("/var/lib/quell-drop"),
        Key::new("format", Kind::Format, "The format of its files.").or("auto"),
        Key::new("tenant", Kind::Tenant, "Whose findings they are.").or("default"),
        Key::new("every_seconds", Kind::seconds(1, 86_400), "How often it is looked at.").or("10"),
    ],
    rule: no_rule,
};
