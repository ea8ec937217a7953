//! Marking issues, and taking marks back.

use quell_model::{Date, IssueKey, Mark, MarkKind};
use serde::{Deserialize, Serialize};

use crate::connection::part;
use crate::{ClientError, Connection};

/// What is said of issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarkPlan {
    /// How they are marked.
    #[serde(rename = "as")]
    pub kind: MarkKind,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

#[derive(Debug, Deserialize)]
struct IssueMarked {
    issue: IssueKey,
    mark: Mark,
}

#[derive(Debug, Deserialize)]
struct IncidentMarked {
    issues: u64,
}

#[derive(Debug, Deserialize)]
struct Removed {
    removed: u64,
}

impl Connection {
    /// Marks an issue. Says which, and how it is marked now.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn issue_mark(
        &self,
        id: &str,
        plan: &MarkPlan,
    ) -> Result<(IssueKey, Mark), ClientError> {
        let path = format!("api/v1/issues/{}/mark", part(id));
        let marked: IssueMarked = self.post(&path, Some(plan)).await?;
        Ok((marked.issue, marked.mark))
    }

    /// Takes the mark of an issue back. Says whether it had one.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn issue_unmark(&self, id: &str) -> Result<bool, ClientError> {
        let gone: Removed = self.delete(&format!("api/v1/issues/{}/mark", part(id))).await?;
        Ok(gone.removed > 0)
    }

    /// Marks all issues of an incident. Says how many it has.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn incident_mark(&self, id: &str, plan: &MarkPlan) -> Result<u64, ClientError> {
        let path = format!("api/v1/incidents/{}/mark", part(id));
        let marked: IncidentMarked = self.post(&path, Some(plan)).await?;
        Ok(marked.issues)
    }

    /// Takes the marks of all issues of an incident back. Says how many had one.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn incident_unmark(&self, id: &str) -> Result<u64, ClientError> {
        let gone: Removed = self.delete(&format!("api/v1/incidents/{}/mark", part(id))).await?;
        Ok(gone.removed)
    }
}
