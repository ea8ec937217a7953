//! What is told of once a day: one letter with all that is new.

use std::collections::BTreeSet;
use std::sync::Arc;

use quell_deliver::outbox::{Act, State};
use quell_deliver::route::{Release, Route, Subject, What};
use quell_deliver::{Block, Body, Key, Label, Letter, Line};
use quell_model::{IssueKey, Severity, Timestamp};
use quell_store::{Delivery, NewRow};

use super::{Planned, Planner, Post, Told, Wishes, may_be_told, subjects};
use crate::PipelineError;
use crate::follow::One;
use crate::query::{IncidentCache, View, incident};

/// What stands in place of a hash where something was told in a digest.
pub(super) const TOLD: &str = "digest";
/// What one digest tells of; the rest comes the next day.
const MOST: usize = 200;
/// Those that it names.
const MOST_NAMED: usize = 50;

impl Planner {
    /// Adds the digests whose hour came.
    pub(super) fn digests(
        &mut self,
        view: &View<'_>,
        (cache, all): (&IncidentCache, &[Arc<One>]),
        wishes: Wishes<'_>,
        planned: &mut Planned,
    ) -> Result<(), PipelineError> {
        for route in wishes.routes {
            let Some(hour) = route.digest.as_ref().and_then(|hours| hours.last_before(view.now))
            else {
                continue;
            };
            for sink in &route.to {
                let of = (cache, all, &*planned);
                let posts = digest(view, of, wishes, (route, sink, hour))?;
                planned.posts.extend(posts);
            }
        }
        Ok(())
    }
}

/// The digest of one sink, unless it was told since the hour came.
fn digest(
    view: &View<'_>,
    (cache, all, planned): (&IncidentCache, &[Arc<One>], &Planned),
    wishes: Wishes<'_>,
    (route, sink, hour): (&Route, &str, Timestamp),
) -> Result<Vec<Post>, PipelineError> {
    let known = wishes.outbox.delivery_get(sink, &last_told(route))?;
    // What was told behind now was told before the clock went back.
    let is_told = |known: &Delivery| known.written >= hour && known.written <= view.now;
    if known.as_ref().is_some_and(is_told) {
        return Ok(Vec::new());
    }
    let mut told = new(view, (cache, all), wishes, (route, sink))?;
    // What another route tells at once is not told twice.
    told.retain(|told| !planned.posts.iter().any(|post| post.is_about(sink, &told.id)));
    Ok(posts(known, (wishes, route, sink, hour), &told, view.now))
}

/// What a sink has not been told of yet, the riskiest first.
fn new(
    view: &View<'_>,
    (cache, all): (&IncidentCache, &[Arc<One>]),
    wishes: Wishes<'_>,
    (route, sink): (&Route, &str),
) -> Result<Vec<Told>, PipelineError> {
    let near = |one: &&Arc<One>| may_be_told(std::slice::from_ref(route), one);
    let mut near: Vec<&Arc<One>> = all.iter().filter(near).collect();
    near.sort_by_key(|one| (std::cmp::Reverse(one.incident.score), one.incident.key));
    let mut new: Vec<Told> = Vec::new();
    let is_known =
        |id: &str| Ok::<_, PipelineError>(wishes.outbox.delivery_get(sink, id)?.is_some());
    for one in near {
        let key = one.incident.key.to_string();
        // Where fixes are told too, one may have come since the incident was told.
        if route.what == What::Incidents && is_known(&Subject::Incident.named(&key))? {
            continue;
        }
        let Ok(story) = incident(view, cache, &key) else { continue };
        for told in subjects(&story, (wishes.tenant, wishes.places), one.incident.kind) {
            // A fix may close issues of several incidents.
            let is_named = new.iter().any(|named| named.id == told.id);
            if !is_named && route.takes(&told.facts) && !is_known(&told.id)? {
                new.push(told);
            }
        }
        if new.len() >= MOST {
            break;
        }
    }
    Ok(new)
}

/// A letter with all that is new, which stands until all of it is gone. The route's own subject only
/// says when it told last.
fn posts(
    before: Option<Delivery>,
    (wishes, route, sink, hour): (Wishes<'_>, &Route, &str, Timestamp),
    told: &[Told],
    now: Timestamp,
) -> Vec<Post> {
    let delivery = |subject: &str, issues: Vec<IssueKey>, acts: u32| Delivery {
        issues,
        acts,
        told: TOLD.to_owned(),
        escalated: true,
        ..Delivery::new((sink, subject), &route.name, now)
    };
    let last = delivery(&last_told(route), Vec::new(), 0);
    if told.is_empty() {
        return vec![Post { before, delivery: last, rows: Vec::new(), with: Vec::new() }];
    }
    // Named by its hour, it is the same letter whoever makes it anew.
    let subject = format!("digest:{}:{hour}", route.name);
    let key = Key::new(wishes.tenant, sink, &subject, 0);
    let state = match route.release {
        Release::Person => {
            State::Held { why: format!("the route `{}` has a person let it go", route.name) }
        }
        Release::Rule => State::Waiting { until: now },
    };
    let row = NewRow {
        sink: sink.to_owned(),
        subject: subject.clone(),
        key: key.clone(),
        act: Act::Open { letter: Box::new(letter(key, told)) },
        state,
        replays: None,
    };
    let all: BTreeSet<IssueKey> = told.iter().flat_map(|told| &told.issues).copied().collect();
    let mut with = vec![delivery(&subject, all.into_iter().collect(), 1)];
    with.extend(told.iter().map(|told| delivery(&told.id, told.issues.clone(), 0)));
    vec![Post { before, delivery: last, rows: vec![row], with }]
}

/// The subject under which it is kept when a route told last.
fn last_told(route: &Route) -> String {
    format!("digest:{}", route.name)
}

fn letter(key: Key, told: &[Told]) -> Letter {
    let worst = told.iter().map(|told| told.facts.severity).max().unwrap_or(Severity::Unknown);
    let line = |told: &Told| {
        let start = format!("{} · {} · ", told.facts.severity.as_str(), told.facts.score);
        let mut line = Line::own(start);
        line.0.extend(told.letter.title.0.iter().cloned());
        line
    };
    let mut lines: Vec<Line> = told.iter().take(MOST_NAMED).map(line).collect();
    let more = told.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        lines.push(Line::own(format!("and {more} more")));
    }
    Letter {
        key,
        title: Line::own(format!("{} new since yesterday", told.len())),
        body: Body(vec![Block::List(lines)]),
        severity: worst,
        due: None,
        labels: vec![Label::new("quell"), Label::new("quell-digest")],
        files: Vec::new(),
        page: None,
        owner: None,
        change: None,
        item: None,
        records: Vec::new(),
        asks: None,
    }
}
