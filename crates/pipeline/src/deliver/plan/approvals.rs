//! Plans that wait for people: asked for where a route says, and told of once they are decided.

use std::collections::BTreeMap;

use quell_deliver::Key;
use quell_deliver::outbox::{Act, State};
use quell_deliver::route::{Facts, Route, Subject, What};
use quell_govern::approval::{Approvals, Plan, Stand};
use quell_model::{Severity, Timestamp};
use quell_store::{Delivery, NewRow, Store};

use super::super::approval::{decided, letter};
use super::{Post, Told, Wishes, edited, hash, opened, subject_id};
use crate::PipelineError;
use crate::assess::read_issue;
use crate::govern::{Known, PlanTold, Ruling, plan_issues, plan_told};

/// Plans that one look asks for at one sink.
const MOST: usize = 100;

/// What routes want of plans now: a letter while one waits, changed as people speak, closed when it
/// is decided.
///
/// # Errors
/// When the store refuses.
pub fn approvals_wanted(
    store: &Store,
    ruling: &Ruling,
    wishes: Wishes<'_>,
    (now, known): (Timestamp, Known<'_>),
) -> Result<Vec<Post>, PipelineError> {
    let routes = wishes.routes.iter().filter(|route| route.what == What::Approvals);
    let routes: Vec<&Route> = routes.collect();
    let mut posts = Vec::new();
    if routes.is_empty() {
        return Ok(posts);
    }
    let open = store.plan_list(true)?;
    for route in routes {
        for sink in &route.to {
            let told: BTreeMap<String, Delivery> = wishes
                .outbox
                .delivery_of_plans(sink)?
                .into_iter()
                .map(|one| (one.subject.clone(), one))
                .collect();
            let look = Look { store, ruling, wishes, now, known };
            posts.extend(look.asked(route, sink, (&open, &told))?);
            if told.values().any(|one| one.route == route.name) {
                posts.extend(look.answered(route, told)?);
            }
        }
    }
    Ok(posts)
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

    /// Letters for plans of which a sink knows nothing yet.
    fn asked(
        &self,
        route: &Route,
        sink: &str,
        (open, known): (&[(Plan, Approvals)], &BTreeMap<String, Delivery>),
    ) -> Result<Vec<Post>, PipelineError> {
        let mut posts = Vec::new();
        let is_new = |plan: &Plan| !known.contains_key(&subject_id(Subject::Plan, &plan.id));
        for row in open.iter().filter(|(plan, _)| is_new(plan) && self.now < plan.expires_at) {
            let (told, facts) = self.told(row.clone())?;
            if posts.len() < MOST && !told.ready && route.takes(&facts) {
                let of = (self.wishes.tenant, sink);
                posts.push(opened(of, route, &self.letter(&told, facts), self.now));
            }
        }
        Ok(posts)
    }

    fn letter(&self, told: &PlanTold, facts: Facts) -> Told {
        let id = subject_id(Subject::Plan, &told.id);
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
            let id = one.subject.strip_prefix("plan:").unwrap_or_default();
            let Some(row) = self.store.plan_get(id)? else { continue };
            let (plan, facts) = self.told(row)?;
            if let Some(body) = decided(&plan) {
                // What was done but did nothing stands open again a moment later.
                posts.push(self.closed(one, body));
                continue;
            }
            let told = self.letter(&plan, facts);
            if one.told != told.hash && plan.approvals.stand == Stand::Open {
                posts.push(edited(self.wishes.tenant, one, &told, self.now));
            }
        }
        Ok(posts)
    }

    fn closed(&self, known: Delivery, body: quell_deliver::Body) -> Post {
        let key = Key::new(self.wishes.tenant, &known.sink, &known.subject, known.acts);
        let row = NewRow {
            sink: known.sink.clone(),
            subject: known.subject.clone(),
            key,
            act: Act::Close { body },
            state: State::Waiting { until: self.now },
            replays: None,
        };
        let delivery = Delivery {
            acts: known.acts.saturating_add(1),
            told: CLOSED.to_owned(),
            written: self.now,
            ..known.clone()
        };
        Post { before: Some(known), delivery, rows: vec![row], with: Vec::new() }
    }

    fn facts(&self, plan: &Plan) -> Result<Facts, PipelineError> {
        let (mut severity, mut score) = (None, 0);
        for key in plan_issues(&plan.evidence) {
            let row = self.store.issue_between(key, key)?.pop();
            let Some(body) = row.and_then(|row| row.body) else { continue };
            let issue = read_issue(&body)?;
            severity = severity.max(Some(issue.severity));
            score = score.max(issue.risk.score);
        }
        Ok(Facts {
            subject: Subject::Plan,
            // What names no issue is somebody's own judgement that something has to stop.
            severity: severity.unwrap_or(Severity::Critical),
            score,
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
