//! What one asset has to do with another: a network holds a machine, a role may read a bucket.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::record::shorten;
use crate::{AssetId, KeyHasher, Timestamp, Tool, Untrusted};

/// Facts kept of one relation.
const MOST_FACTS: usize = 8;
/// Bytes of each.
const FACT_BYTES: usize = 512;

/// How one asset is related to another, read from the first to the second.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// The second lives in the first: an account holds a network, a cluster a namespace.
    Contains,
    /// The first belongs to a group that says nothing of where it is: a project, an application.
    PartOf,
    /// The first is a workload and the second is what runs it: a machine, a cluster.
    RunsOn,
    /// The first is put on the second and serves it: a volume, a network interface, a firewall.
    AttachedTo,
    /// The first lets traffic from elsewhere through to the second: an address, a load balancer.
    Exposes,
    /// The first can open a connection to the second.
    Reaches,
    /// The first may act as the second: a role, a service account.
    CanAssume,
    /// The first may do something to the second.
    HasPermission,
    /// The first holds the second, or reads it, which is data.
    Holds,
    /// The first was started or built from the second, which is an image.
    UsesImage,
    /// Both are one, under two names: a machine by its resource id and by its own.
    SameAs,
    /// The second is a word for the first: its environment, the class of its data, its owner.
    Labeled,
}

impl RelationKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::Contains,
        Self::PartOf,
        Self::RunsOn,
        Self::AttachedTo,
        Self::Exposes,
        Self::Reaches,
        Self::CanAssume,
        Self::HasPermission,
        Self::Holds,
        Self::UsesImage,
        Self::SameAs,
        Self::Labeled,
    ];

    /// The word used in the report and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::PartOf => "part_of",
            Self::RunsOn => "runs_on",
            Self::AttachedTo => "attached_to",
            Self::Exposes => "exposes",
            Self::Reaches => "reaches",
            Self::CanAssume => "can_assume",
            Self::HasPermission => "has_permission",
            Self::Holds => "holds",
            Self::UsesImage => "uses_image",
            Self::SameAs => "same_as",
            Self::Labeled => "labeled",
        }
    }

    /// It in words, from the first to the second.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::PartOf => "is part of",
            Self::RunsOn => "runs on",
            Self::AttachedTo => "is attached to",
            Self::Exposes => "exposes",
            Self::Reaches => "reaches",
            Self::CanAssume => "can assume",
            Self::HasPermission => "has permission on",
            Self::Holds => "holds or reads",
            Self::UsesImage => "uses the image",
            Self::SameAs => "is the same as",
            Self::Labeled => "is labeled",
        }
    }

    /// It in words, from the second to the first.
    #[must_use]
    pub const fn words_back(self) -> &'static str {
        match self {
            Self::Contains => "is in",
            Self::PartOf => "has as a part",
            Self::RunsOn => "runs",
            Self::AttachedTo => "has attached",
            Self::Exposes => "is exposed by",
            Self::Reaches => "is reached by",
            Self::CanAssume => "can be assumed by",
            Self::HasPermission => "grants permission to",
            Self::Holds => "is held or read by",
            Self::UsesImage => "is the image of",
            Self::SameAs => "is another name of",
            Self::Labeled => "is the label of",
        }
    }
}

/// What one source says that two assets have to do with each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Relation {
    /// The first asset.
    pub from: AssetId,
    /// What it has to do with the second.
    pub kind: RelationKind,
    /// The second asset.
    pub to: AssetId,
    /// What makes it so, where a pair may be related more than once: a policy, a range of ports.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub by: Untrusted,
    /// Which tool says so.
    pub tool: Tool,
    /// When it was seen, where the tool says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Timestamp>,
    /// Further facts worth citing, by field name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<(String, Untrusted)>,
    /// What tells it, where that tells all of one kind. It is not part of what is said.
    #[serde(skip)]
    pub teller: Option<Teller>,
}

/// A field of an asset's record that names all others which have one thing to do with the asset.
/// What the same field of a later record does not name is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Teller([u8; 16]);

impl Teller {
    /// A field of what a tool says of an asset.
    #[must_use]
    pub fn new(tool: &Tool, asset: &AssetId, field: &str) -> Self {
        let hasher = KeyHasher::new("teller").part(&tool.product).part(&tool.format);
        Self(*hasher.part(&asset.key().to_lowercase()).part(field).finish::<()>().as_bytes())
    }

    /// Its identity.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Relation {
    /// A relation of two assets. An asset has none to itself, and none to what has no id.
    #[must_use]
    pub fn new(tool: Tool, from: &AssetId, kind: RelationKind, to: &AssetId) -> Option<Self> {
        let named = !from.key().is_empty() && !to.key().is_empty();
        let apart = Self::end_of(from.key()) != Self::end_of(to.key());
        (named && apart).then(|| Self {
            from: from.clone(),
            kind,
            to: to.clone(),
            by: Untrusted::default(),
            tool,
            seen: None,
            evidence: Vec::new(),
            teller: None,
        })
    }

    /// What makes it so.
    #[must_use]
    pub fn by(mut self, by: &str) -> Self {
        self.by = Untrusted::from(by).capped(FACT_BYTES);
        self
    }

    /// A fact beside it. What is empty, or more than a few, is left out.
    #[must_use]
    pub fn fact(mut self, name: &str, text: &str) -> Self {
        if !text.is_empty() && self.evidence.len() < MOST_FACTS {
            self.evidence.push((name.to_owned(), Untrusted::from(text).capped(FACT_BYTES)));
        }
        self
    }

    /// Its identity: the tool, both assets, what they have to do with each other, and by what.
    #[must_use]
    pub fn key(&self) -> [u8; 16] {
        *KeyHasher::new("relation")
            .part(&self.tool.product)
            .part(&self.from.key().to_lowercase())
            .part(self.kind.as_str())
            .part(&self.to.key().to_lowercase())
            .part(self.by.raw())
            .finish::<()>()
            .as_bytes()
    }

    /// A key of a relation as claims name it.
    #[must_use]
    pub fn id_text(key: &[u8; 16]) -> String {
        key.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The hash by which an asset with this key is found as an end of relations. Keys that differ
    /// in case only are one asset.
    #[must_use]
    pub fn end_of(key: &str) -> [u8; 16] {
        *KeyHasher::new("end").part(&key.to_lowercase()).finish::<()>().as_bytes()
    }

    /// The first half of that hash as a number.
    #[must_use]
    pub fn end_number(end: &[u8]) -> u64 {
        end.first_chunk::<8>().map_or(0, |first| u64::from_le_bytes(*first))
    }

    /// The other of both assets, seen from one of them by its key.
    #[must_use]
    pub fn beside(&self, key: &str) -> &AssetId {
        let is_first = Self::end_of(self.from.key()) == Self::end_of(key);
        if is_first { &self.to } else { &self.from }
    }

    /// Cuts the tool's words where they are longer than any.
    pub(crate) fn shorten_ids(&mut self) {
        shorten([&mut self.tool.product]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hints;

    fn asset(arn: &str) -> AssetId {
        AssetId::parse(arn, &Hints::default())
    }

    fn of(from: &str, kind: RelationKind, to: &str) -> Option<Relation> {
        let tool = Tool { product: "wiz".to_owned(), format: "wiz".to_owned() };
        Relation::new(tool, &asset(from), kind, &asset(to))
    }

    const ROLE: &str = "arn:aws:iam::111122223333:role/app";
    const BUCKET: &str = "arn:aws:s3:::logs";

    #[test]
    fn an_asset_has_no_relation_to_itself_or_to_nothing() {
        assert!(of(ROLE, RelationKind::CanAssume, ROLE).is_none());
        assert!(of(ROLE, RelationKind::CanAssume, &ROLE.replace("app", "other")).is_some());
        let tool = Tool::default();
        let nothing = AssetId::default();
        assert!(Relation::new(tool, &asset(ROLE), RelationKind::Reaches, &nothing).is_none());
    }

    #[test]
    fn each_part_of_a_relation_is_part_of_its_key_and_nothing_else_is() {
        let relation = of(ROLE, RelationKind::HasPermission, BUCKET).unwrap();
        let key = relation.key();
        assert_ne!(key, of(BUCKET, RelationKind::HasPermission, ROLE).unwrap().key());
        assert_ne!(key, of(ROLE, RelationKind::Reaches, BUCKET).unwrap().key());
        assert_ne!(key, relation.clone().by("ReadOnly").key());
        assert_eq!(key, relation.clone().fact("action", "s3:GetObject").key());
        let read: Relation =
            serde_json::from_str(&serde_json::to_string(&relation).unwrap()).unwrap();
        assert_eq!((read.key(), &read), (key, &relation));
    }

    #[test]
    fn facts_are_few_and_short() {
        let mut relation = of(ROLE, RelationKind::HasPermission, BUCKET).unwrap();
        for number in 0..50 {
            relation = relation.fact(&format!("fact {number}"), &"x".repeat(10_000)).fact("", "");
        }
        assert_eq!(relation.evidence.len(), MOST_FACTS);
        assert!(relation.evidence.iter().all(|(_, text)| text.raw().len() <= FACT_BYTES + 16));
    }

    #[test]
    fn words_of_kinds_are_apart() {
        let words = RelationKind::ALL.map(RelationKind::as_str);
        let both = RelationKind::ALL.iter().flat_map(|kind| [kind.words(), kind.words_back()]);
        let both: std::collections::BTreeSet<&str> = both.collect();
        assert_eq!(both.len(), 2 * words.len());
        for kind in RelationKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
