//! One fault on one asset, whoever reports it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Asset, FindingClass, IssueKey, Risk, Severity, Status, Timestamp, Untrusted};

/// One fault on one asset, seen by one or more tools.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Issue {
    /// Its identity.
    pub key: IssueKey,
    /// The canonical name of the fault; `None` where no control of the catalogue knows it.
    pub control: Option<String>,
    /// The control's title, or the clearest of the tools' titles.
    pub title: Untrusted,
    /// What kind of fault it is.
    pub class: FindingClass,
    /// The asset, with what all its findings say of it together.
    pub asset: Asset,
    /// The highest severity among its open findings.
    pub severity: Severity,
    /// Open while any of its findings is.
    pub status: Status,
    /// Earliest sighting by any tool.
    pub first_seen: Option<Timestamp>,
    /// Latest sighting by any tool.
    pub last_seen: Option<Timestamp>,
    /// Our judgement, with its parts.
    pub risk: Risk,
    /// Why its findings are one.
    pub basis: MergeBasis,
}

/// Why findings are held to be the same fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum MergeBasis {
    /// The tools' rules are aliases of one control, on one asset.
    Control {
        /// The control's id.
        control: String,
    },
    /// The same weakness in the same package on the same asset.
    Vulnerability {
        /// `CVE-…` or the advisory's id.
        id: String,
        /// The package.
        package: String,
    },
    /// The same rule of the same tool on the same asset.
    Rule {
        /// The tool.
        product: String,
        /// Its rule.
        rule: String,
    },
    /// No control knows the rule; the normalized titles agree, on one asset.
    Title {
        /// The normalized title.
        title: String,
    },
    /// The same detection: one rule, one asset, one actor, one process.
    Detection {
        /// What the detections share.
        shared: String,
    },
    /// A person took this finding out of another issue; it stays out.
    Split {
        /// The issue it was taken out of.
        from: IssueKey,
    },
}
