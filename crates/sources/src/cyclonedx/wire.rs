//! CycloneDX vulnerabilities as written.

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, or_default};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) source: Named<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) references: Vec<Reference<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) ratings: Vec<Rating<'a>>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow)]
    pub(super) detail: Text<'a>,
    #[serde(borrow)]
    pub(super) recommendation: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) advisories: Vec<Named<'a>>,
    #[serde(borrow)]
    pub(super) published: Text<'a>,
    #[serde(borrow)]
    pub(super) updated: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) analysis: Analysis<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) affects: Vec<Affected<'a>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) cwes: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rating<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) source: Named<'a>,
    #[serde(borrow)]
    pub(super) score: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) method: Text<'a>,
    #[serde(borrow)]
    pub(super) vector: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Analysis<'a> {
    #[serde(borrow)]
    pub(super) state: Text<'a>,
    #[serde(borrow)]
    pub(super) justification: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) response: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) detail: Text<'a>,
    #[serde(borrow)]
    pub(super) first_issued: Text<'a>,
    #[serde(borrow)]
    pub(super) last_updated: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Affected<'a> {
    #[serde(borrow, rename = "ref")]
    pub(super) reference: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) versions: Vec<Version<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Version<'a> {
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) range: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
}
