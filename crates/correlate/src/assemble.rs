//! One issue out of its findings.

use quell_catalog::{Control, Words};
use quell_model::{
    Asset, Finding, FindingKey, Issue, IssueKey, MergeBasis, Risk, Severity, Status, Untrusted,
};

use crate::identify;

/// A finding with its key and the status that counts now.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its identity.
    pub key: FindingKey,
    /// The finding.
    pub finding: Finding,
    /// What counts: the source's status, unless the finding is gone.
    pub status: Status,
}

/// Makes the issue of its members, which stand in the order of their keys. Its risk is left empty.
///
/// `None` where there is no member.
#[must_use]
pub fn assemble(
    key: IssueKey,
    members: &[Member],
    (control, words): (Option<&Control>, &Words),
    split_from: Option<IssueKey>,
) -> Option<Issue> {
    let counting: Vec<&Member> = members.iter().filter(|m| m.status.is_open()).collect();
    let counting = if counting.is_empty() { members.iter().collect() } else { counting };
    let lead =
        counting.iter().max_by_key(|m| (m.finding.severity.rank(), std::cmp::Reverse(m.key)))?;
    let basis = match split_from {
        Some(from) => MergeBasis::Split { from },
        None => identify(&lead.finding, control, words).basis,
    };
    Some(Issue {
        key,
        control: control.map(|c| c.id.clone()),
        title: title(&lead.finding, control),
        class: lead.finding.class,
        asset: asset(&counting),
        severity: severity(&counting, control),
        status: status(members),
        first_seen: members
            .iter()
            .filter_map(|m| m.finding.first_seen.or(m.finding.last_seen))
            .min(),
        last_seen: members.iter().filter_map(|m| m.finding.last_seen).max(),
        risk: Risk::default(),
        basis,
    })
}

fn title(lead: &Finding, control: Option<&Control>) -> Untrusted {
    match (lead.vulnerability.as_deref(), control) {
        (Some(v), _) if !v.id.is_empty() && !v.package.is_empty() => Untrusted::from(
            format!("{} in {} {}", v.id, v.package, v.version).trim_end().to_owned(),
        ),
        (_, Some(control)) => Untrusted::from(control.title.as_str()),
        (_, None) if lead.title.is_empty() => lead.rule.title.clone(),
        (_, None) => lead.title.clone(),
    }
}

/// The highest severity that a tool names; where none does, the control's.
fn severity(members: &[&Member], control: Option<&Control>) -> Severity {
    let named =
        members.iter().map(|m| m.finding.severity).filter(|s| *s != Severity::Unknown).max();
    named.or(control.map(|c| c.severity)).unwrap_or(Severity::Unknown)
}

fn status(members: &[Member]) -> Status {
    let has = |status| members.iter().any(|m| m.status == status);
    [Status::InProgress, Status::Open, Status::Suppressed]
        .into_iter()
        .find(|status| has(*status))
        .unwrap_or(Status::Resolved)
}

/// What all members say of the asset together: a claim of danger beats a claim of none.
fn asset(members: &[&Member]) -> Asset {
    let mut assets = members.iter().map(|m| &m.finding.asset);
    let Some(mut all) = assets.next().cloned() else { return Asset::default() };
    for other in assets {
        if all.name.is_empty() {
            all.name = other.name.clone();
        }
        if all.id.account.is_empty() {
            all.id.account.clone_from(&other.id.account);
        }
        if all.id.region.is_empty() {
            all.id.region.clone_from(&other.id.region);
        }
        for (key, value) in &other.tags {
            all.tags.entry(key.clone()).or_insert_with(|| value.clone());
        }
        let worse = |a: Option<bool>, b: Option<bool>| match (a, b) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (a, b) => a.or(b),
        };
        let (mine, theirs) = (&mut all.signals, &other.signals);
        mine.internet_exposed = worse(mine.internet_exposed, theirs.internet_exposed);
        mine.sensitive_data = worse(mine.sensitive_data, theirs.sensitive_data);
        mine.high_privilege = worse(mine.high_privilege, theirs.high_privilege);
        all.context.fill_from(&other.context);
    }
    all
}

/// Why the members are one issue, in one sentence each; empty for a single member.
#[must_use]
pub fn merged_because(basis: &MergeBasis, members: &[Member]) -> Vec<String> {
    if members.len() < 2 {
        return Vec::new();
    }
    let names = |m: &Member| format!("{} `{}`", m.finding.tool.product, m.finding.rule.id);
    let mut rules: Vec<String> = members.iter().map(names).collect();
    rules.sort_unstable();
    rules.dedup();
    let fault = match basis {
        MergeBasis::Control { control } => {
            format!("{} name the fault that control `{control}` stands for", rules.join(", "))
        }
        MergeBasis::Vulnerability { id, package } => {
            format!("{} findings name {id} in package `{package}`", members.len())
        }
        MergeBasis::Rule { product, rule } => {
            format!("{product} raised rule `{rule}` more than once")
        }
        MergeBasis::Title { title } => {
            format!("no control knows the rule, but all titles say `{title}`")
        }
        MergeBasis::Detection { shared } => {
            format!("detections share {shared}, actor and process")
        }
        MergeBasis::Split { from } => format!("taken out of issue {from} by a person"),
    };
    let asset = members.first().map_or_else(String::new, |m| m.finding.asset.id.key().to_owned());
    vec![fault, format!("every finding is about the asset `{asset}`")]
}
