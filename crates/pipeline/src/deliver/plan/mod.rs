//! Which letters routes want, of what changed since it was last looked.

mod approvals;
mod digest;
mod records;
mod reminders;
mod subject;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::SignedDuration;
use quell_deliver::outbox::{Act, State};
use quell_deliver::route::{Facts, Release, Route, What};
use quell_deliver::{Key, Letter};
use quell_model::{IncidentKey, IncidentKind, IssueKey, KeyHasher, TenantId, Timestamp};
use quell_report::IncidentStory;
use quell_store::{Delivery, NewRow, OutboxStore};

use super::words::Places;
use crate::PipelineError;
use crate::follow::One;
use crate::query::{IncidentCache, QueryError, View, incident};
pub use records::Noted;
use records::{name_records, records};
use subject::subjects;
pub(super) use waiting::waits;

/// Incidents that are looked at closely in one go.
const MOST_AT_ONCE: usize = 64;
/// How long a letter stands before it is brought up to date.
const EDIT_AFTER: SignedDuration = SignedDuration::from_mins(60);

/// Letters for one subject at one sink, and what is kept of it.
#[derive(Debug, Clone)]
pub struct Post {
    /// What was known of it.
    pub before: Option<Delivery>,
    /// What is kept.
    pub delivery: Delivery,
    /// The rows of the outbox.
    pub rows: Vec<NewRow>,
    /// What else is kept with them: a digest tells of several subjects.
    pub with: Vec<Delivery>,
}

impl Post {
    /// Whether it tells a sink of a subject.
    fn is_about(&self, sink: &str, subject: &str) -> bool {
        let all = std::iter::once(&self.delivery).chain(&self.with);
        all.into_iter().any(|told| told.sink == sink && told.subject == subject)
    }
}

/// What a look came to.
#[derive(Debug, Default)]
pub struct Planned {
    /// What is to be added.
    pub posts: Vec<Post>,
    /// Whether there is more to look at.
    pub more: bool,
    /// Routes that would write more in an hour than they may.
    pub held_back: BTreeSet<String>,
}

/// What was looked at before.
#[derive(Debug, Default)]
pub struct Planner {
    seen: HashMap<IncidentKey, Arc<One>>,
    /// Incidents whose letters are to be brought up to date, and not before then.
    again: Vec<(Timestamp, IncidentKey)>,
    /// When each route wrote letters, within an hour; what a process before this one wrote counts.
    written: Option<HashMap<String, Vec<Timestamp>>>,
    /// Of what somebody was reminded, or no route wanted to remind.
    reminded: HashSet<String>,
}

/// Something that may be told of.
pub(super) struct Told {
    pub(super) id: String,
    pub(super) facts: Facts,
    pub(super) issues: Vec<IssueKey>,
    pub(super) letter: Letter,
    /// A hash of what the letter says.
    pub(super) hash: String,
}

/// Whose data it is, where it goes, and where links may lead to.
#[derive(Debug, Clone, Copy)]
pub struct Wishes<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// What goes where.
    pub routes: &'a [Route],
    /// What was told already.
    pub outbox: &'a OutboxStore,
    /// Where links may lead to.
    pub places: &'a Places,
    /// Sinks that write beside the records of a source.
    pub noted: &'a BTreeMap<String, Noted>,
    /// How long something waits for people before they are reminded.
    pub remind_after: SignedDuration,
}

impl Planner {
    /// Forgets what it looked at, since something of what it wanted was not kept.
    pub fn look_again(&mut self) {
        self.seen.clear();
        self.reminded.clear();
    }

    /// Looks at the incidents that changed since it last looked, the riskiest first.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn plan(
        &mut self,
        view: &View<'_>,
        cache: &IncidentCache,
        wishes: Wishes<'_>,
    ) -> Result<Planned, PipelineError> {
        self.remember(wishes, view.now)?;
        let (kept, current) = cache.get(view)?;
        for (_, key) in self.again.extract_if(.., |(from, _)| *from <= view.now) {
            self.seen.remove(&key);
        }
        let is_new = |one: &&Arc<One>| {
            let seen = self.seen.get(&one.incident.key);
            seen.is_none_or(|seen| !Arc::ptr_eq(seen, one))
        };
        let (near, far): (Vec<_>, Vec<_>) = kept
            .all
            .iter()
            .filter(is_new)
            .cloned()
            .partition(|one| may_be_told(wishes.routes, one));
        for one in far {
            self.seen.insert(one.incident.key, one);
        }
        let mut near = near;
        near.sort_by_key(|one| (std::cmp::Reverse(one.incident.score), one.incident.key));
        let mut planned =
            Planned { more: !current || near.len() > MOST_AT_ONCE, ..Planned::default() };
        for one in near.into_iter().take(MOST_AT_ONCE) {
            let story = match incident(view, cache, &one.incident.key.to_string()) {
                Ok(story) => story,
                // It changed while it was looked at; it is looked at again.
                Err(QueryError::NotFound { .. }) => continue,
                Err(QueryError::Pipeline(error)) => return Err(error),
                Err(_) => continue,
            };
            let told = subjects(&story, (wishes.tenant, wishes.places), one.incident.kind);
            let all = told.iter().try_fold(true, |all, told| {
                let of = (Some(one.incident.key), told);
                Ok::<_, PipelineError>(self.tell(view, wishes, of, &mut planned)? && all)
            })?;
            if all {
                self.seen.insert(one.incident.key, one);
            }
        }
        self.digests(view, (cache, &kept.all), wishes, &mut planned)?;
        self.reminders(view, wishes, &mut planned)?;
        Ok(planned)
    }

    /// Adds what routes want of one subject. Whether nothing was held back. What is of no incident
    /// is told once, and not brought up to date here.
    fn tell(
        &mut self,
        view: &View<'_>,
        wishes: Wishes<'_>,
        (incident, told): (Option<IncidentKey>, &Told),
        planned: &mut Planned,
    ) -> Result<bool, PipelineError> {
        let at_once = wishes.routes.iter().filter(|route| route.digest.is_none());
        let wanting = at_once.filter(|route| route.takes(&told.facts));
        let places = wanting.flat_map(|route| route.to.iter().map(move |sink| (route, sink)));
        let mut all = true;
        for (route, sink) in places {
            if planned.posts.iter().any(|post| post.is_about(sink, &told.id)) {
                continue;
            }
            let noted = wishes.noted.get(sink);
            let of_source = noted.map(|noted| records(view.store, noted, &told.issues));
            let of_source = of_source.transpose()?;
            // Nothing stands at the source that could be told of it.
            if of_source.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            let known = wishes.outbox.delivery_get(sink, &told.id)?;
            if known.is_none() && !self.has_room(route, view.now) {
                planned.held_back.insert(route.name.clone());
                all = false;
                continue;
            }
            let post = match (known, incident) {
                (None, _) => Some(opened((wishes.tenant, sink), route, told, view.now)),
                (Some(_), None) => None,
                (Some(known), Some(incident)) => match due_again(&known, told, view.now) {
                    Due::Never => None,
                    Due::From(from) if from > view.now => {
                        self.again.push((from, incident));
                        None
                    }
                    Due::From(_) => Some(edited(wishes.tenant, known, told, view.now)),
                },
            };
            planned.posts.extend(post.map(|mut post| {
                name_records(&mut post, &of_source.unwrap_or_default());
                post
            }));
        }
        Ok(all)
    }

    /// Reads once what was written before this process.
    fn remember(&mut self, wishes: Wishes<'_>, now: Timestamp) -> Result<(), PipelineError> {
        if self.written.is_none() {
            self.written = Some(written_before(wishes.outbox, now)?);
        }
        Ok(())
    }

    /// Whether a route may write one letter more within this hour; then it counts.
    fn has_room(&mut self, route: &Route, now: Timestamp) -> bool {
        let has_room = self.room(route, now) > 0;
        if has_room {
            let all = self.written.get_or_insert_default();
            all.entry(route.name.clone()).or_default().push(now);
        }
        has_room
    }

    /// How many letters a route may still write within this hour.
    fn room(&mut self, route: &Route, now: Timestamp) -> usize {
        let most = usize::try_from(route.letters_an_hour).unwrap_or(usize::MAX);
        let all = self.written.get_or_insert_default();
        let Some(written) = all.get_mut(&route.name) else { return most };
        // What was written further ahead than that was written before the clock went back.
        written.retain(|at| is_within_an_hour(now, *at));
        most.saturating_sub(written.len())
    }
}

/// Whether two moments are less than an hour apart.
fn is_within_an_hour(now: Timestamp, at: Timestamp) -> bool {
    now.duration_since(at).abs() < SignedDuration::from_hours(1)
}

/// When each route wrote letters within the hour before now.
fn written_before(
    outbox: &OutboxStore,
    now: Timestamp,
) -> Result<HashMap<String, Vec<Timestamp>>, PipelineError> {
    let mut written: HashMap<String, Vec<Timestamp>> = HashMap::new();
    for known in outbox.delivery_list()? {
        if known.told != digest::TOLD && is_within_an_hour(now, known.since) {
            written.entry(known.route).or_default().push(known.since);
        }
    }
    Ok(written)
}

/// Whether a route may want an incident, by what is known without reading it.
fn may_be_told(routes: &[Route], one: &One) -> bool {
    routes.iter().any(|route| {
        let when = &route.when;
        route.what != What::Reminders
            && when.least_severity.is_none_or(|least| one.incident.severity >= least)
            && when.least_score.is_none_or(|least| one.incident.score >= least)
            && (when.kinds.is_empty() || when.kinds.contains(&one.incident.kind))
    })
}

/// The letters that routes want of an incident of which nobody was told yet, with what routes look
/// at of each. Nothing is asked or kept.
#[must_use]
pub fn letters_of(
    (story, kind): (&IncidentStory, IncidentKind),
    routes: &[Route],
    (tenant, places): (&TenantId, &Places),
    now: Timestamp,
) -> Vec<(Facts, Post)> {
    let mut posts: Vec<(Facts, Post)> = Vec::new();
    for told in subjects(story, (tenant, places), kind) {
        let wanting = routes.iter().filter(|route| route.takes(&told.facts));
        let places = wanting.flat_map(|route| route.to.iter().map(move |sink| (route, sink)));
        for (route, sink) in places {
            let is_told = |(_, other): &(Facts, Post)| {
                other.delivery.sink == *sink && other.delivery.subject == told.id
            };
            let known = posts.iter().any(is_told);
            let post = || (told.facts.clone(), opened((tenant, sink), route, &told, now));
            posts.extend((!known).then(post));
        }
    }
    posts
}

fn opened((tenant, sink): (&TenantId, &str), route: &Route, told: &Told, now: Timestamp) -> Post {
    let key = Key::new(tenant, sink, &told.id, 0);
    let state = match route.release {
        Release::Person => {
            State::Held { why: format!("the route `{}` has a person let it go", route.name) }
        }
        Release::Rule => State::Waiting { until: route.from_when(told.facts.severity, now) },
    };
    let letter = Box::new(Letter { key: key.clone(), ..told.letter.clone() });
    let row = NewRow {
        sink: sink.to_owned(),
        subject: told.id.clone(),
        key,
        act: Act::Open { letter },
        state,
        replays: None,
    };
    let delivery = Delivery {
        issues: told.issues.clone(),
        acts: 1,
        told: told.hash.clone(),
        ..Delivery::new((sink, &told.id), &route.name, now)
    };
    Post { before: None, delivery, rows: vec![row], with: Vec::new() }
}

/// When what stands at a sink is brought up to date.
enum Due {
    Never,
    From(Timestamp),
}

/// Whether what stands there says something else than its letter does now, and from when on that
/// is told.
fn due_again(known: &Delivery, told: &Told, now: Timestamp) -> Due {
    let is_same = known.told == told.hash || known.told == digest::TOLD;
    if is_same || known.mirror.closed.is_some() {
        return Due::Never;
    }
    // What was written behind now was written before the clock went back.
    let is_ahead = known.written > now;
    let from = known.written.checked_add(EDIT_AFTER).ok().filter(|_| !is_ahead).unwrap_or(now);
    match known.remote {
        // It is not there yet, or nobody knows: it is looked at again later.
        None => Due::From(from.max(now.checked_add(EDIT_AFTER).unwrap_or(now))),
        Some(_) => Due::From(from),
    }
}

/// What stands there already is brought up to date.
fn edited(tenant: &TenantId, known: Delivery, told: &Told, now: Timestamp) -> Post {
    let letter =
        Box::new(Letter { key: Key::new(tenant, &known.sink, &told.id, 0), ..told.letter.clone() });
    let mut post = followed(tenant, known, (Act::Edit { letter }, &told.hash), now);
    post.delivery.issues.clone_from(&told.issues);
    post
}

/// One act more on what stands there already, and what it says then.
fn followed(tenant: &TenantId, known: Delivery, (act, told): (Act, &str), now: Timestamp) -> Post {
    let row = NewRow {
        sink: known.sink.clone(),
        subject: known.subject.clone(),
        key: Key::new(tenant, &known.sink, &known.subject, known.acts),
        act,
        state: State::Waiting { until: now },
        replays: None,
    };
    let delivery = Delivery {
        acts: known.acts.saturating_add(1),
        told: told.to_owned(),
        written: now,
        ..known.clone()
    };
    Post { before: Some(known), delivery, rows: vec![row], with: Vec::new() }
}

/// A hash of what a letter says.
fn hash(letter: &Letter) -> String {
    let files: Vec<&str> = letter.files.iter().map(|file| file.version.as_str()).collect();
    let text = serde_json::to_string(&(&letter.title, &letter.body, letter.due, files));
    let text = text.unwrap_or_default();
    KeyHasher::new("letter").part(&text).finish::<()>().to_string()
}
