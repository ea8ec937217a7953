//! A language model that writes fixes where no recipe does, on a data directory.

use std::fmt;
use std::sync::Arc;

use quell_analyst::{Audience, Brief, Task, Tier};
use quell_model::{Answered, Clock, TenantId};
use quell_pipeline::FIX_TASK;
use tokio::runtime::Handle;

use super::OfflineError;
use crate::analyst::Given;
use crate::start::{Plan, open_app};
use crate::state::App;

/// Whose budget counts what the command line asks.
const USER: &str = "local user";

/// A language model that is given the task `fix`, within the budgets of a data directory.
pub struct FixWriter {
    app: Box<App>,
    tenant: TenantId,
    task: Task,
}

impl fmt::Debug for FixWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FixWriter({})", self.tenant)
    }
}

impl FixWriter {
    /// Opens a data directory, where the configuration gives the task to a provider that is
    /// switched on; else it is left as it is. It must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the directory cannot be opened as a server opens it.
    pub fn open(
        plan: Plan,
        tenant: &TenantId,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Self>, OfflineError> {
        let tasks = quell_analyst::Tasks::embedded();
        let tasks = tasks.map_err(|error| OfflineError::Failed(error.to_string()))?;
        let Some(task) = tasks.get(FIX_TASK).cloned() else { return Ok(None) };
        let named = plan.config.analyst.provider(&task.id, task.tier == Tier::Large);
        let provider = named.and_then(|name| plan.config.llm.get(name));
        if !provider.is_some_and(|provider| provider.enabled) {
            return Ok(None);
        }
        let app = open_app(plan, clock)?;
        app.runtime.get_or_init(Handle::current);
        Ok(Some(Self { app: Box::new(app), tenant: tenant.clone(), task }))
    }

    /// The task.
    #[must_use]
    pub const fn task(&self) -> &Task {
        &self.task
    }

    /// Asks, within budgets, grants and the pace. It must not be called within a tokio runtime.
    #[must_use]
    pub fn ask(&self, brief: &Brief<'_>) -> Answered {
        let to = Audience::Owner;
        let given = Given { tenant: &self.tenant, user: Some(USER), incident: None, to };
        self.app.desk.write(&self.app, &self.task, brief, given)
    }
}
