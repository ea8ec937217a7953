//! A framework whose requirements controls give evidence for.

use serde::Deserialize;

/// A framework: `content/frameworks/<id>.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Short id, as controls name it.
    pub id: String,
    /// Its name.
    pub title: String,
    /// The version that the numbers are of.
    pub version: String,
    /// Where the numbers come from.
    pub source: String,
    /// What a requirement number looks like.
    pub requirement: String,
}
