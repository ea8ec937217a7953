//! A model's words beside what letters say.
//!
//! A letter is stored with its words before anything is sent, so that each try sends the same. All
//! letters of one look are asked for at once, so none waits longer than one answer may take.

use std::collections::BTreeMap;

use quell_analyst::Audience;
use quell_deliver::Letter;
use quell_deliver::outbox::Act;
use quell_model::{Answered, By, TenantId};
use quell_pipeline::analyst::incident::Details;
use quell_pipeline::analyst::letter_brief;
use quell_pipeline::deliver::{Post, beside};
use quell_pipeline::query::{self, QueryError};
use quell_report::IncidentStory;
use tracing::Span;

use crate::analyst::Given;
use crate::data::Findings;
use crate::state::App;

/// The task that writes the words of letters.
const TASK: &str = "message";
/// Models that are asked at once for the letters of one look. The words of the others are there
/// where they were kept.
const AT_ONCE: usize = 16;

/// A letter about an incident, or about a fix of it.
struct Subject {
    story: IncidentStory,
    details: Details,
    fix: Option<String>,
}

/// Puts a model's words beside what letters say, where the configuration wants that. What is not
/// there in time is left out; nothing fails.
pub(crate) fn write_beside(app: &App, findings: &Findings, posts: &mut [Post]) {
    if !app.config.analyst.in_letters || app.config.analyst.provider(TASK, false).is_none() {
        return;
    }
    let mut subjects: Vec<(String, Subject)> = Vec::new();
    for post in posts.iter() {
        let id = &post.delivery.subject;
        if letters(post).next().is_none() || subjects.iter().any(|(known, _)| known == id) {
            continue;
        }
        match subject(findings, post, app) {
            Ok(Some(found)) => subjects.push((id.clone(), found)),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, id, "a letter has no words of a model"),
        }
    }
    let words = all(app, &findings.tenant, &subjects);
    for post in posts {
        let Some(words) = words.get(&post.delivery.subject) else { continue };
        for row in &mut post.rows {
            if let Some(letter) = letter_of(&mut row.act) {
                beside(letter, words);
            }
        }
    }
}

/// What a model says of each, where it says something in time.
fn all(app: &App, tenant: &TenantId, subjects: &[(String, Subject)]) -> BTreeMap<String, Answered> {
    let span = Span::current();
    let asked = |(number, (id, subject)): (usize, &(String, Subject))| {
        let words = span.in_scope(|| one(app, tenant, subject, number < AT_ONCE));
        (words.written.by == By::Model).then(|| (id.clone(), words))
    };
    let (first, rest) = subjects.split_at(subjects.len().min(AT_ONCE));
    let mut words: BTreeMap<String, Answered> = std::thread::scope(|scope| {
        let each = first.iter().enumerate().map(|one| scope.spawn(move || asked(one)));
        let each: Vec<_> = each.collect();
        each.into_iter().filter_map(|thread| thread.join().ok().flatten()).collect()
    });
    words.extend(rest.iter().enumerate().filter_map(|(at, one)| asked((at + AT_ONCE, one))));
    words
}

fn one(app: &App, tenant: &TenantId, subject: &Subject, may_ask: bool) -> Answered {
    let fix = subject.fix.as_ref();
    let fix = fix.and_then(|id| subject.story.fixes.iter().find(|fix| fix.id == *id));
    let brief = letter_brief(&subject.story, fix, &subject.details, app.setup.catalog());
    let incident = Some(subject.story.incident.id.as_str());
    let given = Given { tenant, user: None, incident, to: Audience::Owner };
    match may_ask {
        true => app.desk.write(app, TASK, &brief, given),
        false => app.desk.kept(app, TASK, &brief, given),
    }
}

/// The incident behind a letter; none where it is about something else.
fn subject(findings: &Findings, post: &Post, app: &App) -> Result<Option<Subject>, QueryError> {
    let (incident, fix) = match post.delivery.subject.split_once(':') {
        Some(("incident", id)) => (id.to_owned(), None),
        Some(("fix", id)) => match post.delivery.issues.first() {
            Some(issue) => (issue.to_string(), Some(id.to_owned())),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    findings.whole(app.clock.now(), |view, cache| {
        let story = query::incident(view, cache, &incident)?;
        let details = Details::read(view.store, &story)?;
        Ok(Some(Subject { story, details, fix }))
    })
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
