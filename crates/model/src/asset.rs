//! The thing a finding is about: a bucket, a role, a pod, an image, a Terraform block.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::record::shorten;
use crate::{AssetId, Untrusted};

/// A cloud resource, workload, image, identity or block of code, as one source described it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Asset {
    /// Its identity, the same whichever tool reports it.
    pub id: AssetId,
    /// The source's own id, whole.
    pub native_id: String,
    /// The source's own word for the kind (`AwsS3Bucket`, `AWS::S3::Bucket`, `VIRTUAL_MACHINE`).
    pub native_kind: String,
    /// A name for people.
    pub name: Untrusted,
    /// Tags and labels, keys as they came.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Untrusted>,
    /// What the source claims about its surroundings.
    #[serde(default, skip_serializing_if = "Signals::is_empty")]
    pub signals: Signals,
    /// Owner, environment, application and data class, read from tags by the mapping.
    #[serde(default, skip_serializing_if = "Context::is_empty")]
    pub context: Context,
}

impl Asset {
    /// Cuts the source's id and kind where they are longer than any cloud makes them.
    pub(crate) fn shorten_ids(&mut self) {
        shorten([&mut self.native_id, &mut self.native_kind]);
    }
}

/// Claims of a source about an asset's surroundings; `None` where it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signals {
    /// Reachable from the internet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internet_exposed: Option<bool>,
    /// Holds or reads sensitive data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive_data: Option<bool>,
    /// Can act as an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_privilege: Option<bool>,
}

impl Signals {
    /// Whether nothing is claimed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Who owns an asset and what it is for, each with where that was learned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Context {
    /// Team or person who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Sourced>,
    /// `production`, `staging`, `development`, `test` or the tag's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Sourced>,
    /// Application or service it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Sourced>,
    /// Class of the data it holds (`public`, `internal`, `confidential`, `restricted`, or the tag's word).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_class: Option<Sourced>,
    /// How much depends on it, in an inventory's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criticality: Option<Sourced>,
    /// Its id in the CMDB that an inventory comes from: a `sys_id` of ServiceNow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Sourced>,
    /// `true` or `false` where an inventory says whether the internet reaches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed: Option<Sourced>,
    /// Who else is named as its owner, what counts most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_owners: Vec<Sourced>,
}

impl Context {
    /// Whether nothing is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.owner.is_none()
            && self.environment.is_none()
            && self.application.is_none()
            && self.data_class.is_none()
            && self.criticality.is_none()
            && self.item.is_none()
            && self.exposed.is_none()
            && self.other_owners.is_empty()
    }

    /// Whether the internet reaches it, where an inventory says so.
    #[must_use]
    pub fn is_exposed(&self) -> Option<bool> {
        self.exposed.as_ref().map(|said| said.value.raw() == "true")
    }

    /// Fills each gap from `other`; what is known stays.
    pub fn fill_from(&mut self, other: &Self) {
        let fill = |to: &mut Option<Sourced>, from: &Option<Sourced>| {
            if to.is_none() {
                to.clone_from(from);
            }
        };
        fill(&mut self.owner, &other.owner);
        fill(&mut self.environment, &other.environment);
        fill(&mut self.application, &other.application);
        fill(&mut self.data_class, &other.data_class);
        fill(&mut self.criticality, &other.criticality);
        fill(&mut self.item, &other.item);
        fill(&mut self.exposed, &other.exposed);
    }
}

/// A value with where it was learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sourced {
    /// The value, normalized where the mapping has a word for it.
    pub value: Untrusted,
    /// Where it comes from.
    pub origin: Origin,
}

impl Sourced {
    /// The row of an inventory that says it, as claims name records.
    #[must_use]
    pub fn row(&self) -> Option<String> {
        let Origin::Inventory { name, row } = &self.origin else { return None };
        Some(format!("inventory:{name}#{row}"))
    }
}

/// Where a value was learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "from", content = "name")]
pub enum Origin {
    /// A tag or label of that key.
    Tag(String),
    /// A field of the source's record.
    Field(String),
    /// The asset's name or account name, by a pattern of the mapping.
    Name(String),
    /// A row of an inventory.
    Inventory {
        /// The inventory's name.
        name: String,
        /// The line of the file, or the number of the record.
        row: u64,
    },
    /// A line of a CODEOWNERS file.
    Codeowners {
        /// The line.
        line: u64,
    },
    /// What a tool's own inventory knows of the asset, whichever tool raised the finding.
    Told {
        /// The tool.
        tool: String,
        /// The key of the tag, or the field of the tool's record.
        key: String,
        /// Whether it is a tag or label.
        is_tag: bool,
    },
}
