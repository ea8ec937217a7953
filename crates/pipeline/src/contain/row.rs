//! How far a containment is.

use jiff::SignedDuration;
use quell_contain::Rollback;
use quell_govern::Person;
use quell_model::Timestamp;
use quell_store::ContainmentRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PipelineError;

/// How long a change may take to show before it is believed that nothing was done.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(30);

/// How far a containment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContainmentStage)]
pub enum Stage {
    /// It waits for people, or for its turn.
    Asked,
    /// Another one failed before it: a person lets it go on.
    HeldBack,
    /// It is being done.
    Running,
    /// It may have been done: the target is looked at before anything else.
    Doubt,
    /// The target is contained.
    Contained,
    /// It was not done, or not all of it.
    Failed,
    /// It is being undone.
    Undoing,
    /// It is undone.
    Undone,
    /// It could not be undone: a person looks.
    NotBack,
    /// Its plan was refused, taken back or is void.
    Dropped,
}

impl Stage {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::HeldBack => "held_back",
            Self::Running => "running",
            Self::Doubt => "doubt",
            Self::Contained => "contained",
            Self::Failed => "failed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::NotBack => "not_back",
            Self::Dropped => "dropped",
        }
    }

    /// Whether something is done about it by itself.
    const fn moves(self) -> bool {
        match self {
            Self::Asked | Self::Doubt | Self::Undoing => true,
            Self::HeldBack
            | Self::Running
            | Self::Contained
            | Self::Failed
            | Self::Undone
            | Self::NotBack
            | Self::Dropped => false,
        }
    }
}

/// Who has it undone, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ContainmentUndo)]
pub struct Undo {
    /// Who.
    pub by: Person,
    /// Why.
    pub reason: String,
    /// When they said so.
    pub at: Timestamp,
}

/// A containment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Containment {
    /// The id of its plan.
    pub plan: String,
    /// The login that acts, by its name in the configuration.
    pub place: String,
    /// The word for the platform.
    pub platform: String,
    /// The incident for which it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// Whether the platform itself tried it.
    pub tried_there: bool,
    /// Whether there is a way back.
    pub reversible: bool,
    /// How far it is.
    pub stage: Stage,
    /// Since when, or from when on something is done about it.
    pub at: Timestamp,
    /// When the target was first to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// How it is undone, from before anything was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
    /// What was said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Who has it undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// How often it was tried without an end.
    #[serde(default)]
    pub tries: u32,
}

impl Containment {
    /// Reads one that is kept.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn read(row: &ContainmentRow) -> Result<Self, PipelineError> {
        Ok(serde_json::from_str(&row.body)?)
    }

    /// As it is kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn row(&self) -> Result<ContainmentRow, PipelineError> {
        Ok(ContainmentRow {
            plan: self.plan.clone(),
            place: self.place.clone(),
            state: self.stage.as_str().to_owned(),
            due: self.stage.moves().then_some(self.at),
            begun: self.begun,
            body: serde_json::to_string(self)?,
        })
    }

    /// The same in another stage.
    pub(super) fn to(self, stage: Stage, at: Timestamp, said: Option<String>) -> Self {
        Self { stage, at, said, ..self }
    }

    /// Whether something of it may stand at the target, so that it can be undone.
    #[must_use]
    pub fn can_be_undone(&self) -> bool {
        let is_settled = match self.stage {
            Stage::Contained | Stage::Failed | Stage::NotBack => true,
            Stage::Asked
            | Stage::HeldBack
            | Stage::Running
            | Stage::Doubt
            | Stage::Undoing
            | Stage::Undone
            | Stage::Dropped => false,
        };
        is_settled && self.rollback.is_some()
    }
}
