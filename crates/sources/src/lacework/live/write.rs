//! What is written back to alerts: comments, and closing with a reason. There is no way back.

use serde_json::{Value, json};

use super::Lacework;
use super::account::Call;
use super::alerts::alert_id;
use super::feeds::ALERTS;
use crate::live::{Change, Dismissal, LiveError, Target, Written};
use crate::wire::Tree;

const RIGHT: &str = "Alerts: write";
const READ: &str = "Alerts: read";

/// The vendor's numbers of reasons.
#[derive(Debug, Clone, Copy)]
enum Reason {
    /// It asks for a comment.
    Other = 0,
    FalsePositive = 1,
    Expected = 5,
}

impl Lacework {
    pub(super) async fn change(
        &self,
        target: &Target,
        change: &Change,
    ) -> Result<Written, LiveError> {
        if target.stream != ALERTS {
            return Err(LiveError::Unsupported("Lacework, for anything but alerts,"));
        }
        let id = alert_id(&target.id)?;
        match change {
            Change::Comment { text } => self.comment(id, text).await,
            Change::Link { name, url } => self.comment(id, &format!("{name}: {url}")).await,
            Change::Close { note } => self.close(id, Reason::Other, note).await,
            Change::Dismiss { why, note } => {
                let reason = match why {
                    Dismissal::FalsePositive => Reason::FalsePositive,
                    Dismissal::Accepted => Reason::Expected,
                    Dismissal::Mitigated => Reason::Other,
                };
                self.close(id, reason, note).await
            }
            Change::Begin { .. } | Change::Snooze { .. } | Change::Reopen { .. } => {
                Err(LiveError::Unsupported("Lacework"))
            }
        }
    }

    async fn comment(&self, id: u64, text: &str) -> Result<Written, LiveError> {
        if self.has_comment(id, text).await? {
            return Ok(Written::Already);
        }
        self.post(id, "comment", json!({ "comment": text })).await
    }

    async fn has_comment(&self, id: u64, text: &str) -> Result<bool, LiveError> {
        let Some(entries) = self.scope(id, "Timeline", READ).await? else { return Ok(false) };
        let entries: Tree<'_> = serde_json::from_str(entries.get())
            .map_err(|error| LiveError::shape("$.data", error.to_string()))?;
        Ok(entries.list().iter().any(|entry| entry.text(&["message.value"]) == text.trim()))
    }

    async fn close(&self, id: u64, reason: Reason, note: &str) -> Result<Written, LiveError> {
        if let Some(details) = self.scope(id, "Details", READ).await? {
            let alert: Tree<'_> = serde_json::from_str(details.get())
                .map_err(|error| LiveError::shape("$.data", error.to_string()))?;
            if alert.text(&["status"]).eq_ignore_ascii_case("closed") {
                return Ok(Written::Already);
            }
        }
        let note = if note.trim().is_empty() { "dealt with" } else { note };
        match self.post(id, "close", json!({ "reason": reason as i64, "comment": note })).await {
            // Somebody else was faster.
            Err(LiveError::Refused(said)) if said.starts_with("409") => Ok(Written::Already),
            result => result,
        }
    }

    async fn post(&self, id: u64, what: &str, body: Value) -> Result<Written, LiveError> {
        let kind = if what == "close" { "POST Alerts/ID/close" } else { "POST Alerts/ID/comment" };
        let call = Call {
            path: format!("/api/v2/Alerts/{id}/{what}"),
            body: Some(body),
            kind,
            right: RIGHT,
            idempotent: false,
        };
        self.account.ask(&call).await?;
        Ok(Written::Done)
    }
}
