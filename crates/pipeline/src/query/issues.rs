//! Issues: the list, and one with all it rests on.

use quell_model::{
    Decision, FindingClass, IssueKey, Provider, Severity, Status, Timestamp, Untrusted,
};
use quell_report::IssueStory;
use quell_store::{ListFilter, Snapshot, Sort, Wish};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::cursor::Asked;
use super::page::Turn;
use super::parameters::{Order, listed};
use super::{Page, QueryError, View};
use crate::assess::{Judgement, read_issue};
use crate::inspect::{find_issue, story};
use crate::intel;
use crate::priority::Estate;
use crate::report::{known, stored_issue};

/// Issues of one asset that are looked at for what they know of it.
const MOST_NEIGHBOURS: usize = 1000;

/// Which issues. What is left out asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct IssueQuery {
    /// One of these severities.
    #[serde(deserialize_with = "listed")]
    #[param(value_type = Option<String>)]
    pub severity: Vec<Severity>,
    /// One of these statuses.
    #[serde(deserialize_with = "listed")]
    #[param(value_type = Option<String>)]
    pub status: Vec<Status>,
    /// One of these decisions, as far as the issue alone tells.
    #[serde(deserialize_with = "listed")]
    #[param(value_type = Option<String>)]
    pub decision: Vec<Decision>,
    /// One of these kinds of fault.
    #[serde(deserialize_with = "listed")]
    #[param(value_type = Option<String>)]
    pub class: Vec<FindingClass>,
    /// This control, or one below it: `aws.s3` asks for all of S3.
    pub control: Option<String>,
    /// Seen by one of these tools.
    #[serde(deserialize_with = "listed")]
    #[param(value_type = Option<String>)]
    pub tool: Vec<String>,
    /// This text in the asset's id, in any case.
    pub asset: Option<String>,
    /// On the asset with this id.
    pub asset_id: Option<String>,
    /// In one of these clouds or places.
    #[serde(deserialize_with = "listed")]
    #[param(value_type = Option<String>)]
    pub provider: Vec<Provider>,
    /// In this account, subscription, project or cluster.
    pub account: Option<String>,
    /// In this region.
    pub region: Option<String>,
    /// On an asset of this kind.
    pub kind: Option<String>,
    /// On an asset that says it is owned by this team.
    pub team: Option<String>,
    /// This risk score or more.
    pub min_score: Option<u32>,
    /// Last seen then or later.
    #[param(value_type = Option<String>)]
    pub seen_since: Option<Timestamp>,
    /// What the list is sorted by.
    #[param(value_type = Option<String>)]
    pub sort: IssueSort,
    /// In which direction.
    #[param(value_type = Option<String>)]
    pub order: Order,
    /// Items on a page, 1 to 500; 50 where it is not said.
    #[serde(skip_serializing)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<usize>,
    /// The page that a page before named.
    #[serde(skip_serializing)]
    pub cursor: Option<String>,
    /// Whether values are counted too.
    #[serde(skip_serializing)]
    pub facets: bool,
}

/// What issues and findings are sorted by. What is alike stands in the order of ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Serialize)]
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
    /// Tools that see it, in alphabetical order.
    pub tools: Vec<String>,
    /// Earliest sighting by any tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// Latest sighting by any tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

/// One page of the issues that are asked for, the riskiest first unless another order is.
///
/// # Errors
/// When the cursor or the limit is wrong, or the store refuses.
pub fn issues(view: &View<'_>, query: &IssueQuery) -> Result<Page<IssueItem>, QueryError> {
    let turn = Turn { limit: query.limit, cursor: query.cursor.as_deref(), facets: query.facets };
    turn.take(
        Asked::of("issues", query)?,
        (&query.filter(), query.sort.of(), query.order),
        |wish| view.index.issues(wish),
        |row| issue_item(view, row),
    )
}

impl IssueQuery {
    fn filter(&self) -> ListFilter {
        ListFilter {
            severities: self.severity.clone(),
            statuses: self.status.clone(),
            decisions: self.decision.clone(),
            classes: self.class.clone(),
            control: self.control.clone(),
            tools: self.tool.clone(),
            asset: self.asset.clone(),
            asset_is: self.asset_id.clone(),
            providers: self.provider.iter().map(|p| p.as_str().to_owned()).collect(),
            account: self.account.clone(),
            region: self.region.clone(),
            kind: self.kind.clone(),
            team: self.team.clone(),
            min_score: self.min_score,
            seen_since: self.seen_since,
            issue: None,
        }
    }
}

/// An issue as a list shows it; `None` where it is gone since the index was made.
pub(super) fn issue_item(view: &View<'_>, row: i64) -> Result<Option<IssueItem>, QueryError> {
    let Some(issue) = stored_issue(view.store, row)? else { return Ok(None) };
    let Some(cells) = view.index.issue(row) else { return Ok(None) };
    let asset = &issue.asset.id;
    Ok(Some(IssueItem {
        id: issue.key,
        score: issue.risk.score,
        severity: issue.severity,
        status: issue.status,
        decision: cells.decision,
        class: issue.class,
        control: issue.control,
        title: issue.title,
        asset: asset.key().into(),
        provider: asset.provider.as_str(),
        account: asset.account.as_str().into(),
        region: asset.region.as_str().into(),
        kind: asset.kind.as_str().into(),
        team: issue.asset.context.owner.map(|owner| owner.value),
        tools: cells.tools.split(',').map(str::to_owned).collect(),
        first_seen: issue.first_seen,
        last_seen: cells.last_seen.or(issue.last_seen),
    }))
}

/// One issue with all it rests on, by its id or the first characters of it. Unlike
/// [`crate::show_issue`] it reads no other issues than those on the same asset.
///
/// # Errors
/// When no issue, or more than one, has that id, or the store refuses.
pub fn issue(view: &View<'_>, id: &str) -> Result<IssueStory, QueryError> {
    let row = find_issue(view.store, id)?;
    let catalog = view.setup.catalog();
    let intel = intel::load(view.store, catalog.intel())?;
    let by = Judgement { catalog, intel: &intel, now: view.now };
    let mut estate = Estate::new(view.store, by)?;
    if let Some(body) = &row.body {
        let asset = read_issue(body)?.asset.id.key().to_owned();
        let mut neighbours = Vec::new();
        for row in on_asset(view.index, &asset) {
            if let Some(row) = view.store.issue_get(row)? {
                neighbours.extend(known(&row, catalog)?);
            }
        }
        estate.take(&mut neighbours);
    }
    let told = story(view.store, &estate, &row, &[])?;
    told.ok_or_else(|| QueryError::NotFound { kind: "issue", id: id.to_owned() })
}

/// The open issues of an asset, the riskiest first.
fn on_asset(index: &Snapshot, asset: &str) -> Vec<i64> {
    let filter = ListFilter {
        statuses: vec![Status::Open, Status::InProgress],
        asset_is: Some(asset.to_owned()),
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
