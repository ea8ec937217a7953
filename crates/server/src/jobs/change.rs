//! What a person does about a job, by the API or on the data directory.

use quell_model::Timestamp;
use quell_store::{JobRow, JobState, ServerStore, StoreError};

use super::Task;

/// What a person does about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Call it off.
    Cancel,
    /// Try one again that failed or was called off.
    Retry,
    /// Let one close what it was held for.
    Release,
}

impl Change {
    /// The word for it: the last part of the address in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Release => "release",
        }
    }

    /// Changes a job; whether it was in a state for that.
    pub(crate) fn apply(
        self,
        office: &mut ServerStore,
        row: &JobRow,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let job = (&row.tenant, row.id);
        match (self, row.state) {
            (Self::Cancel, _) => office.job_cancel(&row.tenant, row.id, now),
            (Self::Retry, JobState::Dead | JobState::Cancelled) => office.job_again(job, None, now),
            (Self::Release, JobState::Held) => match believed(row) {
                Some(what) => office.job_again(job, Some(&what), now),
                None => Ok(false),
            },
            (
                Self::Retry,
                JobState::Queued | JobState::Running | JobState::Done | JobState::Held,
            )
            | (
                Self::Release,
                JobState::Queued
                | JobState::Running
                | JobState::Done
                | JobState::Dead
                | JobState::Cancelled,
            ) => Ok(false),
        }
    }

    /// Why a job in this state is not changed.
    pub(crate) fn refusal(self, state: JobState) -> String {
        let takes = match self {
            Self::Cancel => "only one that is queued or running can be called off",
            Self::Retry => "only one that is dead or cancelled can be tried again",
            Self::Release => "only an import that is held can be released",
        };
        format!("the job is {}; {takes}", state.as_str())
    }
}

/// The task of a held import, with its closings believed.
fn believed(row: &JobRow) -> Option<String> {
    let Ok(Task::Import { payload, name, format, asked_by, .. }) = serde_json::from_str(&row.what)
    else {
        return None;
    };
    serde_json::to_string(&Task::Import { payload, name, format, close: true, asked_by }).ok()
}
