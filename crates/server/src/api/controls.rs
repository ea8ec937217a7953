//! Controls: the catalogue, with what is open of each.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use quell_pipeline::query::{self, ControlItem, ControlQuery, ControlStory, Page};

use super::Problem;
use super::errors::{Missing, Refused};
use super::extract::{Asked, Id};
use super::view::{resource, view};
use crate::access::Caller;
use crate::state::App;

resource! {
    "controls" at "/controls" and "/controls/{id}", "list_controls" and "show_control";
    /// List controls
    list(ControlQuery) -> Page<ControlItem> = query::controls;
    /// Show a control
    show("The control's id") -> ControlStory = query::control, "The control, with its open issues and who knows it";
}
