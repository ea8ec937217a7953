//! A data directory opened so that models can be asked on it.

use std::sync::Arc;

use quell_analyst::{Audience, Task, Tasks};
use quell_model::{Clock, TenantId};
use quell_pipeline::analyst::incident::Details;
use quell_report::IncidentStory;
use quell_store::Store;
use tokio::runtime::Handle;

use super::OfflineError;
use crate::analyst::Given;
use crate::models::provider_of;
use crate::start::{Plan, StartError, open_app};
use crate::state::App;

/// Whose budget counts what the command line asks.
const USER: &str = "local user";

/// An opened data directory and whose it is. Calls that are under way end with it, and its audit
/// log is closed.
pub(super) struct Room {
    app: Box<App>,
    tenant: TenantId,
}

impl Room {
    /// Opens it. It must be called within a tokio runtime.
    pub(super) fn open(
        plan: Plan,
        tenant: &TenantId,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let app = open_app(plan, clock)?;
        app.runtime.get_or_init(Handle::current);
        Ok(Self { app: Box::new(app), tenant: tenant.clone() })
    }

    /// Opens it for one task, where the configuration gives that to a provider that is switched on;
    /// else it is left as it is. It must be called within a tokio runtime.
    pub(super) fn for_task(
        name: &str,
        plan: Plan,
        tenant: &TenantId,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<(Self, Task)>, OfflineError> {
        let is_given = |task: &&Task| provider_of(&plan.config, task).is_some();
        let Some(task) = tasks()?.get(name).filter(is_given).cloned() else { return Ok(None) };
        Ok(Some((Self::open(plan, tenant, clock)?, task)))
    }

    pub(super) fn app(&self) -> &App {
        &self.app
    }

    pub(super) const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Who asks, where it is about no incident.
    pub(super) const fn given(&self, to: Audience) -> Given<'_> {
        Given { tenant: &self.tenant, user: Some(USER), incident: None, to }
    }
}

/// What is told of an incident beside its story.
pub(super) fn details(store: &Store, story: &IncidentStory) -> Result<Details, OfflineError> {
    Details::read(store, story).map_err(|error| OfflineError::Failed(error.to_string()))
}

/// The tasks that come with Quell.
pub(super) fn tasks() -> Result<Tasks, OfflineError> {
    Tasks::embedded().map_err(|error| OfflineError::Failed(error.to_string()))
}

impl Drop for Room {
    /// It must not happen within a tokio runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.app.runtime.get() {
            runtime.block_on(self.app.desk.stop());
        }
        self.app.audit.close();
    }
}
