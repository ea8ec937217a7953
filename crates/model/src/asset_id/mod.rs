//! The identity of an asset: the same whichever tool, format or spelling names it.
//!
//! An identity is parsed from the source's own id (an ARN, an Azure resource id, a GCP full or
//! short name, a Kubernetes path, an image reference, an address in a repository) and from what the record
//! says beside it. The source's own id is kept on [`crate::Asset::native_id`], whole.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::short_id;

#[cfg(test)]
mod apart_tests;
mod aws;
mod aws_kinds;
mod azure;
mod gcp;
mod iac;
mod image;
mod kubernetes;
#[cfg(test)]
mod tests;

/// Which world an asset lives in.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Amazon Web Services, any partition.
    Aws,
    /// Microsoft Azure, any cloud, Entra ID included.
    Azure,
    /// Google Cloud.
    Gcp,
    /// A Kubernetes object.
    Kubernetes,
    /// A container image.
    Image,
    /// A block in an infrastructure-as-code file.
    Iac,
    /// A source repository or a file in it.
    Code,
    /// A machine known by its host name only.
    Host,
    /// Something else; its native id is its identity.
    #[default]
    Other,
}

impl Provider {
    /// The word used in keys and in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
            Self::Kubernetes => "kubernetes",
            Self::Image => "image",
            Self::Iac => "iac",
            Self::Code => "code",
            Self::Host => "host",
            Self::Other => "other",
        }
    }
}

/// `provider / account / region / kind / name`, with the one text that identifies it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetId {
    /// The canonical text: equal exactly when two spellings name the same thing.
    key: String,
    /// Which world it lives in.
    pub provider: Provider,
    /// Account, subscription, project or cluster; empty where the id does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// Region or zone; empty where global or unsaid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Kind in the provider's own words, lower case: `s3.bucket`, `compute.virtualmachines`,
    /// `compute.instances`, `deployment`, `aws_s3_bucket`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Name within all the above.
    pub name: String,
}

/// What a record says beside the id, used where the id alone leaves something open.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// Which world it lives in, where the record says.
    pub provider: Option<Provider>,
    /// Account, subscription, project or cluster.
    pub account: Option<&'a str>,
    /// Region.
    pub region: Option<&'a str>,
    /// The source's own word for the kind (`AwsS3Bucket`, `AWS::S3::Bucket`, `aws_s3_bucket`, `Deployment`).
    pub kind: Option<&'a str>,
    /// Name.
    pub name: Option<&'a str>,
    /// Kubernetes namespace.
    pub namespace: Option<&'a str>,
}

/// The parts of an identity, before its key is made.
struct Parts {
    provider: Provider,
    account: String,
    region: String,
    kind: String,
    name: String,
    key: String,
}

impl AssetId {
    /// Reads an id in any of the known grammars; what fits none is kept whole, with what the
    /// hints say, and its key is the id itself below its provider and account.
    #[must_use]
    pub fn parse(native: &str, hints: &Hints<'_>) -> Self {
        let native = &*short_id(native.trim());
        let said = [hints.account, hints.region, hints.kind, hints.name, hints.namespace];
        let [account, region, kind, name, namespace] = said.map(|text| text.map(short_id));
        let hints = &Hints {
            provider: hints.provider,
            account: account.as_deref(),
            region: region.as_deref(),
            kind: kind.as_deref(),
            name: name.as_deref(),
            namespace: namespace.as_deref(),
        };
        let parts = aws::parse(native, hints)
            .or_else(|| azure::parse(native, hints))
            .or_else(|| gcp::parse(native, hints))
            .or_else(|| kubernetes::parse(native, hints))
            .or_else(|| image::parse(native, hints))
            .unwrap_or_else(|| Self::opaque(native, hints));
        Self {
            key: parts.key,
            provider: parts.provider,
            account: parts.account,
            region: parts.region,
            kind: parts.kind,
            name: parts.name,
        }
    }

    /// A block in an infrastructure-as-code file: `target` names the scanned repository or
    /// folder, `file` the file below it, `address` the block (`aws_s3_bucket.logs`).
    #[must_use]
    pub fn iac(target: &str, file: &str, address: &str) -> Self {
        iac::block(&short_id(target), &short_id(file), &short_id(address))
    }

    /// A file or repository of source code.
    #[must_use]
    pub fn code(target: &str, file: &str) -> Self {
        iac::code(&short_id(target), &short_id(file))
    }

    /// Everybody, as an end of relations: what it exposes can be reached from anywhere. No id that
    /// is parsed has its key.
    #[must_use]
    pub fn internet() -> Self {
        Self {
            key: "internet".to_owned(),
            kind: "network".to_owned(),
            name: "internet".to_owned(),
            ..Self::default()
        }
    }

    /// All that an account holds, as an end of relations: who has permission on it is an
    /// administrator. No id that is parsed has its key.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            key: "everything".to_owned(),
            kind: "resources".to_owned(),
            name: "everything".to_owned(),
            ..Self::default()
        }
    }

    /// Data that somebody calls sensitive, as an end of relations. No id that is parsed has its
    /// key.
    #[must_use]
    pub fn sensitive_data() -> Self {
        Self {
            key: "sensitive data".to_owned(),
            kind: "data".to_owned(),
            name: "sensitive data".to_owned(),
            ..Self::default()
        }
    }

    /// A word that is said of assets, as an end of relations. No id that is parsed has its key.
    #[must_use]
    pub(crate) fn label(kind: &str, word: &str) -> Self {
        Self {
            key: format!("{kind} {word}"),
            kind: "label".to_owned(),
            name: word.to_owned(),
            ..Self::default()
        }
    }

    /// Whether it stands for everybody, for all that there is or for any sensitive data, and is no
    /// asset of anybody.
    #[must_use]
    pub fn is_general(&self) -> bool {
        matches!(self.key.as_str(), "internet" | "everything" | "sensitive data")
    }

    /// The canonical text: equal exactly when two spellings name the same thing.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// An id in no known grammar. One that is random enough stands for itself; any other is
    /// told apart by all that is said beside it, because a wrong join would hide a resource.
    fn opaque(native: &str, hints: &Hints<'_>) -> Parts {
        let provider = hints.provider.unwrap_or_default();
        let account = hints.account.unwrap_or_default();
        let region = hints.region.unwrap_or_default();
        let kind = hints.kind.unwrap_or_default().to_ascii_lowercase();
        let namespace = hints.namespace.unwrap_or_default();
        let name = hints.name.filter(|n| !n.is_empty()).unwrap_or(native);
        let identity = if native.is_empty() { name } else { native };
        let key = if is_random(identity) {
            joined(&[provider.as_str(), account, identity])
        } else {
            joined(&[provider.as_str(), account, region, namespace, &kind, identity])
        };
        Parts {
            key,
            provider,
            account: account.to_owned(),
            region: region.to_owned(),
            kind,
            name: name.to_owned(),
        }
    }
}

/// Whether a text is one UUID or one hash, which no two things share.
fn is_random(text: &str) -> bool {
    let hex = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let dashes = text.bytes().filter(|b| *b == b'-').count();
    hex + dashes == text.len() && ((hex == 32 && dashes == 4) || (hex >= 32 && dashes == 0))
}

/// A key from its fields. A `:` in any field but the last is written `%3A`, so that no two lists
/// of fields make one key.
fn joined(fields: &[&str]) -> String {
    let mut key = String::new();
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            key.push(':');
        }
        if at + 1 < fields.len() && field.contains([':', '%']) {
            key.push_str(&field.replace('%', "%25").replace(':', "%3A"));
        } else {
            key.push_str(field);
        }
    }
    key
}
