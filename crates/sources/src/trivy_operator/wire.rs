//! The operator's custom resources as written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, or_default};

/// A report, or what the webhook sends around one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Report<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow)]
    pub(super) report: Option<Body<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Status<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) spec: Spec<'a>,
    #[serde(borrow)]
    pub(super) verb: Text<'a>,
    #[serde(borrow)]
    pub(super) operator_object: Option<Box<Report<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow)]
    pub(super) creation_timestamp: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) labels: BTreeMap<String, Text<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) annotations: BTreeMap<String, Text<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) owner_references: Vec<Owner<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Owner<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Body<'a> {
    #[serde(borrow)]
    pub(super) update_timestamp: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) scanner: Scanner<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) registry: Registry<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) artifact: Artifact<'a>,
    #[serde(borrow)]
    pub(super) vulnerabilities: Option<Vec<Vulnerability<'a>>>,
    #[serde(borrow)]
    pub(super) checks: Option<Vec<Check<'a>>>,
    #[serde(borrow)]
    pub(super) secrets: Option<Vec<Secret<'a>>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) summary: BTreeMap<String, Text<'a>>,
    /// A bill of materials.
    pub(super) components: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Scanner<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Registry<'a> {
    #[serde(borrow)]
    pub(super) server: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact<'a> {
    #[serde(borrow)]
    pub(super) repository: Text<'a>,
    #[serde(borrow)]
    pub(super) tag: Text<'a>,
    #[serde(borrow)]
    pub(super) digest: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, rename = "vulnerabilityID")]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) resource: Text<'a>,
    #[serde(borrow)]
    pub(super) installed_version: Text<'a>,
    #[serde(borrow)]
    pub(super) fixed_version: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow)]
    pub(super) primary_link: Text<'a>,
    #[serde(borrow)]
    pub(super) score: Text<'a>,
    #[serde(borrow)]
    pub(super) target: Text<'a>,
    #[serde(borrow)]
    pub(super) class: Text<'a>,
    #[serde(borrow)]
    pub(super) package_path: Text<'a>,
    #[serde(borrow, rename = "packagePURL")]
    pub(super) package_purl: Text<'a>,
    pub(super) cvss: Value,
}

/// A check of a workload, role, node or compliance report. Starboard calls its id `id`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Check<'a> {
    #[serde(borrow, rename = "checkID")]
    pub(super) check_id: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) category: Text<'a>,
    #[serde(borrow)]
    pub(super) remediation: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) messages: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    #[serde(borrow)]
    pub(super) success: Text<'a>,
    #[serde(borrow)]
    pub(super) target: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Secret<'a> {
    #[serde(borrow, rename = "ruleID")]
    pub(super) rule_id: Text<'a>,
    #[serde(borrow)]
    pub(super) target: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) category: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Spec<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) compliance: Benchmark<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Benchmark<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status<'a> {
    #[serde(borrow)]
    pub(super) update_timestamp: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) detail_report: Detail<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) summary_report: Sums<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Detail<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) results: Vec<ControlResult<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ControlResult<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    /// What the benchmark says of a control that nothing checks.
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) checks: Vec<Check<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Sums<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) control_check: Vec<ControlSum<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ControlSum<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) total_fail: Text<'a>,
}
