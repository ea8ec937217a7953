//! The risk of one issue explained.

use quell_report::RiskStory;

use super::{QueryError, View};
use crate::risk::explain_risk_among;

/// Explains the risk of an open issue, or of the riskiest issue of an incident, by its id or the
/// first characters of it. Only issues that the view shows are looked at.
///
/// # Errors
/// When no open issue or incident, or more than one, has that id.
pub fn risk(view: &View<'_>, id: &str) -> Result<RiskStory, QueryError> {
    let shown = view.index.shown().map(|(issues, _)| issues);
    Ok(explain_risk_among(view.store, view.setup, (id, shown.as_ref()), view.now)?)
}
