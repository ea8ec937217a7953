//! What each action is: pure functions from answers to a state, and from states to requests.

use quell_model::Timestamp;
use serde::Serialize;

use crate::access::Where;
use crate::draft::{Draft, Reply};
use crate::error::ContainError;
use crate::state::{Reading, State};

/// For what a login is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To read.
    Look,
    /// To read and carry out.
    Do,
    /// To read and undo.
    Undo,
}

/// A statement of a policy of AWS that narrows a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Statement {
    pub(crate) effect: &'static str,
    pub(crate) action: Vec<&'static str>,
    pub(crate) resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<serde_json::Value>,
}

impl Statement {
    pub(crate) fn allow(action: &[&'static str], resource: Vec<String>) -> Self {
        Self { effect: "Allow", action: action.to_vec(), resource, condition: None }
    }
}

/// One action. It sends nothing itself.
pub(crate) trait Unit: Sync {
    /// Its word in `contain.WORD`.
    fn word(&self) -> &'static str;

    /// One line for people.
    fn title(&self) -> String;

    /// What it changes.
    fn target(&self) -> String;

    /// The account of what it changes.
    fn account(&self) -> String;

    /// At which login it is done.
    fn place(&self) -> Where<'_>;

    /// What to know before.
    fn cautions(&self) -> &'static [&'static str];

    /// Whether it fits a plan that is void at this time.
    fn fits(&self, _expires_at: Timestamp) -> Result<(), ContainError> {
        Ok(())
    }

    /// The next question, given the answers so far; none when all is known.
    fn ask(&self, so_far: &[Reply]) -> Result<Option<Draft>, ContainError>;

    /// What the answers say.
    fn read(&self, replies: &[Reply]) -> Result<Reading, ContainError>;

    /// The state in which the target is contained.
    fn after(&self, before: &State) -> Result<State, ContainError>;

    /// The requests that lead from what is to what is wanted, in order. Each is about another
    /// part, so that the versions that were read hold for all of them.
    fn steps(&self, now: &Reading, wanted: &State) -> Result<Vec<Draft>, ContainError>;

    /// What a session of AWS may do for a purpose, and nothing beside it.
    fn session(&self, _purpose: Purpose) -> Vec<Statement> {
        Vec::new()
    }
}
