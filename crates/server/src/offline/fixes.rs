//! A language model that writes fixes where no recipe does, on a data directory.

use std::fmt;
use std::sync::Arc;

use quell_analyst::{Audience, Brief, Task};
use quell_model::{Answered, Clock, TenantId};
use quell_pipeline::FIX_TASK;

use super::OfflineError;
use super::room::Room;
use crate::start::Plan;

/// A language model that is given the task `fix`, within the budgets of a data directory.
pub struct FixWriter {
    room: Room,
    task: Task,
}

impl fmt::Debug for FixWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FixWriter({})", self.room.tenant())
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
        let opened = Room::for_task(FIX_TASK, plan, tenant, clock)?;
        Ok(opened.map(|(room, task)| Self { room, task }))
    }

    /// The task.
    #[must_use]
    pub const fn task(&self) -> &Task {
        &self.task
    }

    /// Asks, within budgets, grants and the pace. It must not be called within a tokio runtime.
    #[must_use]
    pub fn ask(&self, brief: &Brief<'_>) -> Answered {
        let (app, given) = (self.room.app(), self.room.given(Audience::Owner));
        app.desk.write(app, &self.task, brief, given)
    }
}
