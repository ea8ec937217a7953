//! Fixes that were proposed, each with its proof.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use quell_pipeline::query::{self, FixQuery, Page};
use quell_report::FixReport;

use super::Problem;
use super::errors::{Missing, Refused};
use super::extract::{Asked, Id};
use super::view::{resource, view};
use crate::access::Caller;
use crate::state::App;

resource! {
    "fixes" at "/fixes" and "/fixes/{id}", "list_fixes" and "show_fix";
    /// List fixes
    list(FixQuery) -> Page<FixReport> = query::fixes;
    /// Show a fix
    show("The fix's id, or its first characters") -> FixReport = query::fix, "The fix with its proof";
}
