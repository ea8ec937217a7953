//! Issues whose findings changed are put together again and scored.

use quell_catalog::{Catalog, Control, Exposure};
use quell_correlate::{Member, assemble};
use quell_model::{Finding, Issue, Timestamp};
use quell_risk::Factors;
use quell_store::{AssessedIssue, FindingRow, IssueRow, Store};

use crate::PipelineError;

/// Issues assessed in one transaction.
const PAGE: u32 = 2048;

/// Assesses every issue that waits for it. `progress` hears how many are done.
pub(crate) fn assess(
    store: &mut Store,
    catalog: &Catalog,
    now: Timestamp,
    progress: &dyn Fn(u64),
) -> Result<(), PipelineError> {
    let mut done = 0u64;
    loop {
        let waiting = store.issue_list_dirty(PAGE)?;
        if waiting.is_empty() {
            return Ok(());
        }
        let mut assessed = Vec::with_capacity(waiting.len());
        for row in &waiting {
            if let Some(issue) = judge(store, catalog, row, now)? {
                assessed.push((row.id, issue));
            }
        }
        let rows: Vec<_> =
            assessed.iter().map(|(id, issue)| AssessedIssue { id: *id, issue }).collect();
        store.issue_save(&rows)?;
        let empty: Vec<i64> = waiting
            .iter()
            .map(|w| w.id)
            .filter(|id| assessed.binary_search_by_key(id, |(id, _)| *id).is_err())
            .collect();
        store.issue_remove_empty(&empty)?;
        done += waiting.len() as u64;
        progress(done);
    }
}

fn judge(
    store: &Store,
    catalog: &Catalog,
    row: &IssueRow,
    now: Timestamp,
) -> Result<Option<Issue>, PipelineError> {
    let members = members(store, row.id)?;
    let control = row.control.as_deref().and_then(|id| catalog.control(id));
    let split_from = match members.as_slice() {
        [only] => store.split_get(only.key)?,
        _ => None,
    };
    let Some(mut issue) = assemble(row.key, &members, control, split_from) else { return Ok(None) };
    issue.risk = quell_risk::score(&issue, &factors(&members, control, catalog), now);
    Ok(Some(issue))
}

/// The findings of an issue with the status that counts.
pub(crate) fn members(store: &Store, issue: i64) -> Result<Vec<Member>, PipelineError> {
    store.finding_list(issue)?.iter().map(member).collect()
}

pub(crate) fn member(row: &FindingRow) -> Result<Member, PipelineError> {
    let mut finding: Finding = serde_json::from_slice(&row.body)?;
    finding.last_seen = row.last_seen;
    Ok(Member { key: row.key, finding, status: row.state.status })
}

fn factors<'a>(
    members: &'a [Member],
    control: Option<&'a Control>,
    catalog: &Catalog,
) -> Factors<'a> {
    let counting = || members.iter().filter(|m| m.status.is_open());
    let weaknesses = || counting().filter_map(|m| m.finding.vulnerability.as_deref());
    let highest = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(None, |most: Option<f64>, v| Some(most.map_or(v, |m| m.max(v))))
    };
    Factors {
        cvss: highest(&mut weaknesses().filter_map(|v| v.cvss)),
        epss: highest(&mut weaknesses().filter_map(|v| v.epss)),
        exploited: weaknesses()
            .any(|v| v.exploited == Some(true) || catalog.intel().is_kev(&v.id).is_some()),
        implies: control.map_or(Exposure::None, |c| c.exposure),
        fixed_version: weaknesses().find_map(|v| v.fixed_version.as_deref()),
        step: control.and_then(|c| c.explain.steps.first()).map(String::as_str),
    }
}
