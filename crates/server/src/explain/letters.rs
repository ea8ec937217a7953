//! A model's words beside what letters say.
//!
//! A letter is stored with its words before anything is sent, so that each try sends the same. All
//! letters of one look together wait no longer than one answer may take.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quell_analyst::{Audience, Task};
use quell_deliver::Letter;
use quell_deliver::outbox::Act;
use quell_model::{Answered, By, TenantId};
use quell_pipeline::analyst::incident::Details;
use quell_pipeline::analyst::message::{self, Form};
use quell_pipeline::deliver::{Post, beside};
use quell_pipeline::query::{self, QueryError};
use quell_report::{FixReport, IncidentStory};
use quell_store::Delivery;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::Span;

use crate::analyst::Given;
use crate::data::{Findings, locked};
use crate::state::App;

/// The task that writes the words of letters.
pub(crate) const TASK: &str = "message";
/// Incidents of a digest that are told.
const MOST_STORIES: usize = 6;
/// Threads that wait for models at once.
const AT_ONCE: usize = 16;

type Subjects = Vec<(String, Subject)>;

/// What a letter is about.
enum Subject {
    /// An incident, or a fix of it.
    One(Box<Told>),
    /// Several incidents, the riskiest first.
    Digest(Vec<(IncidentStory, Details)>),
}

struct Told {
    story: IncidentStory,
    details: Details,
    fix: Option<String>,
    form: Form,
}

/// Puts a model's words beside what letters say, where the configuration wants that. What is not
/// there in time is left out; nothing fails.
pub(crate) fn write_beside(app: &Arc<App>, findings: &Findings, posts: &mut [Post]) {
    if wanted(app).is_none() {
        return;
    }
    let mut subjects = Subjects::new();
    for post in posts.iter() {
        let id = name(post);
        if letters(post).next().is_none() || subjects.iter().any(|(known, _)| *known == id) {
            continue;
        }
        match subject(findings, post, app) {
            Ok(Some(found)) => subjects.push((id, found)),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, id, "a letter has no words of a model"),
        }
    }
    if subjects.is_empty() {
        return;
    }
    let words = all(app, findings, subjects);
    for post in posts {
        let Some(words) = words.get(&name(post)) else { continue };
        for row in &mut post.rows {
            if let Some(letter) = letter_of(&mut row.act) {
                beside(letter, words);
            }
        }
    }
}

/// The task, where letters are to have a model's words and a model is given it.
fn wanted(app: &App) -> Option<&Task> {
    let task = app.desk.tasks().get(TASK).filter(|_| app.config.analyst.in_letters)?;
    app.desk.model(&app.config, task).map(|_| task)
}

/// What a model says of each, where it says something in time.
fn all(app: &Arc<App>, findings: &Findings, subjects: Subjects) -> BTreeMap<String, Answered> {
    let Some(runtime) = app.runtime.get() else { return BTreeMap::new() };
    let most = usize::try_from(app.config.analyst.most_at_once).unwrap_or(AT_ONCE);
    let threads = most.min(AT_ONCE).min(subjects.len());
    let wait = Duration::from_secs(app.config.analyst.wait_seconds);
    let work = Arc::new(Work {
        tenant: findings.tenant.clone(),
        subjects,
        next: AtomicUsize::new(0),
        over: AtomicBool::new(false),
        words: Mutex::default(),
    });
    let asking = async {
        let each = (0..threads).map(|_| {
            let (app, work, span) = (Arc::clone(app), Arc::clone(&work), Span::current());
            spawn_blocking(move || span.in_scope(|| work.run(&app)))
        });
        let each: Vec<_> = each.collect();
        for one in each {
            drop(one.await);
        }
    };
    // What is still under way then comes too late for these letters.
    drop(runtime.block_on(async { timeout(wait, asking).await }));
    work.over.store(true, Ordering::SeqCst);
    std::mem::take(&mut *locked(&work.words))
}

/// Letters that wait for words, taken by several threads.
struct Work {
    tenant: TenantId,
    subjects: Subjects,
    next: AtomicUsize,
    /// Set when nobody waits any more.
    over: AtomicBool,
    words: Mutex<BTreeMap<String, Answered>>,
}

impl Work {
    fn run(&self, app: &App) {
        let Some(task) = wanted(app) else { return };
        while !self.over.load(Ordering::SeqCst) {
            let next = self.next.fetch_add(1, Ordering::SeqCst);
            let Some((id, subject)) = self.subjects.get(next) else { return };
            let words = one(app, task, &self.tenant, subject);
            if let Some(words) = words.filter(|words| words.written.by == By::Model) {
                locked(&self.words).insert(id.clone(), words);
            }
        }
    }
}

fn one(app: &App, task: &Task, tenant: &TenantId, subject: &Subject) -> Option<Answered> {
    let (catalog, to) = (app.setup.catalog(), Audience::Owner);
    let (brief, incident) = match subject {
        Subject::One(told) => {
            let Told { story, details, fix, form } = &**told;
            let fix = fix.as_ref().and_then(|id| story.fixes.iter().find(|fix| fix.id == *id));
            let fixes: Vec<&FixReport> = fix.into_iter().collect();
            let brief = message::brief(*form, (story, details), &fixes, catalog);
            (brief, Some(story.incident.id.as_str()))
        }
        Subject::Digest(stories) => (message::digest(stories, catalog)?, None),
    };
    let given = Given { tenant, user: None, incident, to };
    Some(app.desk.write(app, task, &brief, given))
}

/// What the words of a letter are found by. Two sinks of a digest may be told of other incidents.
fn name(post: &Post) -> String {
    let Delivery { subject, sink, .. } = &post.delivery;
    if post.with.is_empty() { subject.clone() } else { format!("{sink} {subject}") }
}

/// What stands behind a letter; none where it is about something else.
fn subject(findings: &Findings, post: &Post, app: &App) -> Result<Option<Subject>, QueryError> {
    let brings_code = letters(post).any(|letter| letter.change.is_some());
    let form = if brings_code { Form::PullRequest } else { Form::Ticket };
    let told = post.with.iter().filter_map(incident_of).map(|(incident, _)| incident);
    let several: Vec<String> = told.collect();
    findings.whole(app.clock.now(), |view, cache| {
        let read = |id: &str| -> Result<(IncidentStory, Details), QueryError> {
            let story = query::incident(view, cache, id)?;
            let details = Details::read(view.store, &story)?;
            Ok((story, details))
        };
        if !several.is_empty() {
            let stories = readable(&several, read, |(story, _)| story.incident.id.clone());
            return Ok((!stories.is_empty()).then_some(Subject::Digest(stories)));
        }
        let Some((incident, fix)) = incident_of(&post.delivery) else { return Ok(None) };
        let (story, details) = read(&incident)?;
        Ok(Some(Subject::One(Box::new(Told { story, details, fix, form }))))
    })
}

/// The first incidents of a digest that can be read, each once: several fixes may belong to one. One
/// that changed or went away meanwhile is left out.
fn readable<T>(
    ids: &[String],
    read: impl Fn(&str) -> Result<T, QueryError>,
    name: impl Fn(&T) -> String,
) -> Vec<T> {
    let mut told = HashSet::new();
    let readable = ids.iter().filter_map(|id| match read(id) {
        Ok(one) => Some(one),
        Err(error) => {
            tracing::debug!(%error, id, "a digest's words leave an incident out");
            None
        }
    });
    readable.filter(|one| told.insert(name(one))).take(MOST_STORIES).collect()
}

/// The incident that something told is about, or an issue of it, and the fix.
fn incident_of(told: &Delivery) -> Option<(String, Option<String>)> {
    match told.subject.split_once(':')? {
        ("incident", id) => Some((id.to_owned(), None)),
        ("fix", id) => Some((told.issues.first()?.to_string(), Some(id.to_owned()))),
        _ => None,
    }
}

/// The letters that are new to a sink, or brought up to date there.
fn letters(post: &Post) -> impl Iterator<Item = &Letter> {
    post.rows.iter().filter_map(|row| match &row.act {
        Act::Open { letter } | Act::Edit { letter } => Some(&**letter),
        Act::Note { .. } | Act::Close { .. } | Act::Reopen { .. } | Act::Review { .. } => None,
    })
}

fn letter_of(act: &mut Act) -> Option<&mut Letter> {
    match act {
        Act::Open { letter } | Act::Edit { letter } => Some(letter),
        Act::Note { .. } | Act::Close { .. } | Act::Reopen { .. } | Act::Review { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_tells_of_those_that_can_be_read_each_once() {
        // Each fix is known by an issue of its incident, here its first letter.
        let ids: Vec<String> =
            ["a1", "gone", "a2", "b1", "c1", "d1", "e1", "f1", "g1"].map(str::to_owned).into();
        let read = |id: &str| match id {
            "gone" => Err(QueryError::NotFound { kind: "incident", id: id.to_owned() }),
            id => Ok(id.chars().take(1).collect::<String>()),
        };
        assert_eq!(readable(&ids, read, String::clone), ["a", "b", "c", "d", "e", "f"]);
        let none = |id: &str| {
            Err::<String, _>(QueryError::NotFound { kind: "incident", id: id.to_owned() })
        };
        assert!(readable(&ids, none, String::clone).is_empty());
    }
}
