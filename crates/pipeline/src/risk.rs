//! One risk explained: its parts with their records, and what would change it.

use quell_correlate::{Fact, Member};
use quell_model::{
    Finding, FindingKey, Incident, Issue, IssueKey, LabelKind, Sourced, Timestamp, Untrusted,
    record_behind,
};
use quell_report::{PartReport, RiskStory, WhatIfReport};
use quell_risk::WhatIf;
use quell_store::{IdSet, Store};

use crate::assess::{Judgement, members};
use crate::exceptions::Said;
use crate::inspect::find_issue;
use crate::links::{field, records};
use crate::priority::{Basis, Estate};
use crate::report::{Open, decision_of, incidents, open_issues, stored_issue};
use crate::{PipelineError, Setup, intel};

/// Changes that are offered as the cheapest.
const MOST_CHANGES: usize = 2;
/// Records named for one part.
const MOST_EVIDENCE: usize = 6;

/// Explains the risk of an open issue, or of the riskiest issue of an incident, by its id or the
/// first characters of it.
///
/// # Errors
/// When no open issue or incident, or more than one, has that id.
pub fn explain_risk(
    store: &Store,
    setup: &Setup,
    id: &str,
    now: Timestamp,
) -> Result<RiskStory, PipelineError> {
    explain_risk_among(store, setup, (id, None), now)
}

/// The same, as it stands among some issues only: no other is looked at.
pub(crate) fn explain_risk_among(
    store: &Store,
    setup: &Setup,
    (id, among): (&str, Option<&IdSet>),
    now: Timestamp,
) -> Result<RiskStory, PipelineError> {
    let catalog = setup.catalog();
    let intel = intel::load(store, catalog.intel())?;
    let mut estate = Estate::new(store, Judgement { catalog, intel: &intel, now })?;
    let mut open = open_issues(store, &mut estate, among)?;
    let stories = incidents(store, &mut open, &[], None)?;
    let not_found =
        || PipelineError::NotFound { kind: "open issue or incident", id: id.to_owned() };
    let (incident, key) = find(store, &stories, id).ok_or_else(not_found)?;
    let of_key = |open: &&Open| open.candidate.key == key;
    let row = open.iter().find(of_key).ok_or_else(not_found)?;
    let issue = stored_issue(store, row.row)?.ok_or_else(not_found)?;
    let members = members(store, row.row)?;
    let issue = estate.settled(issue, &members);
    let said = Said::find(store, std::slice::from_ref(row), now)?;
    let decided = estate.decide(&issue, said.of(key));
    let what_if = estate.what_if(&issue, &members);
    Ok(RiskStory {
        issue: key.to_string(),
        incident: incident.key.to_string(),
        title: issue.title.clone(),
        asset: Untrusted::from(issue.asset.id.key()),
        severity: issue.severity,
        score: issue.risk.score,
        decision: decision_of(&decided, issue.first_seen, now),
        parts: parts(&issue, &members, &estate),
        incident_score: incident.score,
        incident_issues: u64::try_from(incident.issues.len()).unwrap_or(u64::MAX),
        cheapest: cheapest(&what_if, &issue),
        what_if: what_if.iter().map(|other| what_if_report(other, &issue)).collect(),
    })
}

/// The incident, and the issue of it, that an id names: an issue's own, else an incident's.
fn find<'i>(store: &Store, stories: &'i [Incident], id: &str) -> Option<(&'i Incident, IssueKey)> {
    if let Ok(row) = find_issue(store, id) {
        let incident = stories.iter().find(|incident| incident.issues.contains(&row.key))?;
        return Some((incident, row.key));
    }
    let wanted = id.trim().to_ascii_lowercase();
    let mut named = stories
        .iter()
        .filter(|incident| !wanted.is_empty() && incident.key.to_string().starts_with(&wanted));
    let incident = named.next().filter(|_| named.next().is_none())?;
    Some((incident, *incident.issues.first()?))
}

fn what_if_report(other: &WhatIf, issue: &Issue) -> WhatIfReport {
    let change = Untrusted::from(other.change.as_str());
    WhatIfReport {
        part: other.part.to_owned(),
        condition: other.condition.clone(),
        change: (!change.is_empty()).then_some(change),
        score_after: other.score_after,
        difference: i64::from(other.score_after) - i64::from(issue.risk.score),
    }
}

/// The changes that give the most points for the work they make.
fn cheapest(what_if: &[WhatIf], issue: &Issue) -> Vec<WhatIfReport> {
    let gain = |other: &WhatIf| issue.risk.score.saturating_sub(other.score_after);
    let mut work: Vec<&WhatIf> = what_if.iter().filter(|o| o.is_work && gain(o) > 0).collect();
    work.sort_by_key(|o| (std::cmp::Reverse(gain(o) / u32::from(o.effort.max(1))), o.effort));
    work.into_iter().take(MOST_CHANGES).map(|other| what_if_report(other, issue)).collect()
}

fn parts(issue: &Issue, members: &[Member], estate: &Estate<'_>) -> Vec<PartReport> {
    let records = Records { issue, members, estate };
    let report = |part: &quell_model::RiskPart| {
        let mut evidence = records.of(&part.name);
        evidence.truncate(MOST_EVIDENCE);
        PartReport {
            name: part.name.clone(),
            points: part.points,
            because: Untrusted::from(part.because.as_str()),
            evidence,
        }
    };
    issue.risk.parts.iter().map(report).collect()
}

/// Where to look for what a part rests on.
struct Records<'r> {
    issue: &'r Issue,
    members: &'r [Member],
    estate: &'r Estate<'r>,
}

impl Records<'_> {
    fn of(&self, part: &str) -> Vec<String> {
        match part {
            "severity" => self.severity(),
            "cvss" => self.weakness("vulnerability.cvss", |f| weakness_of(f, |v| v.cvss)),
            "epss" => self.listed("vulnerability.epss", "epss", |f| weakness_of(f, |v| v.epss)),
            "kev" => self.listed("vulnerability.exploited", "kev", |f| {
                weakness_of(f, |v| v.exploited.filter(|e| *e).map(|_| 1.0))
            }),
            "exposure" => self.exposure(),
            "data" => self.data(),
            "environment" => self.environment(),
            "criticality" => self.criticality(),
            "detection" | "credential" => self.each("", |_| true),
            "together" => {
                let mut all: Vec<String> =
                    [self.exposure(), self.data(), self.criticality()].concat();
                if self.issue.risk.parts.iter().any(|p| p.name == "kev") {
                    all.extend(self.of("kev"));
                }
                all.dedup();
                all
            }
            "age" => {
                self.each("first_seen", |f| f.first_seen.or(f.last_seen) == self.issue.first_seen)
            }
            _ => Vec::new(),
        }
    }

    /// The open findings for which something holds, as references to a field.
    fn each(&self, field: &str, holds: impl Fn(&Finding) -> bool) -> Vec<String> {
        let open = self.members.iter().filter(|m| m.status.is_open() && holds(&m.finding));
        open.map(|member| reference(member.key, field)).collect()
    }

    fn severity(&self) -> Vec<String> {
        let found = self.each("severity", |f| f.severity == self.issue.severity);
        if found.is_empty() { self.control("severity") } else { found }
    }

    fn control(&self, field: &str) -> Vec<String> {
        self.issue.control.iter().map(|id| format!("control:{id}#{field}")).collect()
    }

    /// The findings with the highest value.
    fn weakness(&self, field: &str, value: impl Fn(&Finding) -> Option<f64>) -> Vec<String> {
        let most = self.members.iter().filter_map(|m| value(&m.finding)).reduce(f64::max);
        let is_most = |f: &Finding| value(f).is_some() && value(f) == most;
        self.each(field, is_most)
    }

    /// The same, or the list where no finding says so.
    fn listed(
        &self,
        field: &str,
        list: &str,
        value: impl Fn(&Finding) -> Option<f64>,
    ) -> Vec<String> {
        let found = self.weakness(field, value);
        if found.is_empty() { vec![format!("intelligence:{list}")] } else { found }
    }

    /// A finding of this issue that says it, else the issue on the same asset that does, else the
    /// control that implies it.
    fn surroundings(
        &self,
        field: &str,
        says: impl Fn(&Finding) -> bool,
        elsewhere: Option<IssueKey>,
    ) -> Vec<String> {
        let found = self.each(field, says);
        match (found.is_empty(), elsewhere.filter(|key| *key != self.issue.key)) {
            (false, _) => found,
            (true, Some(key)) => vec![format!("issue:{key}#{field}")],
            (true, None) => self.control("exposure"),
        }
    }

    /// The same of what may be known by way of another asset.
    fn claimed(
        &self,
        (fact, said): (Fact, Option<bool>),
        says: impl Fn(&Finding) -> bool,
    ) -> Vec<String> {
        let around = self.estate.around(self.issue.asset.id.key());
        match around.and_then(|around| around.brought(fact)).filter(|_| said.is_some()) {
            Some(Basis::Way(way)) if said == Some(true) => records(way, field(fact)),
            Some(Basis::Issue(key)) => self.surroundings(field(fact), says, Some(*key)),
            Some(Basis::Way(_)) | None => self.surroundings(field(fact), says, None),
        }
    }

    fn exposure(&self) -> Vec<String> {
        let said = self.issue.asset.signals.internet_exposed;
        let says = |f: &Finding| said.is_some() && f.asset.signals.internet_exposed == said;
        let context = &self.issue.asset.context;
        if said.is_some()
            && context.is_exposed() == said
            && self.each("", says).is_empty()
            && let Some(row) = context.exposed.as_ref().and_then(Sourced::row)
        {
            return vec![row];
        }
        self.claimed((Fact::Exposed, said), says)
    }

    fn data(&self) -> Vec<String> {
        let asset = &self.issue.asset;
        if let Some(class) = &asset.context.data_class {
            if let Some(record) = record_behind(&asset.id, LabelKind::DataClass, class) {
                return vec![record];
            }
            let around = self.around(|a| a.data_class.as_ref().map(|(_, key)| *key));
            let says = |f: &Finding| f.asset.context.data_class.as_ref() == Some(class);
            return self.surroundings("asset.context.data_class", says, around);
        }
        let said = asset.signals.sensitive_data;
        let says = |f: &Finding| said.is_some() && f.asset.signals.sensitive_data == said;
        self.claimed((Fact::Sensitive, said), says)
    }

    fn environment(&self) -> Vec<String> {
        let around = self.around(|a| a.environment.as_ref().map(|(_, key)| *key));
        let (asset, mine) = (&self.issue.asset.id, &self.issue.asset.context.environment);
        let record =
            mine.as_ref().and_then(|said| record_behind(asset, LabelKind::Environment, said));
        if let Some(record) = record {
            return vec![record];
        }
        self.surroundings(
            "asset.context.environment",
            |f| mine.is_some() && f.asset.context.environment == *mine,
            around,
        )
    }

    fn criticality(&self) -> Vec<String> {
        let said = self.issue.asset.signals.high_privilege;
        let says = |f: &Finding| said.is_some() && f.asset.signals.high_privilege == said;
        self.claimed((Fact::Privileged, said), says)
    }

    fn around(
        &self,
        of: impl Fn(&crate::priority::Around) -> Option<IssueKey>,
    ) -> Option<IssueKey> {
        self.estate.around(self.issue.asset.id.key()).and_then(of)
    }
}

fn weakness_of(
    finding: &Finding,
    value: impl Fn(&quell_model::Vulnerability) -> Option<f64>,
) -> Option<f64> {
    finding.vulnerability.as_deref().and_then(value)
}

fn reference(key: FindingKey, field: &str) -> String {
    if field.is_empty() { format!("finding:{key}") } else { format!("finding:{key}#{field}") }
}
