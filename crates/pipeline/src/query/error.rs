//! Why a question has no answer.

use super::MOST_ITEMS;
use crate::PipelineError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The cursor was not made by a list.
    #[error("the cursor is damaged; begin again without one")]
    DamagedCursor,
    /// The cursor was made by a list with other filters, or in another order.
    #[error(
        "the cursor is of another list; keep filters and order while paging, or begin again without one"
    )]
    OtherCursor,
    /// More rows than a page holds, or none.
    #[error("`limit` is 1 to {MOST_ITEMS}, not {given}")]
    Limit {
        /// What was asked for.
        given: usize,
    },
    /// Nothing, or more than one thing, has that id.
    #[error("there is no {kind} `{id}`, or more than one begins so; lists tell whole ids")]
    NotFound {
        /// What was looked for.
        kind: &'static str,
        /// The id given.
        id: String,
    },
    /// The store refused, or what it holds cannot be read.
    #[error(transparent)]
    Pipeline(PipelineError),
}

impl From<PipelineError> for QueryError {
    fn from(error: PipelineError) -> Self {
        if let PipelineError::NotFound { kind, id } = error {
            return Self::NotFound { kind, id };
        }
        Self::Pipeline(error)
    }
}

impl From<quell_store::StoreError> for QueryError {
    fn from(error: quell_store::StoreError) -> Self {
        Self::Pipeline(error.into())
    }
}

impl From<serde_json::Error> for QueryError {
    fn from(error: serde_json::Error) -> Self {
        Self::Pipeline(error.into())
    }
}
