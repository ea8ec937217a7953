//! Asking for a containment: what rules say of it, and the plan that people agree to.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use quell_contain::{About, Action, Before, DryRun, Judge, plan};
use quell_govern::Person;
use quell_govern::approval::{Evidence, Hash, Plan};
use quell_govern::phase::{Action as Facts, Verdict};
use quell_model::{Issue, IssueKey, KeyHasher, Timestamp};
use quell_store::Store;

use super::row::{Containment, Stage};
use crate::PipelineError;
use crate::assess::read_issue;
use crate::govern::{Ruling, explain_action, plan_issues};

/// Where something is contained.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The login that acts, by its name in the configuration.
    pub place: String,
    /// What the target is for, as the configuration says it.
    pub environment: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Whose data.
    pub tenant: &'a str,
    /// What is to be done.
    pub action: &'a Action,
    /// Where.
    pub ground: &'a Ground,
    /// The incident for which it is done.
    pub incident: Option<&'a str>,
    /// The issues for which it is done.
    pub issues: &'a [IssueKey],
}

/// What was tried at the target.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'a> {
    /// What stands there.
    pub before: &'a Before,
    /// What would be done.
    pub dry_run: &'a DryRun,
    /// Whether there is a way back.
    pub reversible: bool,
}

fn issues_of(store: &Store, keys: &[IssueKey]) -> Result<Vec<Issue>, PipelineError> {
    let mut issues = Vec::with_capacity(keys.len());
    for key in keys {
        let row = store.issue_between(*key, *key)?.pop();
        if let Some(body) = row.and_then(|row| row.body) {
            issues.push(read_issue(&body)?);
        }
    }
    Ok(issues)
}

/// What the target is for. What an issue says of production counts; what nobody says is not known.
fn environment(ground: &Ground, issues: &[Issue]) -> Option<String> {
    let named =
        |issue: &Issue| issue.asset.context.environment.as_ref().map(|e| e.value.raw().to_owned());
    let is_production = issues.iter().filter_map(named).any(|word| word == "production");
    if is_production { Some("production".to_owned()) } else { ground.environment.clone() }
}

fn facts(
    (kind, tenant, account): (String, &str, String),
    environment: Option<String>,
    (issues, reversible): (&[Issue], bool),
) -> Facts {
    Facts {
        kind,
        tenant: tenant.to_owned(),
        account,
        environment,
        risk: issues.iter().map(|issue| issue.risk.score).max(),
        confidence: None,
        // The dry run is its proof: without one there is no plan.
        proved: true,
        // Something that runs always notices, so no rule lets it run by itself.
        safe: false,
        reversible,
        assets: Some(1),
    }
}

/// What rules say of a containment, before the target is reached.
///
/// # Errors
/// When the store refuses.
pub fn contain_verdict(
    store: &Store,
    ruling: &Ruling,
    asking: Asking<'_>,
    now: Timestamp,
) -> Result<Verdict, PipelineError> {
    let issues = issues_of(store, asking.issues)?;
    let of = (asking.action.kind(), asking.tenant, asking.action.account());
    let facts = facts(of, environment(asking.ground, &issues), (&issues, true));
    explain_action(store, ruling, &facts, now)
}

/// What rules that hold now say of a containment that was planned.
pub(crate) fn verdict_of(
    store: &Store,
    ruling: &Ruling,
    (plan, kept): (&Plan, &Containment),
    now: Timestamp,
) -> Result<Verdict, PipelineError> {
    let issues = issues_of(store, &plan_issues(&plan.evidence))?;
    let of = (plan.kind.clone(), plan.tenant.as_str(), plan.account.clone());
    let facts = facts(of, plan.environment.clone(), (&issues, kept.reversible));
    explain_action(store, ruling, &facts, now)
}

/// The plan for a containment that was tried. Its id follows from all that it says.
///
/// # Errors
/// When it is contained already or does not fit, or the store refuses.
pub fn contain_plan(
    store: &Store,
    ruling: &Ruling,
    (asking, tried, verdict): (Asking<'_>, Tried<'_>, &Verdict),
    (now, by): (Timestamp, &Person),
) -> Result<(Plan, Containment), PipelineError> {
    let issues = issues_of(store, asking.issues)?;
    let hours = SignedDuration::from_hours(i64::from(ruling.plan_hours.max(1)));
    let refused = |error: &dyn std::fmt::Display| PipelineError::Refused(error.to_string());
    let evidence = issues.iter().map(|issue| Evidence {
        id: format!("issue:{}", issue.key),
        hash: Hash::of(serde_json::to_string(issue).unwrap_or_default().as_bytes()),
    });
    let about = About {
        id: String::new(),
        tenant: asking.tenant.to_owned(),
        environment: environment(asking.ground, &issues),
        evidence: evidence.collect(),
        versions: BTreeMap::from([("quell".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        quorum: verdict.quorum.clone().unwrap_or_default(),
        rule: verdict.rule.clone(),
        requested_by: by.clone(),
        requested_at: now,
        expires_at: now.checked_add(hours).unwrap_or(Timestamp::MAX),
    };
    let mut made = plan(asking.action, tried.before, about).map_err(|error| refused(&error))?;
    let hash = made.hash().map_err(|error| refused(&error))?;
    made.id = KeyHasher::new("plan").part(hash.as_str()).finish::<()>().to_string();
    let kept = Containment {
        plan: made.id.clone(),
        place: asking.ground.place.clone(),
        platform: asking.action.platform().to_owned(),
        incident: asking.incident.map(str::to_owned),
        tried_there: tried.dry_run.judge == Judge::Platform,
        reversible: tried.reversible,
        stage: Stage::Asked,
        at: now,
        begun: None,
        rollback: None,
        said: None,
        undo: None,
        tries: 0,
    };
    Ok((made, kept))
}

/// Keeps a plan with its containment. Another one of the same target that has not ended yet stands
/// in its way.
///
/// # Errors
/// When one stands in its way, or the store refuses.
pub fn contain_request(
    store: &mut Store,
    (plan, kept): (&Plan, &Containment),
) -> Result<(), PipelineError> {
    for stage in [Stage::Asked, Stage::HeldBack, Stage::Running, Stage::Doubt, Stage::Undoing] {
        for row in store.containment_in(stage.as_str())? {
            let other = store.plan_get(&row.plan)?.map(|(plan, _)| plan);
            let is_same = other.as_ref().is_some_and(|other| {
                (&other.kind, &other.account, &other.target)
                    == (&plan.kind, &plan.account, &plan.target)
                    && (stage != Stage::Asked || plan.requested_at < other.expires_at)
            });
            if is_same {
                let (id, stage) = (&row.plan, stage.as_str());
                let said = format!("it was asked for already: plan `{id}` is {stage}");
                return Err(PipelineError::Refused(said));
            }
        }
    }
    store.containment_add(plan, &kept.row()?)?;
    Ok(())
}
