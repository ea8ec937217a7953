//! What exceptions ask of an issue beside what lists filter by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What exceptions ask of an issue beside what lists filter by. What is empty is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueScope {
    /// The weakness under all its names.
    #[serde(rename = "v", default, skip_serializing_if = "Vec::is_empty")]
    pub weaknesses: Vec<String>,
    /// The packages that have it.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// The rules of the tools that see it.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Files in which it was found.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The asset's environment.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether the asset is reached from the internet.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub exposed: Option<bool>,
    /// The asset's tags.
    #[serde(rename = "t", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl IssueScope {
    /// As a page keeps it; nothing where nothing is known.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        if *self == Self::default() {
            return Vec::new();
        }
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// From what a page keeps. What cannot be read is not known.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            Self::default()
        } else {
            serde_json::from_slice(bytes).unwrap_or_default()
        }
    }
}
