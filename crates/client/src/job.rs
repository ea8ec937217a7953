//! Jobs: what a server does beside requests.

use quell_model::{Accounting, Funnel, Reject, Timestamp, Untrusted};
use quell_report::{Changes, FileReport};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connection::part;
use crate::{ClientError, Connection};

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// `import`, `delivery` or `replay`.
    pub kind: String,
    /// `queued`, `running`, `done`, `held`, `dead` or `cancelled`.
    pub state: String,
    /// The source it is counted for.
    pub source: Untrusted,
    /// Who asked for it.
    pub made_by: Untrusted,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When it was last begun.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How often it was begun.
    pub attempts: u32,
    /// How much of its bytes is done.
    pub done_bytes: u64,
    /// How many there are, where that is known.
    pub total_bytes: u64,
    /// What it does just now.
    pub doing: Untrusted,
    /// Why it failed, or what it waits for.
    pub reason: Option<Untrusted>,
    /// What is to be done.
    pub task: Value,
    /// What it came to.
    pub result: Option<Value>,
}

impl Job {
    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self.state.as_str(), "queued" | "running")
    }

    /// What it came to, where it came to something.
    #[must_use]
    pub fn outcome(&self) -> Option<JobOutcome> {
        serde_json::from_value(self.result.clone()?).ok()
    }
}

/// What an import or a replay came to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct JobOutcome {
    /// What became of every record.
    pub accounting: Accounting,
    /// The records by what they were.
    pub funnel: Funnel,
    /// What was opened and closed.
    pub changes: Changes,
    /// Whether every file was read to its proper end.
    pub complete: bool,
    /// How many files there were.
    pub file_count: u64,
    /// The files, the first hundred of them.
    pub files: Vec<FileReport>,
    /// Records that were not taken, the first hundred of them.
    pub rejects: Vec<Reject>,
}

/// A page of jobs, newest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobPage {
    /// The jobs.
    pub items: Vec<Job>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// Which jobs.
#[derive(Debug, Clone, Default)]
pub struct JobQuery {
    /// In this state.
    pub state: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this source.
    pub source: Option<String>,
}

/// What is read again.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReplayQuery {
    /// Only what was received since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only of this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Connection {
    /// Jobs, newest first, over as many pages as it takes.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub async fn job_list(&self, query: &JobQuery, limit: usize) -> Result<Vec<Job>, ClientError> {
        let mut jobs: Vec<Job> = Vec::new();
        let mut cursor: Option<String> = None;
        while jobs.len() < limit {
            let left = (limit - jobs.len()).min(1_000).to_string();
            let query = [
                ("state", query.state.as_deref()),
                ("kind", query.kind.as_deref()),
                ("source", query.source.as_deref()),
                ("limit", Some(left.as_str())),
                ("cursor", cursor.as_deref()),
            ];
            let page: JobPage = self.get("api/v1/jobs", &query).await?;
            let empty = page.items.is_empty();
            jobs.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() || empty {
                break;
            }
        }
        jobs.truncate(limit);
        Ok(jobs)
    }

    /// One job.
    ///
    /// # Errors
    /// When there is none of that id, or the server does not answer.
    pub async fn job(&self, id: &str) -> Result<Job, ClientError> {
        self.get(&format!("api/v1/jobs/{}", part(id)), &[]).await
    }

    /// Tries a job again, releases or cancels it: `retry`, `release` or `cancel`.
    ///
    /// # Errors
    /// When there is none of that id, it is in no state for that, or the server does not answer.
    pub async fn job_change(&self, id: &str, what: &str) -> Result<Job, ClientError> {
        self.post(&format!("api/v1/jobs/{}/{}", part(id), part(what)), None::<&()>).await
    }

    /// Has a server read what it received again.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub async fn replay(&self, query: &ReplayQuery) -> Result<Job, ClientError> {
        self.post("api/v1/replays", Some(query)).await
    }
}
