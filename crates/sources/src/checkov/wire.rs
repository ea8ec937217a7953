//! A check of Checkov's as written.

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, or_default};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Check<'a> {
    #[serde(borrow)]
    pub(super) check_id: Text<'a>,
    #[serde(borrow)]
    pub(super) bc_check_id: Text<'a>,
    #[serde(borrow)]
    pub(super) check_name: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) check_result: CheckResult<'a>,
    #[serde(borrow)]
    pub(super) file_path: Text<'a>,
    #[serde(borrow)]
    pub(super) file_abs_path: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) file_line_range: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) resource: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) guideline: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    pub(super) entity_tags: Value,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) vulnerability_details: Option<Package<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CheckResult<'a> {
    #[serde(borrow)]
    pub(super) result: Text<'a>,
    #[serde(borrow)]
    pub(super) suppress_comment: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Package<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) package_name: Text<'a>,
    #[serde(borrow)]
    pub(super) package_version: Text<'a>,
    #[serde(borrow)]
    pub(super) lowest_fixed_version: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) cvss: Text<'a>,
}
