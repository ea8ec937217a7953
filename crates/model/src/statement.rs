//! What a supplier or a person says of a weakness in a product (VEX).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Key, KeyHasher, Timestamp, Tool, Untrusted};

/// Marks the key of a statement.
#[derive(Debug)]
pub enum StatementKind {}
/// The identity of a statement: who speaks, of which weakness, in which product and component.
pub type StatementKey = Key<StatementKind>;

/// One sentence of a VEX document or an advisory: a weakness, a product, a verdict.
///
/// It is a claim that somebody makes. It closes nothing by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The format it came in; its product is the same word.
    pub tool: Tool,
    /// The document's id, with the statement's own where it has one.
    pub native_id: String,
    /// `CVE-…` where there is one, else the advisory's id.
    pub vulnerability: String,
    /// Other ids of the same weakness.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What it is about.
    pub product: Product,
    /// The part of the product that has the weakness, where it is told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<Product>,
    /// What is said.
    pub verdict: Position,
    /// The document's own word for it.
    pub verdict_native: String,
    /// The document's own word for why (`vulnerable_code_not_present`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub justification: String,
    /// Why, or what to do, in the author's words.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub text: Untrusted,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub author: Untrusted,
    /// When it was said; newer words of the same author replace older ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

impl Statement {
    /// The identity: format, author, weakness, product and component. A newer document of the
    /// same author speaks of the same thing; without an author the document stands for itself.
    #[must_use]
    pub fn key(&self) -> StatementKey {
        let author = if self.author.is_empty() { &self.native_id } else { self.author.raw() };
        let key = KeyHasher::new("statement")
            .part(&self.tool.format)
            .part(author)
            .part(&self.vulnerability);
        let key = self.product.add_to(key);
        match &self.component {
            Some(component) => component.add_to(key.part("component")).finish(),
            None => key.finish(),
        }
    }

    /// Every id of the weakness, the first one first.
    pub fn weaknesses(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.vulnerability.as_str()).chain(self.aliases.iter().map(String::as_str))
    }
}

/// A product or a part of one, by whatever the document names it with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its name for people, or the id where there is no other.
    pub name: String,
    /// Its version; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Versions as a `vers:` range, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// Package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// SHA-256 in lower-case hex, without a prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Product {
    /// Whether nothing is said of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Its name with its version, or its package URL: what a person reads.
    #[must_use]
    pub fn label(&self) -> String {
        let name = match (&self.purl, self.name.as_str()) {
            (Some(purl), "") => purl,
            (_, name) => name,
        };
        match (self.version.as_str(), &self.range) {
            (version, _) if !version.is_empty() && !name.contains(version) => {
                format!("{name} {version}")
            }
            (_, Some(range)) => format!("{name} {range}"),
            (_, None) => name.to_owned(),
        }
    }

    fn add_to(&self, key: KeyHasher) -> KeyHasher {
        key.part(self.purl.as_deref().unwrap_or(&self.name))
            .part(&self.version)
            .part(self.range.as_deref().unwrap_or_default())
            .part(self.sha256.as_deref().unwrap_or_default())
    }
}

/// What is said of a weakness in a product.
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
pub enum Position {
    /// The weakness does no harm there.
    NotAffected,
    /// The weakness is there.
    Affected,
    /// These versions have the cure.
    Fixed,
    /// Nobody knows yet.
    #[default]
    UnderInvestigation,
}

impl Position {
    /// The word used in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under_investigation",
        }
    }

    /// The same in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotAffected => "not affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under investigation",
        }
    }

    /// Whether it speaks against an open issue, so that a person must look at it.
    #[must_use]
    pub const fn excuses(self) -> bool {
        matches!(self, Self::NotAffected | Self::Fixed)
    }
}

/// One entry of a published list of weaknesses that are exploited in the wild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exploited {
    /// `CVE-…`.
    pub weakness: String,
    /// The day on which it was added to the list, as given.
    pub added: String,
    /// Whether ransomware is known to use it.
    pub ransomware: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_document_of_one_author_has_the_same_key() {
        let old = Statement {
            native_id: "doc-1".to_owned(),
            vulnerability: "CVE-2031-1".to_owned(),
            author: Untrusted::from("shop"),
            ..Statement::default()
        };
        let new =
            Statement { native_id: "doc-2".to_owned(), verdict: Position::Fixed, ..old.clone() };
        assert_eq!(old.key(), new.key());
        let other = Statement {
            component: Some(Product { name: "p".to_owned(), ..Product::default() }),
            ..old.clone()
        };
        assert_ne!(old.key(), other.key());
        let anonymous = |id: &str| {
            Statement { author: Untrusted::default(), native_id: id.to_owned(), ..old.clone() }
                .key()
        };
        assert_ne!(anonymous("a"), anonymous("b"));
    }
}
