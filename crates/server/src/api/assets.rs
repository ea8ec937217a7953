//! Assets: what is affected.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use quell_pipeline::query::{self, AssetItem, AssetQuery, AssetStory, Page};

use super::Problem;
use super::errors::{Missing, Refused};
use super::extract::{Asked, Id};
use super::view::{resource, view};
use crate::access::Caller;
use crate::state::App;

resource! {
    "assets" at "/assets" and "/assets/{id}", "list_assets" and "show_asset";
    /// List assets
    list(AssetQuery) -> Page<AssetItem> = query::assets;
    /// Show an asset
    show("The asset's id") -> AssetStory = query::asset, "The asset with its issues and what is related to it";
}
