//! A data directory opened so that models can be asked on it.

use std::sync::Arc;

use quell_analyst::{Audience, Task, Tier};
use quell_config::Config;
use quell_model::{Clock, TenantId};
use tokio::runtime::Handle;

use crate::analyst::Given;
use crate::start::{Plan, StartError, open_app};
use crate::state::App;

/// Whose budget counts what the command line asks.
pub(super) const USER: &str = "local user";

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

impl Drop for Room {
    /// It must not happen within a tokio runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.app.runtime.get() {
            runtime.block_on(self.app.desk.stop());
        }
        self.app.audit.close();
    }
}

/// Whether the configuration gives a task to a provider that is switched on.
pub(super) fn is_given(config: &Config, task: &Task) -> bool {
    let name = config.analyst.provider(&task.id, task.tier == Tier::Large);
    name.and_then(|name| config.llm.get(name)).is_some_and(|one| one.enabled)
}
