//! kube-bench's sections as written.

use serde::Deserialize;

use crate::wire::{Text, or_default};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Section<'a> {
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) detected_version: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) node_type: Text<'a>,
    #[serde(borrow)]
    pub(super) tests: Option<Vec<Group<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Group<'a> {
    #[serde(borrow)]
    pub(super) desc: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) results: Vec<Check<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Check<'a> {
    #[serde(borrow)]
    pub(super) test_number: Text<'a>,
    #[serde(borrow)]
    pub(super) test_desc: Text<'a>,
    #[serde(borrow)]
    pub(super) audit: Text<'a>,
    /// `manual`, `skip` or empty.
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) remediation: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) actual_value: Text<'a>,
    #[serde(borrow)]
    pub(super) expected_result: Text<'a>,
    #[serde(borrow)]
    pub(super) reason: Text<'a>,
    #[serde(borrow)]
    pub(super) scored: Text<'a>,
}
