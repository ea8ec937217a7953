//! Incidents: the list, and one with its issues.

use std::collections::BTreeMap;

use quell_explain::{IssueEvidence, explain};
use quell_model::{Decision, IncidentKey, IncidentKind, IssueKey, Severity, Untrusted};
use quell_report::IncidentStory;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cache::IncidentCache;
use super::cursor::Asked;
use super::page::{FacetReport, page_limit};
use super::parameters::{Order, in_no_cursor, listed, score};
use super::{Page, QueryError, View};
use crate::assess::members;
use crate::exceptions::Said;
use crate::follow::One;
use crate::govern::times_of;
use crate::incidents::judgement;
use crate::intel;
use crate::priority::Estate;
use crate::report::{Detail, describe, known, stored_issue};

/// Issues that are read for a title. The title of a larger incident is made from its riskiest.
const MOST_READ: usize = 16;
/// Issues whose ids a list names.
const MOST_NAMED: usize = 10;
/// Bytes of a place in the list: what it is sorted by, and a key.
const PLACE_BYTES: usize = 20;

/// Which incidents. What is left out asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct IncidentQuery {
    /// Held together by one of these.
    #[serde(deserialize_with = "listed")]
    #[param(inline, style = Form, explode = false)]
    pub kind: Vec<IncidentKind>,
    /// One of these decisions.
    #[serde(deserialize_with = "listed")]
    #[param(inline, style = Form, explode = false)]
    pub decision: Vec<Decision>,
    /// One of these severities.
    #[serde(deserialize_with = "listed")]
    #[param(inline, style = Form, explode = false)]
    pub severity: Vec<Severity>,
    /// For one of these teams.
    #[serde(deserialize_with = "listed")]
    #[param(inline, style = Form, explode = false)]
    pub team: Vec<String>,
    /// This score or more.
    #[serde(deserialize_with = "score")]
    #[param(minimum = 0, maximum = 1000)]
    pub min_score: Option<u32>,
    /// What the list is sorted by.
    #[param(inline, required = false)]
    pub sort: IncidentSort,
    /// In which direction.
    #[param(inline, required = false)]
    pub order: Order,
    /// Items on a page, 1 to 500; 50 where it is not said.
    #[serde(skip_serializing_if = "in_no_cursor")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<usize>,
    /// The page that a page before named.
    #[serde(skip_serializing_if = "in_no_cursor")]
    pub cursor: Option<String>,
    /// Whether values are counted too.
    #[serde(skip_serializing_if = "in_no_cursor")]
    pub facets: bool,
}

/// What incidents are sorted by. What is alike stands in the order of ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentSort {
    /// The score.
    #[default]
    Score,
    /// The severity.
    Severity,
    /// The id.
    Id,
}

/// An incident as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentItem {
    /// Stable id.
    pub id: IncidentKey,
    /// What holds it together.
    pub kind: IncidentKind,
    /// One line.
    pub title: Untrusted,
    /// 0 to 1000.
    pub score: u32,
    /// The highest severity among its issues.
    pub severity: Severity,
    /// What to do.
    pub decision: Decision,
    /// Who should deal with it: the owner of most of its assets, else the role that the kind of
    /// fault asks for.
    pub team: Untrusted,
    /// How many issues it has.
    pub issues: u64,
    /// On how many assets.
    pub assets: u64,
    /// The riskiest of its issues, at most ten.
    pub first_issues: Vec<IssueKey>,
    /// Tools that see it, in alphabetical order.
    pub sources: Vec<String>,
}

/// One page of incidents.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentPage {
    /// The page.
    #[serde(flatten)]
    pub page: Page<IncidentItem>,
    /// Whether this is what the store says now; else it is what it said before its last change,
    /// and newer incidents are being made.
    pub current: bool,
}

impl IncidentQuery {
    fn fits(&self, one: &One) -> bool {
        let of = |wanted: &[_], value| wanted.is_empty() || wanted.contains(&value);
        (self.kind.is_empty() || self.kind.contains(&one.incident.kind))
            && (self.decision.is_empty() || self.decision.contains(&one.decision))
            && of(&self.severity, one.incident.severity)
            && (self.team.is_empty() || self.team.iter().any(|team| **team == *one.team))
            && self.min_score.is_none_or(|least| one.incident.score >= least)
    }

    /// Where an incident stands in the list.
    fn place(&self, one: &One) -> [u8; PLACE_BYTES] {
        let descending = self.order == Order::Desc;
        let value = match self.sort {
            IncidentSort::Score => one.incident.score,
            IncidentSort::Severity => u32::from(one.incident.severity.rank()),
            IncidentSort::Id => 0,
        };
        let value = if descending { !value } else { value };
        let key = u128::from_be_bytes(*one.incident.key.as_bytes());
        let key = if descending && self.sort == IncidentSort::Id { !key } else { key };
        let mut place = [0; PLACE_BYTES];
        let bytes = value.to_be_bytes().into_iter().chain(key.to_be_bytes());
        place.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        place
    }
}

/// One page of the incidents that are asked for, the riskiest first unless another order is.
///
/// # Errors
/// When the cursor or the limit is wrong, or the store refuses.
pub fn incidents(
    view: &View<'_>,
    cache: &IncidentCache,
    query: &IncidentQuery,
) -> Result<IncidentPage, QueryError> {
    let asked = Asked::of("incidents", query)?;
    let limit = page_limit(query.limit)?;
    let after = asked.place_of::<PLACE_BYTES>(query.cursor.as_deref())?;
    let (kept, current) = cache.get(view)?;
    let all = kept.all.iter().map(|one| &**one);
    let fitting: Vec<&One> = all.filter(|one| query.fits(one)).collect();
    let mut rest: Vec<([u8; PLACE_BYTES], &One)> = fitting
        .iter()
        .map(|one| (query.place(one), *one))
        .filter(|(place, _)| after.is_none_or(|after| *place > after))
        .collect();
    let more = rest.len() > limit;
    if more {
        rest.select_nth_unstable_by_key(limit, |(place, _)| *place);
        rest.truncate(limit);
    }
    rest.sort_unstable_by_key(|(place, _)| *place);
    let next = rest.last().filter(|_| more).map(|(place, _)| asked.cursor(place));
    let mut items = Vec::with_capacity(rest.len());
    for (_, one) in rest {
        items.push(item(view, one)?);
    }
    let total = u64::try_from(fitting.len()).unwrap_or(u64::MAX);
    let facets = if query.facets { facets(&fitting) } else { BTreeMap::new() };
    Ok(IncidentPage { page: Page { items, total, next, facets }, current })
}

fn facets(all: &[&One]) -> BTreeMap<&'static str, FacetReport> {
    BTreeMap::from([
        ("decision", FacetReport::counted(all.iter().map(|one| one.decision.as_str()))),
        ("kind", FacetReport::counted(all.iter().map(|one| one.incident.kind.as_str()))),
        ("severity", FacetReport::counted(all.iter().map(|one| one.incident.severity.as_str()))),
        ("team", FacetReport::counted(all.iter().map(|one| &*one.team))),
    ])
}

fn item(view: &View<'_>, one: &One) -> Result<IncidentItem, QueryError> {
    let incident = &one.incident;
    Ok(IncidentItem {
        id: incident.key,
        kind: incident.kind,
        title: title(view, one)?,
        score: incident.score,
        severity: incident.severity,
        decision: one.decision,
        team: Untrusted::from(&*one.team),
        issues: u64::try_from(incident.issues.len()).unwrap_or(u64::MAX),
        assets: one.assets,
        first_issues: incident.issues.iter().take(MOST_NAMED).copied().collect(),
        sources: one.tools.split(',').filter(|tool| !tool.is_empty()).map(str::to_owned).collect(),
    })
}

fn title(view: &View<'_>, one: &One) -> Result<Untrusted, QueryError> {
    let catalog = view.setup.catalog();
    let read = if one.rows.len() <= MOST_READ { one.rows.len() } else { 1 };
    let mut issues = Vec::new();
    for row in one.rows.iter().take(read) {
        let row = i64::from(*row);
        if let Some(issue) = stored_issue(view.store, row)? {
            issues.push((issue, members(view.store, row)?));
        }
    }
    if let Some((lead, _)) = issues.first().filter(|_| one.rows.len() > MOST_READ) {
        return Ok(Untrusted::from(format!("{}: {} assets", lead.title.raw(), one.assets)));
    }
    let evidence: Vec<IssueEvidence<'_>> = issues
        .iter()
        .map(|(issue, members)| IssueEvidence {
            issue,
            findings: members.iter().map(|m| (m.key, &m.finding, m.status)).collect(),
            control: issue.control.as_deref().and_then(|id| catalog.control(id)),
            statements: &[],
            related: &[],
        })
        .collect();
    Ok(explain(&one.incident, &evidence).title)
}

/// One incident with its issues, by its id, that of one of its issues, or the first characters of
/// either.
///
/// # Errors
/// When no incident, or more than one, has that id, or the store refuses.
pub fn incident(
    view: &View<'_>,
    cache: &IncidentCache,
    id: &str,
) -> Result<IncidentStory, QueryError> {
    let not_found = || QueryError::NotFound { kind: "incident", id: id.to_owned() };
    let (kept, _) = cache.get(view)?;
    let one = kept.find(id).ok_or_else(not_found)?;
    let catalog = view.setup.catalog();
    let intel = intel::load(view.store, catalog.intel())?;
    let estate = Estate::new(view.store, judgement(view.setup, &intel, view.now))?;
    let mut open = Vec::with_capacity(one.rows.len());
    for row in &one.rows {
        if let Some(row) = view.store.issue_get(i64::from(*row))? {
            open.extend(known(&row, catalog)?);
        }
    }
    let estate = estate.with(kept.around(&open));
    estate.settle(view.store, &mut open)?;
    let said = Said::find(view.store, &open, view.now)?;
    let shown = std::slice::from_ref(&one.incident);
    let told = describe(view.store, (&estate, &said), &open, (shown, &[]), Detail::All)?;
    let incident = told.incidents.into_iter().next().ok_or_else(not_found)?;
    let fixes = super::fixes::closing(view, &one.incident.issues)?;
    let times = times_of(view.store, one.incident.key)?;
    Ok(IncidentStory { incident, issues: told.issues, assets: told.assets, fixes, times })
}
