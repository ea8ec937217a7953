//! The test of one value at a path.

use serde::Deserialize;

use crate::AbsentMeans;

/// The test of one value at a path; exactly one of the tests is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueTest {
    /// Dotted path to the value.
    pub path: String,
    /// What an absent value means.
    #[serde(default)]
    pub absent: AbsentMeans,
    /// Equal to this.
    pub equals: Option<serde_json::Value>,
    /// One of these.
    pub one_of: Option<Vec<serde_json::Value>>,
    /// None of these.
    pub none_of: Option<Vec<serde_json::Value>>,
    /// A number not below this.
    pub at_least: Option<f64>,
    /// A number not above this.
    pub at_most: Option<f64>,
    /// Text that this regular expression finds.
    pub matches: Option<String>,
    /// Text that this regular expression does not find.
    pub not_matches: Option<String>,
    /// A list, or text, with this in it.
    pub contains: Option<serde_json::Value>,
    /// A list, or text, without this in it.
    pub excludes: Option<serde_json::Value>,
    /// Present, or absent.
    pub present: Option<bool>,
}
