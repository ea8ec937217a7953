//! Plans that wait for people: asked for where a route says, and told of once they are decided.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use quell_deliver::Key;
use quell_deliver::outbox::Act;
use quell_deliver::route::{Facts, Route, Subject, What};
use quell_govern::approval::{Approvals, Plan, Stand};
use quell_model::{Severity, Timestamp};
use quell_store::{Delivery, Store};

use super::super::approval::{decided, letter};
use super::waiting::issues_of;
use super::{Planned, Planner, Post, Told, Wishes, edited, followed, hash, opened};
use crate::PipelineError;
use crate::govern::{Known, PlanTold, Ruling, plan_told};

/// Plans that one look asks for at one sink.
const MOST: usize = 100;

impl Planner {
    /// What routes want of plans now: a letter while one waits, changed as people speak, closed when
    /// it is decided.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn approvals(
        &mut self,
        store: &Store,
        ruling: &Ruling,
        wishes: Wishes<'_>,
        (now, known): (Timestamp, Known<'_>),
    ) -> Result<Planned, PipelineError> {
        let routes = wishes.routes.iter().filter(|route| route.what == What::Approvals);
        let routes: Vec<&Route> = routes.collect();
        let mut planned = Planned::default();
        if routes.is_empty() {
            return Ok(planned);
        }
        self.remember(wishes, now)?;
        let open = store.plan_list(true)?;
        let places =
            routes.into_iter().flat_map(|route| route.to.iter().map(move |sink| (route, sink)));
        for (route, sink) in places {
            let told: BTreeMap<String, Delivery> = wishes
                .outbox
                .delivery_of_plans(sink)?
                .into_iter()
                .map(|one| (one.subject.clone(), one))
                .collect();
            let look = Look { store, ruling, wishes, now, known };
            self.ask(&look, (route, sink), (&open, &told), &mut planned)?;
            if told.values().any(|one| one.route == route.name) {
                planned.posts.extend(look.answered(route, told)?);
            }
        }
        Ok(planned)
    }

    /// Adds letters for plans of which a sink knows nothing yet, the worst first, as many as the
    /// route may write within this hour.
    fn ask(
        &mut self,
        look: &Look<'_>,
        (route, sink): (&Route, &str),
        (open, known): (&[(Plan, Approvals)], &BTreeMap<String, Delivery>),
        planned: &mut Planned,
    ) -> Result<(), PipelineError> {
        let is_new = |plan: &Plan| {
            let id = Subject::Plan.named(&plan.id);
            let is_told = planned.posts.iter().any(|post| post.is_about(sink, &id));
            look.now < plan.expires_at && !known.contains_key(&id) && !is_told
        };
        let has_room = self.room(route, look.now) > 0;
        let mut wanted = Vec::new();
        for row in open.iter().filter(|(plan, _)| is_new(plan)) {
            let (told, facts) = look.told(row.clone())?;
            if told.ready || !route.takes(&facts) {
                continue;
            }
            if !has_room {
                planned.held_back.insert(route.name.clone());
                return Ok(());
            }
            wanted.push((told, facts));
        }
        wanted.sort_by_key(|(told, facts)| {
            Reverse((facts.severity, facts.score, Reverse(told.expires_at)))
        });
        for (told, facts) in wanted.into_iter().take(MOST) {
            if !self.has_room(route, look.now) {
                planned.held_back.insert(route.name.clone());
                break;
            }
            let letter = look.letter(&told, facts);
            planned.posts.push(opened((look.wishes.tenant, sink), route, &letter, look.now));
        }
        Ok(())
    }
}

/// With what plans are looked at.
struct Look<'a> {
    store: &'a Store,
    ruling: &'a Ruling,
    wishes: Wishes<'a>,
    now: Timestamp,
    known: Known<'a>,
}

impl Look<'_> {
    fn told(&self, row: (Plan, Approvals)) -> Result<(PlanTold, Facts), PipelineError> {
        let facts = self.facts(&row.0)?;
        let told = plan_told(self.store, self.ruling, row, (self.now, self.known))?;
        Ok((told, facts))
    }

    fn letter(&self, told: &PlanTold, facts: Facts) -> Told {
        let id = Subject::Plan.named(&told.id);
        let key = Key::new(self.wishes.tenant, "", &id, 0);
        let letter = letter(key, told, facts.severity, self.wishes.places);
        let hash = hash(&letter);
        Told { id, facts, issues: Vec::new(), hash, letter }
    }

    /// What sinks know of plans is brought up to date.
    fn answered(
        &self,
        route: &Route,
        told: BTreeMap<String, Delivery>,
    ) -> Result<Vec<Post>, PipelineError> {
        let mut posts = Vec::new();
        let own = told.into_values().filter(|one| one.route == route.name);
        for one in own.filter(|one| one.told != CLOSED) {
            let Some((Subject::Plan, id)) = Subject::of(&one.subject) else { continue };
            let Some(row) = self.store.plan_get(id)? else { continue };
            let (plan, facts) = self.told(row)?;
            if let Some(body) = decided(&plan) {
                // What was done but did nothing stands open again a moment later.
                let act = (Act::Close { body }, CLOSED);
                posts.push(followed(self.wishes.tenant, one, act, self.now));
                continue;
            }
            let told = self.letter(&plan, facts);
            if one.told != told.hash && plan.approvals.stand == Stand::Open {
                posts.push(edited(self.wishes.tenant, one, &told, self.now));
            }
        }
        Ok(posts)
    }

    fn facts(&self, plan: &Plan) -> Result<Facts, PipelineError> {
        let issues = issues_of(self.store, plan)?;
        let severity = issues.iter().map(|issue| issue.severity).max();
        Ok(Facts {
            subject: Subject::Plan,
            // What names no issue is somebody's own judgement that something has to stop.
            severity: severity.unwrap_or(Severity::Critical),
            score: issues.iter().map(|issue| issue.risk.score).max().unwrap_or_default(),
            owners: Vec::new(),
            teams: Vec::new(),
            environments: plan.environment.iter().cloned().collect(),
            accounts: vec![plan.account.clone()],
            controls: Vec::new(),
            kind: None,
            has_fix: false,
        })
    }
}

/// What stands in place of a hash where a sink was told that a plan is decided.
const CLOSED: &str = "decided";
