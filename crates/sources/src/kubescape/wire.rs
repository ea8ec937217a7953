//! Kubescape's records as written.

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, or_default};

/// One scanned thing with the controls that ran on it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Scanned<'a> {
    #[serde(borrow, rename = "resourceID")]
    pub(super) resource_id: Text<'a>,
    #[serde(rename = "rawResource")]
    pub(super) raw_resource: Value,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) controls: Vec<Control<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Control<'a> {
    #[serde(borrow, rename = "controlID")]
    pub(super) control_id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    /// Since version 4.
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    /// An object, or a word; absent before 2023.
    pub(super) status: Value,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) rules: Vec<RuleRun<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RuleRun<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow, rename = "subStatus")]
    pub(super) sub_status: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) paths: Vec<Path<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) exception: Vec<Exception<'a>>,
    #[serde(borrow, rename = "relatedResourcesIDs", deserialize_with = "or_default")]
    pub(super) related: Vec<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Path<'a> {
    #[serde(borrow)]
    pub(super) failed_path: Text<'a>,
    #[serde(borrow)]
    pub(super) review_path: Text<'a>,
    #[serde(borrow)]
    pub(super) delete_path: Text<'a>,
    #[serde(borrow)]
    pub(super) fix_command: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) fix_path: FixPath<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FixPath<'a> {
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Exception<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

/// A weakness of the images that were scanned along.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Weak<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) package: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) fix_versions: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) fixed_state: Text<'a>,
}

/// A control of version 1 with what failed it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ControlReport<'a> {
    #[serde(borrow, rename = "controlID")]
    pub(super) control_id: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow)]
    pub(super) remediation: Text<'a>,
    #[serde(borrow)]
    pub(super) base_score: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) rule_reports: Vec<RuleReport<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RuleReport<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) rule_status: RuleStatus<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) rule_responses: Vec<Response<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RuleStatus<'a> {
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) alert_message: Text<'a>,
    #[serde(borrow)]
    pub(super) rule_status: Text<'a>,
    #[serde(borrow)]
    pub(super) alert_score: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) failed_paths: Vec<Text<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) fix_paths: Vec<FixPath<'a>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) alert_object: AlertObject,
    #[serde(borrow)]
    pub(super) exception: Option<Exception<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AlertObject {
    #[serde(deserialize_with = "or_default")]
    pub(super) k8s_api_objects: Vec<Value>,
    pub(super) external_objects: Value,
}
