//! What is told of once a day: one letter with all that is new.

use std::sync::Arc;

use quell_deliver::mirror::Mirror;
use quell_deliver::outbox::{Act, State};
use quell_deliver::route::{Release, Route};
use quell_deliver::{Block, Body, Key, Label, Letter, Line};
use quell_model::{Severity, Timestamp};
use quell_store::{Delivery, NewRow};

use super::{Planned, Planner, Post, Told, Wishes, may_be_told, subjects};
use crate::PipelineError;
use crate::follow::One;
use crate::query::{IncidentCache, View, incident};

/// What stands in place of a hash where something was told in a digest.
pub(super) const TOLD: &str = "digest";
/// Incidents that one digest looks at.
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
                let of = (cache, all);
                planned.posts.extend(digest(view, of, wishes, (route, sink, hour))?);
            }
        }
        Ok(())
    }
}

/// The digest of one sink, unless it was told since the hour came.
fn digest(
    view: &View<'_>,
    of: (&IncidentCache, &[Arc<One>]),
    wishes: Wishes<'_>,
    (route, sink, hour): (&Route, &str, Timestamp),
) -> Result<Vec<Post>, PipelineError> {
    let known = wishes.outbox.delivery_get(sink, &format!("digest:{}", route.name))?;
    if known.as_ref().is_some_and(|known| known.written >= hour) {
        return Ok(Vec::new());
    }
    let told = new(view, of, wishes, (route, sink))?;
    Ok(posts(known, (wishes, route, sink), &told, view.now))
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
    let mut new = Vec::new();
    for one in near.into_iter().take(MOST) {
        let Ok(story) = incident(view, cache, &one.incident.key.to_string()) else { continue };
        for told in subjects(&story, (wishes.tenant, wishes.places), one.incident.kind) {
            let is_new = wishes.outbox.delivery_get(sink, &told.id)?.is_none();
            if is_new && route.takes(&told.facts) {
                new.push(told);
            }
        }
    }
    Ok(new)
}

fn posts(
    before: Option<Delivery>,
    (wishes, route, sink): (Wishes<'_>, &Route, &str),
    told: &[Told],
    now: Timestamp,
) -> Vec<Post> {
    let subject = format!("digest:{}", route.name);
    let acts = before.as_ref().map_or(0, |known| known.acts);
    let delivery = |subject: &str, acts: u32| Delivery {
        sink: sink.to_owned(),
        subject: subject.to_owned(),
        route: route.name.clone(),
        issues: Vec::new(),
        acts,
        told: TOLD.to_owned(),
        since: now,
        written: now,
        remote: None,
        mirror: Mirror::default(),
        escalated: true,
        look: None,
    };
    if told.is_empty() {
        return vec![Post { before, delivery: delivery(&subject, acts), rows: Vec::new() }];
    }
    let key = Key::new(wishes.tenant, sink, &subject, acts);
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
    let mut posts: Vec<Post> = told
        .iter()
        .map(|told| Post {
            before: None,
            delivery: Delivery { issues: told.issues.clone(), ..delivery(&told.id, 0) },
            rows: Vec::new(),
        })
        .collect();
    let delivery = delivery(&subject, acts.saturating_add(1));
    posts.push(Post { before, delivery, rows: vec![row] });
    posts
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
        asks: None,
    }
}
