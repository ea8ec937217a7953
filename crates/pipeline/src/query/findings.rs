//! Findings: the list, and one with all that its tool said.

use quell_model::{
    Finding, FindingClass, FindingKey, IssueKey, Provider, Severity, Status, Timestamp, Untrusted,
};
use quell_report::FindingReport;
use quell_store::{FindingRow, ListFilter, Store};
use serde::Serialize;
use utoipa::ToSchema;

use super::cursor::Asked;
use super::faults::fault_query;
use super::issues::IssueSort;
use super::page::Turn;
use super::parameters::{Order, in_no_cursor, keys_that_begin, listed, score};
use super::seen::{shown_issue, shows};
use super::{Page, QueryError, View};
use crate::assess::member;
use crate::report::finding_report;

fault_query! {
    /// Which findings. What is left out asks for all.
    FindingQuery {
        /// Of the issue with this id, or the first characters of it.
        pub issue: Option<String>,
    }
}

/// A finding as a list shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingStory {
    /// The finding.
    #[serde(flatten)]
    pub item: FindingItem,
    /// All that was kept of its record.
    pub record: Finding,
    /// The platforms that are asked and list it.
    pub listed: Vec<Listing>,
}

/// A stream of a platform that lists a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listing {
    /// The platform's name in the configuration.
    pub source: String,
    /// Its stream.
    pub stream: String,
}

/// One page of the findings that are asked for, those of the riskiest issues first unless another
/// order is asked for.
///
/// # Errors
/// When the cursor, the limit or the issue is wrong, or the store refuses.
pub fn findings(view: &View<'_>, query: &FindingQuery) -> Result<Page<FindingItem>, QueryError> {
    let issue = query.issue.as_deref().map(|id| shown_issue(view, id)).transpose()?;
    let filter = ListFilter { issue: issue.map(|row| row.id), ..query.common() };
    let item = |row| -> Result<Option<FindingItem>, QueryError> {
        match view.store.finding_get(row)? {
            Some(row) => Ok(told(view, &row)?.map(|(item, _)| item)),
            None => Ok(None),
        }
    };
    query.turn().take(
        Asked::of("findings", query)?,
        (&filter, query.sort.of(), query.order),
        |wish| view.index.findings(wish),
        item,
    )
}

/// One finding, by its id or the first characters of it.
///
/// # Errors
/// When no finding, or more than one, has that id, or the store refuses.
pub fn finding(view: &View<'_>, id: &str) -> Result<FindingStory, QueryError> {
    let row = find(view.store, id)?;
    if !shows(view, row.issue) {
        return Err(not_found(id));
    }
    let (item, record) = told(view, &row)?.ok_or_else(|| not_found(id))?;
    Ok(FindingStory { item, record, listed: listed_by(view.store, &row)? })
}

/// What its tool calls a finding, and the platforms that are asked and list it.
///
/// # Errors
/// When no finding, or more than one, has that id, or the store refuses.
pub fn listings(store: &Store, id: &str) -> Result<(String, Vec<Listing>), QueryError> {
    let row = find(store, id)?;
    Ok((member(&row)?.finding.native_id, listed_by(store, &row)?))
}

fn listed_by(store: &Store, row: &FindingRow) -> Result<Vec<Listing>, QueryError> {
    let listed = store.reading_list(row.key)?.into_iter();
    Ok(listed.map(|(source, stream)| Listing { source, stream }).collect())
}

fn not_found(id: &str) -> QueryError {
    QueryError::NotFound { kind: "finding", id: id.to_owned() }
}

fn find(store: &Store, id: &str) -> Result<FindingRow, QueryError> {
    let begins = keys_that_begin::<FindingKey>(id).ok_or_else(|| not_found(id))?;
    let (lowest, highest) = begins.into_inner();
    let mut found = store.finding_between(lowest, highest)?;
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        (_, _) => Err(not_found(id)),
    }
}

fn told(view: &View<'_>, row: &FindingRow) -> Result<Option<(FindingItem, Finding)>, QueryError> {
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
    Ok(Some((item, member.finding)))
}
