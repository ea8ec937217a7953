//! Kubescape's records as written.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
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
    /// Since version 4; an object in custom resources.
    #[serde(deserialize_with = "severity_word")]
    pub(super) severity: String,
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
    /// An object in custom resources.
    #[serde(deserialize_with = "status_word")]
    pub(super) status: String,
    #[serde(borrow, rename = "subStatus")]
    pub(super) sub_status: Text<'a>,
    #[serde(borrow, rename = "appliedIgnoreRules", deserialize_with = "or_default")]
    pub(super) ignored_by: Vec<Text<'a>>,
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
    /// An object, or a path alone in custom resources.
    pub(super) fix_path: Value,
    #[serde(borrow)]
    pub(super) fix_path_value: Text<'a>,
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

fn status_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    word(deserializer, "status")
}

fn severity_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    word(deserializer, "severity")
}

/// A word, or the field of an object that holds it.
fn word<'de, D: Deserializer<'de>>(deserializer: D, field: &str) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = value.as_str().or_else(|| value.get(field)?.as_str());
    Ok(text.unwrap_or_default().to_owned())
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

/// A custom resource of Kubescape's operator.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) spec: Spec<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow)]
    pub(super) creation_timestamp: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) labels: BTreeMap<String, Text<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) annotations: BTreeMap<String, Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Spec<'a> {
    #[serde(borrow)]
    pub(super) controls: Option<BTreeMap<String, Control<'a>>>,
    #[serde(borrow)]
    pub(super) payload: Option<Payload<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) matches: Vec<Match<'a>>,
}

/// A match of Grype, which Kubescape uses for images.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Match<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) vulnerability: Matched<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) artifact: Artifact<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Matched<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow)]
    pub(super) data_source: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) fix: Fix<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) cvss: Vec<Cvss<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fix<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) versions: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) state: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cvss<'a> {
    #[serde(borrow)]
    pub(super) vector: Text<'a>,
    pub(super) metrics: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) purl: Text<'a>,
}
