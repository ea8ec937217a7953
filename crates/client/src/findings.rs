//! What is open: the report, issues and incidents, and what people decide about them.

use quell_model::{Answered, Decision, IncidentKey, IssueKey, Mark, Severity, Status, Untrusted};
use quell_report::{Explained, HiddenBy, IncidentStory, IssueStory, Report};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::connection::part;
use crate::{ClientError, Connection};

/// Items of one page: what a server gives at most.
const PAGE: usize = 500;
/// Incidents of a report: what a server gives at most.
const MOST_INCIDENTS: usize = 1000;

/// Which issues.
#[derive(Debug, Clone, Default)]
pub struct IssueQuery {
    /// Severities, with commas between; all where there are none.
    pub severity: String,
    /// Statuses, with commas between; all where there are none.
    pub status: String,
    /// This control, or one below it.
    pub control: Option<String>,
    /// This text in the asset's id.
    pub asset: Option<String>,
    /// Seen by this tool.
    pub tool: Option<String>,
    /// How they are marked, with commas between; all where there are none.
    pub mark: String,
}

/// An issue as a list shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct ListedIssue {
    /// Its id.
    pub id: IssueKey,
    /// Its risk score.
    pub score: u32,
    /// The highest severity.
    pub severity: Severity,
    /// What counts.
    pub status: Status,
    /// Its control, where one is known.
    pub control: Option<String>,
    /// What it is.
    pub title: Untrusted,
    /// Its asset's id.
    pub asset: Untrusted,
    /// How a person marked it.
    #[serde(default)]
    pub mark: Option<Mark>,
    /// Which exception hides it.
    #[serde(default)]
    pub hidden_by: Option<HiddenBy>,
}

/// How an incident is explained.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainPlan {
    /// `owner`, `analyst` or `executive`.
    #[serde(rename = "as")]
    pub to: String,
    /// The task, where it is not the one that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Whether what a model would get is shown, and nobody asked.
    pub show_payload: bool,
}

/// An incident as a list shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListedIncident {
    /// Its id.
    pub id: IncidentKey,
    /// Its score.
    pub score: u32,
    /// The highest severity among its issues.
    pub severity: Severity,
    /// What to do.
    pub decision: Decision,
    /// What it is.
    pub title: Untrusted,
    /// How many issues it has.
    pub issues: u64,
}

/// The first items of a list, and how many there are in all.
#[derive(Debug, Clone, Serialize)]
pub struct Listed<T> {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub items: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Page<T> {
    items: Vec<T>,
    total: u64,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Input<T> {
    items: Vec<T>,
    next: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct IssueMade {
    issue: IssueKey,
}

#[derive(Debug, Deserialize)]
struct IncidentMade {
    incident: IncidentKey,
}

#[derive(Debug, Deserialize)]
struct Removed {
    removed: u64,
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    finding: &'a str,
}

#[derive(Debug, Serialize)]
struct Issues<'a> {
    issues: &'a [String],
}

#[derive(Debug, Serialize)]
struct Incidents<'a> {
    incidents: &'a [String],
}

impl Connection {
    /// The report of what is open, with at most so many incidents.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub async fn report(&self, limit: usize) -> Result<Report, ClientError> {
        let limit = limit.clamp(1, MOST_INCIDENTS).to_string();
        self.get("api/v1/report", &[("limit", Some(&limit))]).await
    }

    /// Issues, the riskiest first, over as many pages as it takes.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub async fn issue_list(
        &self,
        query: &IssueQuery,
        limit: usize,
    ) -> Result<Listed<ListedIssue>, ClientError> {
        let given = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
        let (severity, status) = (given(&query.severity), given(&query.status));
        let mark = given(&query.mark);
        let filter = [
            ("severity", severity.as_deref()),
            ("status", status.as_deref()),
            ("control", query.control.as_deref()),
            ("asset", query.asset.as_deref()),
            ("tool", query.tool.as_deref()),
            ("mark", mark.as_deref()),
        ];
        self.pages("api/v1/issues", &filter, limit).await
    }

    /// Incidents, the riskiest first, over as many pages as it takes.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub async fn incident_list(&self, limit: usize) -> Result<Listed<ListedIncident>, ClientError> {
        self.pages("api/v1/incidents", &[], limit).await
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &[(&str, Option<&str>)],
        limit: usize,
    ) -> Result<Listed<T>, ClientError> {
        let mut listed = Listed { count: 0, items: Vec::new() };
        let mut cursor: Option<String> = None;
        loop {
            // One that nobody wants is counted, too.
            let left = (limit - listed.items.len()).clamp(1, PAGE).to_string();
            let turn = [("limit", Some(left.as_str())), ("cursor", cursor.as_deref())];
            let query = [filter, &turn].concat();
            let page: Page<T> = self.get(path, &query).await?;
            let empty = page.items.is_empty();
            listed.count = page.total;
            listed.items.extend(page.items);
            listed.items.truncate(limit);
            cursor = page.next;
            if cursor.is_none() || empty || listed.items.len() >= limit {
                return Ok(listed);
            }
        }
    }

    /// Open issues with their whole findings, as the pipeline stores them, and where the next page
    /// begins.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub async fn fix_input<T: DeserializeOwned>(
        &self,
        after: i64,
    ) -> Result<(Vec<T>, Option<i64>), ClientError> {
        let after = after.to_string();
        let page: Input<T> = self.get("api/v1/fix-input", &[("after", Some(&after))]).await?;
        Ok((page.items, page.next))
    }

    /// One issue with its whole findings, as the pipeline stores them, open or not.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn fix_input_of<T: DeserializeOwned>(
        &self,
        issue: &str,
    ) -> Result<Option<T>, ClientError> {
        let page: Input<T> = self.get("api/v1/fix-input", &[("issue", Some(issue))]).await?;
        Ok(page.items.into_iter().next())
    }

    /// One asset with its issues and what it has to do with others, as the server tells it.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn asset(&self, id: &str) -> Result<serde_json::Value, ClientError> {
        self.get(&format!("api/v1/assets/{}", part(id)), &[]).await
    }

    /// One issue with all it rests on.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn issue(&self, id: &str) -> Result<IssueStory, ClientError> {
        self.get(&format!("api/v1/issues/{}", part(id)), &[]).await
    }

    /// Takes a finding out of its issue. Says the new issue.
    ///
    /// # Errors
    /// When there is none of those ids, or the server does not answer.
    pub async fn issue_split(&self, id: &str, finding: &str) -> Result<IssueKey, ClientError> {
        let path = format!("api/v1/issues/{}/split", part(id));
        let made: IssueMade = self.post(&path, Some(&Finding { finding })).await?;
        Ok(made.issue)
    }

    /// One incident with its issues.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn incident(&self, id: &str) -> Result<IncidentStory, ClientError> {
        self.get(&format!("api/v1/incidents/{}", part(id)), &[]).await
    }

    /// An explanation of an incident: an answer of a model that was kept, else what the rules say.
    /// Nobody is asked.
    ///
    /// # Errors
    /// When there is no such incident or task, or the server does not answer.
    pub async fn incident_explanation(
        &self,
        id: &str,
        plan: &ExplainPlan,
    ) -> Result<Explained, ClientError> {
        let path = format!("api/v1/incidents/{}/explanation", part(id));
        let task = plan.task.as_deref();
        self.get(&path, &[("as", Some(plan.to.as_str())), ("task", task)]).await
    }

    /// Has an incident explained; a model may be asked, or what it would get shown.
    ///
    /// # Errors
    /// When there is no such incident or task, or the server does not answer.
    pub async fn incident_explain(
        &self,
        id: &str,
        plan: &ExplainPlan,
    ) -> Result<Explained, ClientError> {
        let path = format!("api/v1/incidents/{}/explanation", part(id));
        self.post(&path, Some(plan)).await
    }

    /// Has a fix written for an issue, by a model where the server may ask one. What comes back is
    /// a text that proves nothing by itself.
    ///
    /// # Errors
    /// When there is no such issue, or the server does not answer.
    pub async fn fix_write(
        &self,
        issue: &str,
        fault: &(impl Serialize + Sync),
    ) -> Result<Answered, ClientError> {
        self.post(&format!("api/v1/issues/{}/fix", part(issue)), Some(fault)).await
    }

    /// Takes issues out of an incident. Says the incident that they are now.
    ///
    /// # Errors
    /// When there is none of those ids, or the server does not answer.
    pub async fn incident_split(
        &self,
        id: &str,
        issues: &[String],
    ) -> Result<IncidentKey, ClientError> {
        let path = format!("api/v1/incidents/{}/split", part(id));
        let made: IncidentMade = self.post(&path, Some(&Issues { issues })).await?;
        Ok(made.incident)
    }

    /// Makes incidents part of another. Says that one.
    ///
    /// # Errors
    /// When there is none of those ids, or the server does not answer.
    pub async fn incident_join(
        &self,
        id: &str,
        incidents: &[String],
    ) -> Result<IncidentKey, ClientError> {
        let path = format!("api/v1/incidents/{}/join", part(id));
        let made: IncidentMade = self.post(&path, Some(&Incidents { incidents })).await?;
        Ok(made.incident)
    }

    /// Takes back what was decided about an incident. Says how many decisions that were.
    ///
    /// # Errors
    /// When there is none of that id, or the server does not answer.
    pub async fn incident_reset(&self, id: &str) -> Result<u64, ClientError> {
        let path = format!("api/v1/incidents/{}/reset", part(id));
        let made: Removed = self.post(&path, None::<&()>).await?;
        Ok(made.removed)
    }
}
