//! What all there is comes to.

use std::collections::BTreeMap;

use quell_model::{Status, Timestamp};
use quell_store::{ListFilter, Sort, Wish};
use serde::Serialize;
use utoipa::ToSchema;

use super::{FacetReport, QueryError, View};

/// Days that are told.
const MOST_DAYS: usize = 366;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// What all there is comes to.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatisticsReport {
    /// All findings, open or not.
    pub findings: u64,
    /// Findings that count.
    pub open_findings: u64,
    /// All issues, open or not.
    pub issues: u64,
    /// Issues that count.
    pub open_issues: u64,
    /// Assets with an issue that counts.
    pub assets_with_open_issues: u64,
    /// All issues by status.
    pub statuses: Vec<StatusCount>,
    /// Open issues by severity, decision, kind of fault, control, team, tool, provider, account,
    /// region and kind of asset.
    pub open: BTreeMap<&'static str, FacetReport>,
    /// Open issues by the day on which a tool first saw them, oldest first: the last 366 days on
    /// which there were any.
    pub first_seen: Vec<DayCount>,
}

/// Issues of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusCount {
    /// The status.
    pub status: Status,
    /// How many.
    pub issues: u64,
}

/// Issues of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DayCount {
    /// The day: `2026-11-21`.
    pub day: String,
    /// How many.
    pub issues: u64,
}

/// What all there is comes to.
///
/// # Errors
/// None now; the signature leaves room for counts that the store keeps.
pub fn statistics(view: &View<'_>) -> Result<StatisticsReport, QueryError> {
    let all = view.index.statistics();
    let filter =
        ListFilter { statuses: vec![Status::Open, Status::InProgress], ..ListFilter::default() };
    let open = view.index.issues(&Wish {
        filter: &filter,
        sort: Sort::Score,
        descending: true,
        after: None,
        limit: 0,
        facets: true,
    });
    let day = |(day, issues): (u16, u64)| {
        let at = Timestamp::from_second(i64::from(day) * DAY).ok()?;
        Some(DayCount { day: at.strftime("%Y-%m-%d").to_string(), issues })
    };
    let skipped = all.first_seen_days.len().saturating_sub(MOST_DAYS);
    let statuses = all.statuses.into_iter();
    Ok(StatisticsReport {
        findings: all.findings,
        open_findings: all.open_findings,
        issues: all.issues,
        open_issues: all.open_issues,
        assets_with_open_issues: all.assets_with_open_issues,
        statuses: statuses.map(|(status, issues)| StatusCount { status, issues }).collect(),
        open: open.facets.into_iter().map(FacetReport::of).collect(),
        first_seen: all.first_seen_days.into_iter().skip(skipped).filter_map(day).collect(),
    })
}
