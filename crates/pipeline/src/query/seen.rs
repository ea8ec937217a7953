//! What somebody who sees some issues only may look at and act upon, by its id.

use quell_model::IssueKey;
use quell_store::{IssueRow, Snapshot};

use super::{IncidentCache, QueryError, View};
use crate::inspect::find_issue;

/// Whether the view shows an issue. What was stored since the index was made counts where all is seen.
pub(super) fn shows(view: &View<'_>, row: i64) -> bool {
    !view.index.is_limited() || view.index.shows(row)
}

/// Whether the view shows all of these issues. One that is there no more shows nothing.
pub(super) fn shows_all(view: &View<'_>, keys: &[IssueKey]) -> Result<bool, QueryError> {
    if !view.index.is_limited() {
        return Ok(true);
    }
    for key in keys {
        let rows = view.store.issue_between(*key, *key)?;
        if !rows.iter().any(|row| view.index.shows(row.id)) {
            return Ok(false);
        }
    }
    Ok(!keys.is_empty())
}

/// Whether the view shows all of these issues; of none, where it does not show all there are, it
/// shows nothing.
///
/// # Errors
/// When the store refuses.
pub fn issues_shown(view: &View<'_>, keys: &[IssueKey]) -> Result<bool, QueryError> {
    shows_all(view, keys)
}

/// The issue with an id, or the first characters of one, where the view shows it.
pub(super) fn shown_issue(view: &View<'_>, id: &str) -> Result<IssueRow, QueryError> {
    let row = find_issue(view.store, id)?;
    if shows(view, row.id) {
        Ok(row)
    } else {
        Err(QueryError::NotFound { kind: "issue", id: id.to_owned() })
    }
}

/// What somebody may do about something that they see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// They do not see it.
    Hidden,
    /// They see it, or a part of it, and may not act on all of it.
    Seen,
    /// They may act on it.
    Open,
}

/// What may be done about an issue by who sees a view, and may act on what another snapshot shows.
///
/// # Errors
/// When the store refuses. An issue that is not there is hidden.
pub fn issue_reach(view: &View<'_>, acts: &Snapshot, id: &str) -> Result<Reach, QueryError> {
    let row = match shown_issue(view, id) {
        Ok(row) => row,
        Err(QueryError::NotFound { .. }) => return Ok(Reach::Hidden),
        Err(error) => return Err(error),
    };
    let may = !acts.is_limited() || acts.shows(row.id);
    Ok(if may { Reach::Open } else { Reach::Seen })
}

/// Whose view is looked at, and what they may act on.
#[derive(Debug, Clone, Copy)]
pub struct IncidentReach<'a> {
    /// All that there is.
    pub whole: &'a View<'a>,
    /// The incidents of all that there is.
    pub cache: &'a IncidentCache,
    /// What they see.
    pub sees: &'a Snapshot,
    /// What they may act on.
    pub acts: &'a Snapshot,
}

/// What may be done about an incident: who does not see all of its issues may not act on it.
///
/// # Errors
/// When the store refuses. An incident that is not there is hidden.
pub fn incident_reach(of: IncidentReach<'_>, id: &str) -> Result<Reach, QueryError> {
    let Some(rows) = of.cache.rows(of.whole, id)? else { return Ok(Reach::Hidden) };
    let all =
        |snapshot: &Snapshot| !snapshot.is_limited() || rows.iter().all(|row| snapshot.shows(*row));
    let any = !of.sees.is_limited() || rows.iter().any(|row| of.sees.shows(*row));
    Ok(match (any, all(of.sees) && all(of.acts)) {
        (false, _) => Reach::Hidden,
        (true, false) => Reach::Seen,
        (true, true) => Reach::Open,
    })
}
