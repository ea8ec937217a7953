//! What is said of code that stands at a code host: whether a change is right, remarks on its
//! lines, and results for its code scanning.

use quell_model::Untrusted;
use serde::{Deserialize, Serialize};

use crate::letter::Key;
use crate::text::{Body, SafeLink};

/// What is said of code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The repository: `owner/name`, `group/sub/name`.
    pub repository: String,
    /// The commit that it is said of. Where none is named, that with which the pull request ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The pull or merge request; where none is named, what the delivery made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<u64>,
    /// The branch of the commit, where it is of no pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What it comes to.
    pub conclusion: Conclusion,
    /// One line of Quell's own words.
    pub title: String,
    /// All that is said.
    pub summary: Body,
    /// Remarks on lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// A SARIF document, for hosts that take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sarif: Option<Untrusted>,
    /// Quell's own page of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<SafeLink>,
}

/// What a check of code comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Nothing stands against it.
    Success,
    /// Something is worth a look.
    Neutral,
    /// It must not be merged like this.
    Failure,
}

/// A remark on lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// What makes it the same remark, whatever commit it is made on: it is said once a request.
    pub key: Key,
    /// The file's path in the repository.
    pub path: String,
    /// The first line, from 1.
    pub first_line: u32,
    /// The last one.
    pub last_line: u32,
    /// Whether it speaks against the change.
    pub fails: bool,
    /// What is said.
    pub body: Body,
}
