//! Explanations of many incidents, handed in as batches and fetched later.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quell_analyst::Brief;
use quell_catalog::Catalog;
use quell_pipeline::analyst::incident::{Details, brief};
use quell_report::IncidentStory;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fitting;
use crate::analyst::{Given, HandedIn};
use crate::state::App;

/// How often it is looked whether batches are done.
const LOOK_EVERY: Duration = Duration::from_secs(300);

/// What became of the calls of one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandedInTask {
    /// The task.
    pub task: String,
    /// What became of its calls.
    #[serde(flatten)]
    pub calls: HandedIn,
    /// Why none could be handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Hands in explanations of incidents, a batch for each task that fits some of them.
pub(crate) fn hand_in(
    app: &App,
    stories: &[(IncidentStory, Details)],
    catalog: &Catalog,
    by: Given<'_>,
) -> Vec<HandedInTask> {
    let mut by_task: BTreeMap<&str, Vec<(Brief<'_>, Given<'_>)>> = BTreeMap::new();
    for (story, details) in stories {
        let given = Given { incident: Some(&story.incident.id), ..by };
        let briefs = by_task.entry(fitting(story.incident.kind)).or_default();
        briefs.push((brief(story, details, catalog), given));
    }
    let handed = by_task.into_iter().map(|(task, briefs)| {
        let known = app.desk.tasks().get(task).ok_or_else(|| format!("there is no task `{task}`"));
        let handed = known.and_then(|task| app.desk.hand_in(app, (by.tenant, task), &briefs));
        let (calls, failed) = match handed {
            Ok(calls) => (calls, None),
            Err(why) => (HandedIn::default(), Some(why)),
        };
        HandedInTask { task: task.to_owned(), calls, failed }
    });
    handed.collect()
}

/// Fetches what is done of batches, until the server stops.
pub(crate) fn keep_collecting(app: &App) {
    while !app.stopping.load(Ordering::SeqCst) {
        for findings in app.tenants.all() {
            match app.desk.collect(app, &findings.tenant) {
                Ok(collected) if collected.answers > 0 => {
                    tracing::info!(answers = collected.answers, "answers of batches are kept");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(error, "batches of models cannot be looked at"),
            }
        }
        app.pause(LOOK_EVERY);
    }
}
