//! A double of a Teams flow that posts cards: it takes what fits its trigger with a 202, and what
//! Teams then would not show fails inside the flow, where the sender does not see it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{Contract, held};
use crate::double::Platform;
use crate::net::{Answer, Asked};

/// What the double takes.
const CONTRACT: &str = include_str!("contract.json");
/// Largest message that Teams shows.
const MOST_BYTES: usize = 28 << 10;
const SIGNATURE: &str = "s3cr3t-signature_of-the-flow";

#[derive(Debug, Default)]
struct State {
    cards: Vec<Value>,
    failed: usize,
    off: bool,
}

/// A flow.
#[derive(Debug)]
pub struct TeamsDouble {
    state: Mutex<State>,
    contract: Contract,
}

impl Default for TeamsDouble {
    fn default() -> Self {
        let document = serde_json::from_str(CONTRACT).unwrap_or_default();
        Self { state: Mutex::default(), contract: Contract::new(&document) }
    }
}

impl TeamsDouble {
    /// The path and query of the flow's address, which is its secret.
    #[must_use]
    pub fn path() -> String {
        format!(
            "/workflows/0123abcd/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIGNATURE}"
        )
    }

    /// What of the address must be shown nowhere.
    #[must_use]
    pub const fn secret() -> &'static str {
        SIGNATURE
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cards that were shown, oldest first.
    #[must_use]
    pub fn cards(&self) -> Vec<Value> {
        self.state().cards.clone()
    }

    /// How many messages were taken and then failed inside the flow.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.state().failed
    }

    /// The flow's owner leaves.
    pub fn turn_off(&self) {
        self.state().off = true;
    }
}

impl Platform for TeamsDouble {
    fn undescribed(&self, asked: &Asked) -> Option<String> {
        held::undescribed("teams", &[], asked)
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let error = |status, code: &str, message: &str| {
            let body = serde_json::json!({"error": {"code": code, "message": message}});
            Answer::new(status, body.to_string()).header("content-type", "application/json")
        };
        if asked.path.starts_with("/webhookb2/") {
            return Answer::new(410, "Connectors are retired.");
        }
        if !asked.query.ends_with(&format!("&sig={SIGNATURE}")) {
            let message = "The request must be authenticated only by Shared Access scheme.";
            return error(401, "DirectApiAuthorizationRequired", message);
        }
        let mut state = self.state();
        if state.off {
            return error(404, "WorkflowNotFound", "The workflow could not be found.");
        }
        if let Some(why) = self.contract.refused(asked) {
            return error(400, "TriggerInputSchemaMismatch", &why);
        }
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        // A flow that fills in templates stumbles over what looks like one.
        let text = String::from_utf8_lossy(&asked.body);
        if asked.body.len() > MOST_BYTES || text.contains("${") || text.contains("@{") {
            state.failed += 1;
        } else {
            state.cards.push(body.pointer("/attachments/0/content").cloned().unwrap_or_default());
        }
        Answer::new(202, "")
    }
}
