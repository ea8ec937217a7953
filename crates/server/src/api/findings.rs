//! Findings: what one tool says of one asset.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use quell_pipeline::query::{self, FindingItem, FindingQuery, FindingStory, Page};

use super::Problem;
use super::errors::{Missing, Refused};
use super::extract::{Asked, Id};
use super::view::{resource, view};
use crate::access::Caller;
use crate::state::App;

resource! {
    "findings" at "/findings" and "/findings/{id}", "list_findings" and "show_finding";
    /// List findings
    list(FindingQuery) -> Page<FindingItem> = query::findings, or Missing;
    /// Show a finding
    show("The finding's id, or its first characters") -> FindingStory = query::finding, "The finding as its tool reported it, and its issue";
}
