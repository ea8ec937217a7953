//! Incidents explained on a data directory.

use std::fmt;
use std::sync::Arc;

use quell_analyst::{Audience, Tasks, by_rules};
use quell_model::{Answered, Clock, TenantId, Why};
use quell_pipeline::Setup;
use quell_pipeline::analyst::incident::{Details, brief};
use quell_report::{Explained, IncidentStory, PayloadReport};
use quell_store::Store;

use super::OfflineError;
use super::room::{Room, USER, is_given};
use crate::analyst::Collected;
use crate::explain::{HandedInTask, Wanted, Wish, explained, hand_in, task_of};
use crate::start::Plan;
use crate::state::App;

/// How an incident is to be explained.
#[derive(Debug, Clone, Copy)]
pub struct ExplainAsked<'a> {
    /// Whom it is written for.
    pub to: Audience,
    /// The task, where it is not the one that fits.
    pub task: Option<&'a str>,
    /// Whether a model may be asked.
    pub wish: Wish,
}

/// Explains incidents of a data directory, one after another.
pub struct Explainer {
    by: Who,
    tenant: TenantId,
}

enum Who {
    /// Models, within the budgets of the directory.
    Models(Room),
    /// The rules alone, and why.
    Rules { tasks: Tasks, setup: Box<Setup>, why: Why },
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Explainer({})", self.tenant)
    }
}

impl Explainer {
    /// Opens a data directory, where a model is configured; else it is left as it is. It must be
    /// called within a tokio runtime. Where it cannot be opened, the rules explain.
    ///
    /// # Errors
    /// When the tasks that come with Quell cannot be read.
    pub fn open(
        plan: Plan,
        (tenant, setup): (&TenantId, Setup),
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OfflineError> {
        let tasks = Tasks::embedded().map_err(|error| OfflineError::Failed(error.to_string()))?;
        let tenant = tenant.clone();
        let opened = match tasks.iter().any(|task| is_given(&plan.config, task)) {
            true => Room::open(plan, &tenant, clock).map_err(|error| Why::Down(error.to_string())),
            false => Err(Why::NotConfigured),
        };
        let by = match opened {
            Ok(room) => Who::Models(room),
            Err(why) => Who::Rules { tasks, setup: Box::new(setup), why },
        };
        Ok(Self { by, tenant })
    }

    /// Why no model can be asked at all.
    #[must_use]
    pub fn why_none(&self) -> Option<&Why> {
        match &self.by {
            Who::Models(_) => None,
            Who::Rules { why, .. } => Some(why),
        }
    }

    /// Explains an incident. It must not be called within a tokio runtime.
    ///
    /// # Errors
    /// When there is no such task, or the store refuses.
    pub fn explain(
        &self,
        store: &Store,
        story: &IncidentStory,
        asked: &ExplainAsked<'_>,
    ) -> Result<Explained, OfflineError> {
        let details = Details::read(store, story);
        let details = details.map_err(|error| OfflineError::Failed(error.to_string()))?;
        let unknown = |error: crate::explain::NoTask| OfflineError::Conflict(error.to_string());
        match &self.by {
            Who::Models(room) => {
                let app = room.app();
                let wanted = Wanted {
                    tenant: &self.tenant,
                    user: Some(USER),
                    to: asked.to,
                    task: asked.task,
                    wish: asked.wish,
                };
                explained(app, (story, &details), app.setup.catalog(), wanted).map_err(unknown)
            }
            Who::Rules { tasks, setup, why } => {
                let task = task_of(tasks, story.incident.kind, asked.task).map_err(unknown)?;
                let brief = brief(story, &details, setup.catalog());
                let written = by_rules(task, &brief, why.clone());
                let words = Answered { written, made: None };
                let mut told = Explained::new(story, asked.to.as_str(), words);
                told.payload =
                    (asked.wish == Wish::Payload).then(|| PayloadReport::none(why.text()));
                Ok(told)
            }
        }
    }
}

impl Explainer {
    /// Hands in explanations of incidents as batches, which [`Explainer::collect`] fetches later.
    /// It must not be called within a tokio runtime.
    ///
    /// # Errors
    /// When no model is configured, or the store refuses.
    pub fn hand_in(
        &self,
        store: &Store,
        stories: Vec<IncidentStory>,
        to: Audience,
    ) -> Result<Vec<HandedInTask>, OfflineError> {
        let app = self.app()?;
        let failed = |error: quell_pipeline::PipelineError| OfflineError::Failed(error.to_string());
        let read = stories.into_iter().map(|story| {
            let details = Details::read(store, &story)?;
            Ok((story, details))
        });
        let stories: Vec<(IncidentStory, Details)> =
            read.collect::<Result<_, _>>().map_err(failed)?;
        let (tenant, user) = (&self.tenant, Some(USER));
        let wanted = Wanted { tenant, user, to, task: None, wish: Wish::Asked };
        Ok(hand_in(app, &stories, app.setup.catalog(), wanted))
    }

    /// Fetches what is done of batches. It must not be called within a tokio runtime.
    ///
    /// # Errors
    /// When no model is configured, or the store refuses.
    pub fn collect(&self) -> Result<Collected, OfflineError> {
        let app = self.app()?;
        app.desk.collect(app, &self.tenant).map_err(OfflineError::Failed)
    }

    fn app(&self) -> Result<&App, OfflineError> {
        match &self.by {
            Who::Models(room) => Ok(room.app()),
            Who::Rules { why, .. } => Err(OfflineError::Failed(why.text())),
        }
    }
}
