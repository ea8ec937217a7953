//! Why an incident matters and what to do, from the catalogue and the evidence, without a model.
//!
//! Every claim names the records it rests on. Text from outside stays [`Untrusted`].

mod claims;
pub mod guard;
mod owner;
pub mod runtime;
mod steps;
mod title;

#[cfg(test)]
mod tests;

use quell_catalog::Control;
use quell_model::{
    Claim, Confidence, Explanation, Finding, FindingKey, Incident, Issue, Statement, Status,
    Untrusted,
};

pub use owner::origin_text;

/// An issue with the findings and the control it rests on.
#[derive(Debug)]
pub struct IssueEvidence<'a> {
    /// The issue.
    pub issue: &'a Issue,
    /// Its findings, with the status that counts.
    pub findings: Vec<(FindingKey, &'a Finding, Status)>,
    /// What the catalogue knows of it.
    pub control: Option<&'a Control>,
    /// What suppliers and people say of it, the newest first.
    pub statements: &'a [Statement],
    /// What relations to other assets tell of its asset.
    pub related: &'a [Claim],
}

/// What there is to say of an incident.
#[derive(Debug, Clone)]
pub struct Explained {
    /// One line: what it is.
    pub title: Untrusted,
    /// One line: why it stands where it stands.
    pub why: Untrusted,
    /// Who should deal with it.
    pub owner: Untrusted,
    /// How that is known.
    pub owner_because: Untrusted,
    /// The rest.
    pub explanation: Explanation,
}

/// Explains an incident. Its issues come riskiest first.
#[must_use]
pub fn explain(incident: &Incident, issues: &[IssueEvidence<'_>]) -> Explained {
    let (owner, owner_because) = owner::owner(issues);
    let (confidence, confidence_because) = confidence(issues);
    let lead = issues.first();
    let evidence = lead.map(claims::all_findings).unwrap_or_default();
    let claim = |text: String| Claim { text: Untrusted::from(text), evidence: evidence.clone() };
    let control = lead.and_then(|l| l.control);
    Explained {
        title: title::title(incident, issues),
        why: Untrusted::from(claims::one_line(incident.kind, issues)),
        owner,
        owner_because,
        explanation: Explanation {
            what: claims::what(lead, evidence.clone()),
            why: claims::why_here(incident, issues),
            cause: claim(steps::cause(lead)),
            intent: claim(steps::intent(lead)),
            steps: steps::steps(issues),
            breaks: Untrusted::from(
                control.map_or("not known: try it where it does no harm first", |c| {
                    c.explain.breaks.as_str()
                }),
            ),
            confidence,
            confidence_because,
        },
    }
}

fn confidence(issues: &[IssueEvidence<'_>]) -> (Confidence, String) {
    let Some(lead) = issues.first() else {
        return (Confidence::Low, "nothing is known".to_owned());
    };
    let tools = claims::tools(issues).len();
    let known =
        lead.control.is_some() || lead.findings.iter().any(|(_, f, _)| f.vulnerability.is_some());
    match (known, tools) {
        (true, 2..) => (Confidence::High, format!("the fault is known, and {tools} tools see it")),
        (true, _) => (Confidence::Medium, "the fault is known, and one tool sees it".to_owned()),
        (false, _) => (Confidence::Low, "only the tool's own words are known".to_owned()),
    }
}
