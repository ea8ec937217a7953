//! Findings: the list, and one with all that its tool said.

use quell_model::{
    Finding, FindingClass, FindingKey, IssueKey, Provider, Severity, Status, Timestamp, Untrusted,
};
use quell_report::FindingReport;
use quell_store::{FindingRow, ListFilter};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::cursor::Asked;
use super::issues::IssueSort;
use super::page::Turn;
use super::parameters::{Order, keys_that_begin, listed};
use super::{Page, QueryError, View};
use crate::assess::member;
use crate::inspect::find_issue;
use crate::report::finding_report;

/// Which findings. What is left out asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct FindingQuery {
    /// Of the issue with this id, or the first characters of it.
    pub issue: Option<String>,
    /// One of these severities, as the tool says.
    #[serde(deserialize_with = "listed")]
    #[param(value_type = Option<String>)]
    pub severity: Vec<Severity>,
    /// One of these statuses.
    #[serde(deserialize_with = "listed")]
    #[param(value_type = Option<String>)]
    pub status: Vec<Status>,
    /// One of these kinds of fault.
    #[serde(deserialize_with = "listed")]
    #[param(value_type = Option<String>)]
    pub class: Vec<FindingClass>,
    /// This control, or one below it: `aws.s3` asks for all of S3.
    pub control: Option<String>,
    /// Of one of these tools.
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
    /// Of an issue with this risk score or more.
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

/// A finding as a list shows it.
#[derive(Debug, Clone, Serialize)]
pub struct FindingItem {
    /// The finding.
    #[serde(flatten)]
    pub finding: FindingReport,
    /// Id of its issue.
    pub issue: IssueKey,
    /// What kind of claim it is.
    pub class: FindingClass,
    /// Id of its asset.
    pub asset: Untrusted,
    /// When the tool first saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
}

/// One finding with all that its tool said.
#[derive(Debug, Serialize)]
pub struct FindingStory {
    /// The finding.
    #[serde(flatten)]
    pub item: FindingItem,
    /// All that was kept of its record.
    pub record: Finding,
}

/// One page of the findings that are asked for, those of the riskiest issues first unless another
/// order is asked for.
///
/// # Errors
/// When the cursor, the limit or the issue is wrong, or the store refuses.
pub fn findings(view: &View<'_>, query: &FindingQuery) -> Result<Page<FindingItem>, QueryError> {
    let turn = Turn { limit: query.limit, cursor: query.cursor.as_deref(), facets: query.facets };
    let item = |row| -> Result<Option<FindingItem>, QueryError> {
        match view.store.finding_get(row)? {
            Some(row) => Ok(told(view, &row)?.map(|story| story.item)),
            None => Ok(None),
        }
    };
    turn.take(
        Asked::of("findings", query)?,
        (&query.filter(view)?, query.sort.of(), query.order),
        |wish| view.index.findings(wish),
        item,
    )
}

impl FindingQuery {
    fn filter(&self, view: &View<'_>) -> Result<ListFilter, QueryError> {
        let issue = self.issue.as_deref().map(|id| find_issue(view.store, id)).transpose()?;
        Ok(ListFilter {
            severities: self.severity.clone(),
            statuses: self.status.clone(),
            decisions: Vec::new(),
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
            issue: issue.map(|row| row.id),
        })
    }
}

/// One finding, by its id or the first characters of it.
///
/// # Errors
/// When no finding, or more than one, has that id, or the store refuses.
pub fn finding(view: &View<'_>, id: &str) -> Result<FindingStory, QueryError> {
    let not_found = || QueryError::NotFound { kind: "finding", id: id.to_owned() };
    let (lowest, highest) = keys_that_begin::<FindingKey>(id).ok_or_else(not_found)?.into_inner();
    let found = view.store.finding_between(lowest, highest)?;
    let [row] = found.as_slice() else { return Err(not_found()) };
    told(view, row)?.ok_or_else(not_found)
}

fn told(view: &View<'_>, row: &FindingRow) -> Result<Option<FindingStory>, QueryError> {
    let Some(issue) = view.store.issue_key(row.issue)? else { return Ok(None) };
    let member = member(row)?;
    let place = (row.path.clone(), row.offset_bytes);
    let item = FindingItem {
        finding: finding_report((&member, &place)),
        issue,
        class: member.finding.class,
        asset: member.finding.asset.id.key().into(),
        first_seen: member.finding.first_seen,
    };
    Ok(Some(FindingStory { item, record: member.finding }))
}
