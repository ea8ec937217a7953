//! Incidents explained to people: by a model where one may be asked, else by the rules.
//!
//! | file | what |
//! |---|---|
//! | `backfill.rs` | many at once, as batches that are fetched later |
//! | `letters.rs` | a model's words beside what letters say |

mod backfill;
mod letters;

use quell_analyst::{Subject, Task, Tasks};
use quell_catalog::Catalog;
use quell_model::IncidentKind;
use quell_pipeline::analyst::incident::{Details, brief};
use quell_report::{Explained, IncidentStory, PayloadReport};

use crate::analyst::Given;
use crate::state::App;

pub use backfill::HandedInTask;
pub(crate) use backfill::{hand_in, keep_collecting};
pub(crate) use letters::{TASK as LETTERS_TASK, write_beside};

/// What is wanted of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// What the rules say, or an answer that was kept: nobody is asked.
    Kept,
    /// A model may be asked.
    Asked,
    /// What asking would send: nobody is asked.
    Payload,
}

/// An explanation that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Who asks, and for whom it is written.
    pub(crate) by: Given<'a>,
    /// The task, where it is not the one that fits.
    pub(crate) task: Option<&'a str>,
    /// What is wanted.
    pub(crate) wish: Wish,
}

/// A task that explains no incident.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no task `{task}` that explains an incident; it is one of {all}")]
pub(crate) struct NoTask {
    task: String,
    all: String,
}

/// The task that fits an incident: what was seen to happen is told as that.
pub(crate) const fn fitting(kind: IncidentKind) -> &'static str {
    if kind.is_attack() { "runtime" } else { "incident" }
}

/// The task that explains an incident: the one that is asked for, else the one that fits.
pub(crate) fn task_of<'t>(
    tasks: &'t Tasks,
    kind: IncidentKind,
    asked: Option<&str>,
) -> Result<&'t Task, NoTask> {
    let name = asked.unwrap_or_else(|| fitting(kind));
    let explains = |task: &&Task| task.subject == Subject::Incident;
    tasks.get(name).filter(explains).ok_or_else(|| {
        let all: Vec<&str> = tasks.iter().filter(explains).map(|task| task.id.as_str()).collect();
        NoTask { task: name.chars().take(40).collect(), all: all.join(", ") }
    })
}

/// Explains an incident. It may wait for a model, so it runs on a thread that may.
///
/// # Errors
/// When there is no such task.
pub(crate) fn explained(
    app: &App,
    (story, details): (&IncidentStory, &Details),
    catalog: &Catalog,
    wanted: Wanted<'_>,
) -> Result<Explained, NoTask> {
    let task = task_of(app.desk.tasks(), story.incident.kind, wanted.task)?;
    let brief = brief(story, details, catalog);
    let given = Given { incident: Some(&story.incident.id), ..wanted.by };
    let (words, payload) = match wanted.wish {
        Wish::Asked => (app.desk.write(app, task, &brief, given), None),
        Wish::Kept => (app.desk.kept(app, task, &brief, given), None),
        Wish::Payload => {
            let (words, sent) = app.desk.shown(app, task, &brief, given);
            (words, Some(sent.and_then(payload).unwrap_or_else(PayloadReport::none)))
        }
    };
    let mut explained = Explained::new(story, given.to.as_str(), words);
    explained.payload = payload;
    Ok(explained)
}

fn payload((provider, bytes): (String, Vec<u8>)) -> Result<PayloadReport, String> {
    let hash = blake3::hash(&bytes).to_hex().to_string();
    let text = String::from_utf8(bytes);
    let text = text.map_err(|error| format!("what would be sent is no text: {error}"))?;
    let (provider, hash) = (Some(provider), Some(hash));
    Ok(PayloadReport { provider, text: text.into(), hash, because: None })
}
