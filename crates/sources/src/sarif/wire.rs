//! A result as the standard has it, as far as it is read (SARIF 2.1.0, section 3.27).

use serde::Deserialize;
use serde_json::Value;

pub(super) use crate::wire::Text;
use crate::wire::or_default;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ResultWire<'a> {
    #[serde(borrow)]
    pub(super) rule_id: Text<'a>,
    #[serde(borrow)]
    pub(super) rule_index: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) rule: Reference<'a>,
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) level: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) message: Message<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) locations: Vec<Location<'a>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fingerprints: Value,
    #[serde(deserialize_with = "or_default")]
    pub(super) partial_fingerprints: Value,
    #[serde(borrow)]
    pub(super) guid: Text<'a>,
    #[serde(borrow)]
    pub(super) correlation_guid: Text<'a>,
    #[serde(borrow)]
    pub(super) baseline_state: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) suppressions: Vec<Suppression<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) fixes: Vec<FixWire<'a>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) properties: Value,
}

/// A reference to a rule, in the driver or in an extension.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) index: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) tool_component: Component<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Component<'a> {
    #[serde(borrow)]
    pub(super) index: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) markdown: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) arguments: Vec<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Location<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) physical_location: PhysicalLocation<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) logical_locations: Vec<LogicalLocation<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PhysicalLocation<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) artifact_location: ArtifactLocation<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) region: Region<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ArtifactLocation<'a> {
    #[serde(borrow)]
    pub(super) uri: Text<'a>,
    #[serde(borrow)]
    pub(super) index: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Region<'a> {
    #[serde(borrow)]
    pub(super) start_line: Text<'a>,
    #[serde(borrow)]
    pub(super) end_line: Text<'a>,
    #[serde(borrow)]
    pub(super) start_column: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogicalLocation<'a> {
    #[serde(borrow)]
    pub(super) fully_qualified_name: Text<'a>,
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Suppression<'a> {
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    /// The word of drafts of the standard.
    #[serde(borrow)]
    pub(super) state: Text<'a>,
    #[serde(borrow)]
    pub(super) justification: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FixWire<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) description: Message<'a>,
}
