//! The pages for people.

use std::sync::Arc;

use axum::Router;

use crate::state::App;

/// The routes of the pages.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
}
