//! What one record of an input becomes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Asset, Exploited, Finding, FindingKey, KeyHasher, Relation, Rule, Scope, Statement, Timestamp,
    Tool, Untrusted, short_id,
};

/// What a normalizer makes of one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Something is wrong.
    Finding(Box<Finding>),
    /// A check was run and passed, or could not be decided: evidence, never a finding.
    Evidence(Box<Evidence>),
    /// An inventory entry.
    Asset(Box<Asset>),
    /// What two assets have to do with each other.
    Relation(Box<Relation>),
    /// Something happened; by itself neither right nor wrong.
    Activity(Box<Activity>),
    /// What somebody says of a weakness in a product.
    Statement(Box<Statement>),
    /// A weakness that a published list says is exploited in the wild.
    Exploited(Box<Exploited>),
}

impl Record {
    /// Cuts ids that are longer than any cloud makes them; see [`short_id`].
    pub fn shorten_ids(&mut self) {
        match self {
            Self::Finding(finding) => {
                let of = &mut **finding;
                shorten([&mut of.tool.product, &mut of.native_id, &mut of.rule.id]);
                shorten([&mut of.severity_native, &mut of.status_native]);
                of.asset.shorten_ids();
                if let Some(scope) = &mut of.scope {
                    scope.shorten_ids();
                }
            }
            Self::Evidence(evidence) => {
                let of = &mut **evidence;
                shorten([&mut of.tool.product, &mut of.native_id, &mut of.rule.id]);
                shorten([&mut of.result_native]);
                of.asset.shorten_ids();
                if let Some(scope) = &mut of.scope {
                    scope.shorten_ids();
                }
            }
            Self::Asset(asset) => asset.shorten_ids(),
            Self::Relation(relation) => relation.shorten_ids(),
            Self::Activity(activity) => {
                let of = &mut **activity;
                shorten([&mut of.tool.product, &mut of.native_id, &mut of.action]);
                of.asset.shorten_ids();
            }
            Self::Statement(_) | Self::Exploited(_) => {}
        }
    }
}

/// Cuts each text that is too long.
pub(crate) fn shorten<const N: usize>(texts: [&mut String; N]) {
    for text in texts {
        if let Cow::Owned(short) = short_id(text) {
            *text = short;
        }
    }
}

/// A check that was run on an asset and raised nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which tool ran it.
    pub tool: Tool,
    /// The tool's own id: the same that a finding of this check on this asset would have.
    pub native_id: String,
    /// The rule that was run.
    pub rule: Rule,
    /// The asset it was run on.
    pub asset: Asset,
    /// Whether the check passed; `false` where it needs a person, was skipped or did not apply.
    pub passed: bool,
    /// The tool's own word for the result.
    pub result_native: String,
    /// When the check was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Timestamp>,
    /// The part of the world the scan looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

impl Evidence {
    /// The key of the finding that this check would have raised on this asset.
    #[must_use]
    pub fn finding_key(&self) -> FindingKey {
        KeyHasher::new("finding")
            .part(&self.tool.product)
            .part(&self.native_id)
            .part(&self.rule.id)
            .part(self.asset.id.key())
            .finish()
    }
}

/// Something that happened: an API call, a login, a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Which tool recorded it.
    pub tool: Tool,
    /// The tool's own id of the event.
    pub native_id: String,
    /// What was done (`PutBucketPolicy`, `login`, `wiz.user.update`).
    pub action: String,
    /// Who did it.
    pub principal: Untrusted,
    /// To which asset, where known.
    pub asset: Asset,
    /// When.
    pub time: Option<Timestamp>,
    /// Whether it succeeded, where known.
    pub succeeded: Option<bool>,
    /// Further facts worth citing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<(String, Untrusted)>,
}

/// A record that could not be taken, with where it stands and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reject {
    /// The file, as given, with `!/entry` for a member of an archive.
    pub path: String,
    /// Offset of its first byte in the decompressed input.
    pub offset_bytes: u64,
    /// Why it was not taken, as one sentence with the next step where there is one.
    pub reason: String,
}
