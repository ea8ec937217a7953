//! Fixes: those that were proposed last, with their proofs.

use quell_model::{Fix, FixState, IssueKey, Safety};
use quell_report::FixReport;
use quell_store::{Packed, Store};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::cursor::Asked;
use super::page::{FacetReport, page_limit};
use super::parameters::in_no_cursor;
use super::seen::shows_all;
use super::{Page, QueryError, View};
use crate::PipelineError;
use crate::report::fix_report;

/// Longest id in a cursor.
const MOST_ID_BYTES: usize = 200;

/// Which fixes. What is left out asks for all proved ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct FixQuery {
    /// For this control, or one below it: `aws.s3` asks for all of S3.
    pub control: Option<String>,
    /// That close the issue whose id begins so.
    pub issue: Option<String>,
    /// This text in the path of the file that is changed.
    pub file: Option<String>,
    /// Whether a person must agree.
    #[param(inline)]
    pub safety: Option<Safety>,
    /// Whether fixes are listed too that could not be proved.
    pub withheld: bool,
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

/// Keeps fixes that were proposed, in place of those that were kept before.
///
/// # Errors
/// When the store refuses.
pub fn keep_fixes(store: &mut Store, fixes: &[Fix]) -> Result<(), PipelineError> {
    let kept = |fix: &Fix| Ok((fix.id.clone(), Packed::of(&serde_json::to_vec(fix)?)));
    let kept: Vec<(String, Packed)> =
        fixes.iter().map(kept).collect::<Result<_, PipelineError>>()?;
    Ok(store.fix_replace(&kept)?)
}

fn all(view: &View<'_>) -> Result<Vec<Fix>, QueryError> {
    let read = |body: Packed| Ok(serde_json::from_slice(&body.unpack()?)?);
    let all: Vec<Fix> =
        view.store.fix_list()?.into_iter().map(read).collect::<Result<_, QueryError>>()?;
    let mut seen = Vec::with_capacity(all.len());
    for fix in all {
        // What one is to see of a fix is all of it, with every issue that it closes.
        if shows_all(view, &fix.closes)? {
            seen.push(fix);
        }
    }
    Ok(seen)
}

impl FixQuery {
    fn fits(&self, fix: &Fix) -> bool {
        let below = |wanted: &String| {
            let rest = fix.control.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let closes = |wanted: &String| {
            let wanted = wanted.trim().to_ascii_lowercase();
            fix.closes.iter().any(|key| key.to_string().starts_with(&wanted))
        };
        (self.withheld || fix.state == FixState::Proved)
            && self.control.as_ref().is_none_or(below)
            && self.issue.as_ref().is_none_or(closes)
            && self.file.as_ref().is_none_or(|text| fix.file.contains(text.as_str()))
            && self.safety.is_none_or(|safety| fix.safety == safety)
    }
}

/// One page of the fixes that are asked for, in the order of their ids.
///
/// # Errors
/// When the cursor or the limit is wrong, or the store refuses.
pub fn fixes(view: &View<'_>, query: &FixQuery) -> Result<Page<FixReport>, QueryError> {
    let asked = Asked::of("fixes", query)?;
    let limit = page_limit(query.limit)?;
    let after = query.cursor.as_deref().map(|cursor| asked.place(cursor)).transpose()?;
    let fitting: Vec<Fix> = all(view)?.into_iter().filter(|fix| query.fits(fix)).collect();
    let place = |fix: &Fix| fix.id.bytes().take(MOST_ID_BYTES).collect::<Vec<u8>>();
    let is_behind = |fix: &&Fix| after.as_ref().is_none_or(|after| place(fix) > *after);
    let rest: Vec<&Fix> = fitting.iter().filter(is_behind).collect();
    let page = rest.get(..limit.min(rest.len())).unwrap_or_default();
    let next = page.last().filter(|_| rest.len() > limit).map(|fix| asked.cursor(&place(fix)));
    let facets = query.facets.then(|| {
        [
            ("control", FacetReport::counted(fitting.iter().map(|fix| fix.control.as_str()))),
            ("recipe", FacetReport::counted(fitting.iter().map(|fix| fix.recipe.as_str()))),
        ]
    });
    Ok(Page {
        items: page.iter().map(|fix| fix_report(fix)).collect(),
        total: u64::try_from(fitting.len()).unwrap_or(u64::MAX),
        next,
        facets: facets.into_iter().flatten().collect(),
    })
}

/// One fix, by its id or the first characters of it.
///
/// # Errors
/// When no fix, or more than one, has that id, or the store refuses.
pub fn fix(view: &View<'_>, id: &str) -> Result<FixReport, QueryError> {
    let not_found = || QueryError::NotFound { kind: "fix", id: id.to_owned() };
    let all = all(view)?;
    if let Some(fix) = all.iter().find(|fix| fix.id == id) {
        return Ok(fix_report(fix));
    }
    let mut found = all.iter().filter(|fix| !id.is_empty() && fix.id.starts_with(id));
    match (found.next(), found.next()) {
        (Some(fix), None) => Ok(fix_report(fix)),
        _ => Err(not_found()),
    }
}

/// The proved fixes that close one of these issues.
pub(super) fn closing(view: &View<'_>, issues: &[IssueKey]) -> Result<Vec<FixReport>, QueryError> {
    let closes = |fix: &Fix| {
        fix.state == FixState::Proved && fix.closes.iter().any(|key| issues.contains(key))
    };
    Ok(all(view)?.iter().filter(|fix| closes(fix)).map(fix_report).collect())
}
