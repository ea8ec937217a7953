//! One Falco alert as it stands in the input.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::wire::text;

/// An alert; every field may be missing, since users shape the output themselves.
#[derive(Debug, Deserialize)]
pub(super) struct Alert {
    #[serde(default, deserialize_with = "text")]
    pub(super) uuid: Option<String>,
    #[serde(default, alias = "Rule", deserialize_with = "text")]
    pub(super) rule: Option<String>,
    #[serde(default, alias = "Priority", deserialize_with = "text")]
    pub(super) priority: Option<String>,
    #[serde(default, alias = "Output", deserialize_with = "text")]
    pub(super) output: Option<String>,
    #[serde(default, alias = "Time", deserialize_with = "text")]
    pub(super) time: Option<String>,
    #[serde(default, alias = "Source", deserialize_with = "text")]
    pub(super) source: Option<String>,
    #[serde(default, alias = "Hostname", deserialize_with = "text")]
    pub(super) hostname: Option<String>,
    #[serde(default, alias = "Tags")]
    pub(super) tags: Option<Vec<Value>>,
    #[serde(default, alias = "OutputFields")]
    pub(super) output_fields: Option<Map<String, Value>>,
}
