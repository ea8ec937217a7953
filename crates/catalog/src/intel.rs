//! What is known of weaknesses beyond what tools say.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An extract of public intelligence, with its date and source in the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intel {
    /// Date of the extract.
    #[serde(default)]
    pub date: String,
    /// Where it comes from.
    #[serde(default)]
    pub source: String,
    /// Under which licence.
    #[serde(default)]
    pub licence: String,
    /// `CVE-…` → entry.
    #[serde(default)]
    kev: BTreeMap<String, KevEntry>,
}

/// A weakness on CISA's list of known exploited vulnerabilities.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KevEntry {
    /// When it was added.
    pub added: String,
    /// Whether ransomware is known to use it.
    #[serde(default)]
    pub ransomware: bool,
}

impl Intel {
    /// The entry of a weakness that is exploited in the wild.
    #[must_use]
    pub fn is_kev(&self, cve: &str) -> Option<&KevEntry> {
        self.kev.get(cve)
    }
}
