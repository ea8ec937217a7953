//! Trivy's records as written.

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, or_default};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, rename = "VulnerabilityID")]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) pkg_name: Text<'a>,
    #[serde(borrow)]
    pub(super) pkg_path: Text<'a>,
    #[serde(borrow)]
    pub(super) installed_version: Text<'a>,
    #[serde(borrow)]
    pub(super) fixed_version: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow, rename = "PrimaryURL")]
    pub(super) primary_url: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) pkg_identifier: Identifier<'a>,
    #[serde(rename = "CVSS")]
    pub(super) cvss: Value,
    #[serde(borrow, rename = "VendorIDs", deserialize_with = "or_default")]
    pub(super) vendor_ids: Vec<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Identifier<'a> {
    #[serde(borrow, rename = "PURL")]
    pub(super) purl: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Misconfiguration<'a> {
    #[serde(borrow, rename = "ID")]
    pub(super) id: Text<'a>,
    #[serde(borrow, rename = "AVDID")]
    pub(super) avd_id: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    #[serde(borrow)]
    pub(super) resolution: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow, rename = "PrimaryURL")]
    pub(super) primary_url: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) cause_metadata: Cause<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Cause<'a> {
    #[serde(borrow)]
    pub(super) resource: Text<'a>,
    #[serde(borrow)]
    pub(super) start_line: Text<'a>,
    #[serde(borrow)]
    pub(super) end_line: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Secret<'a> {
    #[serde(borrow, rename = "RuleID")]
    pub(super) rule_id: Text<'a>,
    #[serde(borrow)]
    pub(super) category: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) start_line: Text<'a>,
    #[serde(borrow)]
    pub(super) end_line: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct License<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) pkg_name: Text<'a>,
    #[serde(borrow)]
    pub(super) file_path: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) category: Text<'a>,
    #[serde(borrow)]
    pub(super) link: Text<'a>,
}

/// A finding that a VEX statement or an ignore file took out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Modified<'a> {
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) statement: Text<'a>,
    #[serde(borrow)]
    pub(super) source: Text<'a>,
    #[serde(borrow)]
    pub(super) finding: Option<&'a serde_json::value::RawValue>,
}
