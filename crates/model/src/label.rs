//! What a tool's own inventory says of an asset in words: its environment, the class of its data,
//! its owner. It counts for what other tools raise on the asset too.

use serde::{Deserialize, Serialize};

use crate::{Asset, AssetId, Origin, Relation, RelationKind, Sourced, Tool, Untrusted};

/// Labels of one kind that are taken of a record.
const MOST: usize = 4;

/// What a label says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelKind {
    /// What the asset is for.
    Environment,
    /// The class of its data.
    DataClass,
    /// Who answers for it.
    Owner,
}

/// One word of a tool about an asset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// What it says.
    pub kind: LabelKind,
    /// The word.
    pub value: Untrusted,
    /// The tool that says so.
    pub tool: String,
    /// The key of the tag, or the field of the record.
    pub key: String,
    /// Whether it is a tag or label.
    pub is_tag: bool,
}

impl LabelKind {
    /// It in words, as the end of a relation begins.
    const fn words(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::DataClass => "data class",
            Self::Owner => "owner",
        }
    }
}

impl Label {
    /// What a record of an inventory says: `owners` are those that its tags name. What is read off
    /// a name says nothing that the name does not say to every tool.
    #[must_use]
    pub fn of(asset: &Asset, owners: &[Sourced], tool: &str) -> Vec<Self> {
        let context = &asset.context;
        let label = |kind, said: &Sourced| Self::new(kind, said, tool);
        let mut labels: Vec<Self> = Vec::new();
        for (kind, own) in [
            (LabelKind::Environment, &context.environment),
            (LabelKind::DataClass, &context.data_class),
        ] {
            labels.extend(own.iter().filter_map(|said| label(kind, said)));
        }
        let owners = owners.iter().chain(&context.owner);
        let owners = owners.filter_map(|said| label(LabelKind::Owner, said));
        labels.extend(owners.take(MOST));
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// A word with where a tool has it from; nothing where that is not its own record.
    fn new(kind: LabelKind, said: &Sourced, tool: &str) -> Option<Self> {
        let (key, is_tag) = match &said.origin {
            Origin::Tag(key) => (key, true),
            Origin::Field(key) => (key, false),
            Origin::Name(_)
            | Origin::Inventory { .. }
            | Origin::Codeowners { .. }
            | Origin::Told { .. } => return None,
        };
        let (tool, key) = (tool.to_owned(), key.clone());
        Some(Self { kind, value: said.value.clone(), tool, key, is_tag })
    }

    /// The label that a value was taken from.
    #[must_use]
    pub fn behind(kind: LabelKind, said: &Sourced) -> Option<Self> {
        let Origin::Told { tool, key, is_tag } = &said.origin else { return None };
        let (tool, key) = (tool.clone(), key.clone());
        Some(Self { kind, value: said.value.clone(), tool, key, is_tag: *is_tag })
    }

    /// It as a value of an asset.
    #[must_use]
    pub fn sourced(&self) -> Sourced {
        let (tool, key) = (self.tool.clone(), self.key.clone());
        let origin = Origin::Told { tool, key, is_tag: self.is_tag };
        Sourced { value: self.value.clone(), origin }
    }

    /// It as what an asset has to do with a word.
    #[must_use]
    pub fn relation(&self, asset: &AssetId) -> Option<Relation> {
        let tool = Tool { product: self.tool.clone(), format: self.tool.clone() };
        let to = AssetId::label(self.kind.words(), self.value.raw());
        let by = if self.is_tag { "tag" } else { "field" };
        let relation = Relation::new(tool, asset, RelationKind::Labeled, &to)?;
        Some(relation.by(&format!("{by} {}", self.key)))
    }
}

/// The record that a value of an asset rests on, where that is not a finding: a row of an inventory,
/// or what a tool's own inventory says.
#[must_use]
pub fn record_behind(asset: &AssetId, kind: LabelKind, said: &Sourced) -> Option<String> {
    said.row().or_else(|| {
        let relation = Label::behind(kind, said)?.relation(asset)?;
        Some(format!("relation:{}", Relation::id_text(&relation.key())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Hints};

    fn said(value: &str, origin: Origin) -> Sourced {
        Sourced { value: value.into(), origin }
    }

    fn asset() -> Asset {
        let context = Context {
            environment: Some(said("production", Origin::Tag("env".to_owned()))),
            data_class: Some(said("restricted", Origin::Name("pci-db".to_owned()))),
            owner: Some(said("payments", Origin::Field("owners".to_owned()))),
            ..Context::default()
        };
        Asset {
            id: AssetId::parse("arn:aws:s3:::a", &Hints::default()),
            context,
            ..Asset::default()
        }
    }

    #[test]
    fn tags_and_fields_are_labels_and_what_a_name_says_is_none() {
        let labels = Label::of(&asset(), &[said("red", Origin::Tag("team".to_owned()))], "wiz");
        let told: Vec<_> = labels.iter().map(|l| (l.kind, l.value.raw(), l.is_tag)).collect();
        let expected = [
            (LabelKind::Environment, "production", true),
            (LabelKind::Owner, "payments", false),
            (LabelKind::Owner, "red", true),
        ];
        assert_eq!(told, expected);
        for label in labels {
            assert_eq!(Label::behind(label.kind, &label.sourced()), Some(label));
        }
    }

    #[test]
    fn each_part_of_a_label_makes_another_relation() {
        let first = Label::of(&asset(), &[], "wiz").remove(0);
        let key = |label: &Label| label.relation(&asset().id).unwrap().key();
        let others = [
            Label { kind: LabelKind::DataClass, ..first.clone() },
            Label { value: "test".into(), ..first.clone() },
            Label { tool: "orca".to_owned(), ..first.clone() },
            Label { key: "stage".to_owned(), ..first.clone() },
            Label { is_tag: false, ..first.clone() },
        ];
        assert!(others.iter().all(|other| key(other) != key(&first)));
        let end = first.relation(&asset().id).unwrap().to;
        assert_eq!((end.key(), end.is_general()), ("environment production", false));
    }
}
