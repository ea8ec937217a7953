//! What is written back: the state of an alert, and comments.

use serde_json::{Value, json};

use super::account::{Call, Method};
use super::read::entities;
use super::{ALERTS, Falcon, WRITE};
use crate::live::{Change, Dismissal, LiveError, Target, Written};
use crate::wire::Tree;

impl Falcon {
    pub(super) async fn change(
        &self,
        target: &Target,
        change: &Change,
    ) -> Result<Written, LiveError> {
        if target.stream != ALERTS {
            return Err(LiveError::Unsupported("CrowdStrike"));
        }
        match change {
            Change::Comment { text } => self.set(&target.id, None, text).await,
            Change::Link { name, url } => {
                self.set(&target.id, None, &format!("{name}: {url}")).await
            }
            Change::Begin { note } => self.set(&target.id, Some("in_progress"), note).await,
            Change::Close { note } => self.set(&target.id, Some("closed"), note).await,
            Change::Reopen { note } => self.set(&target.id, Some("reopened"), note).await,
            Change::Dismiss { why, note } => {
                let word = match why {
                    Dismissal::FalsePositive => "false positive",
                    Dismissal::Accepted => "accepted",
                    Dismissal::Mitigated => "mitigated",
                };
                self.set(&target.id, Some("closed"), format!("{word}: {note}").trim()).await
            }
            Change::Snooze { .. } => Err(LiveError::Unsupported("CrowdStrike")),
        }
    }

    /// Sets what is not so already.
    async fn set(&self, id: &str, status: Option<&str>, note: &str) -> Result<Written, LiveError> {
        let reply = self.account.ask(&entities(&[id.to_owned()])).await?;
        let alert = reply.resources.first();
        let alert = alert.ok_or_else(|| LiveError::Refused("there is no such alert".to_owned()))?;
        let alert: Tree<'_> = serde_json::from_str(alert.get())
            .map_err(|error| LiveError::shape("$.resources[]", error.to_string()))?;
        let is_set = status.is_none_or(|status| is_so(&alert, status));
        let mut comments = alert.at("comments").list().iter();
        let noted = note.trim().is_empty()
            || comments.any(|comment| comment.text(&["value"]) == note.trim());
        let status = status.filter(|_| !is_set).map(|status| action("update_status", status));
        let note = Some(note).filter(|_| !noted).map(|note| action("append_comment", note));
        let actions: Vec<Value> = status.into_iter().chain(note).collect();
        if actions.is_empty() {
            return Ok(Written::Already);
        }
        let call = Call {
            method: Method::Patch,
            path: "/alerts/entities/alerts/v3".to_owned(),
            body: Some(json!({ "composite_ids": [id], "action_parameters": actions })),
            right: WRITE,
        };
        self.account.ask(&call).await?;
        Ok(Written::Done)
    }
}

/// What was never closed is open and need not be opened again.
fn is_so(alert: &Tree<'_>, status: &str) -> bool {
    let now = alert.text(&["status"]);
    now == status || (status == "reopened" && matches!(now, "new" | "in_progress"))
}

fn action(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}
