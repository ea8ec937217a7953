//! Issues that no change of code closes, with the reason.

use quell_catalog::{Catalog, Control};
use quell_correlate::Member;
use quell_model::{FindingClass, Issue, IssueKey, Untrusted};
use quell_report::StepsReport;

use super::steps::steps_of;

/// An issue that no change of code closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfixed {
    /// The issue.
    pub issue: IssueKey,
    /// What is wrong.
    pub title: Untrusted,
    /// The asset's canonical key.
    pub asset: String,
    /// The control, where the catalogue knows the fault.
    pub control: Option<String>,
    /// Why there is no fix, and what a person must decide.
    pub reason: String,
    /// What to run instead, where that is known.
    pub steps: Option<StepsReport>,
}

impl Unfixed {
    pub(crate) fn new(
        (issue, members): (&Issue, &[Member]),
        (catalog, control): (&Catalog, Option<&Control>),
        reason: Option<String>,
    ) -> Self {
        Self {
            issue: issue.key,
            title: issue.title.clone(),
            asset: issue.asset.id.key().to_owned(),
            control: control.map(|control| control.id.clone()),
            reason: reason.unwrap_or_else(|| why(issue, members, control)),
            steps: control.and_then(|control| steps_of(&issue.asset, catalog, &control.id)),
        }
    }
}

/// Why the catalogue offers nothing, by the kind of the fault.
fn why(issue: &Issue, members: &[Member], control: Option<&Control>) -> String {
    match issue.class {
        FindingClass::Vulnerability => weakness(members),
        FindingClass::Detection => {
            "it is something that happened and no setting: a person must look into it".into()
        }
        FindingClass::Secret => {
            "a secret must be revoked where it was issued; taking it out of the file does not undo \
             that it was seen"
                .into()
        }
        FindingClass::CodeWeakness => {
            "it is in a program's own code, which Quell does not change".into()
        }
        FindingClass::License => "whether a licence is acceptable is for a person to decide".into(),
        FindingClass::Misconfiguration
        | FindingClass::Identity
        | FindingClass::DataRisk
        | FindingClass::AttackPath => match control {
            Some(control) => match control.explain.steps.first() {
                Some(step) => format!("there is no recipe for it yet; by hand: {step}"),
                None => "there is no recipe for it yet".into(),
            },
            None => format!("the catalogue does not know the rule `{}`", rule(members)),
        },
    }
}

fn rule(members: &[Member]) -> &str {
    members.first().map_or("", |member| member.finding.rule.id.as_str())
}

fn weakness(members: &[Member]) -> String {
    let known = members.iter().find_map(|m| m.finding.vulnerability.as_deref());
    match known.map(|v| (v.package.as_str(), v.fixed_version.as_deref())) {
        Some((package, Some(version))) if !package.is_empty() => format!(
            "it is a package: update `{package}` to {version} where the image or machine is built"
        ),
        Some((package, None)) if !package.is_empty() => {
            format!("`{package}` has no fixed version that is known: decide whether it can go")
        }
        _ => "it is a weakness of a program: update it where it is built".into(),
    }
}
