//! What the store hands out.

use quell_model::{FindingKey, IssueKey, Status, Timestamp};

use crate::{Block, Body, Brief, NewBody};

/// A finding as stored, with its effective state.
#[derive(Debug, Clone)]
pub struct FindingRow {
    /// Its identity.
    pub key: FindingKey,
    /// The issue it belongs to.
    pub issue: i64,
    /// Whether it counts now.
    pub state: StoredState,
    /// The file it was last read from.
    pub path: String,
    /// Where in that file, decompressed.
    pub offset_bytes: u64,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
    /// The finding as JSON, without when it was last seen.
    pub body: Body,
}

/// Whether a stored finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredState {
    /// Its effective status.
    pub status: Status,
    /// Whether it is gone although its source never said so.
    pub vanished: bool,
}

/// An issue as stored.
#[derive(Debug, Clone)]
pub struct IssueRow {
    /// Row number; findings refer to it.
    pub id: i64,
    /// Its identity.
    pub key: IssueKey,
    /// The control, where one is known.
    pub control: Option<String>,
    /// The issue as JSON; `None` until it has been assessed.
    pub body: Option<Body>,
}

/// An issue whose findings changed since it was last assessed.
#[derive(Debug, Clone)]
pub struct DirtyIssue {
    /// Row number.
    pub id: i64,
    /// Its identity.
    pub key: IssueKey,
    /// The control, where one is known.
    pub control: Option<String>,
}

/// Issues with their judgements, to be stored.
#[derive(Debug)]
pub struct AssessedIssues<'a> {
    /// Each of them.
    pub issues: Vec<AssessedIssue<'a>>,
    /// What their bodies stand in that do not stand alone.
    pub block: Option<&'a Block>,
}

/// An issue with its judgement, to be stored.
#[derive(Debug)]
pub struct AssessedIssue<'a> {
    /// Row number.
    pub id: i64,
    /// The issue as JSON.
    pub body: NewBody<'a>,
    /// What lists and incidents need of it.
    pub brief: &'a Brief,
}
