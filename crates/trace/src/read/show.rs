//! Resources as `terraform show -json` prints them, of a state and of a plan.

use serde::Deserialize;

use super::attributes::Attributes;
use super::lenient::Sensitive;
use super::{Record, Unreadable};

/// A resource of `values`.
#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    address: String,
    #[serde(default)]
    mode: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    values: Attributes,
    #[serde(default)]
    sensitive_values: Sensitive,
}

impl Shown {
    /// Puts it into the record, where it is one that the code makes.
    pub(super) fn into(self, record: &mut Record) -> Result<(), Unreadable> {
        if self.mode != "managed" {
            return Ok(());
        }
        let identity = self.values.without(&self.sensitive_values).0;
        record.take(&self.address, &self.kind, std::iter::once((None, identity)))
    }
}

/// A resource of `resource_changes`: what there is, and what is to be.
#[derive(Debug, Deserialize)]
pub(super) struct Changed {
    #[serde(default)]
    address: String,
    #[serde(default)]
    mode: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    change: Change,
}

#[derive(Debug, Default, Deserialize)]
struct Change {
    #[serde(default)]
    before: Attributes,
    #[serde(default)]
    after: Attributes,
    #[serde(default)]
    before_sensitive: Sensitive,
    #[serde(default)]
    after_sensitive: Sensitive,
}

impl Changed {
    /// Puts it into the record, where it is one that the code makes.
    pub(super) fn into(self, record: &mut Record) -> Result<(), Unreadable> {
        if self.mode != "managed" {
            return Ok(());
        }
        let before = self.change.before.without(&self.change.before_sensitive).0;
        let mut after = self.change.after.without(&self.change.after_sensitive).0;
        // What is replaced has one id now and another later; both are of this block.
        after.texts.extend(before.texts);
        after.yor = after.yor.or(before.yor);
        if after.object.name.is_empty() {
            after.object = before.object;
        }
        if after.account.is_empty() {
            after.account = before.account;
        }
        if after.region.is_empty() {
            after.region = before.region;
        }
        record.take(&self.address, &self.kind, std::iter::once((None, after)))
    }
}
