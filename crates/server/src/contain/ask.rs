//! Asking for a containment: what rules say, a look at the target, a dry run, and the plan.

use std::sync::Arc;

use quell_contain::{Action, Class, ContainError};
use quell_govern::phase::Outcome;
use quell_model::IssueKey;
use quell_pipeline::contain::{
    Asking, ContainmentAsked, Ground, Tried, TriedTold, contain_plan, contain_request,
    contain_verdict, containment_told,
};
use quell_pipeline::govern::{Ruling, plan_told};
use quell_pipeline::query::{QueryError, incident, issue};
use quell_store::Store;

use super::places::Tenancy;
use super::step::may;
use crate::access::{Caller, Right};
use crate::api::{Problem, person, ruling, standing};
use crate::state::App;

/// Most issues for which one is asked.
const MOST_ISSUES: usize = 500;

/// What somebody asks for.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) action: Action,
    /// The incident for which it is done.
    pub(crate) incident: Option<String>,
    /// Issues for which it is done.
    pub(crate) issues: Vec<String>,
    /// Whether it is only tried.
    pub(crate) dry_run: bool,
}

/// For what it is done, as it is known by its whole ids.
struct Reason {
    incident: Option<String>,
    issues: Vec<IssueKey>,
}

/// Asks for a containment. What rules refuse is not looked at.
pub(crate) async fn ask(
    app: &Arc<App>,
    caller: Caller,
    wish: Wish,
) -> Result<ContainmentAsked, Problem> {
    let tenancy = app.grounds.of(&caller.tenant).map(Arc::clone);
    let ground = tenancy.as_ref().and_then(|tenancy| tenancy.ground(&wish.action)).cloned();
    let (Some(tenancy), Some(ground)) = (tenancy, ground) else {
        let (platform, account) = (wish.action.platform(), wish.action.account());
        return Err(Problem::unprocessable(format!(
            "no `[containment.NAME]` of this tenant acts on {platform} `{account}`"
        )));
    };
    let (asking, of) = (Arc::clone(app), caller.clone());
    let judging = (wish.action.clone(), ground.clone());
    let (incident, issues) = (wish.incident.clone(), wish.issues.clone());
    let judged = app.quick(move || {
        let reason = reason(&asking, &of, (incident.as_deref(), &issues))?;
        let ruling = ruling(&asking, &of.tenant)?;
        let now = asking.clock.now();
        let verdict = asking.tenants.of(&of.tenant)?.read(|store: &Store| {
            let wanted = wanted(&of, (&judging.0, &judging.1), &reason);
            contain_verdict(store, &ruling, wanted, now)
        })?;
        Ok((reason, ruling, verdict))
    });
    let (reason, ruling, verdict) = judged.await?;
    if verdict.outcome == Outcome::Refused {
        return Ok(ContainmentAsked { verdict, tried: None, containment: None });
    }
    let seen = look(&tenancy, &wish.action).await?;
    let tried = Some(TriedTold::of(&wish.action, &seen.dry_run));
    let (asking, action, dry_run) = (Arc::clone(app), wish.action, wish.dry_run);
    app.quick(move || {
        let of = Made { caller: &caller, action: &action, ground: &ground, reason: &reason };
        let containment = of.keep(&asking, &ruling, (&verdict, &seen), dry_run)?;
        asking.containing.notify_one();
        Ok(ContainmentAsked { verdict, tried, containment })
    })
    .await
}

fn wanted<'a>(
    caller: &'a Caller,
    (action, ground): (&'a Action, &'a Ground),
    reason: &'a Reason,
) -> Asking<'a> {
    Asking {
        tenant: caller.tenant.as_str(),
        action,
        ground,
        incident: reason.incident.as_deref(),
        issues: &reason.issues,
    }
}

/// The incident and the issues, as far as the caller sees them.
fn reason(
    app: &App,
    caller: &Caller,
    (named, issues): (Option<&str>, &[String]),
) -> Result<Reason, Problem> {
    let (findings, now) = (app.tenants.of(&caller.tenant)?, app.clock.now());
    let keys =
        |ids: &[String]| ids.iter().filter_map(|id| id.parse().ok()).collect::<Vec<IssueKey>>();
    let found = findings.view_as(caller.by(app), now, |view, cache| {
        let mut all: Vec<IssueKey> = Vec::new();
        let story = named.map(|id| incident(view, cache, id)).transpose()?;
        let whole = story.as_ref().map(|story| story.incident.id.clone());
        all.extend(story.iter().flat_map(|story| keys(&story.incident.issues)));
        for id in issues.iter().take(MOST_ISSUES) {
            all.extend(keys(&[issue(view, id)?.issue.id]));
        }
        Ok::<_, QueryError>((whole, all))
    })?;
    let (incident, mut issues) = found;
    issues.sort_unstable();
    issues.dedup();
    issues.truncate(MOST_ISSUES);
    Ok(Reason { incident, issues })
}

/// What a look and a dry run said.
struct Seen {
    before: quell_contain::Before,
    dry_run: quell_contain::DryRun,
}

async fn look(tenancy: &Tenancy, action: &Action) -> Result<Seen, Problem> {
    let before = Box::pin(tenancy.containment.look(action)).await;
    let before = before.map_err(|error| problem(&error))?;
    let dry_run = Box::pin(tenancy.containment.dry_run(action, &before)).await;
    Ok(Seen { before, dry_run: dry_run.map_err(|error| problem(&error))? })
}

fn problem(error: &ContainError) -> Problem {
    let said = error.to_string();
    match error {
        ContainError::AlreadySo | ContainError::Drifted { .. } => Problem::conflict(said),
        ContainError::Unsuitable(_)
        | ContainError::Gone(_)
        | ContainError::NoWayBack(_)
        | ContainError::NotApproved(_) => Problem::unprocessable(said),
        ContainError::Http(_)
        | ContainError::Login { .. }
        | ContainError::Forbidden { .. }
        | ContainError::Conflict(_)
        | ContainError::Busy { .. }
        | ContainError::Lost(_)
        | ContainError::Refused(_)
        | ContainError::Shape { .. }
        | ContainError::Unverified(_)
        | ContainError::Setting(_) => match error.class() {
            Class::Later(Some(wait)) => Problem::unavailable(said, wait.as_secs()),
            Class::Later(None) | Class::Unknown | Class::Permanent => Problem::outside(said),
        },
    }
}

/// What is kept of it.
struct Made<'a> {
    caller: &'a Caller,
    action: &'a Action,
    ground: &'a Ground,
    reason: &'a Reason,
}

impl Made<'_> {
    fn keep(
        &self,
        app: &App,
        ruling: &Ruling,
        (verdict, seen): (&quell_govern::phase::Verdict, &Seen),
        dry_run: bool,
    ) -> Result<Option<quell_pipeline::contain::ContainmentTold>, Problem> {
        let (now, by) = (app.clock.now(), person(self.caller));
        let findings = app.tenants.of(&self.caller.tenant)?;
        let tried = Tried {
            before: &seen.before,
            dry_run: &seen.dry_run,
            reversible: is_reversible(self.action, &seen.before),
        };
        let asking = wanted(self.caller, (self.action, self.ground), self.reason);
        let (plan, kept) = findings.read(|store: &Store| {
            contain_plan(store, ruling, (asking, tried, verdict), (now, &by))
        })?;
        if !may(app, self.caller, (&plan, Right::Fix))? {
            return Err(Problem::beyond("target", Right::Fix));
        }
        if dry_run {
            return Ok(None);
        }
        let tenant = &self.caller.tenant;
        let known = |person: &_, plan: &_| standing(app, tenant, (person, plan));
        let told = findings.write(|store| {
            contain_request(store, (&plan, &kept))?;
            store.sync()?;
            let row = (plan.clone(), quell_govern::approval::Approvals::default());
            plan_told(store, ruling, row, (now, &known))
        })?;
        Ok(Some(containment_told(&kept, &plan, Some(told))))
    }
}

/// Whether there is a way back. It follows from the action and what stands there.
fn is_reversible(action: &Action, before: &quell_contain::Before) -> bool {
    action.has_way_back(&before.state)
}
