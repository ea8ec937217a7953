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
use super::room::{Room, details, tasks};
use crate::analyst::Collected;
use crate::explain::{HandedInTask, NoTask, Wanted, Wish, explained, hand_in, task_of};
use crate::models::provider_of;
use crate::start::Plan;

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
pub struct Explainer(Who);

enum Who {
    /// Models, within the budgets of the directory.
    Models(Room),
    /// The rules alone, and why.
    Rules { tasks: Tasks, setup: Box<Setup>, why: Why },
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Who::Models(room) => write!(f, "Explainer({})", room.tenant()),
            Who::Rules { why, .. } => write!(f, "Explainer(rules: {})", why.text()),
        }
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
        let tasks = tasks()?;
        let opened = match tasks.iter().any(|task| provider_of(&plan.config, task).is_some()) {
            true => Room::open(plan, tenant, clock).map_err(|error| Why::Down(error.to_string())),
            false => Err(Why::NotConfigured),
        };
        Ok(Self(match opened {
            Ok(room) => Who::Models(room),
            Err(why) => Who::Rules { tasks, setup: Box::new(setup), why },
        }))
    }

    /// Why no model can be asked at all.
    #[must_use]
    pub fn why_none(&self) -> Option<&Why> {
        match &self.0 {
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
        let details = details(store, story)?;
        let unknown = |error: NoTask| OfflineError::Conflict(error.to_string());
        match &self.0 {
            Who::Models(room) => {
                let (app, by) = (room.app(), room.given(asked.to));
                let wanted = Wanted { by, task: asked.task, wish: asked.wish };
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
        let room = self.room()?;
        let read = stories.into_iter().map(|story| {
            let details = details(store, &story)?;
            Ok((story, details))
        });
        let stories = read.collect::<Result<Vec<(IncidentStory, Details)>, OfflineError>>()?;
        Ok(hand_in(room.app(), &stories, room.app().setup.catalog(), room.given(to)))
    }

    /// Fetches what is done of batches. It must not be called within a tokio runtime.
    ///
    /// # Errors
    /// When no model is configured, or the store refuses.
    pub fn collect(&self) -> Result<Collected, OfflineError> {
        let room = self.room()?;
        room.app().desk.collect(room.app(), room.tenant()).map_err(OfflineError::Failed)
    }

    fn room(&self) -> Result<&Room, OfflineError> {
        match &self.0 {
            Who::Models(room) => Ok(room),
            Who::Rules { why, .. } => Err(OfflineError::Failed(why.text())),
        }
    }
}
