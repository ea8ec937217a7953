//! Plans: what is asked for, what rules say of it, and what people say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use quell_govern::approval::{
    Approvals, Blocked, Evidence, Hash, Permit, Plan, Quorum, Situation, canonical, may_execute,
};
use quell_govern::phase::{Action, Outcome, Rule, Verdict, decide};
use quell_govern::{Person, Standing};
use quell_model::{
    Fix, FixState, Issue, IssueKey, KeyHasher, Reversible, Safety, Timestamp, shown,
};
use quell_store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::PipelineError;
use crate::assess::read_issue;
use crate::contain::{Containment, verdict_of};

/// Rules, and how long a plan holds.
#[derive(Debug, Clone, Default)]
pub struct Ruling {
    /// The rules.
    pub rules: Vec<Rule>,
    /// Hours after which a plan is void.
    pub plan_hours: u32,
    /// How often one person may agree in an hour.
    pub most_per_hour: u32,
    /// The ids of those who stood behind a rule and may not any more. They count for none.
    pub former: BTreeSet<String>,
}

impl Ruling {
    /// The ids of those who stand behind the bytes of a rule, and still may.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn backers(&self, store: &Store, rule: &Hash) -> Result<Vec<String>, StoreError> {
        let mut all = store.rule_backers(rule)?;
        all.retain(|id| !self.former.contains(id));
        Ok(all)
    }

    /// A rule with those who stand behind it.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn backed(&self, store: &Store, rule: &Rule) -> Result<BackedRule, StoreError> {
        let hash = rule.hash();
        Ok(BackedRule { rule: rule.clone(), backers: self.backers(store, &hash)?, hash })
    }

    /// All rules with those who stand behind them.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn page(&self, store: &Store) -> Result<RulePage, StoreError> {
        let items = self.rules.iter().map(|rule| self.backed(store, rule));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        Ok(RulePage { total: u64::try_from(items.len()).unwrap_or(u64::MAX), items })
    }
}

/// A rule, and who stands behind it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleReport)]
pub struct BackedRule {
    /// The rule, as its file has it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub rule: Rule,
    /// The hash of all that it says.
    pub hash: Hash,
    /// The ids of the admins who stand behind these bytes and still may. Production changes run by
    /// a rule that has two.
    pub backers: Vec<String>,
}

/// The rules.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RulePage {
    /// In their order.
    pub items: Vec<BackedRule>,
    /// How many there are.
    pub total: u64,
}

/// A plan as people see it: nothing in it can turn its text round.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlanTold {
    /// Its id.
    pub id: String,
    /// The hash of all of it: what is agreed to.
    pub hash: Hash,
    /// The kind of action.
    pub kind: String,
    /// One line.
    pub title: String,
    /// What it changes.
    pub target: String,
    /// The account of what it changes.
    pub account: String,
    /// The environment of what it changes, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The diff.
    pub diff: String,
    /// The parameters, as JSON in one way of writing.
    pub parameters: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// By which versions it was made.
    pub versions: BTreeMap<String, String>,
    /// Who has to agree.
    pub quorum: Quorum,
    /// The rule that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Who asks for it.
    pub requested_by: Person,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it is void.
    pub expires_at: Timestamp,
    /// What people said.
    pub approvals: Approvals,
    /// Whether it may be carried out now.
    pub ready: bool,
    /// Why it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
}

/// A plan that was asked for, and what rules say of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlanAsked {
    /// What rules say.
    pub verdict: Verdict,
    /// The plan, unless it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanTold>,
}

/// What is known of a person when a plan is looked at: what they may do about what it changes.
pub type Known<'a> = &'a dyn Fn(&Person, &Plan) -> Option<Standing>;

fn fix_of(store: &Store, id: &str) -> Result<Fix, PipelineError> {
    let not_found = || PipelineError::NotFound { kind: "fix", id: id.to_owned() };
    let mut found = Vec::new();
    for body in store.fix_list()? {
        let fix: Fix = serde_json::from_slice(&body.unpack()?)?;
        if fix.id == id {
            return Ok(fix);
        }
        if !id.is_empty() && fix.id.starts_with(id) {
            found.push(fix);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(fix), true) => Ok(fix),
        _ => Err(not_found()),
    }
}

fn issues_of(store: &Store, fix: &Fix) -> Result<Vec<Issue>, PipelineError> {
    let mut issues = Vec::new();
    for key in &fix.closes {
        let row = store.issue_between(*key, *key)?.pop();
        if let Some(body) = row.and_then(|row| row.body) {
            issues.push(read_issue(&body)?);
        }
    }
    Ok(issues)
}

/// What all of some texts say; nothing where they differ.
fn common<'t>(texts: impl Iterator<Item = Option<&'t str>>) -> Option<String> {
    let all: BTreeSet<Option<&str>> = texts.collect();
    let mut all = all.into_iter();
    let first = all.next().flatten()?;
    all.next().is_none().then(|| first.to_owned())
}

/// What rules look at of a fix. An environment that is not that of all issues is not known.
pub(crate) fn action(tenant: &str, fix: &Fix, issues: &[Issue]) -> Action {
    let environment =
        |issue: &Issue| issue.asset.context.environment.as_ref().map(|e| e.value.raw().to_owned());
    let environments: Vec<Option<String>> = issues.iter().map(environment).collect();
    let is_production = environments.iter().flatten().any(|word| word == "production");
    let environment = if is_production {
        Some("production".to_owned())
    } else {
        common(environments.iter().map(Option::as_deref))
    };
    let accounts = issues.iter().map(|issue| Some(issue.asset.id.account.as_str()));
    let assets: BTreeSet<&str> = issues.iter().map(|issue| issue.asset.id.key()).collect();
    let proved = fix.state == FixState::Proved;
    Action {
        kind: "fix.patch".to_owned(),
        tenant: tenant.to_owned(),
        account: common(accounts).unwrap_or_default(),
        environment,
        risk: issues.iter().map(|issue| issue.risk.score).max(),
        confidence: proved.then_some(100),
        proved,
        safe: fix.grade() == Safety::Safe,
        reversible: fix.impact.reversible == Reversible::Yes,
        assets: u64::try_from(assets.len()).ok().filter(|count| *count > 0),
    }
}

/// The hash of what a fix changes, as it is now: the fix itself, which another state of the code
/// would make another, and the issues that it closes.
fn before(fix: &Fix, issues: &[Issue]) -> Hash {
    let standing: Vec<(String, &str)> =
        issues.iter().map(|issue| (issue.key.to_string(), issue.status.as_str())).collect();
    let text = serde_json::to_string(&(fix, standing)).unwrap_or_default();
    Hash::of(text.as_bytes())
}

fn verdict(
    store: &Store,
    ruling: &Ruling,
    action: &Action,
    now: Timestamp,
) -> Result<Verdict, PipelineError> {
    let mut backed: BTreeMap<String, usize> = BTreeMap::new();
    for rule in &ruling.rules {
        let hash = rule.hash();
        let backers = ruling.backers(store, &hash)?.len();
        backed.insert(hash.as_str().to_owned(), backers);
    }
    let backers = |hash: &Hash| backed.get(hash.as_str()).copied().unwrap_or_default();
    Ok(decide(&ruling.rules, action, &backers, now))
}

/// Says what rules make of an action.
///
/// # Errors
/// When the store refuses.
pub fn explain_action(
    store: &Store,
    ruling: &Ruling,
    action: &Action,
    now: Timestamp,
) -> Result<Verdict, PipelineError> {
    verdict(store, ruling, action, now)
}

/// Says what rules make of a fix that is kept.
///
/// # Errors
/// When there is no such fix, or the store refuses.
pub fn explain_fix(
    store: &Store,
    ruling: &Ruling,
    (tenant, id): (&str, &str),
    now: Timestamp,
) -> Result<Verdict, PipelineError> {
    let fix = fix_of(store, id)?;
    let issues = issues_of(store, &fix)?;
    verdict(store, ruling, &action(tenant, &fix, &issues), now)
}

/// Asks for a fix to be carried out. What rules refuse is not asked for.
///
/// # Errors
/// When there is no such fix, or the store refuses.
pub fn plan_request(
    store: &mut Store,
    ruling: &Ruling,
    (tenant, id): (&str, &str),
    (now, by): (Timestamp, &Person),
    known: Known<'_>,
) -> Result<PlanAsked, PipelineError> {
    let fix = fix_of(store, id)?;
    let issues = issues_of(store, &fix)?;
    let action = action(tenant, &fix, &issues);
    let verdict = verdict(store, ruling, &action, now)?;
    if verdict.outcome == Outcome::Refused {
        return Ok(PlanAsked { verdict, plan: None });
    }
    let plan = plan_of((&fix, &issues), (action, &verdict), ruling, (now, by))?;
    store.plan_add(&plan)?;
    let told = plan_told(store, ruling, (plan, Approvals::default()), (now, known))?;
    Ok(PlanAsked { verdict, plan: Some(told) })
}

/// The plan of a fix. Its id follows from all that it says.
pub(crate) fn plan_of(
    (fix, issues): (&Fix, &[Issue]),
    (action, verdict): (Action, &Verdict),
    ruling: &Ruling,
    (now, by): (Timestamp, &Person),
) -> Result<Plan, PipelineError> {
    let hours = SignedDuration::from_hours(i64::from(ruling.plan_hours.max(1)));
    let proofs = fix.proof.iter().map(|proof| {
        let said = serde_json::to_value(proof).unwrap_or_default();
        let check = said.get("check").and_then(serde_json::Value::as_str).unwrap_or_default();
        Evidence { id: format!("proof:{check}"), hash: Hash::of(said.to_string().as_bytes()) }
    });
    let closed = issues.iter().map(|issue| Evidence {
        id: format!("issue:{}", issue.key),
        hash: Hash::of(serde_json::to_string(issue).unwrap_or_default().as_bytes()),
    });
    let mut plan = Plan {
        id: String::new(),
        kind: action.kind,
        tenant: action.tenant,
        title: fix.title.clone(),
        target: format!("{} {}", fix.file, fix.address),
        account: action.account,
        environment: action.environment,
        parameters: json!({"fix": fix.id, "recipe": fix.recipe, "control": fix.control}),
        diff: fix.diff.clone(),
        evidence: proofs.chain(closed).collect(),
        versions: BTreeMap::from([("quell".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        before: before(fix, issues),
        quorum: verdict.quorum.clone().unwrap_or_default(),
        rule: verdict.rule.clone(),
        requested_by: by.clone(),
        requested_at: now,
        expires_at: now.checked_add(hours).unwrap_or(Timestamp::MAX),
    };
    let hash = plan.hash().map_err(|error| PipelineError::Refused(error.to_string()))?;
    plan.id = KeyHasher::new("plan").part(hash.as_str()).finish::<()>().to_string();
    Ok(plan)
}

/// The issues that a plan closes, by what it rests on.
#[must_use]
pub fn plan_issues(evidence: &[Evidence]) -> Vec<IssueKey> {
    let issue = |one: &Evidence| one.id.strip_prefix("issue:")?.parse().ok();
    evidence.iter().filter_map(issue).collect()
}

/// Whether a plan may be carried out now, by all that is known now.
///
/// # Errors
/// When the store refuses. What blocks the plan is in the answer.
pub fn plan_check(
    store: &Store,
    ruling: &Ruling,
    of: (&Plan, &Approvals),
    now: (Timestamp, Known<'_>),
) -> Result<Result<Permit, Blocked>, PipelineError> {
    plan_check_at(store, ruling, of, now, None)
}

/// The same, with the hash of what a look at a target outside says of it. Without a look it counts
/// as unchanged: it is looked at before anything is done.
///
/// # Errors
/// When the store refuses. What blocks the plan is in the answer.
pub fn plan_check_at(
    store: &Store,
    ruling: &Ruling,
    (plan, approvals): (&Plan, &Approvals),
    (now, known): (Timestamp, Known<'_>),
    looked: Option<&Hash>,
) -> Result<Result<Permit, Blocked>, PipelineError> {
    let (target, verdict) = match store.containment_get(&plan.id)? {
        Some(row) => {
            let kept = Containment::read(&row)?;
            let verdict = verdict_of(store, ruling, (plan, &kept), now)?;
            (looked.unwrap_or(&plan.before).clone(), Some(verdict))
        }
        None => of_fix(store, ruling, plan, now)?,
    };
    let quorum = verdict.as_ref().and_then(|verdict| verdict.quorum.clone()).unwrap_or_default();
    let delegations = store.delegation_list()?;
    let standing = |person: &Person| known(person, plan);
    let situation = Situation {
        now,
        target: &target,
        standing: &standing,
        delegations: &delegations,
        people: quorum.people,
        roles: &quorum.roles,
        rules: verdict.map_or(Outcome::Refused, |verdict| verdict.outcome),
    };
    Ok(may_execute(plan, approvals, &situation))
}

/// What the fix of a plan would change, as it is now, and what rules say of it.
fn of_fix(
    store: &Store,
    ruling: &Ruling,
    plan: &Plan,
    now: Timestamp,
) -> Result<(Hash, Option<Verdict>), PipelineError> {
    let id = plan.parameters.get("fix").and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok(match fix_of(store, id) {
        Ok(fix) => {
            let issues = issues_of(store, &fix)?;
            let verdict = verdict(store, ruling, &action(&plan.tenant, &fix, &issues), now)?;
            (before(&fix, &issues), Some(verdict))
        }
        Err(PipelineError::NotFound { .. }) => (Hash::of(b"gone"), None),
        Err(other) => return Err(other),
    })
}

/// A plan as people see it.
///
/// # Errors
/// When the store refuses.
pub fn plan_told(
    store: &Store,
    ruling: &Ruling,
    (plan, approvals): (Plan, Approvals),
    (now, known): (Timestamp, Known<'_>),
) -> Result<PlanTold, PipelineError> {
    let checked = plan_check(store, ruling, (&plan, &approvals), (now, known))?;
    let hash = plan.hash().map_err(|error| PipelineError::Refused(error.to_string()))?;
    let line = |text: &str| shown(text, false);
    Ok(PlanTold {
        hash,
        kind: line(&plan.kind),
        title: line(&plan.title),
        target: line(&plan.target),
        account: line(&plan.account),
        environment: plan.environment.as_deref().map(line),
        diff: shown(&plan.diff, true),
        parameters: line(&canonical(&plan.parameters).unwrap_or_default()),
        evidence: plan.evidence,
        versions: plan.versions,
        quorum: plan.quorum,
        rule: plan.rule,
        requested_by: plan.requested_by,
        requested_at: plan.requested_at,
        expires_at: plan.expires_at,
        ready: checked.is_ok(),
        blocked: checked.err().map(|blocked| blocked.to_string()),
        approvals,
        id: plan.id,
    })
}

/// The whole id of a plan, given its first characters.
///
/// # Errors
/// When no plan, or more than one, has that id, or the store refuses.
pub fn find_plan(store: &Store, id: &str) -> Result<String, PipelineError> {
    let wanted = id.trim().to_ascii_lowercase();
    let mut found = if wanted.is_empty() { Vec::new() } else { store.plan_ids(&wanted)? };
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => Ok(id),
        _ => Err(PipelineError::NotFound { kind: "plan", id: id.to_owned() }),
    }
}
