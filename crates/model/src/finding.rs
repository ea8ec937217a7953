//! One tool's claim that something is wrong with one asset.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::record::shorten;
use crate::{Asset, FindingKey, KeyHasher, Severity, Status, Timestamp, Untrusted};

/// One tool's claim that something is wrong with one asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Which tool says so, and in which format it came.
    pub tool: Tool,
    /// The tool's own id of the finding; where it gives none, made from rule, asset and place.
    pub native_id: String,
    /// What kind of claim this is.
    pub class: FindingClass,
    /// The tool's rule that raised it.
    pub rule: Rule,
    /// The tool's title.
    pub title: Untrusted,
    /// The tool's description.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub description: Untrusted,
    /// The tool's severity on our scale.
    pub severity: Severity,
    /// The tool's own word or number for the severity.
    pub severity_native: String,
    /// The tool's status on our scale.
    pub status: Status,
    /// The tool's own word for the status.
    pub status_native: String,
    /// What it is about.
    pub asset: Asset,
    /// When the tool first saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// When the tool last saw or changed it; older news never overwrites newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// For vulnerabilities: which one, in which package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerability: Option<Box<Vulnerability>>,
    /// Where in code or configuration files it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Box<Location>>,
    /// For detections: who did what, in which process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<Box<Detection>>,
    /// The tool's own advice.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub remediation: Untrusted,
    /// Links the tool gives: its own page of the finding first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Further facts worth citing, by field name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<(String, Untrusted)>,
    /// The part of the world the scan looked at; absence closes only inside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

impl Finding {
    /// A finding that says no more than what is wrong with what: open, of unknown severity.
    #[must_use]
    pub fn new(tool: Tool, class: FindingClass, rule: Rule, asset: Asset) -> Self {
        Self {
            tool,
            native_id: String::new(),
            class,
            title: rule.title.clone(),
            rule,
            description: Untrusted::default(),
            severity: Severity::Unknown,
            severity_native: String::new(),
            status: Status::Open,
            status_native: String::new(),
            asset,
            first_seen: None,
            last_seen: None,
            vulnerability: None,
            location: None,
            detection: None,
            remediation: Untrusted::default(),
            references: Vec::new(),
            evidence: Vec::new(),
            scope: None,
        }
    }

    /// The identity of this finding: tool, native id, rule and asset.
    #[must_use]
    pub fn key(&self) -> FindingKey {
        KeyHasher::new("finding")
            .part(&self.tool.product)
            .part(&self.native_id)
            .part(&self.rule.id)
            .part(self.asset.id.key())
            .finish()
    }
}

/// The tool that made a finding and the format it came in.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct Tool {
    /// The tool, by the short name that control aliases use (`prowler`, `security_hub`, `wiz`).
    pub product: String,
    /// The id of the source that read it (`ocsf`, `asff`, `wiz`).
    pub format: String,
}

/// What kind of claim a finding makes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FindingClass {
    /// A setting is not as it should be.
    Misconfiguration,
    /// A known weakness in a package or product.
    Vulnerability,
    /// Something happened that looks like an attack.
    Detection,
    /// A credential or key where it should not be.
    Secret,
    /// A weakness in source code.
    CodeWeakness,
    /// A combination of conditions that together open a way in.
    AttackPath,
    /// An identity can do more than it should.
    Identity,
    /// Sensitive data where it should not be.
    DataRisk,
    /// A licence that the policy does not allow.
    License,
}

impl FindingClass {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Misconfiguration,
        Self::Vulnerability,
        Self::Detection,
        Self::Secret,
        Self::CodeWeakness,
        Self::AttackPath,
        Self::Identity,
        Self::DataRisk,
        Self::License,
    ];

    /// The word used in the report and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Misconfiguration => "misconfiguration",
            Self::Vulnerability => "vulnerability",
            Self::Detection => "detection",
            Self::Secret => "secret",
            Self::CodeWeakness => "code_weakness",
            Self::AttackPath => "attack_path",
            Self::Identity => "identity",
            Self::DataRisk => "data_risk",
            Self::License => "license",
        }
    }
}

/// The tool's rule, check, policy or control.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    /// The tool's id of the rule (`CKV_AWS_20`, `s3_bucket_public_access`, `S3.8`).
    pub id: String,
    /// The rule's title, which may differ from the finding's.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub title: Untrusted,
    /// Other ids of the same rule (a short id, an older id, the id in a standard).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// A known weakness in a package or product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Vulnerability {
    /// `CVE-…` where there is one, else the advisory's id (`GHSA-…`, `ALAS-…`).
    pub id: String,
    /// Other ids of the same weakness.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Package name.
    pub package: String,
    /// Installed version.
    pub version: String,
    /// First version without it, as the tool gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_version: Option<String>,
    /// Package URL, where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// File or layer that holds the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// CVSS base score, 0 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss: Option<f64>,
    /// CVSS vector, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss_vector: Option<String>,
    /// EPSS probability, 0 to 1, as the tool gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<f64>,
    /// Whether the tool says that it is exploited in the wild (CISA KEV or its own intelligence).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploited: Option<bool>,
    /// Whether the tool says that a public exploit exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploit_public: Option<bool>,
}

/// A place in code or configuration files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Location {
    /// Path below the scanned folder, with forward slashes.
    pub file: String,
    /// First line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_line: Option<u32>,
    /// Last line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// Address of the block (`aws_s3_bucket.logs`, `module.net.aws_vpc.main`, `Deployment.shop.web`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Who did what, for a runtime or audit detection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Detection {
    /// ATT&CK technique ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub techniques: Vec<String>,
    /// ATT&CK tactic names, as given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tactics: Vec<String>,
    /// The identity that acted.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub principal: Untrusted,
    /// Processes from the one that acted up to its oldest known ancestor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Process>,
    /// Addresses on the other side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remote_addresses: Vec<String>,
    /// Other assets that took part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_involved: Vec<Asset>,
}

/// One process of a detection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Process {
    /// Executable name or path.
    pub name: Untrusted,
    /// Whole command line.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub command_line: Untrusted,
    /// Process id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i64>,
    /// User it ran as.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub user: Untrusted,
}

/// The part of the world a scan looked at, in three coordinates.
///
/// A scan covers every pair of a check and a place that it names for its target. A finding that
/// an earlier scan of the same target raised, whose check and place are both covered, and which
/// the newer scan does not raise, is gone. A filtered scan names fewer checks or places, so it
/// closes less.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct Scope {
    /// What was scanned: account, image, repository.
    pub target: String,
    /// The check, or the class of checks, that was run.
    pub check: String,
    /// Where it was run: a region, or empty for everywhere in the target.
    pub place: String,
}

impl Scope {
    /// Cuts names that are longer than any cloud makes them.
    pub(crate) fn shorten_ids(&mut self) {
        shorten([&mut self.target, &mut self.check, &mut self.place]);
    }
}
