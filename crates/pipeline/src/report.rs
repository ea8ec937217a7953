//! From stored issues to the report: fixes, incidents, explanations.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use quell_catalog::Catalog;
use quell_correlate::{Candidate, Member, build_incidents, merged_because};
use quell_explain::{IssueEvidence, explain};
use quell_model::{
    Finding, FindingClass, Fix, FixState, Incident, Issue, IssueKey, Statement, Status, Untrusted,
};
use quell_report::{
    AssetReport, FindingReport, FixReport, IncidentReport, IssueReport, OwnerReport,
};
use quell_store::{CandidatePage, IdSet, IssueRow, Store};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::PipelineError;
use crate::assess::{member, members, read_issue};
use crate::exceptions::{Said, statement_report};

/// Pages of issues read in one go.
const PAGES: u32 = 16;

/// What the store keeps of an issue for the building of incidents.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Whether it is about a weakness, of which statements may speak.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    has_weakness: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    control: Option<String>,
    candidate: Candidate,
}

impl Kept {
    pub(crate) fn of(issue: &Issue) -> Self {
        let exploited = issue.risk.parts.iter().any(|p| p.name == "kev");
        Self {
            has_weakness: issue.class == FindingClass::Vulnerability,
            control: issue.control.clone(),
            candidate: Candidate::of(issue, exploited),
        }
    }
}

/// What is kept of an open issue while incidents are built: all of them are in memory.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) row: i64,
    /// Whether it is about a weakness, of which statements may speak.
    pub(crate) has_weakness: bool,
    /// Shared by all issues of one control: there may be a million of them.
    pub(crate) control: Option<Arc<str>>,
    pub(crate) candidate: Candidate,
}

impl Open {
    fn of(row: i64, kept: Kept, controls: &mut HashSet<Arc<str>>) -> Self {
        let Kept { has_weakness, control, candidate } = kept;
        let shared = |control: String| match controls.get(control.as_str()) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = Arc::from(control);
                controls.insert(Arc::clone(&new));
                new
            }
        };
        Self { row, has_weakness, control: control.map(shared), candidate }
    }
}

/// The open issues among some, or all; in the order of their keys.
pub(crate) fn open_issues(
    store: &Store,
    among: Option<&IdSet>,
) -> Result<Vec<Open>, PipelineError> {
    let all = usize::try_from(store.issue_count_open()?).unwrap_or_default();
    // No more room than is needed: growing would take twice as much for a moment.
    let mut open = Vec::with_capacity(among.map_or(all, |among| all.min(among.len())));
    let mut from = 0;
    loop {
        let (pages, next) = store.candidate_pages(from, PAGES)?;
        if pages.is_empty() {
            break;
        }
        from = next;
        let read: Vec<Vec<Open>> =
            pages.par_iter().map(|page| open_of(page, among)).collect::<Result<_, _>>()?;
        open.extend(read.into_iter().flatten());
    }
    open.par_sort_unstable_by_key(|open| open.candidate.key);
    Ok(open)
}

fn open_of(page: &CandidatePage, among: Option<&IdSet>) -> Result<Vec<Open>, PipelineError> {
    let mut open = Vec::new();
    let mut controls = HashSet::new();
    page.each_open(|row, kept| {
        if among.is_none_or(|among| among.contains(row)) {
            open.push(Open::of(row, serde_json::from_slice(kept)?, &mut controls));
        }
        Ok::<_, PipelineError>(())
    })?;
    Ok(open)
}

/// What is kept of a stored issue, open or not.
pub(crate) fn known(row: &IssueRow) -> Result<Option<Open>, PipelineError> {
    let Some(body) = &row.body else { return Ok(None) };
    Ok(Some(Open::of(row.id, Kept::of(&read_issue(body)?), &mut HashSet::new())))
}

/// The whole of a stored issue.
pub(crate) fn stored_issue(store: &Store, row: i64) -> Result<Option<Issue>, PipelineError> {
    let body = store.issue_get(row)?.and_then(|row| row.body);
    body.as_ref().map(read_issue).transpose()
}

/// The incidents of open issues. A proved fix that closes several makes them one story.
pub(crate) fn incidents(
    store: &Store,
    open: &mut [Open],
    fixes: &[Fix],
) -> Result<Vec<Incident>, PipelineError> {
    let mut closed_by: HashMap<IssueKey, &str> = HashMap::new();
    for fix in fixes.iter().filter(|f| f.state == FixState::Proved && f.closes.len() > 1) {
        closed_by.extend(fix.closes.iter().map(|issue| (*issue, fix.id.as_str())));
    }
    for Open { row, candidate, .. } in open.iter_mut() {
        if let Some(fix) = closed_by.get(&candidate.key) {
            candidate.shared_fix = Some(format!("fix:{fix}"));
        }
        if candidate.is_detection {
            candidate.process_tree = process_tree(&members(store, *row)?);
        }
    }
    Ok(build_incidents(open.iter().map(|o| &o.candidate)))
}

/// The oldest known ancestor with its process id: what one process tree has in common.
fn process_tree(members: &[Member]) -> Option<String> {
    let oldest = |f: &Finding| {
        let process = f.detection.as_deref()?.processes.last()?.clone();
        Some(format!("{}:{}", process.name.raw(), process.pid.unwrap_or_default()))
    };
    members.iter().find_map(|m| oldest(&m.finding))
}

/// How much of incidents is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The incidents alone.
    Incidents,
    /// Their issues and assets too.
    All,
}

/// The parts of the report that describe incidents.
#[derive(Debug, Default)]
pub(crate) struct Described {
    pub(crate) incidents: Vec<IncidentReport>,
    pub(crate) issues: Vec<IssueReport>,
    pub(crate) assets: Vec<AssetReport>,
}

/// Describes incidents, with their issues and assets.
pub(crate) fn describe(
    store: &Store,
    (catalog, said): (&Catalog, &Said),
    open: &[Open],
    (incidents, fixes): (&[Incident], &[Fix]),
    detail: Detail,
) -> Result<Described, PipelineError> {
    let told: HashSet<&IssueKey> = incidents.iter().flat_map(|i| &i.issues).collect();
    let among = open.iter().filter(|o| told.contains(&o.candidate.key));
    let rows: HashMap<IssueKey, i64> = among.map(|o| (o.candidate.key, o.row)).collect();
    let mut described = Described::default();
    let mut assets: BTreeMap<String, AssetReport> = BTreeMap::new();
    for incident in incidents {
        let mut story = Vec::new();
        for row in incident.issues.iter().filter_map(|key| rows.get(key)) {
            story.extend(tell(store, *row, said)?);
        }
        described.incidents.push(incident_report(incident, &story, catalog, fixes));
        for told in story.iter().filter(|_| detail == Detail::All) {
            let issue = issue_report(told, catalog);
            let asset =
                assets.entry(issue.asset.clone()).or_insert_with(|| asset_report(&told.issue));
            asset.open_issues += 1;
            described.issues.push(issue);
        }
    }
    described.issues.sort_by(|a, b| (b.risk.score, &a.id).cmp(&(a.risk.score, &b.id)));
    described.assets = assets.into_values().collect();
    Ok(described)
}

fn tell<'s>(store: &Store, row: i64, said: &'s Said) -> Result<Option<Told<'s>>, PipelineError> {
    let Some(issue) = stored_issue(store, row)? else { return Ok(None) };
    let rows = store.finding_list(row)?;
    let members = rows.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    let places = rows.into_iter().map(|r| (r.path, r.offset_bytes)).collect();
    let statements = said.of(issue.key);
    Ok(Some(Told { issue, members, places, statements }))
}

/// An issue with its findings and where they were read.
struct Told<'s> {
    issue: Issue,
    statements: &'s [Statement],
    members: Vec<Member>,
    places: Vec<(String, u64)>,
}

fn incident_report(
    incident: &Incident,
    story: &[Told<'_>],
    catalog: &Catalog,
    fixes: &[Fix],
) -> IncidentReport {
    let evidence: Vec<IssueEvidence<'_>> = story
        .iter()
        .map(|told| IssueEvidence {
            issue: &told.issue,
            findings: told.members.iter().map(|m| (m.key, &m.finding, m.status)).collect(),
            control: told.issue.control.as_deref().and_then(|id| catalog.control(id)),
            statements: told.statements,
        })
        .collect();
    let explained = explain(incident, &evidence);
    let assets: BTreeSet<&str> = story.iter().map(|t| t.issue.asset.id.key()).collect();
    let sources: BTreeSet<&str> =
        story.iter().flat_map(|t| &t.members).map(|m| m.finding.tool.product.as_str()).collect();
    let closing = fixes.iter().filter(|f| f.closes.iter().any(|key| incident.issues.contains(key)));
    IncidentReport {
        id: incident.key.to_string(),
        kind: incident.kind,
        title: explained.title,
        score: incident.score,
        severity: incident.severity,
        asset: assets.first().filter(|_| assets.len() == 1).map(|a| (*a).to_owned()),
        issues: incident.issues.iter().map(ToString::to_string).collect(),
        sources: sources.into_iter().map(str::to_owned).collect(),
        joined_because: incident.joined_because.clone(),
        owner: OwnerReport { name: explained.owner, because: explained.owner_because },
        why: explained.why,
        explanation: explained.explanation,
        fixes: closing.map(|f| f.id.clone()).collect(),
        notes: notes(story),
    }
}

/// What a person must look at before believing or dismissing the incident.
fn notes(story: &[Told<'_>]) -> Vec<String> {
    let against = |told: &&Told<'_>| told.statements.iter().any(|s| s.verdict.excuses());
    let hidden =
        |told: &&Told<'_>| told.members.iter().any(|m| m.finding.status == Status::Suppressed);
    let of = |count: usize| match (count, story.len()) {
        (_, 1) => "its issue".to_owned(),
        (count, all) => format!("{count} of its {all} issues"),
    };
    let mut notes = Vec::new();
    let count = story.iter().filter(against).count();
    if count > 0 {
        let which = of(count);
        notes.push(format!("a statement says not affected or fixed of {which}: review it"));
    }
    let count = story.iter().filter(hidden).count();
    if count > 0 {
        let which = of(count);
        notes.push(format!("one tool hides a finding of {which}, another does not: review it"));
    }
    notes
}

fn issue_report(told: &Told<'_>, catalog: &Catalog) -> IssueReport {
    let issue = &told.issue;
    let control = issue.control.as_deref().and_then(|id| catalog.control(id));
    let weakness = told.members.iter().find_map(|m| m.finding.vulnerability.as_deref());
    let location = told.members.iter().find_map(|m| m.finding.location.as_deref());
    let detection = told.members.iter().filter_map(|m| m.finding.detection.as_deref());
    let mut attack: BTreeSet<String> =
        detection.flat_map(|d| d.techniques.iter().cloned()).collect();
    attack.extend(control.into_iter().flat_map(|c| c.attack.iter().cloned()));
    IssueReport {
        id: issue.key.to_string(),
        control: issue.control.clone(),
        title: issue.title.clone(),
        class: issue.class,
        asset: issue.asset.id.key().to_owned(),
        severity: issue.severity,
        status: issue.status,
        risk: issue.risk.clone(),
        findings: told.members.iter().zip(&told.places).map(finding_report).collect(),
        merged_because: merged_because(&issue.basis, &told.members),
        frameworks: control.map(|c| c.frameworks.clone()).unwrap_or_default(),
        attack: attack.into_iter().collect(),
        vulnerability: weakness
            .filter(|_| issue.class == FindingClass::Vulnerability)
            .map(|v| v.id.clone()),
        location: location.map(|l| (Untrusted::from(l.file.as_str()), l.start_line.unwrap_or(1))),
        first_seen: issue.first_seen,
        last_seen: issue.last_seen,
        statements: told.statements.iter().map(statement_report).collect(),
    }
}

fn finding_report((member, (path, offset)): (&Member, &(String, u64))) -> FindingReport {
    let finding = &member.finding;
    FindingReport {
        id: member.key.to_string(),
        source: finding.tool.product.clone(),
        format: finding.tool.format.clone(),
        native_id: Untrusted::from(finding.native_id.as_str()),
        rule: Untrusted::from(finding.rule.id.as_str()),
        title: finding.title.clone(),
        severity: finding.severity,
        severity_native: Untrusted::from(finding.severity_native.as_str()),
        status: member.status,
        file: Untrusted::from(path.as_str()),
        offset_bytes: *offset,
        last_seen: finding.last_seen,
        url: finding.references.first().map(|u| Untrusted::from(u.as_str())),
    }
}

fn asset_report(issue: &Issue) -> AssetReport {
    let asset = &issue.asset;
    let value = |of: &Option<quell_model::Sourced>| of.as_ref().map(|s| s.value.clone());
    AssetReport {
        id: asset.id.key().to_owned(),
        provider: asset.id.provider.as_str(),
        account: Untrusted::from(asset.id.account.as_str()),
        region: Untrusted::from(asset.id.region.as_str()),
        kind: Untrusted::from(asset.id.kind.as_str()),
        name: if asset.name.is_empty() {
            Untrusted::from(asset.id.name.as_str())
        } else {
            asset.name.clone()
        },
        native_id: Untrusted::from(asset.native_id.as_str()),
        owner: asset.context.owner.as_ref().map(|owner| OwnerReport {
            name: owner.value.clone(),
            because: Untrusted::from(quell_explain::origin_text(&owner.origin)),
        }),
        environment: value(&asset.context.environment),
        application: value(&asset.context.application),
        data_class: value(&asset.context.data_class),
        open_issues: 0,
    }
}

/// A fix as the report shows it.
pub(crate) fn fix_report(fix: &Fix) -> FixReport {
    let (state, reason) = match &fix.state {
        FixState::Proved => ("proved", None),
        FixState::Withheld(reason) => ("withheld", Some(Untrusted::from(reason.as_str()))),
    };
    FixReport {
        id: fix.id.clone(),
        closes: fix.closes.iter().map(ToString::to_string).collect(),
        state,
        reason,
        title: fix.title.clone(),
        control: fix.control.clone(),
        recipe: fix.recipe.clone(),
        safety: fix.safety,
        file: Untrusted::from(fix.file.as_str()),
        address: Untrusted::from(fix.address.as_str()),
        diff: Untrusted::from(fix.diff.as_str()),
        proof: fix.proof.clone(),
        may_break: fix.may_break.clone(),
    }
}
