//! Looking at one issue, and taking a wrong merge apart.

use std::path::Path;

use quell_model::{FindingKey, Fix, IssueKey, Timestamp};
use quell_report::{IssueStory, LevelReport};
use quell_store::{IssueRow, Store};

use crate::assess::Judgement;
use crate::exceptions::Said;
use crate::govern::level_of;
use crate::incidents::story_of;
use crate::priority::Estate;
use crate::report::{Detail, describe, fix_report, incidents, known, open_issues};
use crate::{PipelineError, Setup, assess, fixes, intel};

/// One issue with all it rests on, by its id or the first characters of it; with its fix, where
/// a Terraform repository is given.
///
/// # Errors
/// When no issue, or more than one, has that id, or the repository cannot be read.
pub fn show_issue(
    store: &Store,
    setup: &Setup,
    (id, repository): (&str, Option<&Path>),
    now: Timestamp,
) -> Result<IssueStory, PipelineError> {
    let row = find_issue(store, id)?;
    let not_found = || PipelineError::NotFound { kind: "issue", id: id.to_owned() };
    let catalog = setup.catalog();
    let intel = intel::load(store, catalog.intel())?;
    let mut estate = Estate::new(store, Judgement { catalog, intel: &intel, now })?;
    open_issues(store, &mut estate, None)?;
    let proposed = match setup.code(repository) {
        Some(code) => {
            let open = [known(&row, catalog)?.ok_or_else(not_found)?];
            fixes::propose(store, catalog, open.iter(), code)?
        }
        None => Vec::new(),
    };
    let mut told = story(store, &estate, &row, &proposed)?.ok_or_else(not_found)?;
    told.issue.level = issue_level(store, setup, &row, now)?;
    told.incident = story_of(store, setup, row.key, now)?.map(|story| Box::new(story.incident));
    Ok(told)
}

/// By when an issue is to be dealt with, while it is open.
pub(crate) fn issue_level(
    store: &Store,
    setup: &Setup,
    row: &IssueRow,
    now: Timestamp,
) -> Result<Option<LevelReport>, PipelineError> {
    let Some(body) = &row.body else { return Ok(None) };
    let issue = assess::read_issue(body)?;
    if !issue.status.is_open() {
        return Ok(None);
    }
    level_of(store, setup, (row.id, &issue), now)
}

/// An issue in the light of what the estate knows of its asset, with the fixes that are proposed
/// for it; `None` where it has not been judged yet.
pub(crate) fn story(
    store: &Store,
    estate: &Estate<'_>,
    row: &IssueRow,
    proposed: &[Fix],
) -> Result<Option<IssueStory>, PipelineError> {
    let Some(one) = known(row, estate.by.catalog)? else { return Ok(None) };
    let mut open = [one];
    estate.settle(store, &mut open)?;
    let stories = incidents(store, &mut open, proposed, None)?;
    let said = Said::find(store, &open, estate.by.now)?;
    let told = describe(store, (estate, &said), &open, (&stories, proposed), Detail::All)?;
    let (incident, issue) = (told.incidents.into_iter().next(), told.issues.into_iter().next());
    let asset = told.assets.into_iter().next();
    let (Some(incident), Some(issue), Some(asset)) = (incident, issue, asset) else {
        return Ok(None);
    };
    Ok(Some(IssueStory {
        issue,
        asset,
        owner: incident.owner,
        explanation: incident.explanation,
        fixes: proposed.iter().map(fix_report).collect(),
        incident: None,
    }))
}

/// Takes a finding out of an issue; both ids may be cut short. Says the new issue's key.
///
/// # Errors
/// When either is not found, or the finding is not of that issue.
pub fn split_issue(
    store: &mut Store,
    setup: &Setup,
    (id, finding): (&str, &str),
    now: Timestamp,
) -> Result<IssueKey, PipelineError> {
    let row = find_issue(store, id)?;
    let not_found =
        || PipelineError::NotFound { kind: "finding in that issue", id: finding.to_owned() };
    let wanted = finding.to_ascii_lowercase();
    let keys: Vec<FindingKey> = store
        .finding_list(row.id)?
        .into_iter()
        .map(|f| f.key)
        .filter(|key| !wanted.is_empty() && key.to_string().starts_with(&wanted))
        .collect();
    let [key] = keys.as_slice() else { return Err(not_found()) };
    let new = store.issue_split(*key, now)?.ok_or_else(not_found)?;
    let intel = intel::load(store, setup.catalog().intel())?;
    let by = Judgement { catalog: setup.catalog(), intel: &intel, now };
    assess::assess(store, by, &*setup.owners(store)?)?;
    Ok(new)
}

pub(crate) fn find_issue(store: &Store, id: &str) -> Result<IssueRow, PipelineError> {
    let not_found = || PipelineError::NotFound { kind: "issue", id: id.to_owned() };
    let wanted = id.trim().to_ascii_lowercase();
    let lowest = format!("{wanted:0<26}").parse::<IssueKey>().map_err(|_| not_found())?;
    let highest =
        format!("{wanted:z<26}").parse::<IssueKey>().unwrap_or(IssueKey::from_bytes([255; 16]));
    let mut found = store.issue_between(lowest, highest)?;
    if found.is_empty() {
        for key in store.issue_formerly(lowest, highest)? {
            found.extend(store.issue_between(key, key)?);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        _ => Err(not_found()),
    }
}
