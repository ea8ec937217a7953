//! From stored issues to the report: fixes, incidents, explanations.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use quell_catalog::{Catalog, Control, Exposure};
use quell_correlate::{
    Attacked, Candidate, Decisions, Join, Member, Pin, Shared, StoredCandidate, build_incidents,
    merged_because, timeline,
};
use quell_explain::{IssueEvidence, explain};
use quell_model::{
    Claim, Decided, Decision, FindingClass, Fix, FixState, Incident, Issue, IssueKey, Mark,
    MarkKind, Sourced, Statement, Status, Timestamp, Untrusted, WrittenFix,
};
use quell_report::{
    AssetReport, DecisionCounts, DecisionReport, FindingReport, FixReport, HandReport, HiddenBy,
    IncidentReport, IncidentStory, IssueReport, OwnerReport, WrittenFixReport,
};
use quell_risk::{Circumstances, Provisional};
use quell_store::{CandidatePage, FindingRow, IdSet, IssueRow, JoinRow, PinRow, Store};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::PipelineError;
use crate::assess::{member, members, read_issue};
use crate::exceptions::{Said, statement_report};
use crate::fixes::steps_of;
use crate::links::{self, Links};
use crate::priority::{Estate, Once, Says, StoredSays};

/// Issues that are read before they are told: each may hold a block of others.
const TOLD_AT_ONCE: usize = 256;
/// Pages of issues read in one go.
const PAGES: u32 = 16;

/// What the store keeps of an issue for the building of incidents.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept<'a> {
    /// Whether it is about a weakness, of which statements may speak.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    has_weakness: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    control: Option<Cow<'a, str>>,
    #[serde(borrow)]
    candidate: StoredCandidate<'a>,
    #[serde(borrow)]
    says: StoredSays<'a>,
    decision: Provisional,
}

impl<'a> Kept<'a> {
    /// What is kept of an issue, given its candidate and the control that knows its fault.
    pub(crate) fn of(
        issue: &'a Issue,
        candidate: &'a Candidate,
        control: Option<&Control>,
    ) -> Self {
        let implies = control.map_or(Exposure::None, |control| control.exposure);
        Self {
            has_weakness: issue.class == FindingClass::Vulnerability,
            control: issue.control.as_deref().map(Cow::Borrowed),
            candidate: candidate.stored(),
            says: StoredSays::of(issue),
            decision: Provisional::of(issue, implies),
        }
    }

    /// Its candidate.
    pub(crate) fn candidate(self, shared: &mut Shared) -> Candidate {
        self.candidate.restore(shared)
    }

    /// What to do about the issue, as far as it alone tells.
    pub(crate) fn decision(&self) -> Decision {
        self.decision.settle(&Circumstances::default())
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
    /// What it says of its asset.
    pub(crate) says: Arc<Says>,
    pub(crate) provisional: Provisional,
    /// What to do, before statements are looked at.
    pub(crate) decision: Decision,
}

impl Open {
    pub(crate) fn of(row: i64, kept: Kept<'_>, once: &mut Once) -> Self {
        let Kept { has_weakness, control, candidate, says, decision } = kept;
        Self {
            row,
            has_weakness,
            control: control.map(|control| once.texts.text(&control)),
            says: once.says(says),
            candidate: candidate.restore(&mut once.texts),
            provisional: decision,
            decision: decision.settle(&Circumstances::default()),
        }
    }
}

/// The open issues among some, or all; in the order of their keys. What they say of their assets
/// goes into the estate.
pub(crate) fn open_issues(
    store: &Store,
    estate: &mut Estate<'_>,
    among: Option<&IdSet>,
) -> Result<Vec<Open>, PipelineError> {
    read_open(store, estate, (among, among.is_some()))
}

/// The same. With `only_these`, no others may be seen, so nothing is told of their assets either.
fn read_open(
    store: &Store,
    estate: &mut Estate<'_>,
    (among, only_these): (Option<&IdSet>, bool),
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
    let hidden = store.suppression(estate.by.now)?;
    if !hidden.rows().is_empty() {
        open.retain(|open| !hidden.hides(open.row));
    }
    let links = Links::load(store)?;
    for Open { candidate, .. } in open.iter_mut().filter(|open| open.candidate.is_detection()) {
        let names = links.names(store, candidate.asset())?;
        candidate.is_also(&names);
    }
    estate.take(&mut open, (&links, only_these));
    estate.settle(store, &mut open)?;
    Ok(open)
}

/// How many issues are open and not hidden.
pub(crate) fn shown_count(store: &Store, now: Timestamp) -> Result<u64, PipelineError> {
    let hidden = u64::try_from(store.suppression(now)?.rows().len()).unwrap_or(u64::MAX);
    Ok(store.issue_count_open()?.saturating_sub(hidden))
}

fn open_of(page: &CandidatePage, among: Option<&IdSet>) -> Result<Vec<Open>, PipelineError> {
    let mut open = Vec::new();
    let mut once = Once::default();
    page.each_open(|row, kept| {
        if among.is_none_or(|among| among.contains(row)) {
            open.push(Open::of(row, serde_json::from_slice(kept)?, &mut once));
        }
        Ok::<_, PipelineError>(())
    })?;
    Ok(open)
}

/// What incidents are built from, read off an issue.
pub(crate) fn candidate(issue: &Issue, control: Option<&Control>) -> Candidate {
    let exploited = issue.risk.parts.iter().any(|part| part.name == "kev");
    Candidate::of(issue, exploited, control)
}

/// What is kept of a stored issue, open or not.
pub(crate) fn known(row: &IssueRow, catalog: &Catalog) -> Result<Option<Open>, PipelineError> {
    let Some(body) = &row.body else { return Ok(None) };
    let issue = read_issue(body)?;
    let control = issue.control.as_deref().and_then(|id| catalog.control(id));
    let kept = serde_json::to_vec(&Kept::of(&issue, &candidate(&issue, control), control))?;
    Ok(Some(Open::of(row.id, serde_json::from_slice(&kept)?, &mut Once::default())))
}

/// The whole of a stored issue.
pub(crate) fn stored_issue(store: &Store, row: i64) -> Result<Option<Issue>, PipelineError> {
    let body = store.issue_get(row)?.and_then(|row| row.body);
    body.as_ref().map(read_issue).transpose()
}

/// The incidents of open issues; with `only`, those of these issues. A proved fix that closes
/// several makes them one story.
pub(crate) fn incidents(
    store: &Store,
    open: &mut [Open],
    fixes: &[Fix],
    only: Option<&HashSet<IssueKey>>,
) -> Result<Vec<Incident>, PipelineError> {
    let mut closed_by: HashMap<IssueKey, &str> = HashMap::new();
    for fix in fixes.iter().filter(|f| f.state == FixState::Proved && f.closes.len() > 1) {
        closed_by.extend(fix.closes.iter().map(|issue| (*issue, fix.id.as_str())));
    }
    for Open { row, candidate, .. } in open.iter_mut() {
        if let Some(fix) = closed_by.get(&candidate.key) {
            candidate.shared_fix = Some(format!("fix:{fix}"));
        }
        if candidate.is_detection() {
            candidate.learn(&members(store, *row)?);
        }
    }
    // Only the weaknesses of attacked assets are looked at more closely.
    let attacked = Attacked::by(open.iter().map(|o| &o.candidate));
    for Open { row, candidate, .. } in open.iter_mut() {
        if candidate.is_weakness() && attacked.holds(candidate) {
            candidate.learn(&members(store, *row)?);
        }
    }
    let decisions = decisions(store)?;
    Ok(build_incidents(open.iter().map(|o| &o.candidate), &decisions, only))
}

/// What people decided about incidents.
pub(crate) fn decisions(store: &Store) -> Result<Decisions, PipelineError> {
    let (pins, joins) = store.decision_list()?;
    let pin = |row: PinRow| Pin {
        issue: row.issue,
        incident: row.incident,
        from: row.from,
        action: row.action,
        at: row.at,
        by: row.by,
    };
    let join =
        |row: JoinRow| Join { incident: row.incident, into: row.into, at: row.at, by: row.by };
    Ok(Decisions::new(pins.into_iter().map(pin).collect(), joins.into_iter().map(join).collect()))
}

/// The open issues that a report is about.
pub(crate) struct InScope {
    /// They, and others where one story may hold both.
    pub(crate) open: Vec<Open>,
    /// Those that the run touched, where not all are asked for.
    pub(crate) touched: Option<HashSet<IssueKey>>,
    /// Whether something was seen to happen in any open issue, where that is worth noting.
    pub(crate) attacks: Option<bool>,
}

impl InScope {
    /// Some open issues, and no others whatever may belong to them.
    pub(crate) fn only(
        store: &Store,
        estate: &mut Estate<'_>,
        among: &IdSet,
    ) -> Result<Self, PipelineError> {
        Ok(Self { open: open_issues(store, estate, Some(among))?, touched: None, attacks: None })
    }
}

/// The open issues among those that a run touched, and others where one story may hold both: where
/// something was seen to happen, or a person decided.
pub(crate) fn in_scope(
    store: &Store,
    estate: &mut Estate<'_>,
    among: Option<&IdSet>,
) -> Result<InScope, PipelineError> {
    let mut open = read_open(store, estate, (among, false))?;
    let known = store.attacks_known()?;
    let attacks = |all: &[Open]| {
        let any = all.iter().any(|o| o.candidate.is_detection());
        (known != Some(any)).then_some(any)
    };
    let all = usize::try_from(shown_count(store, estate.by.now)?).unwrap_or(usize::MAX);
    if among.is_none() || open.len() == all {
        let attacks = attacks(&open);
        return Ok(InScope { open, touched: None, attacks });
    }
    let touched: HashSet<IssueKey> = open.iter().map(|o| o.candidate.key).collect();
    let may_reach = open.iter().any(|o| o.candidate.is_detection())
        || known != Some(false)
        || !decisions(store)?.is_empty();
    let mut noted = None;
    if may_reach {
        open = open_issues(store, estate, None)?;
        noted = attacks(&open);
    }
    Ok(InScope { open, touched: Some(touched), attacks: noted })
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
    (estate, said): (&Estate<'_>, &Said),
    open: &[Open],
    (incidents, fixes): (&[Incident], &[Fix]),
    detail: Detail,
) -> Result<Described, PipelineError> {
    let (catalog, today) = (estate.by.catalog, estate.by.now);
    let wanted: HashSet<&IssueKey> = incidents.iter().flat_map(|i| &i.issues).collect();
    let among = open.iter().filter(|o| wanted.contains(&o.candidate.key));
    let rows: HashMap<IssueKey, i64> = among.map(|o| (o.candidate.key, o.row)).collect();
    let proved = fixes.iter().filter(|fix| fix.state == FixState::Proved);
    let fixed: HashSet<&IssueKey> = proved.flat_map(|fix| &fix.closes).collect();
    let mut described = Described::default();
    let mut assets: BTreeMap<String, AssetReport> = BTreeMap::new();
    for incident in incidents {
        let rows: Vec<i64> =
            incident.issues.iter().filter_map(|key| rows.get(key).copied()).collect();
        let mut story = Vec::with_capacity(rows.len());
        for rows in rows.chunks(TOLD_AT_ONCE) {
            let stored = rows.iter().filter_map(|row| stored(store, *row).transpose());
            let stored: Vec<(IssueRow, Vec<FindingRow>)> = stored.collect::<Result<_, _>>()?;
            let read = |(issue, findings): (IssueRow, _)| {
                told(&issue, findings, (estate, said)).transpose()
            };
            story.extend(stored.into_par_iter().filter_map(read).collect::<Result<Vec<_>, _>>()?);
        }
        if let Some(lead) = story.first_mut() {
            lead.related = related(store, estate, &lead.issue)?;
        }
        described.incidents.push(incident_report(incident, &story, (catalog, today), fixes));
        for told in story.iter().filter(|_| detail == Detail::All) {
            let mut issue = issue_report(told, catalog, today);
            if !fixed.contains(&told.issue.key) {
                let control = issue.control.as_deref();
                issue.steps = control.and_then(|id| steps_of(&told.issue.asset, catalog, id));
            }
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

/// What relations tell of an issue's asset, where that counts for the issue.
fn related(store: &Store, estate: &Estate<'_>, issue: &Issue) -> Result<Vec<Claim>, PipelineError> {
    let around = estate.around(issue.asset.id.key()).filter(|_| estate.leads_in(issue));
    around.map_or(Ok(Vec::new()), |around| links::told(store, (&issue.asset.id, around)))
}

/// An issue that is in memory, with its findings, what is said of it and what was decided.
pub(crate) type InMemory<'s> = (Issue, Vec<Member>, &'s [Statement], Decided);

/// Tells an incident of issues that are in memory, the riskiest first.
pub(crate) fn story_of(
    incident: &Incident,
    issues: Vec<InMemory<'_>>,
    (catalog, today): (&Catalog, Timestamp),
    fixes: &[Fix],
) -> IncidentStory {
    let told = issues.into_iter().map(|(issue, members, statements, decided)| Told {
        places: members.iter().map(|_| (String::new(), 0)).collect(),
        issue,
        statements,
        mark: None,
        hidden_by: None,
        members,
        decided,
        related: Vec::new(),
    });
    let story: Vec<Told<'_>> = told.collect();
    let mut assets: BTreeMap<String, AssetReport> = BTreeMap::new();
    let mut issues = Vec::new();
    for told in &story {
        let issue = issue_report(told, catalog, today);
        let asset = assets.entry(issue.asset.clone()).or_insert_with(|| asset_report(&told.issue));
        asset.open_issues += 1;
        issues.push(issue);
    }
    let closes = |fix: &&Fix| fix.closes.iter().any(|key| incident.issues.contains(key));
    IncidentStory {
        incident: incident_report(incident, &story, (catalog, today), fixes),
        issues,
        assets: assets.into_values().collect(),
        fixes: fixes.iter().filter(closes).map(fix_report).collect(),
        times: None,
    }
}

/// An issue and its findings as they are stored.
fn stored(store: &Store, row: i64) -> Result<Option<(IssueRow, Vec<FindingRow>)>, PipelineError> {
    let Some(issue) = store.issue_get(row)? else { return Ok(None) };
    Ok(Some((issue, store.finding_list(row)?)))
}

/// Reads an issue, which takes most of the time that telling it takes.
fn told<'s>(
    row: &IssueRow,
    findings: Vec<FindingRow>,
    (estate, said): (&Estate<'_>, &'s Said),
) -> Result<Option<Told<'s>>, PipelineError> {
    let Some(body) = &row.body else { return Ok(None) };
    let members = findings.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    let issue = estate.settled(read_issue(body)?, &members);
    let places = findings.into_iter().map(|r| (r.path, r.offset_bytes)).collect();
    let (statements, mark) = (said.of(issue.key), said.mark(issue.key));
    let hidden_by = said.hidden_by(issue.key);
    let decided = estate.decide(&issue, statements);
    let related = Vec::new();
    Ok(Some(Told { issue, members, places, statements, mark, hidden_by, decided, related }))
}

fn tell<'s>(
    store: &Store,
    row: i64,
    by: (&Estate<'_>, &'s Said),
) -> Result<Option<Told<'s>>, PipelineError> {
    stored(store, row)?.map_or(Ok(None), |(issue, findings)| told(&issue, findings, by))
}

/// An issue with its findings and where they were read.
struct Told<'s> {
    issue: Issue,
    statements: &'s [Statement],
    mark: Option<&'s Mark>,
    hidden_by: Option<&'s HiddenBy>,
    members: Vec<Member>,
    places: Vec<(String, u64)>,
    decided: Decided,
    /// What relations tell of its asset, where it leads its incident.
    related: Vec<Claim>,
}

fn incident_report(
    incident: &Incident,
    story: &[Told<'_>],
    (catalog, today): (&Catalog, Timestamp),
    fixes: &[Fix],
) -> IncidentReport {
    let evidence: Vec<IssueEvidence<'_>> = story
        .iter()
        .map(|told| IssueEvidence {
            issue: &told.issue,
            findings: told.members.iter().map(|m| (m.key, &m.finding, m.status)).collect(),
            control: told.issue.control.as_deref().and_then(|id| catalog.control(id)),
            statements: told.statements,
            related: &told.related,
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
        joined_because: incident.because.iter().map(|c| c.text.raw().to_owned()).collect(),
        because: incident.because.clone(),
        by_hand: incident.by_hand.iter().map(HandReport::of).collect(),
        timeline: timeline(story.iter().flat_map(|t| t.members.iter().map(|m| (t.issue.key, m)))),
        decision: story_decision(story, today),
        owner: OwnerReport { name: explained.owner, because: explained.owner_because },
        why: explained.why,
        explanation: explained.explanation,
        words: None,
        fixes: closing.map(|f| f.id.clone()).collect(),
        notes: notes(story),
    }
}

/// What to do about an incident: what its most urgent issue asks for.
fn story_decision(story: &[Told<'_>], today: Timestamp) -> DecisionReport {
    let decided = quell_risk::decide_story(story.iter().map(|told| &told.decided));
    let told = story.iter().find(|told| Some(&told.decided) == decided).or_else(|| story.first());
    told.map_or_else(DecisionReport::nothing, |told| decision_report(told, today))
}

fn decision_report(told: &Told<'_>, today: Timestamp) -> DecisionReport {
    decision_of(&told.decided, told.issue.first_seen, today)
}

/// A decision with its date, which is never in the past: what is late is due today.
pub(crate) fn decision_of(
    decided: &Decided,
    first_seen: Option<Timestamp>,
    today: Timestamp,
) -> DecisionReport {
    let due = decided.due_days.map(|days| {
        let allowed = std::time::Duration::from_secs(86_400 * u64::from(days));
        let due = first_seen.unwrap_or(today).checked_add(allowed).unwrap_or(today).max(today);
        due.strftime("%Y-%m-%d").to_string()
    });
    DecisionReport {
        decision: decided.decision,
        decision_because: decided.because.clone(),
        ticket: decided.ticket,
        due,
    }
}

/// How many incidents have which decision.
pub(crate) fn decision_counts(
    store: &Store,
    by: (&Estate<'_>, &Said),
    open: &[Open],
    incidents: &[Incident],
) -> Result<DecisionCounts, PipelineError> {
    let mut counts = DecisionCounts::default();
    decisions_on(store, by, open, incidents)?.into_iter().for_each(|word| counts.add(word));
    Ok(counts)
}

/// What to do about each incident. A statement that excuses an issue speaks for it here as it
/// does in the report. The open issues stand in the order of their keys.
pub(crate) fn decisions_on(
    store: &Store,
    (estate, said): (&Estate<'_>, &Said),
    open: &[Open],
    incidents: &[Incident],
) -> Result<Vec<Decision>, PipelineError> {
    let mut excused: HashMap<IssueKey, Decision> = HashMap::new();
    for open in open {
        let statements = said.of(open.candidate.key);
        if statements.iter().any(|s| s.verdict.excuses())
            && let Some(told) = tell(store, open.row, (estate, said))?
        {
            excused.insert(open.candidate.key, told.decided.decision);
        }
    }
    // A map of all would take more memory than what is told of them.
    let of = |key: &IssueKey| {
        let own = open_of_key(open, key).map(|open| open.decision);
        excused.get(key).copied().or(own)
    };
    let word = |incident: &Incident| incident.issues.iter().filter_map(of).max();
    Ok(incidents.iter().map(|incident| word(incident).unwrap_or(Decision::Noise)).collect())
}

/// The open issue with a key. They stand in the order of their keys.
pub(crate) fn open_of_key<'o>(open: &'o [Open], key: &IssueKey) -> Option<&'o Open> {
    open.get(open.binary_search_by_key(key, |open| open.candidate.key).ok()?)
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
    for kind in MarkKind::ALL {
        let marked = |told: &&Told<'_>| told.mark.is_some_and(|m| m.kind == kind && !m.ended);
        let count = story.iter().filter(marked).count();
        if count > 0 {
            let which = of(count);
            notes.push(format!("a person marked {which} as {}", kind.as_str().replace('_', " ")));
        }
    }
    notes
}

/// `T1078` or `T1078.003`.
fn is_technique(id: &str) -> bool {
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let Some(number) = id.strip_prefix('T') else { return false };
    match number.split_once('.') {
        Some((number, sub)) => digits(number, 4) && digits(sub, 3),
        None => digits(number, 4),
    }
}

fn issue_report(told: &Told<'_>, catalog: &Catalog, today: Timestamp) -> IssueReport {
    let issue = &told.issue;
    let control = issue.control.as_deref().and_then(|id| catalog.control(id));
    let weakness = told.members.iter().find_map(|m| m.finding.vulnerability.as_deref());
    let location = told.members.iter().find_map(|m| m.finding.location.as_deref());
    let detection = told.members.iter().filter_map(|m| m.finding.detection.as_deref());
    // Some tools give words of their own here; they stay with the finding.
    let techniques = detection.flat_map(|d| &d.techniques).filter(|t| is_technique(t));
    let mut attack: BTreeSet<String> = techniques.cloned().collect();
    attack.extend(control.into_iter().flat_map(|c| c.attack.iter().cloned()));
    IssueReport {
        id: issue.key.to_string(),
        control: issue.control.clone(),
        title: issue.title.clone(),
        class: issue.class,
        asset: issue.asset.id.key().to_owned(),
        owner: issue.asset.context.owner.as_ref().map(owner_report),
        severity: issue.severity,
        status: if told.hidden_by.is_some() { Status::Suppressed } else { issue.status },
        risk: issue.risk.clone(),
        decision: decision_report(told, today),
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
        mark: told.mark.cloned(),
        hidden_by: told.hidden_by.cloned(),
        steps: None,
        level: None,
    }
}

pub(crate) fn finding_report((member, (path, offset)): (&Member, &(String, u64))) -> FindingReport {
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

fn owner_report(owner: &Sourced) -> OwnerReport {
    OwnerReport {
        name: owner.value.clone(),
        because: Untrusted::from(quell_explain::origin_text(&owner.origin)),
    }
}

pub(crate) fn asset_report(issue: &Issue) -> AssetReport {
    let asset = &issue.asset;
    let value = |of: &Option<Sourced>| of.as_ref().map(|s| s.value.clone());
    AssetReport {
        id: asset.id.key().to_owned(),
        provider: asset.id.provider.as_str().into(),
        account: Untrusted::from(asset.id.account.as_str()),
        region: Untrusted::from(asset.id.region.as_str()),
        kind: Untrusted::from(asset.id.kind.as_str()),
        name: if asset.name.is_empty() {
            Untrusted::from(asset.id.name.as_str())
        } else {
            asset.name.clone()
        },
        native_id: Untrusted::from(asset.native_id.as_str()),
        owner: asset.context.owner.as_ref().map(owner_report),
        other_owners: asset.context.other_owners.iter().map(owner_report).collect(),
        criticality: value(&asset.context.criticality),
        item: value(&asset.context.item),
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
        state: state.into(),
        reason,
        title: fix.title.clone(),
        control: fix.control.clone(),
        recipe: fix.recipe.clone(),
        safety: fix.safety,
        file: Untrusted::from(fix.file.as_str()),
        address: Untrusted::from(fix.address.as_str()),
        also_in: fix.also_in.iter().map(|path| Untrusted::from(path.as_str())).collect(),
        diff: Untrusted::from(fix.diff.as_str()),
        proof: fix.proof.clone(),
        may_break: fix.may_break.clone(),
        impact: fix.impact.clone(),
        written: fix.written.as_deref().map(written_report),
    }
}

fn written_report(written: &WrittenFix) -> WrittenFixReport {
    WrittenFixReport {
        by: "model".into(),
        task: written.task.clone(),
        version: written.version,
        provider: written.made.as_ref().map(|made| made.provider.clone()),
        model: written.made.as_ref().map(|made| Untrusted::from(made.model.as_str())),
        why: written.why.clone(),
    }
}
