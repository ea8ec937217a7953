//! Issues whose findings changed are put together again and scored.

use std::collections::BTreeSet;

use quell_catalog::{Catalog, Control, Exposure, Intel};
use quell_correlate::{Member, assemble};
use quell_model::{
    Asset, Finding, FindingClass, Issue, IssueKey, Origin, Risk, Sourced, Timestamp, Vulnerability,
};
use quell_owners::Owners;
use quell_risk::{Elsewhere, Factors};
use quell_store::{
    Added, AssessedIssue, AssessedIssues, Block, BlockBuilder, Body, Brief, DirtyIssue, FindingRow,
    IssueScope, Packed, Store, place_text,
};
use rayon::prelude::*;

use crate::PipelineError;
use crate::report::{Kept, candidate};

/// Texts of a kind that are kept for exceptions, and letters of each.
const MOST_SCOPE_TEXTS: usize = 50;
const MOST_SCOPE_LETTERS: usize = 256;
/// Issues assessed in one transaction.
const PAGE: u32 = 2048;
/// Findings that are in memory for that at a time: each may hold a block of its own, unpacked.
const MOST_FINDINGS: usize = 256;
/// Issues that one thread judges, and puts into one block.
const TOGETHER: usize = 32;
/// Fewer stand alone: a block is to be used, not to grow old around one body.
const LEAST_TOGETHER: usize = 8;

/// What an issue is judged by, beside its findings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judgement<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) intel: &'a Intel,
    pub(crate) now: Timestamp,
}

/// What judging made of an issue.
pub(crate) struct Judged {
    pub(crate) issue: Issue,
    pub(crate) brief: Brief,
}

/// An issue that waits, with all that it is made of.
struct Waiting {
    row: DirtyIssue,
    findings: Vec<FindingRow>,
    split_from: Option<IssueKey>,
}

/// What judging made of some issues, packed.
#[derive(Default)]
struct Judgements {
    /// Row numbers, bodies and what else is stored.
    judged: Vec<(i64, Added, Brief)>,
    /// What the bodies stand in that do not stand alone.
    block: Option<Block>,
    /// Rows of issues that have no finding left.
    empty: Vec<i64>,
}

/// Assesses every issue that waits for it.
pub(crate) fn assess(
    store: &mut Store,
    by: Judgement<'_>,
    owners: &Owners,
) -> Result<(), PipelineError> {
    loop {
        let rows = store.issue_list_dirty(PAGE)?;
        if rows.is_empty() {
            return Ok(());
        }
        let all = judge(store, rows, (by, owners))?;
        let rows: Vec<AssessedIssues<'_>> = all.iter().map(Judgements::as_rows).collect();
        store.issue_save(&rows)?;
        let empty: Vec<i64> = all.iter().flat_map(|some| some.empty.iter().copied()).collect();
        store.issue_remove_empty(&empty)?;
    }
}

/// What judging makes of issues, some of them at a time.
fn judge(
    store: &Store,
    rows: Vec<DirtyIssue>,
    (by, owners): (Judgement<'_>, &Owners),
) -> Result<Vec<Judgements>, PipelineError> {
    let mut all = Vec::with_capacity(rows.len() / TOGETHER + 1);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let (mut waiting, mut findings) = (Vec::new(), 0);
        while findings < MOST_FINDINGS
            && let Some(row) = rows.next()
        {
            let one = wait(store, row)?;
            findings += one.findings.len();
            waiting.push(one);
        }
        let some: Vec<Judgements> = waiting
            .par_chunks(TOGETHER)
            .map(|waiting| by.again(waiting, owners))
            .collect::<Result<_, _>>()?;
        all.extend(some);
    }
    Ok(all)
}

impl Judgements {
    fn as_rows(&self) -> AssessedIssues<'_> {
        AssessedIssues {
            issues: self
                .judged
                .iter()
                .map(|(id, body, brief)| AssessedIssue { id: *id, body: body.as_new(), brief })
                .collect(),
            block: self.block.as_ref(),
        }
    }
}

fn wait(store: &Store, row: DirtyIssue) -> Result<Waiting, PipelineError> {
    let findings = store.finding_list(row.id)?;
    let split_from = match findings.as_slice() {
        [only] => store.split_get(only.key)?,
        _ => None,
    };
    Ok(Waiting { row, findings, split_from })
}

impl<'a> Judgement<'a> {
    fn again(self, waiting: &[Waiting], owners: &Owners) -> Result<Judgements, PipelineError> {
        let mut judgements = Judgements::default();
        let mut together = BlockBuilder::default();
        for Waiting { row, findings, split_from } in waiting {
            let members: Vec<Member> =
                findings.iter().map(member).collect::<Result<_, PipelineError>>()?;
            let control = row.control.as_deref().and_then(|id| self.catalog.control(id));
            let judged = self.of(owners, row.key, &members, (control, *split_from))?;
            let Some(Judged { issue, brief }) = judged else {
                judgements.empty.push(row.id);
                continue;
            };
            let body = if waiting.len() < LEAST_TOGETHER {
                Added::Alone(Packed::of(&serde_json::to_vec(&issue)?))
            } else {
                together.write(|to| serde_json::to_writer(to, &issue), |_| ())?.0
            };
            judgements.judged.push((row.id, body, brief));
        }
        judgements.block = together.pack();
        Ok(judgements)
    }

    /// Puts an issue together and scores it; `None` where it has no finding left.
    pub(crate) fn of(
        self,
        owners: &Owners,
        key: IssueKey,
        members: &[Member],
        (control, split_from): (Option<&'a Control>, Option<IssueKey>),
    ) -> Result<Option<Judged>, serde_json::Error> {
        let Some(mut issue) = assemble(key, members, (control, self.catalog.words()), split_from)
        else {
            return Ok(None);
        };
        let files = members.iter().filter_map(|m| m.finding.location.as_deref());
        owners.apply(&mut issue.asset, said(members), files.map(|place| place.file.as_str()));
        if leads_in(issue.class, control) {
            claim_exposure(&mut issue.asset);
        }
        issue.risk = quell_risk::score(&issue, &self.factors(members, control), self.now);
        let brief = brief(&issue, members, control)?;
        Ok(Some(Judged { issue, brief }))
    }

    /// Whether the lists that hold now say something else of an issue than those it was judged by.
    pub(crate) fn differs(
        self,
        issue: &Issue,
        members: &[Member],
        control: Option<&Control>,
    ) -> bool {
        let now = quell_risk::score(issue, &self.factors(members, control), self.now);
        let listed = |risk: &Risk| {
            let parts = risk.parts.iter().filter(|p| matches!(p.name.as_str(), "kev" | "epss"));
            parts.map(|p| (p.name.clone(), p.because.clone())).collect::<BTreeSet<_>>()
        };
        listed(&now) != listed(&issue.risk)
    }

    fn is_kev(self, weakness: &Vulnerability) -> bool {
        ids(weakness).any(|id| self.intel.is_kev(id).is_some())
    }

    fn epss(self, weakness: &Vulnerability) -> Option<f64> {
        self.intel.epss(ids(weakness), weakness.epss)
    }

    /// What the formula looks at beyond the issue itself.
    pub(crate) fn factors<'f>(
        self,
        members: &'f [Member],
        control: Option<&'f Control>,
    ) -> Factors<'f> {
        let counting = || members.iter().filter(|m| m.status.is_open());
        let weaknesses = || counting().filter_map(|m| m.finding.vulnerability.as_deref());
        let highest = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(None, |most: Option<f64>, v| Some(most.map_or(v, |m| m.max(v))))
        };
        Factors {
            cvss: highest(&mut weaknesses().filter_map(|v| v.cvss)),
            epss: highest(&mut weaknesses().filter_map(|v| self.epss(v))),
            exploited: weaknesses().any(|v| v.exploited == Some(true) || self.is_kev(v)),
            implies: control.map_or(Exposure::None, |c| c.exposure),
            elsewhere: Elsewhere::default(),
            fixed_version: weaknesses().find_map(|v| v.fixed_version.as_deref()),
            step: control.and_then(|c| c.explain.steps.first()).map(String::as_str),
        }
    }
}

/// Whether a fault is one by which an attacker gets somewhere.
pub(crate) fn leads_in(class: FindingClass, control: Option<&Control>) -> bool {
    match class {
        FindingClass::Vulnerability | FindingClass::Detection | FindingClass::Secret => true,
        FindingClass::Misconfiguration
        | FindingClass::CodeWeakness
        | FindingClass::AttackPath
        | FindingClass::Identity
        | FindingClass::DataRisk
        | FindingClass::License => {
            control.is_some_and(|control| control.exposure != Exposure::None)
        }
    }
}

/// What an inventory says of the internet counts like what a tool says: danger beats none.
fn claim_exposure(asset: &mut Asset) {
    let Some(is_exposed) = asset.context.is_exposed() else { return };
    let mine = &mut asset.signals.internet_exposed;
    *mine = Some(is_exposed || *mine == Some(true));
}

/// What tools say of the owner in fields of their own, each owner once, in one order.
fn said(members: &[Member]) -> Vec<Sourced> {
    let owners = members.iter().filter_map(|m| m.finding.asset.context.owner.as_ref());
    let own = owners.filter(|owner| match owner.origin {
        Origin::Field(_) | Origin::Name(_) => true,
        Origin::Tag(_)
        | Origin::Inventory { .. }
        | Origin::Codeowners { .. }
        | Origin::Told { .. } => false,
    });
    let mut own: Vec<Sourced> = own.cloned().collect();
    own.sort_by(|a, b| a.value.cmp(&b.value));
    own.dedup();
    own
}

fn ids(weakness: &Vulnerability) -> impl Iterator<Item = &str> {
    std::iter::once(weakness.id.as_str()).chain(weakness.aliases.iter().map(String::as_str))
}

/// The findings of an issue with the status that counts.
pub(crate) fn members(store: &Store, issue: i64) -> Result<Vec<Member>, PipelineError> {
    store.finding_list(issue)?.iter().map(member).collect()
}

pub(crate) fn member(row: &FindingRow) -> Result<Member, PipelineError> {
    let mut finding: Finding = serde_json::from_slice(&row.body.unpack()?)?;
    finding.last_seen = row.last_seen;
    Ok(Member { key: row.key, finding, status: row.state.status })
}

/// What lists and incidents need of an issue.
fn brief(
    issue: &Issue,
    members: &[Member],
    control: Option<&Control>,
) -> Result<Brief, serde_json::Error> {
    let candidate = candidate(issue, control);
    let kept = Kept::of(issue, &candidate, control);
    let tools: BTreeSet<&str> = members.iter().map(|m| m.finding.tool.product.as_str()).collect();
    Ok(Brief {
        status: issue.status,
        severity: issue.severity,
        score: issue.risk.score,
        tools: tools.into_iter().collect::<Vec<_>>().join(","),
        asset: issue.asset.id.key().to_owned(),
        place: place_text(&issue.asset.id),
        team: issue
            .asset
            .context
            .owner
            .as_ref()
            .map_or_else(String::new, |o| o.value.raw().to_owned()),
        class: issue.class,
        decision: kept.decision(),
        first_seen: issue.first_seen,
        candidate: serde_json::to_vec(&kept)?,
        control: issue.control.clone(),
        scope: scope(issue, members).to_bytes(),
    })
}

/// What exceptions ask of an issue beside what lists filter by.
fn scope(issue: &Issue, members: &[Member]) -> IssueScope {
    let text = |text: &str| text.chars().take(MOST_SCOPE_LETTERS).collect::<String>();
    let few = |all: BTreeSet<&str>| {
        all.into_iter().filter(|one| !one.is_empty()).take(MOST_SCOPE_TEXTS).map(text).collect()
    };
    let weaknesses = || members.iter().filter_map(|m| m.finding.vulnerability.as_deref());
    let rules = members.iter().map(|m| m.finding.rule.id.as_str());
    let files = members.iter().filter_map(|m| m.finding.location.as_deref());
    let inside = weaknesses().filter_map(|weakness| weakness.path.as_deref());
    let context = &issue.asset.context;
    let tags = issue.asset.tags.iter().take(MOST_SCOPE_TEXTS);
    IssueScope {
        weaknesses: few(weaknesses().flat_map(ids).collect()),
        packages: few(weaknesses().map(|weakness| weakness.package.as_str()).collect()),
        rules: few(rules.collect()),
        paths: few(files.map(|place| place.file.as_str()).chain(inside).collect()),
        environment: context.environment.as_ref().map(|known| text(known.value.raw())),
        exposed: issue.asset.signals.internet_exposed,
        tags: tags.map(|(name, value)| (text(name), text(value.raw()))).collect(),
    }
}

/// An issue as it was stored.
pub(crate) fn read_issue(body: &Body) -> Result<Issue, PipelineError> {
    Ok(serde_json::from_slice(&body.unpack()?)?)
}
