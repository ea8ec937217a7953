//! Issues: the list, and one with all it rests on.

use quell_model::{
    Decision, FindingClass, IssueKey, Mark, MarkKind, Provider, Severity, Status, Timestamp,
    Untrusted,
};
use quell_report::{HiddenBy, IssueStory, LevelReport};
use quell_store::{ListFilter, MarkFilter, Snapshot, Sort, Wish};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cursor::Asked;
use super::faults::fault_query;
use super::page::Turn;
use super::parameters::{Order, in_no_cursor, listed, score};
use super::seen::shown_issue;
use super::{Page, QueryError, View};
use crate::assess::{Judgement, read_issue};
use crate::exceptions::hidden_by;
use crate::govern::level_of;
use crate::inspect::{issue_level, story};
use crate::intel;
use crate::links::Links;
use crate::marks::day_of;
use crate::priority::Estate;
use crate::report::{known, stored_issue};

/// Issues of one asset that are looked at for what they know of it.
const MOST_NEIGHBOURS: usize = 1000;

fault_query! {
    /// Which issues. What is left out asks for all.
    IssueQuery {
        /// One of these decisions, as far as the issue alone tells.
        #[serde(deserialize_with = "listed")]
        #[param(inline, style = Form, explode = false)]
        pub decision: Vec<Decision>,
        /// Marked so by a person, or by nobody: `none`.
        #[serde(deserialize_with = "listed")]
        #[param(inline, style = Form, explode = false)]
        pub mark: Vec<Marked>,
    }
}

/// How an issue is marked, as a list asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Marked {
    /// As a false positive.
    FalsePositive,
    /// As accepted.
    Accepted,
    /// As being worked on.
    InProgress,
    /// Not at all, or no longer.
    None,
}

impl Marked {
    const fn kind(self) -> Option<MarkKind> {
        match self {
            Self::FalsePositive => Some(MarkKind::FalsePositive),
            Self::Accepted => Some(MarkKind::Accepted),
            Self::InProgress => Some(MarkKind::InProgress),
            Self::None => None,
        }
    }
}

/// What issues and findings are sorted by. What is alike stands in the order of ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssueSort {
    /// The risk score.
    #[default]
    Score,
    /// The severity.
    Severity,
    /// When it was last seen.
    LastSeen,
    /// The id; findings stand in the order in which they were first taken in.
    Id,
}

impl IssueSort {
    pub(super) const fn of(self) -> Sort {
        match self {
            Self::Score => Sort::Score,
            Self::Severity => Sort::Severity,
            Self::LastSeen => Sort::LastSeen,
            Self::Id => Sort::Id,
        }
    }
}

/// An issue as a list shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssueItem {
    /// Stable id.
    pub id: IssueKey,
    /// The risk score, 0 to 1000.
    pub score: u32,
    /// The highest severity any tool gives.
    pub severity: Severity,
    /// Whether it is open.
    pub status: Status,
    /// What to do, as far as the issue alone tells; a single issue says it in the light of all.
    pub decision: Decision,
    /// What kind of fault it is.
    pub class: FindingClass,
    /// The canonical fault, or null.
    pub control: Option<String>,
    /// One line.
    pub title: Untrusted,
    /// Id of its asset.
    pub asset: Untrusted,
    /// Where the asset lives: `aws`, `kubernetes`, …
    pub provider: &'static str,
    /// Its account, subscription, project or cluster.
    pub account: Untrusted,
    /// Its region.
    pub region: Untrusted,
    /// Its kind.
    pub kind: Untrusted,
    /// Who the asset says owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Untrusted>,
    /// How that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_because: Option<Untrusted>,
    /// Tools that see it, in alphabetical order.
    pub tools: Vec<String>,
    /// Earliest sighting by any tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// Latest sighting by any tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// How a person marked it. It closes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// Which exception hides it; then its status is `suppressed`, and it is open all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_by: Option<HiddenBy>,
    /// By when it is to be dealt with; absent where nothing is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelReport>,
}

/// One page of the issues that are asked for, the riskiest first unless another order is.
///
/// # Errors
/// When the cursor or the limit is wrong, or the store refuses.
pub fn issues(view: &View<'_>, query: &IssueQuery) -> Result<Page<IssueItem>, QueryError> {
    let marked = MarkFilter {
        kinds: query.mark.iter().filter_map(|mark| mark.kind()).collect(),
        unmarked: query.mark.contains(&Marked::None),
    };
    let filter = ListFilter {
        decisions: query.decision.clone(),
        among: view.store.mark_rows(&marked, day_of(view.now))?,
        ..query.common()
    };
    query.turn().take(
        Asked::of("issues", query)?,
        (&filter, query.sort.of(), query.order),
        |wish| view.index.issues(wish),
        |row| issue_item(view, row),
    )
}

/// An issue as a list shows it; `None` where it is gone since the index was made.
pub(super) fn issue_item(view: &View<'_>, row: i64) -> Result<Option<IssueItem>, QueryError> {
    let Some(issue) = stored_issue(view.store, row)? else { return Ok(None) };
    let Some(cells) = view.index.issue(row) else { return Ok(None) };
    let level = match issue.status.is_open() {
        true => level_of(view.store, view.setup, (row, &issue), view.now)?,
        false => None,
    };
    let suppression = view.store.suppression(view.now)?;
    let by = suppression.by(row).map(hidden_by);
    let (asset, owner) = (&issue.asset.id, issue.asset.context.owner.as_ref());
    Ok(Some(IssueItem {
        mark: view.store.mark_get(issue.key, day_of(view.now))?,
        id: issue.key,
        score: issue.risk.score,
        severity: issue.severity,
        status: if by.is_some() { Status::Suppressed } else { issue.status },
        hidden_by: by,
        level,
        decision: cells.decision,
        class: issue.class,
        control: issue.control,
        title: issue.title,
        asset: asset.key().into(),
        provider: asset.provider.as_str(),
        account: asset.account.as_str().into(),
        region: asset.region.as_str().into(),
        kind: asset.kind.as_str().into(),
        team_because: owner.map(|o| quell_explain::origin_text(&o.origin).into()),
        team: owner.map(|owner| owner.value.clone()),
        tools: cells.tools.split(',').map(str::to_owned).collect(),
        first_seen: issue.first_seen,
        last_seen: cells.last_seen.or(issue.last_seen),
    }))
}

/// One issue with all it rests on, by its id or the first characters of it. Unlike
/// [`crate::show_issue`] it reads no other issues than those on the same asset, and on those
/// from which facts come to it.
///
/// # Errors
/// When no issue, or more than one, has that id, or the store refuses.
pub fn issue(view: &View<'_>, id: &str) -> Result<IssueStory, QueryError> {
    let row = shown_issue(view, id)?;
    let catalog = view.setup.catalog();
    let intel = intel::load(view.store, catalog.intel())?;
    let by = Judgement { catalog, intel: &intel, now: view.now };
    let mut estate = Estate::new(view.store, by)?;
    if let Some(body) = &row.body {
        let asset = read_issue(body)?.asset.id.key().to_owned();
        let (links, others) = Links::near(view.store, &asset)?;
        let mut neighbours = Vec::new();
        let own = on_assets(view.index, vec![asset]);
        let others = if others.is_empty() { Vec::new() } else { on_assets(view.index, others) };
        for row in own.into_iter().chain(others) {
            if let Some(row) = view.store.issue_get(row)? {
                neighbours.extend(known(&row, catalog)?);
            }
        }
        estate.take(&mut neighbours, (&links, view.index.is_limited()));
    }
    let told = story(view.store, &estate, &row, &[])?;
    let mut told = told.ok_or_else(|| QueryError::NotFound { kind: "issue", id: id.to_owned() })?;
    told.issue.level = issue_level(view.store, view.setup, &row, view.now)?;
    Ok(told)
}

/// The open issues of some assets, the riskiest first. Of very many the rest is left out.
fn on_assets(index: &Snapshot, assets: Vec<String>) -> Vec<i64> {
    let filter = ListFilter {
        statuses: vec![Status::Open, Status::InProgress],
        asset_is: assets,
        ..ListFilter::default()
    };
    let wish = Wish {
        filter: &filter,
        sort: Sort::Score,
        descending: true,
        after: None,
        limit: MOST_NEIGHBOURS,
        facets: false,
    };
    index.issues(&wish).rows
}
