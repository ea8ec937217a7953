//! A language model's words for a letter that a command writes, on a data directory.

use std::fmt;
use std::sync::Arc;

use quell_analyst::{Audience, Task};
use quell_model::{Answered, Clock, TenantId};
use quell_pipeline::analyst::message::{self, Form};
use quell_report::{FixReport, IncidentStory};
use quell_store::Store;

use super::OfflineError;
use super::room::{Room, details};
use crate::analyst::Given;
use crate::explain::LETTERS_TASK;
use crate::start::Plan;

/// A language model that is given the task `message`, within the budgets of a data directory.
pub struct LetterWriter {
    room: Room,
    task: Task,
}

impl fmt::Debug for LetterWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LetterWriter({})", self.room.tenant())
    }
}

impl LetterWriter {
    /// Opens a data directory, where the configuration wants words of a model in letters and gives
    /// the task to a provider that is switched on; else it is left as it is. It must be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// When the directory cannot be opened as a server opens it.
    pub fn open(
        plan: Plan,
        tenant: &TenantId,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Self>, OfflineError> {
        if !plan.config.analyst.in_letters {
            return Ok(None);
        }
        let opened = Room::for_task(LETTERS_TASK, plan, tenant, clock)?;
        Ok(opened.map(|(room, task)| Self { room, task }))
    }

    /// Asks for the words of a request that brings fixes of one incident, within budgets, grants
    /// and the pace. It must not be called within a tokio runtime.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn ask(
        &self,
        store: &Store,
        story: &IncidentStory,
        fixes: &[FixReport],
    ) -> Result<Answered, OfflineError> {
        let details = details(store, story)?;
        let app = self.room.app();
        let fixes: Vec<&FixReport> = fixes.iter().collect();
        let told = (story, &details);
        let brief = message::brief(Form::PullRequest, told, &fixes, app.setup.catalog());
        let incident = Some(story.incident.id.as_str());
        let given = Given { incident, ..self.room.given(Audience::Owner) };
        Ok(app.desk.write(app, &self.task, &brief, given))
    }
}
